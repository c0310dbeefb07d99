//! The two ZeroMQ crates understand each other, and find each other again.

use service_framework_runtime::transport::{Omq, Transport, Zeromq};

use crate::bench::{self, Bench, request};

/// A requester of one transport and a replyer of another, each of which is restarted.
fn work_together(asking: &'static dyn Transport, answering: &'static dyn Transport) {
    bench::run(answering, async |answering| {
        let asking = Bench::new(asking);
        for endpoint in answering.endpoints("mixed") {
            let mut router = answering.router();
            router.bind(&endpoint).await;
            let endpoint = router.endpoint.clone();
            let mut dealer = asking.connected(&endpoint).await;
            router.serves(&mut dealer).await;
            for size in [0, 1, 255, 256, 100_000, 1 << 20] {
                let body = vec![9; size];
                dealer.send(request(1, &body));
                router.echo().await;
                assert_eq!(dealer.receive().await, request(1, &body));
            }

            router.close().await;
            dealer.until_lost().await;
            let mut router = answering.router();
            router.bind(&endpoint).await;
            dealer.until_ready(1).await;
            router.serves(&mut dealer).await;

            dealer.close().await;
            router.until_lost().await;
            let mut dealer = asking.connected(&endpoint).await;
            router.serves(&mut dealer).await;
        }
    });
}

/// A publisher of one transport and a subscriber of another; either listens, and either is restarted.
fn publish_and_hear(publishing: &'static dyn Transport, hearing: &'static dyn Transport) {
    bench::run(publishing, async |publishing| {
        let hearing = Bench::new(hearing);
        for publisher_listens in [true, false] {
            let endpoint = publishing.ipc("mixed");
            let open_publisher = async || {
                let mut publisher = publishing.publisher();
                if publisher_listens {
                    publisher.bind(&endpoint).await
                } else {
                    publisher.connect(&endpoint).await
                }
                publisher
            };
            let open_subscriber = async || {
                let mut subscriber = hearing.subscriber(&[b"\xa4news"]).await;
                if publisher_listens {
                    subscriber.connect(&endpoint).await
                } else {
                    subscriber.bind(&endpoint).await
                }
                subscriber
            };
            let mut publisher = open_publisher().await;
            let mut subscriber = open_subscriber().await;
            for round in 0..6 {
                subscriber.beside(publisher.until_subscribers(b"\xa4news", 1)).await;
                for size in [0, 1, 248, 249, 100_000, 1 << 20] {
                    publisher.publish(b"\xa4rest");
                    publisher.publish(&[b"\xa4news", &vec![round; size][..]].concat());
                    assert_eq!(subscriber.hears().await[5..], vec![round; size]);
                }
                if round % 2 == 0 {
                    publisher.close().await;
                    subscriber.until_lost().await;
                    publisher = open_publisher().await;
                } else {
                    subscriber.close().await;
                    publisher.until_subscribers(b"\xa4news", 0).await;
                    subscriber = open_subscriber().await;
                }
            }
            publisher.close().await;
            subscriber.close().await;
        }
    });
}

#[test]
fn an_omq_publisher_and_a_zeromq_subscriber_understand_each_other() {
    publish_and_hear(&Omq, &Zeromq);
}

#[test]
fn a_zeromq_publisher_and_an_omq_subscriber_understand_each_other() {
    publish_and_hear(&Zeromq, &Omq);
}

#[test]
fn an_omq_requester_and_a_zeromq_replyer_work_together() {
    work_together(&Omq, &Zeromq);
}

#[test]
fn a_zeromq_requester_and_an_omq_replyer_work_together() {
    work_together(&Zeromq, &Omq);
}
