//! Binding says why it cannot; closing leaves nothing behind.

use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use service_framework_runtime::transport::{
    BindProblem, ConnectProblem, OpenError, SendRefused, SocketKind, SocketOptions, Transport,
};

use crate::bench::{self, Bench, body, message, request};
use crate::raw::{Raw, frame};

pub(crate) fn opening_outside_of_a_runtime_is_refused(transport: &'static dyn Transport) {
    let refused = transport.open(SocketKind::Router, &SocketOptions::default());
    assert!(matches!(refused, Err(OpenError::NoRuntime)));
}

/// As a function of a service does it that runs between two turns of the executor.
pub(crate) fn sending_and_sweeping_need_no_running_executor(transport: &'static dyn Transport) {
    let bench = Bench::new(transport);
    let executor = bench::executor();
    let (mut router, mut dealer) = executor.block_on(async {
        let router = bench.listening().await;
        let dealer = bench.connected(&router.endpoint).await;
        (router, dealer)
    });
    let mut swept = Vec::new();
    for number in 0..100 {
        dealer.send(request(number, b"asked in between"));
        while router.socket.try_receive(8, &mut swept) == 0 {
            executor.block_on(tokio::task::yield_now());
        }
        router.send(swept.pop().expect("a request"));
        while dealer.socket.try_receive(8, &mut swept) == 0 {
            executor.block_on(tokio::task::yield_now());
        }
        assert_eq!(swept.pop(), Some(request(number, b"asked in between")));
        assert!(swept.is_empty());
    }
    executor.block_on(router.close());
    while dealer.socket.ready_peers() > 0 {
        executor.block_on(tokio::task::yield_now());
    }
    assert_eq!(dealer.socket.try_send(request(0, b"")), Err(SendRefused::NoPeer));
    drop(dealer);
}

/// Why `endpoint` cannot be bound, and that the socket can still bind another.
async fn problem(bench: &Bench, endpoint: &str) -> BindProblem {
    let mut router = bench.router();
    let error = router.socket.bind(endpoint).await.expect_err("an endpoint that cannot be bound");
    assert_eq!(error.endpoint, endpoint);
    router.bind(&bench.free()).await;
    error.problem
}

pub(crate) async fn an_address_in_use_is_refused(bench: &Bench) {
    let mut router = bench.listening().await;
    let endpoint = router.endpoint.clone();
    assert!(matches!(problem(bench, &endpoint).await, BindProblem::InUse));
    let mut dealer = bench.connected(&endpoint).await;
    router.serves(&mut dealer).await;
}

pub(crate) async fn an_address_that_is_none_is_refused(bench: &Bench) {
    for malformed in ["", "orders", "udp://127.0.0.1:5000", "inproc://"] {
        assert!(matches!(problem(bench, malformed).await, BindProblem::Malformed(_)), "{malformed}");
    }
    let mut dealer = bench.dealer();
    for malformed in ["", "orders", "udp://127.0.0.1:5000", "inproc://"] {
        let error = dealer.socket.connect(malformed).await.expect_err("no address");
        assert!(matches!(error.problem, ConnectProblem::Malformed(_)), "{malformed}");
        assert_eq!(error.endpoint, malformed);
    }
}

pub(crate) async fn a_socket_file_in_use_is_refused_and_left_alone(bench: &Bench) {
    let endpoint = bench.ipc("taken");
    let mut router = bench.router();
    router.bind(&endpoint).await;
    assert!(matches!(problem(bench, &endpoint).await, BindProblem::InUse));
    let mut dealer = bench.connected(&endpoint).await;
    router.serves(&mut dealer).await;
}

pub(crate) async fn a_socket_file_of_a_dead_process_is_replaced(bench: &Bench) {
    let path = bench.path("dead");
    drop(UnixListener::bind(&path).expect("a socket file"));
    assert!(path.exists());
    let mut router = bench.router();
    router.bind(&bench.ipc("dead")).await;
    let mut dealer = bench.connected(&router.endpoint).await;
    router.serves(&mut dealer).await;
}

pub(crate) async fn a_file_that_is_no_socket_is_left_alone(bench: &Bench) {
    let path = bench.path("ledger");
    std::fs::write(&path, "precious").expect("a file");
    assert!(matches!(problem(bench, &bench.ipc("ledger")).await, BindProblem::NotASocket(named) if named == path));
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), "precious");
}

pub(crate) async fn an_endpoint_that_cannot_be_bound_says_why(bench: &Bench) {
    let missing = problem(bench, &bench.ipc("missing/orders")).await;
    assert!(matches!(missing, BindProblem::NoDirectory(named) if named == bench.path("missing")));
    let long = problem(bench, &bench.ipc(&"x".repeat(120))).await;
    assert!(matches!(long, BindProblem::PathTooLong { length, max: 107 } if length > 120));
    // An address reserved for documentation, which no machine has.
    assert!(matches!(problem(bench, "tcp://192.0.2.1:0").await, BindProblem::NoSuchInterface));
    for malformed in ["", "orders", "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:x", "tcp://127.0.0.1:70000"] {
        assert!(matches!(problem(bench, malformed).await, BindProblem::Malformed(_)), "{malformed}");
    }
    assert!(matches!(problem(bench, "udp://127.0.0.1:5000").await, BindProblem::Malformed(_)));
}

