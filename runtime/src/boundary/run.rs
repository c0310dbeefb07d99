//! One call of a service's code: what it may do while it lasts.
//!
//! Owns the order of a reply and of a send: validate, encode, hand over. Reaches sockets only through a [`Port`].

use std::cell::RefCell;
use std::time::Duration;
use std::time::Instant;

use bytes::Bytes;
use service_framework_connections::link::Unanswered;
use service_framework_connections::workflow::Chain;
use service_framework_connections::{Inbound, Outbound};
use service_framework_model::slot::{ForeignSlot, Slot};
use service_framework_model::wire::envelope::{Answer, WorkflowId};
use uuid::Uuid;

use super::Failure;
use crate::control::{Control, after};
use crate::dispatch::bounded_arena;
use crate::wiring::Wiring;

/// Room for most messages: a buffer that grows copies what it holds, several times for a small message.
const USUAL_SIZE: usize = 512;

/// The way from a service's code to its sockets: on the same thread or on another.
pub(crate) trait Port {
    /// Sends a request over the connection at `place` and waits for its reply. A stop ends the wait at once, or, if the
    /// call `may_finish`, when patience with the service's code ends.
    fn request(&mut self, place: usize, body: Bytes, deadline: Instant, may_finish: bool) -> Result<Bytes, Unanswered>;

    /// Waits until `until` comes, or, if the call `ends_on_stop`, the service is asked to stop.
    fn wait(&mut self, until: Instant, ends_on_stop: bool);
}

/// Where the answer of the call in hand goes.
pub(crate) struct Reply<'s> {
    pub(crate) inbound: &'s dyn Inbound,
    pub(crate) id: &'s WorkflowId<'s>,
    pub(crate) out: &'s mut Vec<u8>,
    pub(crate) written: bool,
}

/// What a stop of the service does to a call that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Waits and requests end at once: main, which holds the service.
    EndsAtOnce,
    /// Waits end at once, a request may still be answered: the function of a message, which is to finish.
    FinishesRequests,
    /// Both go on until patience with the service's code ends: the function of a signal, which runs after the stop.
    UntilItEnds,
}

/// One call of the service's code: what stands behind the `run` pointer while it lasts.
pub(crate) struct Run<'s> {
    pub(crate) wiring: &'s Wiring,
    pub(crate) control: &'s Control,
    pub(crate) port: &'s mut dyn Port,
    pub(crate) chain: Chain<'s>,
    pub(crate) reply: Option<Reply<'s>>,
    /// The id of the message in hand, if a message called the function.
    pub(crate) message: Option<&'s WorkflowId<'s>>,
    pub(crate) patience: Patience,
    /// The error with which the service's function is about to return.
    pub(super) failure: Option<Failure>,
    /// The error of the last host call.
    pub(super) last_error: Failure,
}

impl<'s> Run<'s> {
    pub(crate) fn new(wiring: &'s Wiring, control: &'s Control, port: &'s mut dyn Port, chain: Chain<'s>) -> Self {
        let (failure, last_error) = (None, Failure::default());
        Self {
            wiring,
            control,
            port,
            chain,
            reply: None,
            message: None,
            patience: Patience::FinishesRequests,
            failure,
            last_error,
        }
    }

    /// The error with which the service's function returned.
    pub(crate) fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    pub(super) fn reply(&mut self, slots: &[ForeignSlot<'_>]) -> Result<(), Failure> {
        let Some(reply) = &mut self.reply else {
            return Err(Failure::new("not_a_request", "there is no request to answer in this call"));
        };
        if reply.written {
            return Err(Failure::new("answered_twice", "the request in hand has already been answered"));
        }
        reply.inbound.write_return(slots, reply.id, reply.out).map_err(|refusal| {
            let failure = Failure::of_own("bad_return", &refusal);
            Failure { message: format!("the return arguments were refused: {}", failure.message), ..failure }
        })?;
        reply.written = true;
        Ok(())
    }

    pub(super) fn send(
        &mut self,
        place: u32,
        slots: &[ForeignSlot<'_>],
        returned: &mut dyn FnMut(&[Slot<'_>]),
    ) -> Result<(), Failure> {
        let place = place as usize;
        let Some((name, outbound, counters)) = self.wiring.outbound(place) else {
            return Err(Failure::new("no_such_connection", format!("there is no out connection at place {place}")));
        };
        let id = self.chain.next(Uuid::new_v4).map_err(|refusal| Failure::of_own("bad_workflow_id", &refusal))?;
        let mut body = Vec::with_capacity(USUAL_SIZE);
        outbound.write_call(slots, &id, &mut body).map_err(|refusal| {
            let failure = Failure::of_own("invalid_arguments", &refusal);
            Failure { message: format!("the arguments for `{name}` were refused: {}", failure.message), ..failure }
        })?;
        if body.len() > self.wiring.longest() {
            let (size, longest) = (body.len(), self.wiring.longest());
            let text = format!("the message for `{name}` has {size} bytes, at most {longest} can be sent");
            return Err(Failure::new("invalid_arguments", text));
        }
        let Some(timeout) = outbound.return_timeout() else { return Ok(()) };
        let answer = self.port.request(place, body.into(), after(timeout), self.patience != Patience::EndsAtOnce);
        if !matches!(answer, Err(Unanswered::NoPeer | Unanswered::QueueFull)) {
            counters.sent();
            self.chain.sent();
        }
        let frame = answer.map_err(|unanswered| {
            counters.dropped(unanswered.word());
            let failure = Failure::from(unanswered);
            Failure { message: format!("`{name}`: {}", failure.message), ..failure }
        })?;
        counters.received();
        read_return(name, outbound, &frame, returned).inspect_err(|failure| counters.dropped(failure.countable()))
    }

    pub(super) fn wait(&mut self, duration: Duration) -> Result<(), Failure> {
        let wanted = after(duration);
        let ends = if self.patience == Patience::UntilItEnds { self.control.patience_ends() } else { None };
        let until = wanted.min(ends.unwrap_or(wanted));
        let ends_on_stop = self.patience != Patience::UntilItEnds;
        self.port.wait(until, ends_on_stop);
        let cut_short = if ends_on_stop { self.control.is_stopping() } else { until != wanted };
        if cut_short { Err(Unanswered::Stopping.into()) } else { Ok(()) }
    }
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

/// A call's `run` pointer. Behind a `RefCell`, so that a service which calls back from inside a callback is refused
/// instead of aliasing what is in use.
pub(crate) type RunCell<'s> = RefCell<Run<'s>>;
