//! Subscribers and publishers that are slow, that vanish and that come back.

use std::time::{Duration, Instant};

use service_framework_runtime::transport::{Frames, SendRefused, SocketOptions};
use tokio::task::yield_now;

use crate::bench::{self, Bench, Endpointed, message};

/// The longest that anybody should have to wait for a peer that is back.
const SOON: Duration = Duration::from_secs(2);

fn quick() -> SocketOptions {
    SocketOptions {
        reconnect_min: Duration::from_millis(1),
        reconnect_max: Duration::from_millis(10),
        ..SocketOptions::default()
    }
}

impl Endpointed {
    /// Proves that what this socket publishes reaches a subscriber, once its subscription is known.
    async fn reaches(&mut self, subscriber: &mut Endpointed, bytes: &[u8]) {
        subscriber.beside(self.until_subscribers(bytes, 1)).await;
        self.publish(bytes);
        assert_eq!(subscriber.hears().await, bytes);
    }
}

pub(crate) async fn a_subscriber_can_be_there_before_its_publisher(bench: &Bench) {
    let endpoint = bench.known("later");
    let mut subscriber = bench.subscriber(&[b"news"]).await;
    subscriber.connect(&endpoint).await;
    assert_eq!(subscriber.socket.ready_peers(), 0);
    let mut publisher = bench.publisher();
    publisher.bind(&endpoint).await;
    publisher.reaches(&mut subscriber, b"news").await;

    let endpoint = bench.known("later still");
    let mut publisher = bench.publisher();
    publisher.connect(&endpoint).await;
    publisher.publish(b"nobody is there");
    let mut subscriber = bench.subscriber(&[b""]).await;
    subscriber.bind(&endpoint).await;
    publisher.reaches(&mut subscriber, b"news").await;
}

pub(crate) async fn a_hundred_restarts_of_a_publisher_are_survived(bench: &Bench) {
    let mut longest = Duration::ZERO;
    for endpoint in bench.endpoints("publishing again") {
        let mut publisher = bench.publisher();
        publisher.bind(&endpoint).await;
        let endpoint = publisher.endpoint.clone();
        let mut subscriber = bench.subscriber_with(&quick(), &[b"\xa4news", b"\xa4date"]).await;
        subscriber.connect(&endpoint).await;
        for _ in 0..50 {
            publisher.reaches(&mut subscriber, b"\xa4news").await;
            publisher.reaches(&mut subscriber, b"\xa4date").await;
            publisher.close().await;
            subscriber.until_lost().await;
            publisher = bench.publisher();
            publisher.bind(&endpoint).await;
            let back = Instant::now();
            publisher.reaches(&mut subscriber, b"\xa4news").await;
            longest = longest.max(back.elapsed());
        }
    }
    println!("{}: a publisher is heard again after {longest:?} at most", bench.transport.name());
    assert!(longest < SOON, "it took {longest:?}");
}

pub(crate) async fn a_hundred_restarts_of_a_listening_subscriber_are_survived(bench: &Bench) {
    let mut longest = Duration::ZERO;
    for endpoint in bench.endpoints("collecting again") {
        let mut subscriber = bench.subscriber(&[b"news"]).await;
        subscriber.bind(&endpoint).await;
        let endpoint = subscriber.endpoint.clone();
        let mut publisher = bench.publisher_with(&quick());
        publisher.connect(&endpoint).await;
        for _ in 0..50 {
            publisher.reaches(&mut subscriber, b"news").await;
            subscriber.close().await;
            publisher.until_subscribers(b"news", 0).await;
            publisher.publish(b"news for nobody");
            subscriber = bench.subscriber(&[b"news"]).await;
            subscriber.bind(&endpoint).await;
            let back = Instant::now();
            publisher.reaches(&mut subscriber, b"news").await;
            longest = longest.max(back.elapsed());
        }
    }
    println!("{}: a subscriber is found again after {longest:?} at most", bench.transport.name());
    assert!(longest < SOON, "it took {longest:?}");
}

pub(crate) async fn subscribers_come_and_go_in_storms(bench: &Bench) {
    let mut publisher = bench.publishing().await;
    let mut staying = bench.subscribed(&mut publisher, &[b"news"]).await;
    for _ in 0..5 {
        let mut storm = Vec::new();
        for number in 0..40_u8 {
            let mut subscriber = bench.subscriber(&[b"news", &[number]]).await;
            subscriber.connect(&publisher.endpoint).await;
            storm.push(subscriber);
        }
        publisher.until_subscribers(b"news", 41).await;
        publisher.publish(b"news");
        for subscriber in &mut storm {
            assert_eq!(subscriber.hears().await, b"news");
        }
        assert_eq!(staying.hears().await, b"news");
        for subscriber in storm {
            subscriber.close().await;
        }
        publisher.until_subscribers(b"news", 1).await;
    }
    publisher.until_ready(1).await;
}

