//! What one peer leaves unread, or sends too much of, is its own trouble and nobody else's.

use service_framework_runtime::transport::{SendRefused, SocketOptions};

use crate::bench::{Bench, body, message, request};
use crate::raw::{Raw, frame};

pub(crate) async fn a_peer_that_never_reads_fills_its_own_queue_only(bench: &Bench) {
    let mut router = bench.listening().await;
    let mut deaf = Raw::introduced(&router.endpoint, "DEALER", "deaf").await;
    deaf.write(&frame(false, b"question")).await;
    router.receive().await;
    let mut dealer = bench.connected(&router.endpoint).await;

    let answer = message([b"deaf", b"", &[0; 20_000]]);
    let (taken, refusal) = router.send_until_refused(|| answer.clone()).await;
    assert_eq!(refusal, SendRefused::Full);
    assert!(taken >= SocketOptions::default().send_queue as usize, "only {taken} replies were queued");

    for _ in 0..100 {
        router.serves(&mut dealer).await;
        assert_eq!(router.socket.try_send(answer.clone()), Err(SendRefused::Full));
    }
}

pub(crate) async fn a_burst_of_replies_waits_for_a_peer_that_reads(bench: &Bench) {
    const REPLIES: u64 = 1_000;
    for endpoint in bench.endpoints("burst") {
        let mut router = bench.router();
        router.bind(&endpoint).await;
        let mut dealer = bench.connected(&router.endpoint).await;
        dealer.send(request(0, b"everything"));
        let to = router.receive().await.remove(0);
        // All in one turn: the sockets' own tasks do not run in between.
        for number in 0..REPLIES {
            let mut reply = request(number, &[0; 200]);
            reply.insert(0, to.clone());
            router.send(reply);
        }
        for number in 0..REPLIES {
            assert_eq!(dealer.receive().await, request(number, &[0; 200]));
        }
    }
}

pub(crate) async fn a_requester_whose_peer_never_reads_is_refused(bench: &Bench) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let endpoint = format!("tcp://{}", listener.local_addr().expect("an address"));
    let mut dealer = bench.dealer_with(&SocketOptions { send_queue: 10, ..SocketOptions::default() });
    dealer.connect(&endpoint).await;
    let _deaf = Raw::accepted(&listener, "ROUTER").await;
    dealer.until_ready(1).await;
    let (taken, refusal) = dealer.send_until_refused(|| request(1, &[0; 100_000])).await;
    assert_eq!(refusal, SendRefused::Full);
    assert!(taken >= 10);
}

pub(crate) async fn a_full_receive_queue_drops_nothing(bench: &Bench) {
    const MESSAGES: u64 = 5_000;
    let mut router = bench.listening_with(&SocketOptions { receive_queue: 16, ..SocketOptions::default() }).await;
    let mut dealer = bench.connected(&router.endpoint).await;
    let mut sent = 0;
    let mut stalled = false;
    let mut received = Vec::new();
    let padding = [0; 2_000];
    while (received.len() as u64) < MESSAGES {
        while sent < MESSAGES && dealer.socket.try_send(request(sent, &padding)).is_ok() {
            sent += 1;
        }
        stalled |= sent < MESSAGES;
        tokio::task::yield_now().await;
        router.socket.try_receive(8, &mut received);
    }
    assert!(stalled, "the queues held everything, the scenario shows nothing");
    let numbers = received.iter().map(|frames| u64::from_be_bytes(frames[1][..].try_into().expect("a number")));
    assert!(numbers.eq(0..MESSAGES));
}

pub(crate) async fn a_requester_that_never_reads_fills_its_own_queue_only(bench: &Bench) {
    let few = SocketOptions { receive_queue: 16, send_queue: 100, ..SocketOptions::default() };
    let mut router = bench.listening_with(&few).await;
    let mut deaf = bench.connected_with(&router.endpoint, &few).await;
    deaf.send(request(1, b"question"));
    let mut answer = router.receive().await;
    let mut dealer = bench.connected(&router.endpoint).await;

    *answer.last_mut().expect("a body") = vec![0; 100_000].into();
    let (taken, refusal) = router.send_until_refused(|| answer.clone()).await;
    assert_eq!(refusal, SendRefused::Full);
    assert!(taken >= 100, "only {taken} replies were queued");
    for _ in 0..100 {
        router.serves(&mut dealer).await;
    }
}

pub(crate) async fn a_message_over_the_maximum_harms_nobody_else(bench: &Bench) {
    let small = SocketOptions { max_message_size: 100_000, ..SocketOptions::default() };
    let mut router = bench.listening_with(&small).await;
    let mut modest = bench.connected(&router.endpoint).await;
    let mut greedy = bench.connected(&router.endpoint).await;
    match greedy.socket.try_send(request(2, &[0; 200_000])) {
        Ok(()) => drop(router.beside(greedy.until_lost()).await),
        Err(refusal) => assert_eq!(refusal, SendRefused::TooLarge { size: 200_008, max: 100_000 }),
    }
    router.serves(&mut modest).await;
}

pub(crate) async fn a_message_over_the_maximum_ends_its_connection(bench: &Bench) {
    let small = SocketOptions { max_message_size: 100_000, ..SocketOptions::default() };
    let mut router = bench.listening_with(&small).await;
    let mut modest = bench.connected(&router.endpoint).await;
    let mut greedy = bench.connected(&router.endpoint).await;

    let largest = vec![1; small.max_message_size - 8];
    greedy.send(request(1, &largest));
    assert_eq!(body(&router.receive().await), largest);

    greedy.send(request(2, &[0; 200_000]));
    router.beside(greedy.until_lost()).await;
    router.serves(&mut modest).await;
}

pub(crate) async fn sending_over_the_maximum_is_refused(bench: &Bench) {
    let small = SocketOptions { max_message_size: 1_000, ..SocketOptions::default() };
    let mut router = bench.listening().await;
    let mut dealer = bench.connected_with(&router.endpoint, &small).await;
    let refusal = dealer.socket.try_send(request(1, &[0; 1_000]));
    assert_eq!(refusal, Err(SendRefused::TooLarge { size: 1_008, max: 1_000 }));
    router.serves(&mut dealer).await;
}

pub(crate) async fn a_message_without_content_is_refused(bench: &Bench) {
    let mut router = bench.listening().await;
    let mut dealer = bench.connected(&router.endpoint).await;
    assert_eq!(dealer.socket.try_send(message([])), Err(SendRefused::Empty));
    assert_eq!(router.socket.try_send(message([])), Err(SendRefused::Empty));
    assert_eq!(router.socket.try_send(message([b"peer"])), Err(SendRefused::Empty));
    router.serves(&mut dealer).await;
}
