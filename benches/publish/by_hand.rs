//! Both sides as loops over the raw sockets of the crates that the framework's transports use.
//!
//! Owns their settings, which are those that the framework gives its own sockets. The loops write and read the same
//! bytes, number and topic included, and validate nothing.

use bench_desk::process::told;
use bench_desk::publication::{self, Listener};
use bench_desk::{Order, message};
use omq_tokio::options::WorkloadProfile;
use omq_tokio::{Endpoint, Message, Options, Socket, SocketType};
use rmp::encode::ByteBuf;

use crate::turn::{AT_ONCE, END, Heard, REST, Turn};

/// Room for the messages of the benchmark.
const ROOM: usize = 384;

pub(crate) fn omq_publisher(at: &str) {
    block_on(async {
        let options = options().send_hwm(1_000).transmit_slot_cap(256 << 20);
        let socket = Socket::new(SocketType::Pub, options);
        socket.bind(endpoint(at)).await.expect("a free endpoint");
        while !socket.monitor_with_subscriptions().await.expect("an open socket").1.iter().any(has_topic) {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        println!("ready");
        let mut written = Written::default();
        while let Some(turn) = Turn::next() {
            for sequence in 1..=turn.count {
                socket.send(Message::single(written.next(&turn.order(sequence)))).await.expect("an open socket");
                if turn.is_paced() || sequence % AT_ONCE == 0 {
                    tokio::task::yield_now().await;
                }
            }
            tokio::time::sleep(REST).await;
            socket.send(Message::single(written.next(&message::order(END)))).await.expect("an open socket");
            tokio::time::sleep(REST).await;
        }
    });
}

pub(crate) fn omq_subscriber(at: &str) {
    block_on(async {
        let socket = Socket::new(SocketType::Sub, options().recv_hwm(1_024));
        socket.subscribe(publication::PREFIX).await.expect("a subscriber");
        socket.connect(endpoint(at)).await.expect("an endpoint");
        std::thread::spawn(|| {
            while told().is_some() {}
            std::process::exit(0);
        });
        let (mut listener, mut heard) = (Listener::default(), Heard::new());
        loop {
            let message = socket.recv().await.expect("an open socket");
            let frame = message.part_slice(0).expect("one frame");
            heard.note(&listener.hear(frame).expect("a good publication"));
        }
    });
}

fn has_topic(peer: &omq_tokio::PeerSubscriptions) -> bool {
    peer.prefixes.iter().any(|prefix| **prefix == *publication::PREFIX)
}

fn options() -> Options {
    Options::new().workload_profile(WorkloadProfile::Throughput)
}

fn endpoint(text: &str) -> Endpoint {
    text.parse().expect("an endpoint")
}

fn block_on(side: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build().expect("an executor");
    runtime.block_on(side);
}

/// The publications of one publisher.
#[derive(Default)]
struct Written {
    number: u64,
}

impl Written {
    fn next(&mut self, order: &Order<'_>) -> bytes::Bytes {
        self.number += 1;
        let mut frame = ByteBuf::with_capacity(ROOM);
        publication::write(order, message::WORKFLOW_ID, (u64::MAX, self.number), &mut frame);
        frame.into_vec().into()
    }
}
