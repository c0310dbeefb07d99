//! Messages arrive whole, in order, and at whom they were meant for.

use std::future::poll_fn;
use std::task::Poll;

use bytes::Bytes;
use service_framework_runtime::transport::{Frames, SocketOptions};
use tokio::task::yield_now;

use crate::bench::{self, Bench, body, message, request};

pub(crate) async fn a_request_and_its_reply_cross(bench: &Bench) {
    for endpoint in bench.endpoints("orders") {
        let mut router = bench.router();
        router.bind(&endpoint).await;
        let mut dealer = bench.connected(&router.endpoint).await;

        dealer.send(request(1, b"buy"));
        let received = router.receive().await;
        assert_eq!(received.len(), 4);
        assert_eq!(received[1..], request(1, b"buy")[..]);

        let mut reply = request(1, b"bought");
        reply.insert(0, received[0].clone());
        router.send(reply);
        assert_eq!(dealer.receive().await, request(1, b"bought"));
    }
}

pub(crate) async fn all_interfaces_can_be_bound(bench: &Bench) {
    let mut router = bench.router();
    router.bind("tcp://*:0").await;
    let (_, port) = router.endpoint.rsplit_once(':').expect("a port");
    assert_ne!(port, "0");
    let mut dealer = bench.connected(&format!("tcp://127.0.0.1:{port}")).await;
    router.serves(&mut dealer).await;
}

pub(crate) async fn every_requester_gets_its_own_reply(bench: &Bench) {
    const REQUESTERS: usize = 32;
    const ROUNDS: u64 = 20;
    let mut router = bench.listening().await;
    let mut dealers = Vec::new();
    for _ in 0..REQUESTERS {
        dealers.push(bench.connected(&router.endpoint).await);
    }
    for round in 0..ROUNDS {
        for (number, dealer) in dealers.iter_mut().enumerate() {
            dealer.send(request(round, format!("{number}").as_bytes()));
        }
        for _ in 0..REQUESTERS {
            router.echo().await;
        }
        for (number, dealer) in dealers.iter_mut().enumerate() {
            assert_eq!(dealer.receive().await, request(round, format!("{number}").as_bytes()));
        }
    }
    let mut none = Vec::new();
    assert!(dealers.iter_mut().all(|dealer| dealer.socket.try_receive(1, &mut none) == 0));
}

/// Two services, each on its thread with its runtime.
pub(crate) async fn requests_cross_between_threads(bench: &Bench) {
    const REQUESTS: u64 = 2_000;
    let mut router = bench.listening().await;
    let (transport, endpoint) = (bench.transport, router.endpoint.clone());
    let asks = std::thread::spawn(move || {
        let bench = Bench::new(transport);
        bench::block_on(async {
            let mut dealer = bench.connected(&endpoint).await;
            for number in 0..REQUESTS {
                dealer.send(request(number, b"across"));
                assert_eq!(dealer.receive().await, request(number, b"across"));
            }
            dealer.close().await;
        });
    });
    for _ in 0..REQUESTS {
        router.echo().await;
    }
    router.until_lost().await;
    asks.join().expect("the other thread ends");
}

pub(crate) async fn a_dealer_with_two_peers_asks_them_in_turn(bench: &Bench) {
    let mut routers = [bench.listening().await, bench.listening().await];
    let mut dealer = bench.dealer();
    for router in &routers {
        dealer.connect(&router.endpoint).await;
    }
    dealer.until_ready(2).await;
    // Whether its replies come in between or not.
    for round in 0..10 {
        dealer.send(request(round, b"first"));
        dealer.send(request(round, b"second"));
        for router in &mut routers {
            router.echo().await;
            dealer.receive().await;
        }
    }
    let mut served = [0; 2];
    for round in 0..10 {
        dealer.send(request(round, b"alone"));
        let which = poll_fn(|context| {
            let asked = routers.iter_mut().position(|router| match router.socket.poll_receive(context) {
                Poll::Ready(asked) => router.socket.try_send(asked.expect("an open socket")).is_ok(),
                Poll::Pending => false,
            });
            asked.map_or(Poll::Pending, Poll::Ready)
        });
        served[which.await] += 1;
        dealer.receive().await;
    }
    assert_eq!(served, [5, 5]);
}

