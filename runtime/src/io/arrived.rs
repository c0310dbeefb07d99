//! What arrived, on its way to the service's code.
//!
//! Owns the form in which it is handed over. Reads nothing of it.

use std::sync::Arc;

use bytes::Bytes;
use service_framework_connections::Frames;
use service_framework_connections::requests::Unanswered;

use super::inlet::Inflow;

/// What arrived of one connection.
pub(crate) struct Arrived {
    /// Which socket it came from; the answer goes there.
    pub(crate) socket: usize,
    /// Which connection it is for.
    pub(crate) place: usize,
    pub(crate) content: Content,
}

/// What it is, or where it is.
pub(crate) enum Content {
    /// A message; none once it was taken.
    Here(Option<Frames>),
    /// So many messages in the queue of their subscriber, until the service has time for them.
    Queued { inflow: Arc<Inflow>, left: usize },
    /// Of the owner of a state: the answer to a request of its copy.
    Answer { of_copy: u64, answer: Result<Bytes, Unanswered> },
    /// Of a state's copy: its publishers have come or gone. How many are there, and how many were lost.
    Peers { ready: usize, lost: usize },
}

impl Content {
    /// How many messages there are to be taken, at most: a queue may drop some meanwhile.
    pub(crate) const fn messages(&self) -> usize {
        match self {
            Self::Here(frames) => frames.is_some() as usize,
            Self::Queued { left, .. } => *left,
            Self::Answer { .. } | Self::Peers { .. } => 0,
        }
    }

    /// Takes the next message.
    pub(crate) fn take(&mut self) -> Option<Frames> {
        match self {
            Self::Here(frames) => frames.take(),
            Self::Queued { inflow, left } => {
                while *left > 0 {
                    *left -= 1;
                    if let Some(frames) = inflow.next() {
                        return Some(frames);
                    }
                }
                None
            }
            Self::Answer { .. } | Self::Peers { .. } => None,
        }
    }
}
