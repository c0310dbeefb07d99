//! Both sides in one process.
//!
//! Owns the loop by hand, which is two threads and a channel each way: what is left where there are no sockets.

use bytes::Bytes;
use rmp::encode::ByteBuf;
use tokio::sync::mpsc;

use super::services;
use super::turns::{Desk, Turns};
use crate::side::block_on;

/// How many messages a channel holds.
const WAITING: usize = 1_000;

pub(crate) fn framework(words: &[&str]) {
    const ENDPOINT: &str = "inproc://desk";
    let mut desk = services::started_desk(ENDPOINT, &[]);
    services::client(ENDPOINT, words);
    desk.stop_service().expect("a service that stops");
}

pub(crate) fn by_hand() {
    let (ask, mut asked) = mpsc::channel::<Bytes>(WAITING);
    let (answer, mut answers) = mpsc::channel::<Bytes>(WAITING);
    let desk = std::thread::spawn(move || {
        block_on(&[], async {
            let mut desk = Desk::of(&[]);
            while let Some(request) = asked.recv().await {
                let reply = desk.answer(&request).expect("a good request");
                answer.send(reply.into()).await.expect("a client that is there");
            }
        });
    });
    block_on(&[], async {
        let mut turns = Turns::default();
        while let Some(count) = turns.next() {
            for _ in 0..count {
                let mut request = ByteBuf::new();
                turns.write(&mut request);
                ask.send(request.into_vec().into()).await.expect("a desk that is there");
                let reply = answers.recv().await.expect("a desk that is there");
                turns.read(&reply);
            }
        }
    });
    drop(ask);
    desk.join().expect("a desk that ends");
}
