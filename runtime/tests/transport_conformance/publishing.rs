//! What is published reaches those who have subscribed to it, in order, and nobody else.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use service_framework_runtime::transport::{SendRefused, SocketOptions, SubscribeError, TopicChange};
use tokio::task::yield_now;

use crate::bench::{self, Bench, Endpointed, message};

pub(crate) async fn what_is_published_reaches_those_who_subscribed_to_its_beginning(bench: &Bench) {
    for endpoint in bench.endpoints("prices") {
        let mut publisher = bench.publisher();
        publisher.bind(&endpoint).await;
        // As MessagePack writes a text of three letters, a text of five, and nothing in particular.
        let mut short = bench.subscribed(&mut publisher, &[b"\xa3abc"]).await;
        let mut long = bench.subscribed(&mut publisher, &[b"\xa5abcde", b"\x00\xff"]).await;
        let mut all = bench.subscribed(&mut publisher, &[b""]).await;
        let published: [&[u8]; 5] = [b"\xa3abc\x01", b"\xa5abcde\x02", b"\x00\xff", b"\xa3ab", b"end"];
        for bytes in published {
            publisher.publish(bytes);
        }
        for bytes in published {
            assert_eq!(all.hears().await, bytes);
        }
        assert_eq!(short.hears().await, b"\xa3abc\x01");
        assert_eq!(long.hears().await, b"\xa5abcde\x02");
        assert_eq!(long.hears().await, b"\x00\xff");
        publisher.publish(b"\xa3abc\x03");
        assert_eq!(short.hears().await, b"\xa3abc\x03");
        let mut none = Vec::new();
        assert_eq!(long.socket.try_receive(1, &mut none), 0);
    }
}

pub(crate) async fn publishing_to_nobody_is_no_error(bench: &Bench) {
    let mut publisher = bench.publishing().await;
    for _ in 0..10_000 {
        publisher.publish(b"anybody");
    }
    let mut subscriber = bench.subscribed(&mut publisher, &[b""]).await;
    publisher.publish(b"somebody");
    assert_eq!(subscriber.hears().await, b"somebody");
    assert_eq!(publisher.socket.missed_by_subscribers(), 0);
}

pub(crate) async fn what_a_publisher_or_subscriber_cannot_do_is_refused(bench: &Bench) {
    let small = SocketOptions { max_message_size: 100, ..SocketOptions::default() };
    let mut publisher = bench.publishing_with(&small).await;
    let mut subscriber = bench.subscribed(&mut publisher, &[b""]).await;
    assert_eq!(publisher.socket.try_send(message([])), Err(SendRefused::Empty));
    let too_large = publisher.socket.try_send(message([&[0; 101]]));
    assert_eq!(too_large, Err(SendRefused::TooLarge { size: 101, max: 100 }));
    assert_eq!(subscriber.socket.try_send(message([b"back"])), Err(SendRefused::OnlyReceives));
    assert_eq!(publisher.socket.subscribe(b"").await, Err(SubscribeError::NoSubscriber));
    assert_eq!(subscriber.socket.subscribers(b""), 0);
    // A publisher can be waited for like the others, and nothing ever comes.
    let waits = poll_fn(|context| Poll::Ready(publisher.socket.poll_receive(context).is_pending())).await;
    assert!(waits && publisher.socket.try_receive(1, &mut Vec::new()) == 0);
    let mut dealer = bench.dealer();
    assert_eq!(dealer.socket.subscribe(b"").await, Err(SubscribeError::NoSubscriber));
    publisher.publish(&[1; 100]);
    assert_eq!(subscriber.hears().await, [1; 100]);
}

/// Publishes numbers in bursts that every queue has room for, and has all subscribers hear each of them in order.
async fn all_hear_everything(publisher: &mut Endpointed, subscribers: &mut [Endpointed], bursts: u32) {
    const BURST: u32 = 100;
    for burst in 0..bursts {
        let numbers = burst * BURST..(burst + 1) * BURST;
        for number in numbers.clone() {
            publisher.publish(&number.to_be_bytes());
        }
        for subscriber in &mut *subscribers {
            for number in numbers.clone() {
                assert_eq!(subscriber.hears().await, number.to_be_bytes());
            }
        }
    }
}

pub(crate) async fn everybody_hears_everything_in_order(bench: &Bench) {
    let mut publisher = bench.publishing().await;
    let mut subscribers = Vec::new();
    for _ in 0..40 {
        subscribers.push(bench.subscribed(&mut publisher, &[b""]).await);
    }
    assert_eq!(publisher.socket.ready_peers(), 40);
    all_hear_everything(&mut publisher, &mut subscribers, 20).await;
    assert_eq!(publisher.socket.missed_by_subscribers(), 0);
}

