//! Both sides as loops over libzmq.
//!
//! Owns the framing over it, which is that of the other loops: a correlation, an empty frame, the body. They validate
//! nothing. With the word `busy` a side never sleeps while it waits; libzmq's own thread does.

use rmp::encode::ByteBuf;
use zmq::{Context, DEALER, DONTWAIT, ROUTER, SNDMORE, Socket};

use super::turns::{Desk, Turns};
use crate::side::exit_when_left;

pub(crate) fn desk(at: &str, words: &[&str]) {
    let socket = socket(&Context::new(), ROUTER);
    println!("{}", bound(&socket, at));
    exit_when_left();
    // It ends with the process.
    let mut desk = Desk::of(words);
    while answer(&socket, words, &mut desk) {}
}

pub(crate) fn client(at: &str, words: &[&str]) {
    let socket = socket(&Context::new(), DEALER);
    socket.connect(at).expect("an endpoint");
    ask(&socket, words);
}

/// Both sides on two threads of this process.
pub(crate) fn within() {
    const ENDPOINT: &str = "inproc://desk";
    let context = Context::new();
    let [asks, answers] = [DEALER, ROUTER].map(|kind| socket(&context, kind));
    bound(&answers, ENDPOINT);
    let desk = std::thread::spawn(move || {
        let mut desk = Desk::of(&[]);
        while answer(&answers, &[], &mut desk) {}
    });
    asks.connect(ENDPOINT).expect("an endpoint");
    ask(&asks, &[]);
    // A body that is no request ends the desk.
    asks.send_multipart([b"end", b"".as_slice(), b""], 0).expect("a desk that is there");
    desk.join().expect("a desk that ends");
}

fn ask(socket: &Socket, words: &[&str]) {
    let (mut turns, mut number) = (Turns::of(words), 0_u64);
    let mut frames = [zmq::Message::new(), zmq::Message::new(), zmq::Message::new()];
    let mut request = ByteBuf::new();
    while let Some(count) = turns.next() {
        for _ in 0..count {
            number += 1;
            request.as_mut_vec().clear();
            turns.write(&mut request);
            socket.send(number.to_be_bytes().as_slice(), SNDMORE).expect("a desk that is there");
            socket.send(b"".as_slice(), SNDMORE).expect("a desk that is there");
            socket.send(request.as_slice(), 0).expect("a desk that is there");
            for frame in &mut frames {
                receive(socket, frame, words);
            }
            let [correlation, _, body] = &frames;
            assert_eq!(**correlation, number.to_be_bytes());
            turns.read(body);
        }
    }
}

/// Answers one request; false if it was none.
pub(crate) fn answer(socket: &Socket, words: &[&str], desk: &mut Desk) -> bool {
    let mut frames = [(); 4].map(|()| zmq::Message::new());
    for frame in &mut frames {
        receive(socket, frame, words);
    }
    let [identity, correlation, empty, body] = frames;
    let Some(reply) = desk.answer(&body) else { return false };
    for frame in [identity, correlation, empty] {
        socket.send(frame, SNDMORE).expect("a client that is there");
    }
    socket.send(reply, 0).expect("a client that is there");
    true
}

fn receive(socket: &Socket, frame: &mut zmq::Message, words: &[&str]) {
    if !words.contains(&"busy") {
        return socket.recv(frame, 0).expect("an open socket");
    }
    loop {
        match socket.recv(frame, DONTWAIT) {
            Err(zmq::Error::EAGAIN) => std::hint::spin_loop(),
            other => return other.expect("an open socket"),
        }
    }
}

pub(crate) fn socket(context: &Context, kind: zmq::SocketType) -> Socket {
    let socket = context.socket(kind).expect("a socket");
    socket.set_linger(0).expect("an option that it knows");
    socket
}

/// Binds; returns where.
pub(crate) fn bound(socket: &Socket, at: &str) -> String {
    socket.bind(at).expect("a free endpoint");
    socket.get_last_endpoint().expect("an option that it knows").expect("text")
}
