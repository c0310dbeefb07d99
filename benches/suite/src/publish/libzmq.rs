//! Both sides as loops over libzmq.
//!
//! Owns their settings: queues of 1,000 messages, as libzmq has them, or with the word `unbounded` of any length.

use bench_desk::publication::{self, Listener};
use zmq::{Context, PUB, SUB, Socket, SocketType};

use super::turns::{Heard, REST, Written, last, order, subscribers};
use crate::side::exit_when_left;
use crate::turn::Turn;

pub(crate) fn publisher(at: &str, words: &[&str]) {
    // It does not say who has subscribed: the rest before the first turn has to do.
    let _ = subscribers();
    let socket = socket(&Context::new(), PUB, words);
    socket.bind(at).expect("a free endpoint");
    std::thread::sleep(super::CONNECTING);
    println!("ready");
    let mut written = Written::default();
    while let Some(turn) = Turn::next() {
        for number in 1..=turn.count {
            socket.send(written.next(&order(&turn, number)), 0).expect("an open socket");
        }
        std::thread::sleep(REST);
        socket.send(written.next(&last()), 0).expect("an open socket");
        std::thread::sleep(REST);
    }
}

pub(crate) fn subscriber(at: &str, words: &[&str]) {
    let socket = socket(&Context::new(), SUB, words);
    socket.set_subscribe(publication::PREFIX).expect("a subscriber");
    socket.connect(at).expect("an endpoint");
    exit_when_left();
    let (mut listener, mut heard, mut frame) = (Listener::default(), Heard::new(), zmq::Message::new());
    loop {
        socket.recv(&mut frame, 0).expect("an open socket");
        heard.note(&listener.hear(&frame).expect("a good publication"));
    }
}

fn socket(context: &Context, kind: SocketType, words: &[&str]) -> Socket {
    let socket = context.socket(kind).expect("a socket");
    let room = if words.contains(&"unbounded") { 0 } else { 1_000 };
    let set = socket.set_linger(0).and(socket.set_sndhwm(room)).and(socket.set_rcvhwm(room));
    set.and(socket.set_reconnect_ivl(10)).expect("options that it knows");
    socket
}
