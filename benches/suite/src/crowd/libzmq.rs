//! Desks as sockets of libzmq, which one thread polls.
//!
//! Owns that loop. What it does for a message is in [`crate::request`].

use std::time::Instant;

use zmq::{Context, POLLIN, PollItem, ROUTER, Socket};

use super::{ANYWHERE, say, wanted};
use crate::request::libzmq::{answer, bound, socket};
use crate::request::turns::Desk;
use crate::side::exit_when_left;

pub(super) fn host() {
    let (context, mut desk) = (Context::new(), Desk::of(&[]));
    let started = |_| {
        let socket = socket(&context, ROUTER);
        let at = bound(&socket, ANYWHERE);
        (socket, at)
    };
    let (first, at) = started(0);
    println!("{at}");
    // It is asked once.
    answer(&first, &[], &mut desk);
    let count = wanted();
    let began = Instant::now();
    let (sockets, endpoints): (Vec<Socket>, Vec<String>) = (0..count).map(started).unzip();
    say(began, &endpoints);
    exit_when_left();
    let mut items: Vec<PollItem<'_>> = sockets.iter().map(|socket| socket.as_poll_item(POLLIN)).collect();
    // It ends with the process.
    loop {
        zmq::poll(&mut items, -1).expect("open sockets");
        for (socket, _) in sockets.iter().zip(&items).filter(|(_, item)| item.is_readable()) {
            answer(socket, &[], &mut desk);
        }
    }
}
