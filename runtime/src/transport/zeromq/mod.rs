//! The transport over the ZeroMQ crate `zeromq`; the only folder that names it.
//!
//! It owns the mapping of messages, options and errors, and what the crate leaves to its user: connections that come
//! back, bounded queues, the truth about peers. A router is one socket of the crate, a dealer one for each of its
//! connections, so that nothing waits for a peer that has gone.
//!
//! It is for peers that are trusted. The crate stores a message before anybody can say that it is too long, and what a
//! frame's header announces is allocated at once: a header that announces too much ends the process. It waits for ever
//! for a stranger to introduce itself, hands a return address over to whoever claims it, and hangs up on a peer that
//! sends ZMTP's pings. What it has queued it goes on writing after a close, for as long as the runtime lives. The
//! conformance suite names each of these and shows it. Besides, a router remembers the return address of every
//! connection that it ever had, and accepts without a pause when the process is out of descriptors.

mod dealer;
mod dial;
mod inflow;
mod lines;
mod listener;
mod publisher;
mod router;
mod subscriber;
mod watch;

use std::collections::VecDeque;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ::zeromq::{SocketRecv, SocketSend, ZmqError, ZmqMessage};
use bytes::Bytes;
use tokio::runtime::Handle;

use super::{Heartbeat, OpenError, SendRefused, Socket, SocketKind, SocketOptions, Transport};
use dealer::Dealer;
use publisher::Publisher;
use router::Router;
use subscriber::Subscriber;

/// How much longer than its linger a socket waits for the crate's tasks: those with nothing to write end at once.
const CLOSING: Duration = Duration::from_millis(100);

/// The transport for trusted peers and short ways.
#[derive(Debug, Clone, Copy, Default)]
pub struct Zeromq;

impl Transport for Zeromq {
    fn name(&self) -> &'static str {
        "zeromq"
    }

    fn open(&self, kind: SocketKind, options: &SocketOptions) -> Result<Box<dyn Socket>, OpenError> {
        let runtime = Handle::try_current().map_err(|_| OpenError::NoRuntime)?;
        if matches!(options.heartbeat, Heartbeat::Every(_)) {
            return Err(OpenError::Options(
                "`heartbeat` is set, and the transport `zeromq` knows no pings; leave it unset or use `omq`".to_owned(),
            ));
        }
        Ok(match kind {
            SocketKind::Router => Box::new(Router::new(runtime, options)),
            SocketKind::Dealer => Box::new(Dealer::new(runtime, options)),
            SocketKind::Publisher => Box::new(Publisher::new(runtime, options)),
            SocketKind::Subscriber => Box::new(Subscriber::new(runtime, options)),
        })
    }
}

/// Takes a message that is there. The crate's wait keeps nothing in hand: giving it up loses nothing.
fn receive(socket: &mut impl SocketRecv, context: &mut Context<'_>) -> Poll<Result<ZmqMessage, ZmqError>> {
    socket.recv().as_mut().poll(context)
}

/// Hands a message to the crate, which queues it at once or never.
fn send(socket: &mut impl SocketSend, parts: VecDeque<Bytes>) -> Result<(), SendRefused> {
    let message = ZmqMessage::try_from(parts).map_err(|_| SendRefused::Empty)?;
    let sending = pin!(socket.send(message));
    match sending.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(())) => Ok(()),
        Poll::Ready(Err(_)) => Err(SendRefused::NoPeer),
        Poll::Pending => Err(SendRefused::Full),
    }
}

/// Whether a message is no larger than the maximum.
fn within(max: usize, frames: &[Bytes]) -> Result<(), SendRefused> {
    let size = frames.iter().map(Bytes::len).sum();
    if size > max { Err(SendRefused::TooLarge { size, max }) } else { Ok(()) }
}
