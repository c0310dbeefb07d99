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
//! before its loss is reported: sweep first, then look at the peers. A publisher receives nothing,
//! and hears of its subscribers while its peers are looked at.

mod backlog;
mod error;
mod in_process;
mod omq;
mod registry;
mod socket_file;
mod subscriptions;
mod zeromq;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
pub use service_framework_connections::Frames;

pub use error::{BindError, BindProblem, Closed, ConnectError, ConnectProblem, OpenError, SendRefused, SubscribeError};
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
    /// Sends each message to all peers that have subscribed to a beginning of it. Receives nothing.
    Publisher,
    /// Receives from all publishers what begins with something that it has subscribed to. Sends nothing.
    Subscriber,
}

impl SocketKind {
    /// Whether sockets of this kind ping their peers unless they are told not to. A publisher or subscriber may have
    /// nothing to say for hours, and nobody waits for an answer of theirs.
    #[must_use]
    pub const fn pings_by_default(self) -> bool {
        matches!(self, Self::Publisher | Self::Subscriber)
    }

    /// Whether a socket of this kind and one of the other can be connected to each other.
    const fn understands(self, other: Self) -> bool {
        match self {
            Self::Router | Self::Dealer => matches!(other, Self::Router | Self::Dealer),
            Self::Publisher => matches!(other, Self::Subscriber),
            Self::Subscriber => matches!(other, Self::Publisher),
        }
    }
}

/// Whether a socket pings its peers to notice those that have gone without a word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Heartbeat {
    /// Every [`USUAL`](Self::USUAL) where the kind of socket [does so](SocketKind::pings_by_default) and the transport
    /// knows pings.
    #[default]
    Usual,
    /// Never.
    Off,
    /// At this interval. A transport that knows no pings refuses to open the socket.
    Every(Duration),
}

impl Heartbeat {
    /// The usual interval. A service that computes for less than three of them keeps its peers.
    pub const USUAL: Duration = Duration::from_secs(10);

    /// The interval at which a socket of `kind` pings, by a transport that knows pings.
    #[must_use]
    pub const fn interval(self, kind: SocketKind) -> Option<Duration> {
        match self {
            Self::Every(interval) => Some(interval),
            Self::Usual if kind.pings_by_default() => Some(Self::USUAL),
            Self::Usual | Self::Off => None,
        }
    }
}

/// Limits and timings of one socket.
#[derive(Debug, Clone, PartialEq)]
pub struct SocketOptions {
    /// The largest message in bytes, all frames together. A peer that sends a larger one is
    /// disconnected before the message is stored; sending a larger one is refused.
    pub max_message_size: usize,
    /// How many received messages wait for the service, for each connection of a dealer or
    /// subscriber and for a whole router. When it is full the peers' sending stalls, nothing is
    /// dropped; a publisher drops what it cannot send to a subscriber that stalls.
    pub receive_queue: u32,
    /// How many messages wait for one peer of a router; when it is full, sending to that peer is
    /// refused. A dealer may hold fewer: its requests wait for their replies anyway. Of a publisher,
    /// how many wait for one subscriber, which loses what finds no room; it may hold a few hundred
    /// more.
    pub send_queue: u32,
    /// How many bytes of long messages wait for one peer of a router, or for one subscriber; what
    /// would exceed it is refused, or lost to that subscriber, but never the only one.
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
    /// ZeroMQ's own pings; a peer that stays silent for three of them is disconnected. Off by
    /// default where peers wait for a service's answers: one that computes answers no ping
    /// meanwhile.
    pub heartbeat: Heartbeat,
    /// How many bytes the subscriptions of one peer of a publisher may take, each counted as its
    /// prefix and 64 bytes more. Who subscribes to more is disconnected.
    pub max_subscription_bytes: usize,
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
            heartbeat: Heartbeat::Usual,
            max_subscription_bytes: 4 << 20,
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

/// What a publisher's subscribers, taken together, want to have, or no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicChange {
    /// The first subscription to this prefix is there.
    Began(Bytes),
    /// The last subscription to this prefix has gone.
    Ended(Bytes),
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
    /// Says why the endpoint cannot be had; some transports bind no dealers. A socket file that a
    /// dead process left behind is replaced; one that a live process listens on is in use.
    fn bind<'a>(&'a mut self, endpoint: &'a str) -> Boxed<'a, Result<String, BindError>>;

