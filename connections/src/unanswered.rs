//! Why a call brought nothing back, and why something came back that nobody waited for.
//!
//! Owns the words for both, which are the same whether a call goes over a socket or to a thread of this process. Never
//! decides which of them is true.

/// Why a call brought nothing back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// No peer was there within the deadline: the request never left.
    #[error("no peer was there within the deadline, so the request was never sent")]
    NoPeer,
    /// The peer got the request and did not answer in time.
    #[error("the peer did not answer in time; it may still have acted on the request")]
    TimedOut,
    /// The peer went away after the request was sent.
    #[error("the peer went away before it answered; it may have acted on the request")]
    PeerLost,
    /// The peer is there and does not read: the request never left.
    #[error("the peer does not read what it is sent, so the request was never sent")]
    QueueFull,
    /// As many calls as may be in flight at once already were: this one never began.
    #[error("all calls that may be in flight at once were taken, so it was never called")]
    Busy,
    /// The service is stopping: the call never left.
    #[error("the service is stopping, so the request was never sent")]
    Stopping,
    /// The service is stopping and waits no longer for a call that has left.
    #[error("the service is stopping and did not wait for the answer; the peer may have acted on the request")]
    Abandoned,
}

impl Unanswered {
    /// The stable word of this failure.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoPeer => "no_peer",
            Self::TimedOut => "timed_out",
            Self::PeerLost => "peer_lost",
            Self::QueueFull => "queue_full",
            Self::Busy => "busy",
            Self::Stopping | Self::Abandoned => "stopping",
        }
    }

    /// Whether it is certain that nobody got the call, so that trying again can do nothing twice.
    #[must_use]
    pub const fn never_left(self) -> bool {
        matches!(self, Self::NoPeer | Self::QueueFull | Self::Busy | Self::Stopping)
    }
}

/// Why something that came back was not what a call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stray {
    /// What a call brought back that has already ended.
    Late,
    /// Not a reply at all.
    Malformed,
}

impl Stray {
    /// The reason under which it is counted.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Late => "late_reply",
            Self::Malformed => "malformed_reply",
        }
    }
}
