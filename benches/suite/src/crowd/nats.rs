//! Desks as subscriptions of one client of a NATS server, and whoever asks each of them once.
//!
//! Owns the subjects. An endpoint is one of these here.

use std::time::Instant;

use async_nats::Client;
use bench_desk::{acknowledge, by_hand, message};
use rmp::encode::ByteBuf;

use super::{say, wanted};
use crate::request::nats::{answer, connect};
use crate::side::{block_on, next, until_left};

pub(super) fn host(at: &str) {
    block_on(&[], async {
        let client = connect(at).await;
        println!("{}", started(&client, "first".to_owned()).await);
        let count = tokio::task::spawn_blocking(wanted).await.expect("a number");
        let (began, mut subjects) = (Instant::now(), Vec::with_capacity(count));
        for number in 0..count {
            subjects.push(started(&client, format!("desk{number}")).await);
        }
        client.flush().await.expect("a server that is there");
        say(began, &subjects);
        tokio::task::spawn_blocking(until_left).await.expect("an end");
        std::process::exit(0);
    });
}

async fn started(client: &Client, subject: String) -> String {
    let requests = client.subscribe(subject.clone()).await.expect("a subscription");
    tokio::spawn(answer(client.clone(), requests));
    subject
}

/// Asks each once through the server at this address, and returns how many have answered.
pub(crate) fn ask(at: &str, subjects: &[&str]) -> usize {
    let mut count = 0;
    block_on(&[], async {
        let client = connect(at).await;
        let inbox = client.new_inbox();
        let mut replies = client.subscribe(inbox.clone()).await.expect("a subscription");
        let order = message::order(message::SEQUENCE);
        let mut request = ByteBuf::new();
        by_hand::write_call(&order, message::WORKFLOW_ID, &mut request);
        for subject in subjects {
            let request = request.as_slice().to_vec().into();
            let asked = client.publish_with_reply((*subject).to_owned(), inbox.clone(), request).await;
            asked.expect("a server that is there");
        }
        while count < subjects.len() {
            let Some(reply) = next(&mut replies).await else { break };
            // Where nobody has subscribed yet, the server says so without a body.
            if reply.status.is_some() {
                break;
            }
            assert_eq!(by_hand::read_answer(&reply.payload), Some(acknowledge(&order)));
            count += 1;
        }
    });
    count
}
