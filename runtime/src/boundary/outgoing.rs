//! One send: from the slots of the service to a body that may leave, and from what came back to slots again.
//!
//! Owns that order and its counting: validate, encode, hand over, read. Never decides by which way a body leaves.

use std::time::Duration;

use bytes::Bytes;
use service_framework_connections::Outbound;
use service_framework_connections::requests::Unanswered;
use service_framework_model::error::Refusal;
use service_framework_model::slot::{ForeignSlot, Slot};
use service_framework_model::wire::envelope::{Answer, WorkflowId};

use super::Failure;
use crate::counters::Counters;
use crate::dispatch::bounded_arena;
use crate::wiring::Wiring;

/// Room for most messages: a buffer that grows copies what it holds, several times for a small message.
const USUAL_SIZE: usize = 512;

/// A message that may leave, with what is needed to read its answer.
pub(super) struct Outgoing<'w> {
    pub(super) body: Vec<u8>,
    name: &'w str,
    outbound: &'w dyn Outbound,
    counters: &'w Counters,
}

impl<'w> Outgoing<'w> {
    /// Validates and encodes what is to be sent to the `out` connection at `place`.
    pub(super) fn new(
        wiring: &'w Wiring,
        place: usize,
        slots: &[ForeignSlot<'_>],
        id: &WorkflowId<'_>,
    ) -> Result<Self, Failure> {
        let Some((name, outbound, counters)) = wiring.outbound(place) else {
            return Err(no_connection(place));
        };
        let mut body = Vec::with_capacity(USUAL_SIZE);
        outbound.write_call(slots, id, &mut body).map_err(|refusal| refused(name, &refusal))?;
        if body.len() > wiring.longest() {
            let (size, longest) = (body.len(), wiring.longest());
            let text = format!("the message for `{name}` has {size} bytes, at most {longest} can be sent");
            return Err(Failure::new("invalid_arguments", text));
        }
        Ok(Self { body, name, outbound, counters })
    }

    /// The message, to be handed over.
    pub(super) fn take_body(&mut self) -> Bytes {
        std::mem::take(&mut self.body).into()
    }

    /// How long the answer may take; `None` if there is none.
    pub(super) fn return_timeout(&self) -> Option<Duration> {
        self.outbound.return_timeout()
    }

    /// Counts a message that brought nothing back.
    pub(super) fn unsent(&self, unanswered: Unanswered) -> Failure {
        self.counters.dropped(unanswered.word());
        let failure = Failure::from(unanswered);
        Failure { message: format!("`{}`: {}", self.name, failure.message), ..failure }
    }

    /// Counts what became of the message and hands its answer to `returned`.
    pub(super) fn settle(
        &self,
        answer: Result<Bytes, Unanswered>,
        returned: &mut dyn FnMut(&[Slot<'_>]),
    ) -> Result<(), Failure> {
        let Self { name, outbound, counters, .. } = self;
        if has_left(&answer) {
            counters.sent();
        }
        let frame = answer.map_err(|unanswered| self.unsent(unanswered))?;
        counters.received();
        read_return(name, *outbound, &frame, returned).inspect_err(|failure| counters.dropped(failure.countable()))
    }
}

#[cold]
pub(super) fn refused(name: &str, refusal: &Refusal) -> Failure {
    let failure = Failure::of_own("invalid_arguments", refusal);
    Failure { message: format!("the arguments for `{name}` were refused: {}", failure.message), ..failure }
}

#[cold]
pub(super) fn no_connection(place: usize) -> Failure {
    Failure::new("no_such_connection", format!("there is no out connection at place {place}"))
}

/// Whether a message may have reached somebody.
pub(super) fn has_left(answer: &Result<Bytes, Unanswered>) -> bool {
    !answer.as_ref().is_err_and(|unanswered| unanswered.never_left())
}

fn read_return(
    name: &str,
    outbound: &dyn Outbound,
    frame: &Bytes,
    returned: &mut dyn FnMut(&[Slot<'_>]),
) -> Result<(), Failure> {
    let arena = bounded_arena();
    match outbound.read_return(frame, &arena) {
        Ok(Answer::Returned { arguments, .. }) => {
            returned(arguments);
            Ok(())
        }
        Ok(Answer::Failed { error, .. }) => Err(Failure::of_remote(&error)),
        Err(refusal) => {
            let failure = Failure::of_own("bad_reply", &refusal);
            Err(Failure { message: format!("the reply of `{name}` was refused: {}", failure.message), ..failure })
        }
    }
}
