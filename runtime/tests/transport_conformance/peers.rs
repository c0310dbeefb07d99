//! Peers come, go and come back; nobody waits for them, and nobody gets what was meant for another.

use std::time::{Duration, Instant};

use service_framework_runtime::transport::SendRefused;

use crate::bench::{Bench, body, message, request};
use crate::raw::{Raw, frame};

pub(crate) async fn connecting_before_anybody_listens_works(bench: &Bench) {
    let endpoint = bench.ipc("later");
    let mut dealer = bench.dealer();
    dealer.connect(&endpoint).await;
    assert_eq!(dealer.socket.ready_peers(), 0);
    let mut router = bench.router();
    router.bind(&endpoint).await;
    dealer.until_ready(1).await;
    router.serves(&mut dealer).await;
}

pub(crate) async fn sending_to_nobody_is_refused(bench: &Bench) {
    let endpoint = bench.ipc("nobody");
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
    assert_eq!(dealer.socket.peers_change(), None);
    router.close().await;
    let closed = Instant::now();
    let change = dealer.until_lost().await;
    assert!(closed.elapsed() < Duration::from_secs(1), "reported after {:?}", closed.elapsed());
    assert_eq!((change.ready, change.lost), (0, 1));
    assert_eq!(dealer.socket.try_send(request(1, b"")), Err(SendRefused::NoPeer));
}

pub(crate) async fn a_restarted_listener_is_found_again(bench: &Bench) {
    for endpoint in ["tcp://127.0.0.1:0".to_owned(), bench.ipc("restarted")] {
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
