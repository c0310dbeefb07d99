//! The ways in which a socket's operations fail, one type per operation, in words for the person
//! who has to mend it. This file makes no system call and knows no transport.

use std::io;
use std::path::PathBuf;

/// A socket could not be made.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No tokio runtime runs on this thread.
    #[error("a socket can only be opened inside the runtime that will drive it")]
    NoRuntime,
    /// The transport refuses the options.
    #[error("the socket options cannot be used: {0}")]
    Options(String),
}

/// An endpoint could not be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot bind {endpoint}: {problem}")]
pub struct BindError {
    /// The endpoint as it was asked for.
    pub endpoint: String,
    /// What is in the way.
    pub problem: BindProblem,
}

/// What is in the way of a bind.
#[derive(Debug, thiserror::Error)]
pub enum BindProblem {
    /// Not an endpoint of this transport.
    #[error("not an endpoint that can be bound: {0}")]
    Malformed(String),
    /// Somebody listens there.
    #[error("the address is in use")]
    InUse,
    /// The operating system forbids it.
    #[error("permission denied")]
    Denied,
    /// The address belongs to another machine.
    #[error("no network interface of this machine has this address")]
    NoSuchInterface,
    /// The name does not resolve.
    #[error("the host name cannot be resolved: {0}")]
    UnknownHost(String),
    /// The directory of a socket file does not exist.
    #[error("the directory {} does not exist", .0.display())]
    NoDirectory(PathBuf),
    /// Something that is not a socket is where the socket file should be.
    #[error("{} exists and is not a socket", .0.display())]
    NotASocket(PathBuf),
    /// The path does not fit into a socket address.
    #[error("the path has {length} bytes, a socket file's path at most {max}")]
    PathTooLong {
        /// Bytes of the path.
        length: usize,
        /// Bytes that fit.
        max: usize,
    },
    /// This transport cannot do it.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The socket is closed.
    #[error("the socket is closed")]
    Closed,
    /// Any other failure of the operating system.
    #[error("{0}")]
    Other(#[from] io::Error),
}

/// An endpoint can never be connected to.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect to {endpoint}: {problem}")]
pub struct ConnectError {
    /// The endpoint as it was asked for.
    pub endpoint: String,
    /// What is wrong with it.
    pub problem: ConnectProblem,
}

/// Why an endpoint can never be connected to.
#[derive(Debug, thiserror::Error)]
pub enum ConnectProblem {
    /// Not an endpoint of this transport.
    #[error("not an endpoint that can be connected to: {0}")]
    Malformed(String),
    /// `*` names all interfaces of this machine, not a peer.
    #[error("`*` is a host to bind, not to connect to")]
    AnyHost,
    /// Port 0 asks for a free port, no peer listens there.
    #[error("port 0 is a port to bind, not to connect to")]
    AnyPort,
    /// This transport cannot do it.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The socket is closed.
    #[error("the socket is closed")]
    Closed,
}

/// A subscription was not made, or not taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubscribeError {
    /// Only subscribers subscribe.
    #[error("only a subscriber can subscribe")]
    NoSubscriber,
    /// The socket is closed.
    #[error("the socket is closed")]
    Closed,
}

/// A message was not queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendRefused {
    /// The peer's queue is full: it reads more slowly than we write.
    #[error("the peer's send queue is full")]
    Full,
    /// No ready peer, or none with this return address.
    #[error("no such peer is connected")]
    NoPeer,
    /// The message exceeds the largest allowed size.
    #[error("a message of {size} bytes exceeds the maximum of {max}")]
    TooLarge {
        /// Bytes of the message.
        size: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// The message has no frame, or a router's message only a return address.
    #[error("the message is empty")]
    Empty,
    /// A subscriber sends nothing.
    #[error("a subscriber cannot send")]
    OnlyReceives,
    /// The socket is closed.
    #[error("the socket is closed")]
    Closed,
}

impl SendRefused {
    /// The stable word under which a refused message is counted.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Full => "queue_full",
            Self::NoPeer => "no_peer",
            Self::TooLarge { .. } => "too_large",
            Self::Empty => "empty",
            Self::OnlyReceives => "only_receives",
            Self::Closed => "closed",
        }
    }
}

/// The socket is closed, or the runtime that drove it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the socket is closed")]
pub struct Closed;
