//! The connection types, as pure state machines: bytes and time come in as arguments, bytes and outcomes go out.
//!
//! Owns the protocol of each type. Never reads a clock, opens a socket, starts a thread or knows an executor: that is
//! what makes simulation, replay and wiring without sockets possible. A new type is a new file in `types/` with its
//! description, an implementation of [`Inbound`] or [`Outbound`], and one line in [`registry`].

// Nothing that input can reach may end the process; tests may.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod arrivals;
pub mod calls;
pub mod external_target;
pub mod intake;
pub mod publisher;
pub mod queue;
pub mod readiness;
pub mod registry;
pub mod replyer;
pub mod requester;
pub mod requests;
pub mod subscriber;
pub mod timeout;
pub mod topic;
pub mod types;
mod unanswered;
pub mod workflow;

use std::time::Duration;

use bytes::Bytes;
use service_framework_model::error::Refusal;
use service_framework_model::slot::ForeignSlot;
use service_framework_model::wire::envelope::{Answer, Call, RemoteError, WorkflowId};
use service_framework_model::wire::{Arena, Seq};

use crate::readiness::Readiness;

/// The frames of one message.
pub type Frames = smallvec::SmallVec<[Bytes; 4]>;

/// What became of a message that arrived.
#[derive(Debug)]
pub enum Opened<'a> {
    /// It is good: call the function, and send what it returns by `route` (nowhere if that is empty).
    Call {
        /// The validated arguments and the workflow id.
        call: Call<'a>,
        /// The frames that lead back to the sender.
        route: &'a [Bytes],
    },
    /// It is bad, and its sender is to be told so.
    Refused {
        /// What is wrong.
        refusal: Refusal,
        /// The id with which to answer; nil if none could be read.
        workflow_id: WorkflowId<'a>,
        /// The frames that lead back to the sender.
        route: &'a [Bytes],
    },
    /// It is bad, and there is nobody to answer: count it, log it, go on.
    Unanswerable {
        /// What is wrong.
        refusal: Refusal,
        /// Its id; nil if none could be read.
        workflow_id: WorkflowId<'a>,
        /// Its number, if one could be read.
        seq: Option<Seq>,
    },
}

impl Opened<'_> {
    /// What is bad in a way that leaves nothing of it to be read.
    pub(crate) const fn unanswerable(refusal: Refusal) -> Self {
        Self::Unanswerable { refusal, workflow_id: WorkflowId::Nil, seq: None }
    }
}

/// A connection over which messages come in and call a function.
pub trait Inbound: Send + Sync {
    /// Reads a message that arrived.
    fn open<'a>(&'a self, frames: &'a [Bytes], arena: &'a Arena) -> Opened<'a>;

    /// Whether the function's result goes back to the sender.
    fn returns(&self) -> bool;

    /// Writes what the function returned, validated, behind what `out` holds.
    ///
    /// # Errors
    /// If the result is not what the model says; `out` is then as it was.
    fn write_return(&self, slots: &[ForeignSlot<'_>], id: &WorkflowId<'_>, out: &mut Vec<u8>) -> Result<(), Refusal>;

    /// Writes an error behind what `out` holds.
    fn write_failure(&self, error: &RemoteError, id: &WorkflowId<'_>, out: &mut Vec<u8>);

    /// How its messages wait for the service, where they come from publishers, whom nothing holds back.
    fn intake(&self) -> Option<&intake::Settings> {
        None
    }

    /// What is waited for after it was made.
    fn readiness(&self) -> Readiness {
        Readiness::default()
    }
}

/// A connection over which the service sends.
pub trait Outbound: Send + Sync {
    /// Writes a message, validated, behind what `out` holds.
    ///
    /// # Errors
    /// If the arguments are not what the model says; `out` is then as it was.
    fn write_call(&self, slots: &[ForeignSlot<'_>], id: &WorkflowId<'_>, out: &mut Vec<u8>) -> Result<(), Refusal>;

    /// How long to wait for what comes back; `None` if nothing does.
    fn return_timeout(&self) -> Option<Duration>;

    /// Reads what came back.
    ///
    /// # Errors
    /// If it is not what the model says.
    fn read_return<'a>(&'a self, frame: &'a Bytes, arena: &'a Arena) -> Result<Answer<'a>, Refusal>;

    /// What each message begins with, by which the other side chooses.
    fn topic(&self) -> &[u8] {
        &[]
    }

    /// Whether each message is to be ended with a number: see [`publisher::Numbers`].
    fn is_numbered(&self) -> bool {
        false
    }

    /// What is waited for after it was made.
    fn readiness(&self) -> Readiness {
        Readiness::default()
    }

    /// How often a message that a peer may have acted on may be sent once more.
    fn retries(&self) -> u32 {
        0
    }

    /// The other end, where this process is the other end itself: it reads a call as the only frame of a message, and
    /// nothing leads back but the worker that makes the call.
    fn target(&self) -> Option<&dyn Inbound> {
        None
    }

    /// How many calls of its [`Outbound::target`] may be made at once, each by a worker of its own.
    fn calls_in_flight(&self) -> usize {
        1
    }
}
