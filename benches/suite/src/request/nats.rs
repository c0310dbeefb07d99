//! Both sides as clients of a NATS server.
//!
//! Owns the subject. What is sent are the same bytes; NATS has correlations of its own. They validate nothing.

use async_nats::Client;
use bench_desk::{by_hand, message};
use rmp::encode::ByteBuf;

use super::turns::Turns;
use crate::side::{block_on, exit_when_left};

const SUBJECT: &str = "desk";

pub(crate) fn desk(at: &str) {
    block_on(&[], async {
        let client = connect(at).await;
        let mut requests = client.subscribe(SUBJECT).await.expect("a subscription");
        client.flush().await.expect("a server that is there");
        println!("{at}");
        exit_when_left();
        let mut desk = by_hand::Desk::default();
        while let Some(request) = crate::side::next(&mut requests).await {
            let mut reply = ByteBuf::with_capacity(super::ROOM);
            desk.answer(&request.payload, &mut reply).expect("a good request");
            let to = request.reply.expect("a request that wants a reply");
            client.publish(to, reply.into_vec().into()).await.expect("a server that is there");
        }
    });
}

pub(crate) fn client(at: &str) {
    block_on(&[], async {
        let (client, mut turns) = (connect(at).await, Turns::default());
        while let Some(count) = turns.next() {
            for _ in 0..count {
                let order = turns.order();
                let mut request = ByteBuf::with_capacity(super::ROOM);
                by_hand::write_call(&order, message::WORKFLOW_ID, &mut request);
                let reply = client.request(SUBJECT, request.into_vec().into()).await.expect("a desk that is there");
                turns.took(&by_hand::read_answer(&reply.payload).expect("a good reply"));
            }
        }
    });
}

/// A client of the server at this address.
pub(crate) async fn connect(at: &str) -> Client {
    async_nats::connect(at).await.expect("a NATS server")
}
