//! Peers come, go and come back; nobody waits for them, and nobody gets what was meant for another.

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use service_framework_runtime::transport::{SendRefused, SocketOptions};

use crate::bench::{Bench, body, message, request};
use crate::raw::{Raw, frame, ping};

pub(crate) async fn connecting_before_anybody_listens_works(bench: &Bench) {
    let endpoint = bench.known("later");
    let mut dealer = bench.dealer();
    dealer.connect(&endpoint).await;
    assert_eq!(dealer.socket.ready_peers(), 0);
    let mut router = bench.router();
    router.bind(&endpoint).await;
    dealer.until_ready(1).await;
    router.serves(&mut dealer).await;
}

pub(crate) async fn sending_to_nobody_is_refused(bench: &Bench) {
    let endpoint = bench.known("nobody");
    let mut dealer = bench.dealer();
    assert_eq!(dealer.socket.try_send(request(1, b"")), Err(SendRefused::NoPeer));
    dealer.connect(&endpoint).await;
    assert_eq!(dealer.socket.try_send(request(2, b"")), Err(SendRefused::NoPeer));

    let mut router = bench.router();
    router.bind(&endpoint).await;
    assert_eq!(router.socket.try_send(message([b"nobody", b"", b"hello"])), Err(SendRefused::NoPeer));
    dealer.until_ready(1).await;
    router.serves(&mut dealer).await;
}

pub(crate) async fn a_lost_peer_is_reported_at_once(bench: &Bench) {
    let router = bench.listening().await;
    let mut dealer = bench.connected(&router.endpoint).await;
    dealer.socket.peers_change();
    assert_eq!(dealer.socket.peers_change(), None);
    router.close().await;
    let closed = Instant::now();
    let change = dealer.until_lost().await;
    assert!(closed.elapsed() < Duration::from_secs(1), "reported after {:?}", closed.elapsed());
    assert_eq!((change.ready, change.lost), (0, 1));
    assert_eq!(dealer.socket.try_send(request(1, b"")), Err(SendRefused::NoPeer));
}

pub(crate) async fn a_restarted_listener_is_found_again(bench: &Bench) {
    for endpoint in bench.endpoints("restarted") {
        let mut router = bench.router();
        router.bind(&endpoint).await;
        let endpoint = router.endpoint.clone();
        let mut dealer = bench.connected(&endpoint).await;
        router.serves(&mut dealer).await;
        let mut losses = 0;
        for _ in 0..3 {
            router.close().await;
            losses += dealer.until_lost().await.lost;
            router = bench.router();
            router.bind(&endpoint).await;
            let bound = Instant::now();
            dealer.until_ready(1).await;
            assert!(bound.elapsed() < Duration::from_secs(5), "found after {:?}", bound.elapsed());
            router.serves(&mut dealer).await;
        }
        assert_eq!(losses, 3);
    }
}

pub(crate) async fn nothing_unread_by_a_lost_peer_reaches_its_successor(bench: &Bench) {
    let mut router = bench.router_with(&SocketOptions { receive_queue: 16, ..SocketOptions::default() });
    router.bind(&bench.free()).await;
    let endpoint = router.endpoint.clone();
    let mut dealer = bench.connected(&endpoint).await;
    let stale = request(1, &[0; 50_000]);
    let (taken, refusal) = dealer.send_until_refused(|| stale.clone()).await;
    assert!(taken > 0);
    assert_eq!(refusal, SendRefused::Full);

    router.close().await;
    dealer.until_lost().await;
    assert_eq!(dealer.socket.try_send(request(1, b"stale")), Err(SendRefused::NoPeer));

    let mut router = bench.router();
    router.bind(&endpoint).await;
    dealer.until_ready(1).await;
    dealer.send(request(2, b"fresh"));
    assert_eq!(body(&router.receive().await), b"fresh");
}

pub(crate) async fn nothing_sent_to_a_lost_peer_reaches_its_successor(bench: &Bench) {
    // The first listener accepts, introduces itself and reads nothing, so that requests pile up.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let endpoint = format!("tcp://{}", listener.local_addr().expect("an address"));
    let mut dealer = bench.dealer();
    dealer.connect(&endpoint).await;
    let peer = Raw::accepted(&listener, "ROUTER").await;
    dealer.until_ready(1).await;
    let stale = request(1, &[0; 50_000]);
    let (taken, refusal) = dealer.send_until_refused(|| stale.clone()).await;
    assert!(taken > 0);
    assert_eq!(refusal, SendRefused::Full);

    drop((peer, listener));
    // Keeps sending while the loss becomes known, step by step.
    while dealer.socket.ready_peers() > 0 {
        let _ = dealer.socket.try_send(request(1, b"stale"));
        tokio::task::yield_now().await;
        let _ = dealer.socket.try_send(request(1, b"stale"));
    }
    assert_eq!(dealer.socket.try_send(request(1, b"stale")), Err(SendRefused::NoPeer));

    let mut router = bench.router();
    router.bind(&endpoint).await;
    dealer.until_ready(1).await;
    dealer.send(request(2, b"fresh"));
    assert_eq!(body(&router.receive().await), b"fresh");
}

