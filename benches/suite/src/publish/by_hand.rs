//! Both sides as loops over the raw sockets of the crates that the framework's transports use.
//!
//! Owns their settings, which are those that the framework gives its own sockets. The loops write and read the same
//! bytes, number and topic included, and validate nothing.

use std::time::Duration;

use bench_desk::publication::{self, Listener};
use omq_tokio::options::WorkloadProfile;
use omq_tokio::{Message, Options, Socket, SocketType};
use zeromq::{PubSocket, Socket as _, SocketRecv as _, SocketSend as _, XSubSocket, ZmqMessage};

use super::turns::{AT_ONCE, Heard, REST, Written, last, order, subscribers};
use crate::side::{block_on, endpoint, exit_when_left};
use crate::turn::Turn;

pub(crate) fn omq_publisher(at: &str) {
    let wanted = subscribers();
    block_on(&[], async {
        let options = options().send_hwm(1_000).transmit_slot_cap(256 << 20);
        let socket = Socket::new(SocketType::Pub, options);
        socket.bind(endpoint(at)).await.expect("a free endpoint");
        let there = |peers: &[omq_tokio::PeerSubscriptions]| peers.iter().filter(|peer| has_topic(peer)).count() as u32;
        while there(&socket.monitor_with_subscriptions().await.expect("an open socket").1) < wanted {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        println!("ready");
        let mut written = Written::default();
        while let Some(turn) = Turn::next() {
            for number in 1..=turn.count {
                let frame = written.next(&order(&turn, number));
                socket.send(Message::single(frame)).await.expect("an open socket");
                if turn.is_paced() || number % AT_ONCE == 0 {
                    tokio::task::yield_now().await;
                }
            }
            tokio::time::sleep(REST).await;
            socket.send(Message::single(written.next(&last()))).await.expect("an open socket");
            tokio::time::sleep(REST).await;
        }
    });
}

pub(crate) fn omq_subscriber(at: &str) {
    block_on(&[], async {
        let socket = Socket::new(SocketType::Sub, options().recv_hwm(1_024));
        socket.subscribe(publication::PREFIX).await.expect("a subscriber");
        socket.connect(endpoint(at)).await.expect("an endpoint");
        exit_when_left();
        let (mut listener, mut heard) = (Listener::default(), Heard::new());
        loop {
            let message = socket.recv().await.expect("an open socket");
            let frame = message.part_slice(0).expect("one frame");
            heard.note(&listener.hear(frame).expect("a good publication"));
        }
    });
}

pub(crate) fn zeromq_publisher(at: &str) {
    // It does not say who has subscribed: the rest before the first turn has to do.
    let _ = subscribers();
    block_on(&[], async {
        let mut socket = PubSocket::new();
        socket.bind(at).await.expect("a free endpoint");
        tokio::time::sleep(super::CONNECTING).await;
        println!("ready");
        let mut written = Written::default();
        while let Some(turn) = Turn::next() {
            for number in 1..=turn.count {
                let frame = written.next(&order(&turn, number));
                socket.send(ZmqMessage::from(frame)).await.expect("an open socket");
                if turn.is_paced() || number % AT_ONCE == 0 {
                    tokio::task::yield_now().await;
                }
            }
            tokio::time::sleep(REST).await;
            socket.send(ZmqMessage::from(written.next(&last()))).await.expect("an open socket");
            tokio::time::sleep(REST).await;
        }
    });
}

pub(crate) fn zeromq_subscriber(at: &str) {
    block_on(&[], async {
        exit_when_left();
        // It waits for half a minute for a publisher that is not there yet, but not for each kind of endpoint.
        let mut socket = XSubSocket::new();
        while socket.connect(at).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let subscription = [b"\x01", publication::PREFIX].concat();
        socket.send(ZmqMessage::from(subscription)).await.expect("a publisher that is there");
        let (mut listener, mut heard) = (Listener::default(), Heard::new());
        loop {
            let message = socket.recv().await.expect("an open socket");
            let frame = message.get(0).expect("one frame");
            heard.note(&listener.hear(frame).expect("a good publication"));
        }
    });
}

fn has_topic(peer: &omq_tokio::PeerSubscriptions) -> bool {
    peer.prefixes.iter().any(|prefix| **prefix == *publication::PREFIX)
}

/// What the sockets of both sides have in common.
pub(crate) fn options() -> Options {
    Options::new().workload_profile(WorkloadProfile::Throughput)
}
