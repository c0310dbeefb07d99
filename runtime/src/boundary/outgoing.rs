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
use service_framework_model::wire::{Arena, Room};

use super::Failure;
use crate::counters::Counters;
use crate::dispatch::{bounded_arena, recycle};
use crate::wiring::Wiring;

/// What sends keep from one to the next, so that they need not allocate.
pub(crate) struct Kept {
    /// The message that was written.
    pub(super) written: Vec<u8>,
    room: Room,
    /// Where the answer is read into.
    pub(super) arena: Arena,
}

impl Default for Kept {
    fn default() -> Self {
        Self { written: Vec::new(), room: Room::of_few(), arena: bounded_arena() }
    }
}

impl Kept {
    /// The message that was written, to be handed over.
    pub(super) fn take_body(&mut self) -> Bytes {
        self.room.take(&mut self.written)
    }
}

/// A message that was written, with what is needed to read its answer.
pub(super) struct Outgoing<'w> {
    name: &'w str,
    outbound: &'w dyn Outbound,
    counters: &'w Counters,
}

impl<'w> Outgoing<'w> {
    /// Validates and encodes what is to be sent to the `out` connection at `place`.
    pub(super) fn write(
        wiring: &'w Wiring,
        place: usize,
        slots: &[ForeignSlot<'_>],
        id: &WorkflowId<'_>,
        Kept { written, arena, .. }: &mut Kept,
    ) -> Result<Self, Failure> {
        let Some((name, outbound, counters)) = wiring.outbound(place) else {
            return Err(no_connection(place));
        };
        recycle(arena, written);
        outbound.write_call(slots, id, written).map_err(|refusal| refused(name, &refusal))?;
        if written.len() > wiring.longest() {
            let (size, longest) = (written.len(), wiring.longest());
            let text = format!("the message for `{name}` has {size} bytes, at most {longest} can be sent");
            return Err(Failure::new("invalid_arguments", text));
        }
        Ok(Self { name, outbound, counters })
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
        arena: &mut Arena,
        returned: &mut dyn FnMut(&[Slot<'_>]),
    ) -> Result<(), Failure> {
        let Self { name, outbound, counters, .. } = self;
        if has_left(&answer) {
            counters.sent();
        }
        let frame = answer.map_err(|unanswered| self.unsent(unanswered))?;
        counters.received();
        read_return(name, *outbound, &frame, arena, returned)
            .inspect_err(|failure| counters.dropped(failure.countable()))
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
    arena: &Arena,
    returned: &mut dyn FnMut(&[Slot<'_>]),
) -> Result<(), Failure> {
    match outbound.read_return(frame, arena) {
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
