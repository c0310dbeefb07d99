//! What is published reaches those who have subscribed to it, in order, and nobody else.

use crate::bench::{Bench, message};

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
    assert!(publisher.socket.try_send(message([])).is_err());
    assert!(subscriber.socket.try_send(message([b"back"])).is_err());
}
