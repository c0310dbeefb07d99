//! What arrived, on its way to the service's code.
//!
//! Owns the form in which it is handed over. Reads nothing of it.

use std::sync::Arc;

use bytes::Bytes;
use service_framework_connections::Frames;
use service_framework_connections::requests::Unanswered;

use super::inlet::Inflow;

/// A message that arrived.
pub(crate) struct Arrived {
    /// Which socket it came from; the answer goes there.
    pub(crate) socket: usize,
    /// Which connection it is for.
    pub(crate) place: usize,
    pub(crate) content: Content,
}

/// Where the frames of a message are.
pub(crate) enum Content {
    Here(Frames),
    /// In the queue of its subscriber, until the service has time for it.
    Queued(Arc<Inflow>),
    /// Of the owner of a state: the answer to a request of its copy.
    Answer {
        of_copy: u64,
        answer: Result<Bytes, Unanswered>,
    },
    /// Of a state's copy: its publishers have come or gone. How many are there, and how many were lost.
    Peers {
        ready: usize,
        lost: usize,
    },
}

impl Content {
    /// The frames; none if the queue has dropped them.
    pub(crate) fn take(self) -> Option<Frames> {
        match self {
            Self::Here(frames) => Some(frames),
            Self::Queued(inflow) => inflow.next(),
            Self::Answer { .. } | Self::Peers { .. } => None,
        }
    }
}