pub(crate) async fn frames_of_every_size_arrive_as_they_were_sent(bench: &Bench) {
    let mut router = bench.listening().await;
    let mut dealer = bench.connected(&router.endpoint).await;
    let sizes = [0, 1, 46, 47, 54, 55, 56, 61, 62, 63, 255, 256, 4_095, 4_096, 8_192, 131_072, 300_000];
    let frame = |size: usize| Bytes::from_iter((0..size).map(|place| place as u8));
    let mut messages: Vec<Frames> = sizes.iter().map(|&size| Frames::from_iter([frame(size)])).collect();
    messages.extend(sizes.iter().map(|&size| Frames::from_iter([Bytes::new(), frame(size)])));
    messages.push(sizes.iter().map(|&size| frame(size)).collect());
    messages.push((0..1_000).map(|_| Bytes::new()).collect());

    for sent in messages {
        dealer.send(sent.clone());
        let mut received = router.receive().await;
        assert_eq!(received[1..], sent[..]);
        router.send(received.clone());
        received.remove(0);
        assert_eq!(dealer.receive().await, received);
    }
}

pub(crate) async fn eight_mebibytes_arrive_whole(bench: &Bench) {
    let large: Vec<u8> = (0..8 << 20).map(|place: u32| (place % 251) as u8).collect();
    for endpoint in bench.endpoints("large") {
        let mut router = bench.router();
        router.bind(&endpoint).await;
        let mut dealer = bench.connected(&router.endpoint).await;
        dealer.send(request(1, &large));
        router.echo().await;
        assert_eq!(dealer.receive().await, request(1, &large));
    }
}

pub(crate) async fn a_sweep_takes_no_more_than_it_was_asked_for(bench: &Bench) {
    let mut router = bench.listening().await;
    let mut dealer = bench.connected(&router.endpoint).await;
    let mut swept = Vec::new();
    assert_eq!(router.socket.try_receive(10, &mut swept), 0);
    for number in 0..10_u64 {
        dealer.send(request(number, b""));
    }
    while swept.len() < 10 {
        let before = swept.len();
        let count = router.socket.try_receive(3, &mut swept);
        assert!(count <= 3);
        assert_eq!(swept.len(), before + count);
        yield_now().await;
    }
    let numbers: Vec<_> = swept.iter().map(|frames| frames[1].clone()).collect();
    let sent: Vec<_> = (0..10_u64).map(|number| Bytes::copy_from_slice(&number.to_be_bytes())).collect();
    assert_eq!(numbers, sent);
}

pub(crate) async fn nothing_is_lost_when_waits_are_given_up(bench: &Bench) {
    const MESSAGES: u64 = 20_000;
    // The scenario sends faster than it reads.
    let roomy = SocketOptions { receive_queue: 100_000, ..SocketOptions::default() };
    let mut router = bench.listening_with(&roomy).await;
    let mut dealer = bench.connected(&router.endpoint).await;
    let mut received = Vec::new();
    let mut sent = 0;
    let mut turn = 0;
    while (received.len() as u64) < MESSAGES {
        turn += 1;
        for _ in 0..(turn % 7).min(MESSAGES - sent) {
            dealer.send(message([&sent.to_be_bytes()]));
            sent += 1;
        }
        // A wait that is polled once and given up, whatever it had to say.
        let waited = poll_fn(|context| match router.socket.poll_receive(context) {
            Poll::Ready(frames) => Poll::Ready(Some(frames.expect("an open socket"))),
            Poll::Pending => Poll::Ready(None),
        });
        received.extend(waited.await);
        match turn % 3 {
            0 => yield_now().await,
            1 => drop(router.socket.try_receive(2, &mut received)),
            // A wait that is polled again after others were given up ends with the next message.
            _ if sent > received.len() as u64 => received.push(router.receive().await),
            _ => {}
        }
    }
    let numbers = received.iter().map(|frames| u64::from_be_bytes(body(frames).try_into().expect("a number")));
    assert!(numbers.eq(0..MESSAGES));
}
