//! Whoever can reach a publisher's or a subscriber's port can ruin a connection of its own, never the socket.

use std::time::{Duration, Instant};

use service_framework_runtime::transport::{Heartbeat, SocketOptions, TopicChange};

use tokio::task::yield_now;

use crate::bench::{Bench, message};
use crate::raw::{Raw, frame, long_frame, long_header};

fn pinging() -> SocketOptions {
    SocketOptions { heartbeat: Heartbeat::Every(Duration::from_millis(50)), ..SocketOptions::default() }
}

fn subscription(prefix: &[u8]) -> Vec<u8> {
    frame(false, &[&[1], prefix].concat())
}

pub(crate) async fn what_is_no_subscription_ends_that_connection_or_nothing(bench: &Bench) {
    let mut publisher = bench.publishing().await;
    let mut subscriber = bench.subscribed(&mut publisher, &[b"news"]).await;
    let mut stranger = Raw::connect(&publisher.endpoint).await;
    stranger.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nUser-Agent: somebody\r\n\r\n").await;
    publisher.beside(stranger.until_closed()).await;
    for kind in ["PUB", "DEALER", "SUBS", ""] {
        let mut stranger = Raw::introduced(&publisher.endpoint, kind, "").await;
        publisher.beside(stranger.until_closed()).await;
    }
    // A subscriber that says what no subscriber says goes on to be one.
    let mut odd = Raw::introduced(&publisher.endpoint, "SUB", "").await;
    for nonsense in [&b""[..], b"\x02news", b"hello"] {
        odd.write(&frame(false, nonsense)).await;
    }
    odd.write(&frame(false, b"\x00never subscribed to")).await;
    odd.write(&subscription(b"news")).await;
    publisher.until_subscribers(b"news", 2).await;
    publisher.publish(b"news of the day");
    publisher.beside(odd.until_heard(b"news of the day")).await;
    assert_eq!(subscriber.hears().await, b"news of the day");
}

pub(crate) async fn a_subscription_of_a_tebibyte_ends_that_connection_only(bench: &Bench) {
    let mut publisher = bench.publishing().await;
    let mut subscriber = bench.subscribed(&mut publisher, &[b""]).await;
    for length in [1 << 20, 1 << 40, u64::MAX] {
        let mut stranger = Raw::introduced(&publisher.endpoint, "SUB", "").await;
        stranger.write(&long_header(length)).await;
        publisher.beside(stranger.until_closed()).await;
    }
    publisher.publish(b"news");
    assert_eq!(subscriber.hears().await, b"news");
}

pub(crate) async fn a_publication_of_a_tebibyte_ends_that_connection_only(bench: &Bench) {
    let mut subscriber = bench.subscriber(&[b""]).await;
    subscriber.bind(&bench.free()).await;
    let mut publisher = bench.publisher();
    publisher.connect(&subscriber.endpoint).await;
    subscriber.beside(publisher.until_subscribers(b"", 1)).await;
    for length in [1 << 40, u64::MAX] {
        let mut stranger = Raw::introduced(&subscriber.endpoint, "PUB", "").await;
        stranger.write(&long_header(length)).await;
        subscriber.beside(stranger.until_closed()).await;
    }
    publisher.publish(b"news");
    assert_eq!(subscriber.hears().await, b"news");
}

pub(crate) async fn a_publication_over_the_maximum_ends_its_connection(bench: &Bench) {
    let small = SocketOptions { max_message_size: 100_000, ..SocketOptions::default() };
    let mut subscriber = bench.subscriber_with(&small, &[b""]).await;
    subscriber.bind(&bench.free()).await;
    let mut modest = Raw::introduced(&subscriber.endpoint, "PUB", "").await;
    let mut greedy = Raw::introduced(&subscriber.endpoint, "PUB", "").await;
    greedy.write(&long_frame(&[1; 200_000])).await;
    subscriber.beside(greedy.until_closed()).await;
    modest.write(&long_frame(&[2; 100_000])).await;
    assert_eq!(subscriber.hears().await, [2; 100_000]);
}

pub(crate) async fn who_subscribes_to_too_much_is_disconnected(bench: &Bench) {
    let few = SocketOptions { max_subscription_bytes: 64 << 10, ..SocketOptions::default() };
    let mut publisher = bench.publishing_with(&few).await;
    let mut subscriber = bench.subscribed(&mut publisher, &[b"news"]).await;
    publisher.socket.topics_change();
    let mut greedy = Raw::introduced(&publisher.endpoint, "SUB", "").await;
    let many: Vec<u8> = (0..1_000_u32).flat_map(|number| subscription(&number.to_be_bytes())).collect();
    assert!(publisher.beside(greedy.is_refused_within(16 << 20, &many)).await);
    publisher.until_subscribers(&0_u32.to_be_bytes(), 0).await;
    let changes = publisher.socket.topics_change();
    assert!(changes.iter().all(|change| matches!(change, TopicChange::Ended(_))), "{changes:?}");
    publisher.publish(b"news");
    assert_eq!(subscriber.hears().await, b"news");
    publisher.until_ready(1).await;
}

