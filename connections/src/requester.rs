//! The requester: sends a request and returns its validated reply.
//!
//! Owns the encoding of requests and the reading of replies; `link.rs` owns which reply belongs to which request.
//! Never owns a socket or reads a clock.

use std::time::Duration;

use bytes::Bytes;
use service_framework_model::error::Refusal;
use service_framework_model::schema::{ConnectionModel, Peers};
use service_framework_model::slot::ForeignSlot;
use service_framework_model::validator::{ModelError, Validator};
use service_framework_model::wire::Arena;
use service_framework_model::wire::envelope::{self, Answer, WorkflowId};

use crate::Outbound;

/// How long a request may take where its model does not say, as long as a person waits for an answer.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// A `requester` connection.
#[derive(Debug)]
pub struct Requester {
    arguments: Validator,
    returns: Validator,
    peers: Peers,
    timeout: Duration,
}

impl Requester {
    /// The requester that a model declares.
    ///
    /// # Errors
    /// If the model's arguments contradict themselves.
    pub fn new(model: &ConnectionModel) -> Result<Self, ModelError> {
        let timeout = model.creation_argument("timeout_s").and_then(serde_json::Value::as_f64);
        Ok(Self {
            arguments: Validator::new(&model.arguments)?,
            returns: Validator::new(&model.return_arguments)?,
            peers: model.peers,
            timeout: timeout.and_then(|s| Duration::try_from_secs_f64(s).ok()).unwrap_or(DEFAULT_TIMEOUT),
        })
    }
}

impl Outbound for Requester {
    fn write_call(&self, slots: &[ForeignSlot<'_>], id: &WorkflowId<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        envelope::write_call(&self.arguments, slots, self.peers, id, out)
    }

    fn return_timeout(&self) -> Option<Duration> {
        Some(self.timeout)
    }

    fn read_return<'a>(&'a self, frame: &'a Bytes, arena: &'a Arena) -> Result<Answer<'a>, Refusal> {
        envelope::read_answer(frame, &self.returns, arena)
    }
}