pub(crate) async fn an_endpoint_that_cannot_be_connected_to_says_why(bench: &Bench) {
    let mut router = bench.listening().await;
    let mut dealer = bench.dealer();
    let mut refused = async |endpoint: &str| {
        let error = dealer.socket.connect(endpoint).await.expect_err("an endpoint that cannot be connected to");
        assert_eq!(error.endpoint, endpoint);
        error.problem
    };
    assert!(matches!(refused("tcp://*:8001").await, ConnectProblem::AnyHost));
    assert!(matches!(refused("tcp://127.0.0.1:0").await, ConnectProblem::AnyPort));
    assert!(matches!(refused("nowhere").await, ConnectProblem::Malformed(_)));
    dealer.connect(&router.endpoint).await;
    dealer.until_ready(1).await;
    router.serves(&mut dealer).await;
}

pub(crate) async fn closing_frees_the_address(bench: &Bench) {
    for endpoint in bench.endpoints("freed") {
        let mut router = bench.router();
        router.bind(&endpoint).await;
        let endpoint = router.endpoint.clone();
        let mut dealer = bench.connected(&endpoint).await;
        router.serves(&mut dealer).await;
        router.close().await;
        assert!(!bench.path("freed").exists());
        let mut router = bench.router();
        router.bind(&endpoint).await;
        dealer.until_ready(1).await;
        router.serves(&mut dealer).await;
    }
}

pub(crate) async fn a_dropped_socket_frees_its_address(bench: &Bench) {
    let router = bench.listening().await;
    let endpoint = router.endpoint.clone();
    drop(router);
    let mut successor = bench.router();
    while let Err(error) = successor.socket.bind(&endpoint).await {
        assert!(matches!(error.problem, BindProblem::InUse), "{error}");
        tokio::task::yield_now().await;
    }
}

pub(crate) async fn queued_replies_leave_within_the_linger(bench: &Bench) {
    const REPLIES: u64 = 200;
    let mut router = bench.listening().await;
    let mut dealer = bench.connected(&router.endpoint).await;
    dealer.send(request(0, b""));
    let to = router.receive().await.remove(0);
    for number in 0..REPLIES {
        let mut reply = request(number, &[0; 50_000]);
        reply.insert(0, to.clone());
        router.send(reply);
    }
    let received = async {
        for number in 0..REPLIES {
            let reply = dealer.receive().await;
            assert_eq!(reply[0][..], number.to_be_bytes());
            assert_eq!(body(&reply).len(), 50_000);
        }
    };
    // Both on this thread: the router lingers for as long as the dealer still reads.
    let mut received = std::pin::pin!(received);
    let mut closing = router.socket.close(Duration::from_secs(30));
    let mut open = true;
    std::future::poll_fn(|context| {
        open = open && closing.as_mut().poll(context).is_pending();
        received.as_mut().poll(context)
    })
    .await;
    if open {
        closing.await;
    }
}

pub(crate) async fn a_peer_that_never_reads_does_not_hold_up_closing(bench: &Bench) {
    for linger in [Duration::ZERO, Duration::from_millis(100)] {
        let mut router = bench.listening().await;
        let mut deaf = Raw::introduced(&router.endpoint, "DEALER", "deaf").await;
        deaf.write(&frame(false, b"question")).await;
        router.receive().await;
        let answer = message([b"deaf", &[0; 100_000]]);
        assert_eq!(router.send_until_refused(|| answer.clone()).await.1, SendRefused::Full);
        let began = Instant::now();
        router.socket.close(linger).await;
        assert!(began.elapsed() < linger + Duration::from_secs(1), "closing took {:?}", began.elapsed());
    }
}

pub(crate) async fn closing_hangs_up_on_a_peer_that_never_reads(bench: &Bench) {
    let mut router = bench.listening().await;
    let mut deaf = Raw::introduced(&router.endpoint, "DEALER", "deaf").await;
    deaf.write(&frame(false, b"question")).await;
    router.receive().await;
    let answer = message([b"deaf", &[7; 1_000_000]]);
    let (taken, _) = router.send_until_refused(|| answer.clone()).await;
    router.close().await;
    let heard = deaf.until_closed().await.len();
    assert!(heard < taken * 1_000_000, "all of {taken} answers were written after the close");
}

pub(crate) async fn closing_without_linger_takes_back_what_was_not_read(bench: &Bench) {
    let mut router = bench.listening().await;
    let mut leaving = bench.connected(&router.endpoint).await;
    let mut staying = bench.connected(&router.endpoint).await;
    leaving.send(request(1, b"never mind"));
    staying.send(request(2, b"please"));
    leaving.close().await;
    assert_eq!(body(&router.receive().await), b"please");
    assert_eq!(router.socket.try_receive(1, &mut Vec::new()), 0);
}

/// Counts the descriptors of the process, so it runs beside no other scenario.
pub(crate) fn a_hundred_sockets_leave_no_descriptor_behind(transport: &'static dyn Transport) {
    bench::alone(|| {
        let bench = Bench::new(transport);
        bench::block_on(async {
            let descriptors = || std::fs::read_dir("/proc/self/fd").expect("the descriptors").count();
            let before = descriptors();
            for number in 0..100 {
                let endpoint = if number % 2 == 0 { "tcp://127.0.0.1:0".to_owned() } else { bench.ipc("again") };
                let mut router = bench.router();
                router.bind(&endpoint).await;
                let mut dealer = bench.connected(&router.endpoint).await;
                router.serves(&mut dealer).await;
                dealer.close().await;
                router.close().await;
                assert_eq!(descriptors(), before, "after socket {number}");
            }
        });
    });
}