/// More of them than any transport remembers events, with nobody looking meanwhile.
pub(crate) async fn subscriptions_that_nobody_looked_at_are_known_all_the_same(bench: &Bench) {
    let mut publisher = bench.publishing().await;
    let mut raw = Raw::introduced(&publisher.endpoint, "SUB", "").await;
    publisher.until_ready(1).await;
    let many: Vec<u8> = (0..20_000_u32).flat_map(|number| subscription(&number.to_be_bytes())).collect();
    raw.write(&many).await;
    raw.write(&subscription(b"\xffend")).await;
    for _ in 0..10_000 {
        yield_now().await;
    }
    publisher.until_subscribers(b"\xffend", 1).await;
    for number in [0, 1, 10_000, 19_999_u32] {
        assert_eq!(publisher.socket.subscribers(&number.to_be_bytes()), 1, "{number}");
    }
    assert_eq!(publisher.socket.topics_change().len(), 20_001);
}

pub(crate) async fn a_subscriber_that_never_reads_harms_nobody(bench: &Bench) {
    let few = SocketOptions { send_queue: 1_000, ..SocketOptions::default() };
    let mut publisher = bench.publishing_with(&few).await;
    let mut subscriber = bench.subscribed(&mut publisher, &[b""]).await;
    let mut deaf = Raw::introduced(&publisher.endpoint, "SUB", "").await;
    deaf.write(&subscription(b"")).await;
    publisher.until_subscribers(b"", 2).await;
    for number in 0..5_000_u32 {
        publisher.publish(&[&number.to_be_bytes()[..], &[0; 5_000]].concat());
        assert_eq!(subscriber.hears().await[..4], number.to_be_bytes());
    }
    let began = Instant::now();
    publisher.socket.close(Duration::from_millis(100)).await;
    assert!(began.elapsed() < Duration::from_secs(2), "closing took {:?}", began.elapsed());
}

/// Its machine may have gone with a full buffer, where no ping can reach it.
pub(crate) async fn a_subscriber_that_reads_nothing_for_long_is_given_up(bench: &Bench) {
    let mut publisher = bench.publishing_with(&pinging()).await;
    let mut deaf = Raw::introduced(&publisher.endpoint, "SUB", "").await;
    deaf.write(&subscription(b"")).await;
    publisher.until_subscribers(b"", 1).await;
    for _ in 0..300 {
        publisher.publish(&[0; 100_000]);
        yield_now().await;
    }
    publisher.until_subscribers(b"", 0).await;
}

pub(crate) async fn a_publisher_pings_and_hangs_up_on_who_does_not_answer(bench: &Bench) {
    let mut publisher = bench.publishing_with(&pinging()).await;
    let mut subscriber = bench.subscribed_with(&mut publisher, &pinging(), &[b""]).await;
    let mut silent = Raw::introduced_as(&publisher.endpoint, 1, "SUB", "").await;
    silent.write(&subscription(b"")).await;
    publisher.until_subscribers(b"", 2).await;
    let heard = subscriber.beside(publisher.beside(silent.until_closed())).await;
    assert!(heard.windows(5).any(|part| part == b"\x04PING"), "{heard:?}");
    subscriber.beside(publisher.until_subscribers(b"", 1)).await;
    publisher.publish(b"news");
    assert_eq!(subscriber.hears().await, b"news", "who answers is kept");
}

pub(crate) async fn a_subscriber_pings_hangs_up_on_who_does_not_answer_and_connects_again(bench: &Bench) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let endpoint = format!("tcp://{}", listener.local_addr().expect("an address"));
    let mut subscriber = bench.subscriber_with(&pinging(), &[b"news"]).await;
    subscriber.connect(&endpoint).await;
    let mut silent = Raw::accepted_as(&listener, 1, "PUB").await;
    let heard = subscriber.beside(silent.until_closed()).await;
    assert!(heard.windows(5).any(|part| part == b"\x04PING"), "{heard:?}");
    let mut back = subscriber.beside(Raw::accepted(&listener, "PUB")).await;
    subscriber.beside(back.until_heard(b"news")).await;
    back.write(&frame(false, b"news")).await;
    assert_eq!(subscriber.hears().await, b"news");
}

/// One that speaks ZMTP 3.0 would take a ping for an error.
pub(crate) async fn a_peer_that_knows_no_pings_gets_none(bench: &Bench) {
    let mut publisher = bench.publishing_with(&pinging()).await;
    let mut old = Raw::introduced(&publisher.endpoint, "SUB", "").await;
    old.write(&subscription(b"")).await;
    publisher.until_subscribers(b"", 1).await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(400) {
        publisher.publish(b"tick");
        publisher.beside(old.until_heard(b"tick")).await;
    }
    publisher.publish(b"end");
    let heard = publisher.beside(old.until_heard(b"end")).await;
    assert!(!heard.windows(4).any(|part| part == b"PING"), "{heard:?}");
    publisher.send(message([b"a", b"b"]));
    publisher.beside(old.until_heard(b"\x01\x01a\x00\x01b")).await;
}