/// The slow one reads nothing while ten thousand messages are published, and hears the oldest of them later.
pub(crate) async fn a_slow_subscriber_loses_only_its_own_messages(bench: &Bench) {
    const PUBLISHED: u32 = 10_000;
    let few = SocketOptions { send_queue: 200, receive_queue: 100, ..SocketOptions::default() };
    let mut publisher = bench.publishing_with(&few).await;
    let mut slow = bench.subscribed_with(&mut publisher, &few, &[b""]).await;
    let mut quick = bench.subscribed_with(&mut publisher, &few, &[b""]).await;
    let body = [7; 5_000];
    for number in 0..PUBLISHED {
        publisher.publish(&[&number.to_be_bytes()[..], &body].concat());
        assert_eq!(quick.hears().await[..4], number.to_be_bytes());
    }
    assert_eq!(quick.socket.try_receive(1, &mut Vec::new()), 0);

    let missed = publisher.socket.missed_by_subscribers();
    let mut heard = Vec::new();
    while heard.last() != Some(&u32::MAX) {
        // There is room by now, or will be once it has read on.
        publisher.publish(&u32::MAX.to_be_bytes());
        quick.hears().await;
        let mut swept = Vec::new();
        slow.socket.try_receive(64, &mut swept);
        heard.extend(swept.iter().map(|frames| u32::from_be_bytes(frames[0][..4].try_into().expect("a number"))));
        heard.dedup();
        yield_now().await;
    }
    heard.pop();
    assert!(heard.is_sorted(), "what it hears is in order");
    assert!(heard.iter().copied().take(100).eq(0..100), "the oldest messages waited for it");
    let lost = PUBLISHED as usize - heard.len();
    // 200 and 100 wait in the sockets, and a few megabytes in the kernel.
    assert!(lost > 5_000, "the queues held {} messages of 5 kB", heard.len());
    if bench.transport.name() == "inproc" {
        assert_eq!(missed, lost as u64);
    }
}

/// Prints how fast it is: that depends on the machine.
pub(crate) async fn a_flood_that_the_queues_have_room_for_loses_nothing(bench: &Bench) {
    const PUBLISHED: u32 = 50_000;
    let options = SocketOptions { send_queue: PUBLISHED, ..SocketOptions::default() };
    let mut subscriber = bench.subscriber(&[b""]).await;
    subscriber.bind(&bench.free()).await;
    let (transport, endpoint) = (bench.transport, subscriber.endpoint.clone());
    let publishes = std::thread::spawn(move || {
        let bench = Bench::new(transport);
        bench::block_on(async {
            let mut publisher = bench.publisher_with(&options);
            publisher.connect(&endpoint).await;
            publisher.until_subscribers(b"", 1).await;
            for number in 0..PUBLISHED {
                publisher.publish(&[&number.to_be_bytes()[..], &[0; 124]].concat());
                if number % 64 == 0 {
                    yield_now().await;
                }
            }
            assert_eq!(publisher.socket.missed_by_subscribers(), 0);
            publisher.socket.close(Duration::from_secs(30)).await;
        });
    });
    let mut next = 0;
    let mut began = None;
    let mut swept = Vec::with_capacity(64);
    while next < PUBLISHED {
        swept.push(subscriber.receive().await);
        began.get_or_insert_with(Instant::now);
        subscriber.socket.try_receive(63, &mut swept);
        for frames in swept.drain(..) {
            assert_eq!(frames[0][..4], next.to_be_bytes());
            next += 1;
        }
    }
    let rate = f64::from(PUBLISHED) / began.expect("a first message").elapsed().as_secs_f64();
    println!("{}: {rate:.0} messages of 128 bytes a second, and none lost", bench.transport.name());
    publishes.join().expect("the other thread ends");
}

pub(crate) async fn what_waits_for_a_slow_subscriber_is_bounded_in_bytes(bench: &Bench) {
    const SIZE: usize = 1 << 20;
    let small = SocketOptions { send_queue_bytes: 8 * SIZE, receive_queue: 4, ..SocketOptions::default() };
    let mut publisher = bench.publishing_with(&small).await;
    let mut slow = bench.subscribed_with(&mut publisher, &small, &[b""]).await;
    let mut quick = bench.subscribed_with(&mut publisher, &small, &[b""]).await;
    for number in 0..200_u32 {
        publisher.publish(&[&number.to_be_bytes()[..], &vec![0; SIZE]].concat());
        assert_eq!(quick.hears().await[..4], number.to_be_bytes());
    }
    let mut heard = Vec::new();
    while heard.last().is_none_or(|frames: &Frames| frames[0].len() > SIZE) {
        publisher.publish(b"end");
        quick.hears().await;
        slow.socket.try_receive(1, &mut heard);
    }
    // Besides the eight that may wait: what both sockets and the kernel have in hand, some 40.
    assert!(heard.len() < 100, "{} messages of a mebibyte waited", heard.len());
}

pub(crate) async fn a_socket_of_another_kind_is_no_peer(bench: &Bench) {
    let mut publisher = bench.publishing().await;
    let mut dealer = bench.dealer();
    dealer.connect(&publisher.endpoint).await;
    let mut other = bench.publisher();
    other.connect(&publisher.endpoint).await;
    let mut subscriber = bench.subscribed(&mut publisher, &[b""]).await;
    assert_eq!(publisher.socket.ready_peers(), 1);
    assert_eq!(dealer.socket.try_send(message([b"hello"])), Err(SendRefused::NoPeer));
    publisher.publish(b"news");
    assert_eq!(subscriber.hears().await, b"news");
    assert_eq!((dealer.socket.ready_peers(), other.socket.ready_peers()), (0, 0));
}
