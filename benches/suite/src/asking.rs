//! Whoever asks desks that were just started: a loop over libzmq that connects as soon as somebody listens.
//!
//! Owns the request and the check of each reply. Looks for a listener once a millisecond.

use bench_desk::{acknowledge, by_hand, message};
use rmp::encode::ByteBuf;
use zmq::{Context, DEALER};

/// Asks each desk once, and returns how many have answered: all, unless half a minute passes without a reply.
pub(crate) fn ask(endpoints: &[&str]) -> usize {
    let context = Context::new();
    let socket = context.socket(DEALER).expect("a socket");
    let set = socket.set_linger(0).and(socket.set_reconnect_ivl(1)).and(socket.set_sndhwm(0)).and(socket.set_rcvhwm(0));
    set.and(socket.set_rcvtimeo(30_000)).expect("options that it knows");
    for endpoint in endpoints {
        socket.connect(endpoint).expect("an endpoint");
    }
    let order = message::order(message::SEQUENCE);
    let mut request = ByteBuf::new();
    by_hand::write_call(&order, message::WORKFLOW_ID, &mut request);
    // They are asked in turn, so that each gets one.
    for _ in endpoints {
        socket.send_multipart([b"1".as_slice(), b"", request.as_slice()], 0).expect("an open socket");
    }
    let mut count = 0;
    while count < endpoints.len()
        && let Ok(frames) = socket.recv_multipart(0)
    {
        let reply = frames.last().and_then(|body| by_hand::read_answer(body));
        assert_eq!(reply, Some(acknowledge(&order)));
        count += 1;
    }
    count
}