pub(crate) async fn a_reply_to_a_vanished_requester_is_refused(bench: &Bench) {
    let mut router = bench.listening().await;
    let mut vanishing = bench.connected(&router.endpoint).await;
    let mut staying = bench.connected(&router.endpoint).await;
    vanishing.send(request(1, b"going"));
    let asked = router.receive().await;
    vanishing.close().await;
    router.until_lost().await;
    assert_eq!(router.socket.try_send(asked), Err(SendRefused::NoPeer));
    router.serves(&mut staying).await;
}

pub(crate) async fn what_a_peer_sent_before_it_left_is_received(bench: &Bench) {
    let router = bench.listening().await;
    let mut dealer = bench.connected(&router.endpoint).await;
    let mut router = router;
    for number in 0..100 {
        dealer.send(request(number, b"last words"));
    }
    for _ in 0..100 {
        router.echo().await;
    }
    router.socket.close(Duration::from_secs(5)).await;
    dealer.until_lost().await;
    let mut received = Vec::new();
    while dealer.socket.try_receive(64, &mut received) > 0 {}
    assert_eq!(received.len(), 100);
}

pub(crate) async fn a_taken_return_address_is_refused_to_a_newcomer(bench: &Bench) {
    let mut router = bench.listening().await;
    let mut owner = Raw::introduced(&router.endpoint, "DEALER", "desk").await;
    owner.write(&frame(false, b"question")).await;
    let asked = router.receive().await;
    assert_eq!(asked, message([b"desk", b"question"]));

    let mut newcomer = Raw::introduced(&router.endpoint, "DEALER", "desk").await;
    let heard = router.beside(newcomer.until_closed()).await;
    router.send(message([b"desk", b"answer"]));
    owner.until_heard(b"answer").await;
    assert!(!heard.windows(6).any(|part| part == b"answer"));

    // Once its owner is gone, the address is free.
    drop(owner);
    router.until_ready(0).await;
    let mut successor = Raw::introduced(&router.endpoint, "DEALER", "desk").await;
    router.until_ready(1).await;
    router.send(message([b"desk", b"welcome"]));
    successor.until_heard(b"welcome").await;
}

pub(crate) async fn a_peer_that_pings_is_answered(bench: &Bench) {
    let mut router = bench.listening().await;
    let mut peer = Raw::introduced_as(&router.endpoint, 1, "DEALER", "").await;
    peer.write(&ping(b"are you there")).await;
    router.beside(peer.until_heard(b"\x04PONGare you there")).await;
}

/// Waits until the kernel's table of connections says that a silent peer will be asked: its timer is of sort 2.
pub(crate) async fn a_peer_whose_machine_has_gone_is_looked_for(bench: &Bench) {
    let router = bench.listening().await;
    let _dealer = bench.connected(&router.endpoint).await;
    let (_, port) = router.endpoint.rsplit_once(':').expect("a port");
    let local = format!(":{:04X}", port.parse::<u16>().expect("a port"));
    let is_looked_for = || {
        let table = std::fs::read_to_string("/proc/net/tcp").expect("the table of connections");
        table.lines().skip(1).any(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let is_established = fields[1].ends_with(&local) && fields[3] == "01";
            is_established && fields[5].starts_with("02:")
        })
    };
    while !is_looked_for() {
        tokio::task::yield_now().await;
    }
}

/// A reply that comes between a look at the messages and a look at the peers is not taken for lost.
pub(crate) async fn what_was_sent_comes_before_the_loss_of_its_sender(bench: &Bench) {
    let mut router = bench.listening().await;
    let mut dealer = bench.connected(&router.endpoint).await;
    dealer.send(request(1, b"last question"));
    let asked = router.receive().await;
    dealer.socket.peers_change();
    poll_fn(|context| {
        assert!(dealer.socket.poll_receive(context).is_pending());
        Poll::Ready(())
    })
    .await;
    router.send(asked);
    router.socket.close(Duration::from_secs(1)).await;
    poll_fn(|context| {
        assert!(dealer.socket.poll_peers(context).is_pending());
        Poll::Ready(())
    })
    .await;
    assert_eq!(dealer.receive().await, request(1, b"last question"));
    assert_eq!(dealer.until_lost().await.lost, 1);
}
