//! The replyer: answers one request at a time, in the order of each requester.
//!
//! Owns the framing of a ROUTER that speaks to REQ peers, and the rule that whoever can be answered is answered: a
//! good request by its function, a bad one by an error. Never calls a function, owns a socket or reads a clock.

use bytes::Bytes;
use service_framework_model::error::{Code, Refusal};
use service_framework_model::schema::{ConnectionModel, Peers};
use service_framework_model::slot::ForeignSlot;
use service_framework_model::validator::{ModelError, Validator};
use service_framework_model::wire::Arena;
use service_framework_model::wire::envelope::{self, RemoteError, WorkflowId};

use crate::{Frames, Inbound, Opened};

/// A `replyer` connection.
#[derive(Debug)]
pub struct Replyer {
    arguments: Validator,
    returns: Validator,
    peers: Peers,
}

impl Replyer {
    /// The replyer that a model declares.
    ///
    /// # Errors
    /// If the model's arguments contradict themselves.
    pub fn new(model: &ConnectionModel) -> Result<Self, ModelError> {
        Ok(Self {
            arguments: Validator::new(&model.arguments)?,
            returns: Validator::new(&model.return_arguments)?,
            peers: model.peers,
        })
    }
}

/// A message split at its empty frame: what leads back to the requester, and what it asks.
struct Framed<'a> {
    route: &'a [Bytes],
    body: &'a [Bytes],
}

/// Splits `[identity][envelope ...][empty][body]`. Every frame up to the first empty one goes back with the reply, as
/// a REP socket does it (RFC 28, "request-reply").
fn split(frames: &[Bytes]) -> Option<Framed<'_>> {
    let empty = frames.iter().skip(1).position(Bytes::is_empty)? + 1;
    let (route, body) = frames.split_at_checked(empty + 1)?;
    Some(Framed { route, body })
}

impl Inbound for Replyer {
    fn open<'a>(&'a self, frames: &'a [Bytes], arena: &'a Arena) -> Opened<'a> {
        let Some(Framed { route, body }) = split(frames) else {
            let detail = "a request needs an empty frame before its body, as a REQ socket sends it";
            return Opened::Unanswerable(Refusal::new(Code::BadFraming, detail));
        };
        match body {
            [body] => match envelope::read_call(body, &self.arguments, arena) {
                Ok(call) => Opened::Call { call, route },
                Err(bad) => Opened::Refused { refusal: bad.refusal, workflow_id: bad.workflow_id, route },
            },
            [] => {
                let refusal = Refusal::new(Code::Empty, "a request needs a body after its empty frame");
                Opened::Refused { refusal, workflow_id: WorkflowId::Nil, route }
            }
            [first, rest @ ..] => {
                let detail = format!("a request is one frame, this one has {} more", rest.len());
                let workflow_id = match envelope::read_call(first, &self.arguments, arena) {
                    Ok(call) => call.workflow_id,
                    Err(bad) => bad.workflow_id,
                };
                Opened::Refused { refusal: Refusal::new(Code::ExtraFrames, detail), workflow_id, route }
            }
        }
    }

    fn returns(&self) -> bool {
        true
    }

    fn write_return(&self, slots: &[ForeignSlot<'_>], id: &WorkflowId<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        envelope::write_answer(&self.returns, slots, self.peers, id, out)
    }

    fn write_failure(&self, error: &RemoteError, id: &WorkflowId<'_>, out: &mut Vec<u8>) {
        envelope::write_error(error, id, out);
    }
}

/// The frames of an answer: the way back, then the body.
#[must_use]
pub fn answer(route: &[Bytes], body: Bytes) -> Frames {
    route.iter().cloned().chain([body]).collect()
}
