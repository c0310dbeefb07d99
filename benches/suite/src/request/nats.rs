//! Both sides as clients of a NATS server.
//!
//! Owns the subject. What is sent are the same bytes; NATS has correlations of its own. They validate nothing.

use async_nats::Client;
use rmp::encode::ByteBuf;

use super::turns::{Desk, Turns};
use crate::side::{block_on, exit_when_left};

const SUBJECT: &str = "desk";

pub(crate) fn desk(at: &str) {
    block_on(&[], async {
        let client = connect(at).await;
        let mut requests = client.subscribe(SUBJECT).await.expect("a subscription");
        client.flush().await.expect("a server that is there");
        println!("{at}");
        exit_when_left();
        let mut desk = Desk::of(&[]);
        while let Some(request) = crate::side::next(&mut requests).await {
            let reply = desk.answer(&request.payload).expect("a good request");
            let to = request.reply.expect("a request that wants a reply");
            client.publish(to, reply.into()).await.expect("a server that is there");
        }
    });
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

/// A client of the server at this address.
pub(crate) async fn connect(at: &str) -> Client {
    async_nats::connect(at).await.expect("a NATS server")
}
