//! What the runtime asks of a message transport: sockets that are swept and polled by the thread
//! that made them, and that never wait on a peer's behalf.
//!
//! This file owns the contract alone. It opens no socket and knows no protocol: only `omq` and
//! `zeromq` name a ZeroMQ crate, each its own. Every transport passes the same conformance suite
//! (`tests/transport_conformance`), which names what one of them lacks.
//!
//! # The order of calls
//! A socket belongs to the thread, and to the single-threaded tokio runtime, in which it was
//! opened. Its connections make progress only while that runtime is inside `block_on`: sending and
//! receiving are synchronous and may happen outside of it, but bytes that did not fit the kernel's
//! buffers leave, and messages arrive, during the next `block_on`. Some transports read, and so
//! notice who has gone, only while their socket is asked for messages or peers.
//!
//! A loop takes what is there with [`Socket::try_receive`], and parks on [`Socket::poll_receive`]
//! and [`Socket::poll_peers`] when nothing is. What a peer sent before it was lost is received
//! before its loss is reported: sweep first, then look at the peers.

mod backlog;
mod error;
mod in_process;
mod omq;
mod registry;
mod socket_file;
mod zeromq;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

pub use service_framework_connections::Frames;

pub use error::{BindError, BindProblem, Closed, ConnectError, ConnectProblem, OpenError, SendRefused};
pub use in_process::InProcess;
pub use omq::Omq;
pub use registry::{ChoiceError, DEFAULT, IN_PROCESS, NAMES, find, for_endpoint};
pub use zeromq::Zeromq;

/// A future of a socket; it runs on the thread that owns the socket.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// The ZeroMQ socket types that the connection types are built from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketKind {
    /// Answers many peers by return address: the first frame of a received message says whom it is
    /// from, the first frame of a sent one whom it is for. No two connected peers share an address.
    Router,
    /// Sends to whichever connected peer is ready.
    Dealer,
}

/// Limits and timings of one socket.
#[derive(Debug, Clone, PartialEq)]
pub struct SocketOptions {
    /// The largest message in bytes, all frames together. A peer that sends a larger one is
    /// disconnected before the message is stored; sending a larger one is refused.
    pub max_message_size: usize,
    /// How many received messages wait for the service, for each connection of a dealer and for
    /// a whole router. When it is full the peers' sending stalls, nothing is dropped.
    pub receive_queue: u32,
    /// How many messages wait for one peer of a router; when it is full, sending to that peer is
    /// refused. A dealer may hold fewer: its requests wait for their replies anyway.
    pub send_queue: u32,
    /// How many bytes of long messages wait for one peer of a router; what would exceed it is
    /// refused, but never the only one.
    pub send_queue_bytes: usize,
    /// How long a new connection may take until both sides have introduced themselves.
    pub handshake_timeout: Duration,
    /// How many accepted connections may be introducing themselves at one time.
    pub max_pending_handshakes: usize,
    /// The first pause before a lost connection is dialled again; it doubles up to
    /// [`reconnect_max`](Self::reconnect_max).
    pub reconnect_min: Duration,
    /// The longest pause between two attempts to connect.
    pub reconnect_max: Duration,
    /// Silence after which the kernel asks whether a TCP peer's machine is still there; without
    /// three answers the peer counts as lost. The kernel answers for a busy service.
    pub keepalive: Option<Duration>,
    /// Interval of ZeroMQ's own pings; a peer that stays silent for three of them is disconnected.
    /// Off by default: a service that computes answers no ping meanwhile.
    pub heartbeat: Option<Duration>,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            max_message_size: 64 << 20,
            // A batch of the loop takes 64; what is more waits in the kernel, and with the peers.
            receive_queue: 128,
            send_queue: 1_000,
            send_queue_bytes: 256 << 20,
            handshake_timeout: Duration::from_secs(5),
            max_pending_handshakes: 1_024,
            reconnect_min: Duration::from_millis(20),
            reconnect_max: Duration::from_millis(200),
            keepalive: Some(Duration::from_secs(15)),
            heartbeat: None,
        }
    }
}

/// What has happened to a socket's peers since it was last asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeersChange {
    /// Peers that can be sent to now.
    pub ready: usize,
    /// Connections that were ready and have been lost, also when the peer is back already.
    /// Whatever had been sent to them may be lost too.
    pub lost: usize,
}

/// A source of sockets.
pub trait Transport: Send + Sync {
    /// The name that a configuration chooses it by.
    fn name(&self) -> &'static str;

    /// A new socket of the current tokio runtime.
    ///
    /// # Errors
    /// The options cannot be used, or no runtime is running.
    fn open(&self, kind: SocketKind, options: &SocketOptions) -> Result<Box<dyn Socket>, OpenError>;
}

/// One socket. Dropping it without [`close`](Self::close) discards what is still queued, and frees
/// its resources once the runtime runs again.
pub trait Socket {
    /// Listens on an endpoint such as `tcp://127.0.0.1:8001`, `tcp://*:8001` or `ipc:///tmp/orders`.
    /// Gives back the endpoint as bound: with the real port for port 0, with an address for `*`.
    ///
    /// # Errors
    /// Says why the endpoint cannot be had; some transports bind routers only. A socket file that a
    /// dead process left behind is replaced; one that a live process listens on is in use.
    fn bind<'a>(&'a mut self, endpoint: &'a str) -> Boxed<'a, Result<String, BindError>>;

    /// Connects in the background, and again whenever the connection is lost. Returns before
    /// anybody answers.
    ///
    /// # Errors
    /// The endpoint can never be connected to; some transports connect dealers only. A peer that is
    /// not there is not an error.
    fn connect<'a>(&'a mut self, endpoint: &'a str) -> Boxed<'a, Result<(), ConnectError>>;

    /// Appends up to `max` received messages to `out` and says how many. Never waits.
    fn try_receive(&mut self, max: usize, out: &mut Vec<Frames>) -> usize;

    /// Waits for one message. Nothing is lost when a wait is given up.
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Frames, Closed>>;

    /// Queues a message, or refuses it. Never waits: a slow or dead peer blocks nobody. Where the peer's maximum is
    /// known, a message that exceeds it is refused too.
    ///
    /// # Errors
    /// The message was not queued, and why. A refused message is dropped.
    fn try_send(&mut self, frames: Frames) -> Result<(), SendRefused>;

    /// Peers that can be sent to now.
    fn ready_peers(&mut self) -> usize;

    /// What has happened to the peers since the last report, if anything has.
    fn peers_change(&mut self) -> Option<PeersChange>;

    /// Waits until something happens to the peers.
    fn poll_peers(&mut self, context: &mut Context<'_>) -> Poll<Result<PeersChange, Closed>>;

    /// Stops receiving, gives what is queued up to `linger` to leave, and frees the ports, socket
    /// files and descriptors before it returns.
    fn close(self: Box<Self>, linger: Duration) -> Boxed<'static, ()>;
}
