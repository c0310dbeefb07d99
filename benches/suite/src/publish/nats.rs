//! Both sides as clients of a NATS server.
//!
//! Owns the subject: one for each contestant, as one server has them all. What is sent are the same bytes, topic included.

use bench_desk::publication::Listener;

use super::turns::{AT_ONCE, Heard, REST, Written, last, order, subscribers};
use crate::request::nats::connect;
use crate::side::{block_on, exit_when_left, next};
use crate::turn::Turn;

pub(crate) fn publisher(at: &str, subject: &str) {
    // The server knows who has subscribed, its publishers do not: the rest before the first turn has to do.
    let _ = subscribers();
    block_on(&[], async {
        let (client, mut written) = (connect(at).await, Written::default());
        tokio::time::sleep(super::CONNECTING).await;
        println!("ready");
        let subject = async_nats::Subject::from(subject);
        while let Some(turn) = Turn::next() {
            for number in 1..=turn.count {
                let frame = written.next(&order(&turn, number));
                client.publish(subject.clone(), frame.into()).await.expect("a server that is there");
                if turn.is_paced() || number % AT_ONCE == 0 {
                    tokio::task::yield_now().await;
                }
            }
            client.flush().await.expect("a server that is there");
            tokio::time::sleep(REST).await;
            client.publish(subject.clone(), written.next(&last()).into()).await.expect("a server that is there");
            client.flush().await.expect("a server that is there");
            tokio::time::sleep(REST).await;
        }
    });
}

pub(crate) fn subscriber(at: &str, subject: &str) {
    block_on(&[], async {
        let client = connect(at).await;
        let mut messages = client.subscribe(subject.to_owned()).await.expect("a subscription");
        client.flush().await.expect("a server that is there");
        exit_when_left();
        let (mut listener, mut heard) = (Listener::default(), Heard::new());
        while let Some(message) = next(&mut messages).await {
            heard.note(&listener.hear(&message.payload).expect("a good publication"));
        }
    });
}