pub(crate) async fn what_several_publishers_say_is_heard_in_the_order_of_each(bench: &Bench) {
    const PUBLISHED: u32 = 500;
    let mut publishers = [bench.publishing().await, bench.publishing().await, bench.publishing().await];
    let mut subscriber = bench.subscriber(&[b""]).await;
    for publisher in &publishers {
        subscriber.connect(&publisher.endpoint).await;
    }
    subscriber.until_ready(3).await;
    for publisher in &mut publishers {
        subscriber.beside(publisher.until_subscribers(b"", 1)).await;
    }
    let mut next = [0; 3];
    for number in 0..PUBLISHED {
        for (who, publisher) in (0..).zip(&mut publishers) {
            publisher.publish(&[&[who][..], &number.to_be_bytes()].concat());
        }
        for _ in 0..3 {
            let heard = subscriber.hears().await;
            let next = &mut next[usize::from(heard[0])];
            assert_eq!(heard[1..], u32::to_be_bytes(*next));
            *next += 1;
        }
    }
    assert_eq!(next, [PUBLISHED; 3]);
}

pub(crate) async fn publishers_can_connect_to_a_subscriber_that_listens(bench: &Bench) {
    for endpoint in bench.endpoints("collector") {
        let mut subscriber = bench.subscriber(&[b"kept"]).await;
        subscriber.bind(&endpoint).await;
        let mut publishers = Vec::new();
        for _ in 0..3 {
            let mut publisher = bench.publisher();
            publisher.connect(&subscriber.endpoint).await;
            subscriber.beside(publisher.until_subscribers(b"kept", 1)).await;
            publishers.push(publisher);
        }
        subscriber.until_ready(3).await;
        for publisher in &mut publishers {
            publisher.publish(b"dropped");
            publisher.publish(b"kept");
            assert_eq!(subscriber.hears().await, b"kept");
        }
        subscriber.subscribe(b"dropped").await;
        let mut heard = Vec::new();
        while subscriber.socket.try_receive(1, &mut heard) == 0 {
            publishers[1].publish(b"dropped no more");
            yield_now().await;
        }
        assert_eq!(heard[0][0][..], *b"dropped no more");
    }
}

pub(crate) async fn a_late_subscriber_hears_what_is_published_from_then_on(bench: &Bench) {
    let mut publisher = bench.publishing().await;
    let mut early = bench.subscribed(&mut publisher, &[b""]).await;
    publisher.publish(b"before");
    assert_eq!(early.hears().await, b"before");
    let mut late = bench.subscribed(&mut publisher, &[b""]).await;
    publisher.publish(b"after");
    assert_eq!(late.hears().await, b"after");
    assert_eq!(early.hears().await, b"after");
}

pub(crate) async fn a_publisher_sees_subscriptions_come_and_go(bench: &Bench) {
    let mut publisher = bench.publishing().await;
    assert_eq!(publisher.socket.topics_change(), []);
    let mut first = bench.subscribed(&mut publisher, &[b"a", b"ab"]).await;
    let mut second = bench.subscribed(&mut publisher, &[b"ab"]).await;
    let [a, ab] = [b"a".to_vec(), b"ab".to_vec()];
    let mut began = publisher.socket.topics_change();
    began.sort_by_key(|change| format!("{change:?}"));
    assert_eq!(began, [TopicChange::Began(a.clone().into()), TopicChange::Began(ab.clone().into())]);
    assert_eq!(
        ["a", "ab", "abc", "b", ""].map(|topic| publisher.socket.subscribers(topic.as_bytes())),
        [1, 2, 2, 0, 0]
    );

    first.unsubscribe(b"ab").await;
    first.unsubscribe(b"a").await;
    first.beside(publisher.until_subscribers(b"abc", 1)).await;
    assert_eq!(publisher.socket.topics_change(), [TopicChange::Ended(a.into())]);
    publisher.publish(b"abc");
    assert_eq!(second.hears().await, b"abc");
    assert_eq!(first.socket.try_receive(1, &mut Vec::new()), 0);

    second.close().await;
    publisher.until_subscribers(b"ab", 0).await;
    assert_eq!(publisher.socket.topics_change(), [TopicChange::Ended(ab.into())]);
    assert_eq!(publisher.socket.ready_peers(), 1);
}

