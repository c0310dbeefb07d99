//! Both sides as clients of a NATS server.
//!
//! Owns the subject. What is sent are the same bytes; NATS has correlations of its own. They validate nothing.

use std::time::Duration;

use async_nats::{Client, Subscriber};
use bench_desk::{acknowledge, by_hand, message};
use rmp::encode::ByteBuf;

use super::turns::{Desk, Turns};
use crate::side::{block_on, exit_when_left, next};

const SUBJECT: &str = "desk";

pub(crate) fn desk(at: &str) {
    block_on(&[], async {
        let client = connect(at).await;
        let requests = client.subscribe(SUBJECT).await.expect("a subscription");
        client.flush().await.expect("a server that is there");
        println!("{at}");
        exit_when_left();
        answer(client, requests).await;
    });
}

/// Answers what comes, as long as there is a server.
pub(crate) async fn answer(client: Client, mut requests: Subscriber) {
    let mut desk = Desk::of(&[]);
    while let Some(request) = next(&mut requests).await {
        let reply = desk.answer(&request.payload).expect("a good request");
        let to = request.reply.expect("a request that wants a reply");
        client.publish(to, reply.into()).await.expect("a server that is there");
    }
}

pub(crate) fn client(at: &str) {
    block_on(&[], async {
        let (client, mut turns) = (connect(at).await, Turns::default());
        while let Some(count) = turns.next() {
            for _ in 0..count {
                let mut request = ByteBuf::with_capacity(super::ROOM);
                turns.write(&mut request);
                let reply = client.request(SUBJECT, request.into_vec().into()).await.expect("a desk that is there");
                turns.read(&reply.payload);
            }
        }
    });
}

/// Asks the desk at this server once, as soon as it is there.
pub(crate) fn ask(at: &str) {
    block_on(&[], async {
        let client = connect(at).await;
        let order = message::order(message::SEQUENCE);
        let mut request = ByteBuf::new();
        by_hand::write_call(&order, message::WORKFLOW_ID, &mut request);
        loop {
            if let Ok(reply) = client.request(SUBJECT, request.as_slice().to_vec().into()).await {
                return assert_eq!(by_hand::read_answer(&reply.payload), Some(acknowledge(&order)));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
}

/// A client of the server at this address, as soon as that listens.
pub(crate) async fn connect(at: &str) -> Client {
    loop {
        match async_nats::connect(at).await {
            Ok(client) => return client,
            Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
}