    /// Connects in the background, and again whenever the connection is lost. Returns before
    /// anybody answers.
    ///
    /// # Errors
    /// The endpoint can never be connected to; some transports connect no routers. A peer that is
    /// not there is not an error.
    fn connect<'a>(&'a mut self, endpoint: &'a str) -> Boxed<'a, Result<(), ConnectError>>;

    /// Appends up to `max` received messages to `out` and says how many. Never waits.
    fn try_receive(&mut self, max: usize, out: &mut Vec<Frames>) -> usize;

    /// Waits for one message. Nothing is lost when a wait is given up.
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Frames, Closed>>;

    /// Queues a message, or refuses it. Never waits: a slow or dead peer blocks nobody. Where the peer's maximum is
    /// known, a message that exceeds it is refused too.
    ///
    /// A publisher's message is queued for every subscriber that has room, and lost to the others; if there are no
    /// subscribers, to nobody. It is refused as a whole if it found no room on the way to any of them, which happens
    /// when more than a queue of messages is sent before the runtime runs again.
    ///
    /// # Errors
    /// The message was not queued, and why. A refused message is dropped.
    fn try_send(&mut self, frames: Frames) -> Result<(), SendRefused>;

    /// Subscribes to all messages that begin with `prefix`, of every publisher that this socket is or will be connected
    /// to; everything begins with nothing. The same prefix counts as often as it was subscribed to.
    ///
    /// # Errors
    /// The socket is no subscriber, or closed.
    fn subscribe<'a>(&'a mut self, _prefix: &'a [u8]) -> Boxed<'a, Result<(), SubscribeError>> {
        Box::pin(async { Err(SubscribeError::NoSubscriber) })
    }

    /// Takes one subscription to `prefix` back. What was sent before the publisher has heard of it may still come.
    ///
    /// # Errors
    /// The socket is no subscriber, or closed.
    fn unsubscribe<'a>(&'a mut self, _prefix: &'a [u8]) -> Boxed<'a, Result<(), SubscribeError>> {
        Box::pin(async { Err(SubscribeError::NoSubscriber) })
    }

    /// How many peers of a publisher get what begins with `topic`. A change of it is a change of the
    /// [peers](Self::poll_peers).
    fn subscribers(&mut self, _topic: &[u8]) -> usize {
        0
    }

    /// The prefixes that a publisher's peers, taken together, have begun or ceased to be subscribed to since this was
    /// last asked; the first time, all that there are. A change of them is a change of the [peers](Self::poll_peers).
    fn topics_change(&mut self) -> Vec<TopicChange> {
        Vec::new()
    }

    /// How many messages were lost to a single subscriber since this was last asked, its queue being full; one that
    /// found three queues full counts three times. 0 from a transport that cannot know: its subscribers find the gaps.
    fn missed_by_subscribers(&mut self) -> u64 {
        0
    }

    /// Peers that can be sent to now; of a subscriber, the publishers that it is connected to.
    fn ready_peers(&mut self) -> usize;

    /// What has happened to the peers or their subscriptions since the last report, if anything has.
    fn peers_change(&mut self) -> Option<PeersChange>;

    /// Waits until something happens to the peers or their subscriptions.
    fn poll_peers(&mut self, context: &mut Context<'_>) -> Poll<Result<PeersChange, Closed>>;

    /// Stops receiving, gives what is queued up to `linger` to leave, and frees the ports, socket
    /// files and descriptors before it returns.
    fn close(self: Box<Self>, linger: Duration) -> Boxed<'static, ()>;
}