pub(crate) async fn what_is_subscribed_to_twice_ends_with_the_second_unsubscription(bench: &Bench) {
    let mut publisher = bench.publishing().await;
    let mut subscriber = bench.subscribed(&mut publisher, &[b"topic", b"end"]).await;
    subscriber.subscribe(b"topic").await;
    subscriber.unsubscribe(b"topic").await;
    subscriber.unsubscribe(b"end").await;
    subscriber.beside(publisher.until_subscribers(b"end", 0)).await;
    publisher.publish(b"topic");
    assert_eq!(subscriber.hears().await, b"topic");
    subscriber.unsubscribe(b"topic").await;
    subscriber.beside(publisher.until_subscribers(b"topic", 0)).await;
}

pub(crate) async fn a_subscriber_hears_a_publisher_of_another_thread(bench: &Bench) {
    const PUBLISHED: u32 = 5_000;
    let mut subscriber = bench.subscriber(&[b""]).await;
    subscriber.bind(&bench.free()).await;
    let (transport, endpoint) = (bench.transport, subscriber.endpoint.clone());
    let publishes = std::thread::spawn(move || {
        let bench = Bench::new(transport);
        bench::block_on(async {
            let mut publisher = bench.publisher_with(&SocketOptions { send_queue: 10_000, ..SocketOptions::default() });
            publisher.connect(&endpoint).await;
            publisher.until_subscribers(b"", 1).await;
            for number in 0..PUBLISHED {
                publisher.publish(&number.to_be_bytes());
                if number % 16 == 0 {
                    yield_now().await;
                }
            }
            publisher.socket.close(Duration::from_secs(30)).await;
        });
    });
    for number in 0..PUBLISHED {
        assert_eq!(subscriber.hears().await, number.to_be_bytes());
    }
    subscriber.until_lost().await;
    publishes.join().expect("the other thread ends");
}

pub(crate) async fn what_is_queued_for_subscribers_leaves_within_the_linger(bench: &Bench) {
    const PUBLISHED: u32 = 200;
    let mut publisher = bench.publishing().await;
    let mut subscribers =
        [bench.subscribed(&mut publisher, &[b""]).await, bench.subscribed(&mut publisher, &[b""]).await];
    for number in 0..PUBLISHED {
        publisher.publish(&[&number.to_be_bytes()[..], &[0; 20_000]].concat());
    }
    let closing = publisher.socket.close(Duration::from_secs(30));
    let heard = async {
        for subscriber in &mut subscribers {
            for number in 0..PUBLISHED {
                let heard = subscriber.hears().await;
                assert_eq!((&heard[..4], heard.len()), (&number.to_be_bytes()[..], 20_004));
            }
        }
    };
    tokio::join!(closing, heard);
}

/// As a handler does that publishes more than there is room for, with the runtime standing still.
pub(crate) async fn a_burst_without_a_pause_is_bounded_and_what_finds_no_room_is_told(bench: &Bench) {
    const PUBLISHED: u64 = 20_000;
    let few = SocketOptions { send_queue: 1_000, receive_queue: 100, ..SocketOptions::default() };
    let mut publisher = bench.publishing_with(&few).await;
    let mut subscriber = bench.subscribed_with(&mut publisher, &few, &[b""]).await;
    let mut refused = 0;
    for number in 0..PUBLISHED {
        refused += u64::from(publisher.socket.try_send(message([&number.to_be_bytes()])) == Err(SendRefused::Full));
    }
    let lost = refused + publisher.socket.missed_by_subscribers();
    assert!(lost > PUBLISHED - 2_000, "only {lost} messages found no room");
    for number in 0..PUBLISHED - lost {
        assert_eq!(subscriber.hears().await, number.to_be_bytes(), "the oldest are kept, in order");
    }
    publisher.publish(b"more");
    assert_eq!(subscriber.hears().await, b"more");
}

pub(crate) async fn a_burst_of_long_messages_is_bounded_in_bytes(bench: &Bench) {
    const SIZE: usize = 1 << 20;
    let small = SocketOptions { send_queue_bytes: 8 * SIZE, ..SocketOptions::default() };
    let mut publisher = bench.publishing_with(&small).await;
    let mut subscriber = bench.subscribed(&mut publisher, &[b""]).await;
    for round in 0..3 {
        let mut refused = 0;
        for number in 0..100_u8 {
            let sent = publisher.socket.try_send(message([&[&[round, number][..], &vec![0; SIZE - 2]].concat()]));
            refused += u64::from(sent == Err(SendRefused::Full));
        }
        let lost = refused + publisher.socket.missed_by_subscribers();
        assert!((90..=93).contains(&lost), "{lost} of 100 messages found no room for eight");
        for number in 0..100 - lost {
            assert_eq!(subscriber.hears().await[..2], [round, u8::try_from(number).expect("a number")]);
        }
        // A moment later there is room again.
        publisher.publish(&[round]);
        while subscriber.hears().await.len() != 1 {}
    }
}
