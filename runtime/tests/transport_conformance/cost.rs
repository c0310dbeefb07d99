//! What a hop costs within the process: a place in a queue, and nothing else.

use std::time::{Duration, Instant};

use service_framework_runtime::transport::Frames;
use tokio::sync::mpsc;

use crate::bench::{Bench, request};

const HOPS: u32 = 20_000;

pub(crate) async fn a_hop_allocates_nothing(bench: &Bench) {
    let mut router = bench.listening().await;
    let mut dealer = bench.connected(&router.endpoint).await;
    let mut swept = Vec::with_capacity(1);
    let mut round = || {
        dealer.send(request(1, b""));
        router.socket.try_receive(1, &mut swept);
        router.send(swept.pop().expect("a request"));
        dealer.socket.try_receive(1, &mut swept);
        swept.pop().expect("a reply")
    };
    let frames = round();
    let made = allocation_counter::measure(|| drop(request(1, b""))).count_total;
    let whole = allocation_counter::measure(|| drop(round())).count_total;
    assert_eq!(whole, made, "beyond the frames of the request, which are {}", frames.len());
}

/// Prints both: how they compare depends on the machine, so the bound is wide.
pub(crate) async fn a_hop_costs_about_as_much_as_one_through_a_channel(bench: &Bench) {
    let mut router = bench.listening().await;
    let mut dealer = bench.connected(&router.endpoint).await;
    let message: Frames = request(1, b"body");
    let mut swept = Vec::with_capacity(1);
    let (sender, mut receiver) = mpsc::channel::<Frames>(64);
    let (mut through_sockets, mut through_a_channel) = (Duration::MAX, Duration::MAX);
    for _ in 0..5 {
        let began = Instant::now();
        for _ in 0..HOPS {
            dealer.send(message.clone());
            assert_eq!(router.socket.try_receive(1, &mut swept), 1);
            swept.clear();
        }
        through_sockets = through_sockets.min(began.elapsed() / HOPS);
        let began = Instant::now();
        for _ in 0..HOPS {
            sender.try_send(message.clone()).expect("room");
            swept.push(receiver.try_recv().expect("a message"));
            swept.clear();
        }
        through_a_channel = through_a_channel.min(began.elapsed() / HOPS);
    }
    println!("a hop takes {through_sockets:?} through sockets, {through_a_channel:?} through a channel");
    assert!(through_sockets < through_a_channel * 10);
}
