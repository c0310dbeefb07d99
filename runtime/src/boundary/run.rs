//! One call of a service's code: what it may do while it lasts.
//!
//! Owns the order of a reply and of a send: validate, encode, hand over. Reaches sockets only through a [`Port`].

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_connections::Inbound;
use service_framework_connections::requests::Unanswered;
use service_framework_connections::workflow::Chain;
use service_framework_model::error::Refusal;
use service_framework_model::slot::{ForeignSlot, Slot};
use service_framework_model::validator::{Carried, Validator};
use service_framework_model::wire::Arena;
use service_framework_model::wire::envelope::WorkflowId;
use service_framework_plugin::abi::{self, LAST_TIMER};
use service_framework_states::owner::Update;
use tokio::runtime::Handle;
use uuid::Uuid;

use super::outgoing::{Kept, Outgoing, has_left, no_connection, refused};
use super::{Failure, Sender};
use crate::control::{Control, later};
use crate::states::{Copies, Owner, Part, Span, StateWire};
use crate::timers::Timers;
use crate::wiring::Wiring;

/// The way from a service's code to its sockets: on the same thread or on another.
pub(crate) trait Port {
    /// Sends a request over the connection at `place` and waits for its reply. A stop ends the wait at once, or, if the
    /// call `may_finish`, when patience with the service's code ends.
    fn request(&mut self, place: usize, body: Bytes, deadline: Instant, may_finish: bool) -> Result<Bytes, Unanswered>;

    /// Has a publication sent by the publisher at `place`, in the order in which this is called. The buffer may be used
    /// again.
    fn publish(&mut self, place: usize, publication: &mut Vec<u8>);

    /// Has an update of the state at `place` sent to its copies, in the order in which this is called.
    fn publish_update(&mut self, place: usize, update: Update, id: &WorkflowId<'_>);

    /// Has the request of a copy for a snapshot sent. What comes of it is collected.
    fn ask_for_snapshot(&mut self, place: usize, of_copy: u64, body: Bytes, deadline: Instant);

    /// Has the sockets of a copy made anew.
    fn rebuild(&mut self, place: usize);

    /// Waits until the publisher at `place` has `count` subscribers, until `until` comes, or, if the call
    /// `ends_on_stop`, the service is asked to stop. Returns how many there are.
    fn wait_for_subscribers(&mut self, place: usize, count: usize, until: Instant, ends_on_stop: bool) -> usize;

    /// Waits until `until` comes, or, if the call `ends_on_stop`, the service is asked to stop.
    fn wait(&mut self, until: Instant, ends_on_stop: bool);

    /// Lets what was sent leave now.
    fn flush(&mut self);

    /// Calls the other end of the connection at `place` with what is sent, if that is on this thread and takes it as it is;
    /// `None` if the message has to be written.
    fn call(
        &mut self,
        _place: usize,
        _slots: &[ForeignSlot<'_>],
        _id: &WorkflowId<'_>,
        _returned: &mut dyn FnMut(&[Slot<'_>]),
    ) -> Option<Called> {
        None
    }

    /// Whether the above drive an executor, which no thread can do that drives another one already.
    fn drives_executor(&self) -> bool {
        true
    }

    /// What time it is for the service.
    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// Where the answer of the call in hand goes.
pub(crate) struct Reply<'s> {
    pub(crate) inbound: &'s dyn Inbound,
    pub(crate) id: &'s WorkflowId<'s>,
    pub(crate) way: Way<'s>,
    pub(crate) written: bool,
}

/// The form in which an answer goes back.
pub(crate) enum Way<'s> {
    /// As bytes.
    Wire(&'s mut Vec<u8>),
    /// As slots, to a service on the same thread.
    Slots { returns: &'s Validator, arena: &'s Arena, carried: Carried<'s> },
}

/// What became of a message that was not to be written.
pub(crate) enum Called {
    /// It never left: its arguments were refused.
    Refused(Refusal),
    /// Its other end was called.
    Over(Result<(), Failure>),
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
    /// The service's timers, where it may set them.
    pub(crate) timers: Option<&'s mut Timers>,
    /// What threads of the author's own may send with, where there is a service to send for.
    pub(crate) sender: Option<&'s Arc<Sender>>,
    /// The copies that the service holds.
    pub(crate) copies: Option<&'s Copies>,
    /// What sends keep from one call to the next, where there is one.
    pub(crate) kept: Option<&'s mut Kept>,
    /// Why this call can neither send nor wait, if it cannot.
    pub(crate) closed: Option<&'static str>,
    /// The error with which the service's function is about to return.
    pub(super) failure: Option<Box<Failure>>,
    /// The error of the last host call that failed. Boxed, as there hardly ever is one and each call makes a `Run`.
    pub(super) last_error: Option<Box<Failure>>,
}

impl<'s> Run<'s> {
    pub(crate) fn new(wiring: &'s Wiring, control: &'s Control, port: &'s mut dyn Port, chain: Chain<'s>) -> Self {
        Self {
            wiring,
            control,
            port,
            chain,
            reply: None,
            message: None,
            patience: Patience::FinishesRequests,
            timers: None,
            sender: None,
            copies: None,
            kept: None,
            closed: None,
            failure: None,
            last_error: None,
        }
    }

    /// The error with which the service's function returned.
    pub(crate) fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take().map(|failure| *failure)
    }

    pub(super) fn reply(&mut self, slots: &[ForeignSlot<'_>]) -> Result<(), Failure> {
        let Some(reply) = &mut self.reply else {
            return Err(Failure::new("not_a_request", "there is no request to answer in this call"));
        };
        if reply.written {
            return Err(Failure::new("answered_twice", "the request in hand has already been answered"));
        }
        let written = match &mut reply.way {
            Way::Wire(out) => reply.inbound.write_return(slots, reply.id, out),
            Way::Slots { returns, arena, carried } => returns.carry(slots, arena).map(|returned| *carried = returned),
        };
        written.map_err(|refusal| {
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
        self.can_block_to("send")?;
        let place = place as usize;
        let id = self.chain.next(Uuid::new_v4).map_err(|refusal| Failure::of_own("bad_workflow_id", &refusal))?;
        match self.port.call(place, slots, &id, returned) {
            None => {}
            Some(Called::Refused(refusal)) => return Err(refused(self.wiring.name(place), &refusal)),
            Some(Called::Over(outcome)) => {
                self.chain.sent();
                return outcome;
            }
        }
        let mut none = Kept::default();
        let kept = self.kept.as_deref_mut().unwrap_or(&mut none);
        let outgoing = Outgoing::write(self.wiring, place, slots, &id, kept)?;
        let Some(timeout) = outgoing.return_timeout() else {
            self.port.publish(place, &mut kept.written);
            self.chain.sent();
            return Ok(());
        };
        let (deadline, may_finish) = (later(self.port.now(), timeout), self.patience != Patience::EndsAtOnce);
        let answer = self.port.request(place, kept.take_body(), deadline, may_finish);
        if has_left(&answer) {
            self.chain.sent();
        }
        outgoing.settle(answer, &mut kept.arena, returned)
    }

    pub(super) fn wait(&mut self, duration: Duration) -> Result<(), Failure> {
        self.can_block_to("wait")?;
        let until = self.until(duration);
        self.port.wait(until.ends, until.ends_on_stop);
        if self.is_cut_short(&until) { Err(stopping()) } else { Ok(()) }
    }

    pub(super) fn wait_for_subscribers(&mut self, place: u32, count: u32, patience: Duration) -> Result<(), Failure> {
        self.can_block_to("wait for subscribers")?;
        let place = place as usize;
        let Some((name, outbound, _)) = self.wiring.outbound(place) else { return Err(no_connection(place)) };
        if outbound.return_timeout().is_some() {
            let message = format!("`{name}` is no publisher, and only a publisher has subscribers");
            return Err(Failure::new("no_publisher", message));
        }
        let until = self.until(patience);
        let there = self.port.wait_for_subscribers(place, count as usize, until.ends, until.ends_on_stop);
        if there >= count as usize {
            return Ok(());
        }
        if self.is_cut_short(&until) {
            return Err(stopping());
        }
        let message = format!("`{name}`: {there} of {count} subscribers were there within {patience:?}");
        Err(Failure::new(Unanswered::NoPeer.word(), message))
    }

    /// Changes a state that the service owns, and has it sent.
    pub(super) fn change_state(&mut self, state: u32, changes: &[ForeignSlot<'_>]) -> Result<(), Failure> {
        self.update(state, |owner, name| owner.change(name, changes))
    }

    /// Makes a state that the service owns be another value, and has the difference sent.
    pub(super) fn replace_state(&mut self, state: u32, value: &ForeignSlot<'_>) -> Result<(), Failure> {
        self.update(state, |owner, name| owner.replace(name, value))
    }

    fn update(
        &mut self,
        state: u32,
        change: impl FnOnce(&Owner, &str) -> Result<Option<Update>, Failure>,
    ) -> Result<(), Failure> {
        self.can_block_to("change a state")?;
        let place = self.wiring.place_of_state(state);
        let name = self.wiring.name(place);
        let owner = self.state(place, state)?.owner();
        let owner = owner.ok_or_else(|| {
            Failure::new("not_its_owner", format!("`{name}` is a copy: only the owner of a state changes it"))
        })?;
        let id = self.chain.next(Uuid::new_v4).map_err(|refusal| Failure::of_own("bad_workflow_id", &refusal))?;
        if let Some(update) = change(owner, name)? {
            self.port.publish_update(place, update, &id);
            self.chain.sent();
        }
        Ok(())
    }

    fn state(&self, place: usize, state: u32) -> Result<&'s StateWire, Failure> {
        self.wiring
            .state(place)
            .ok_or_else(|| Failure::new("no_such_state", format!("there is no state at place {state}")))
    }

    pub(super) fn state_status(&self, state: u32) -> Result<abi::StateStatus, Failure> {
        let place = self.wiring.place_of_state(state);
        Ok(match &self.state(place, state)?.part {
            Part::Owner(owner) => {
                let value = owner.value();
                abi::StateStatus {
                    condition: if value.is_ready() { abi::STATE_LIVE } else { abi::STATE_ABSENT },
                    flags: abi::STATE_IS_VERIFIED,
                    keys: value.tree().top().len() as u64,
                    ..abi::StateStatus::default()
                }
            }
            Part::Copy(_) => {
                let status = self.copies.and_then(|copies| copies.status(place, self.port.now()));
                status.unwrap_or(abi::StateStatus { age: u64::MAX, ..abi::StateStatus::default() })
            }
        })
    }

    /// Reads what a path leads to in a state; `read` is not called if nothing is there.
    pub(super) fn state_value(
        &self,
        state: u32,
        path: &[ForeignSlot<'_>],
        read: &mut dyn FnMut(&Slot<'_>),
    ) -> Result<(), Failure> {
        let place = self.wiring.place_of_state(state);
        match &self.state(place, state)?.part {
            Part::Owner(owner) => owner.read(path, read),
            Part::Copy(_) => self.copies.map_or(Ok(()), |copies| copies.read(place, path, self.port.now(), read)),
        }
    }

    /// Goes through the entries of a map in a state.
    pub(super) fn state_entries(
        &self,
        state: u32,
        span: Span<'_>,
        write: &mut dyn FnMut(&Slot<'_>, &Slot<'_>) -> bool,
    ) -> Result<(), Failure> {
        let place = self.wiring.place_of_state(state);
        match &self.state(place, state)?.part {
            Part::Owner(owner) => owner.entries(span, write),
            Part::Copy(_) => self.copies.map_or(Ok(()), |copies| copies.entries(place, span, self.port.now(), write)),
        }
    }

    /// How long a wait of this call may go on.
    fn until(&self, duration: Duration) -> Until {
        let wanted = later(self.port.now(), duration);
        let ends = if self.patience == Patience::UntilItEnds { self.control.patience_ends() } else { None };
        let ends = wanted.min(ends.unwrap_or(wanted));
        Until { ends, is_shortened: ends != wanted, ends_on_stop: self.patience != Patience::UntilItEnds }
    }

    fn is_cut_short(&self, until: &Until) -> bool {
        if until.ends_on_stop { self.control.is_stopping() } else { until.is_shortened }
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.can_block_to("flush")?;
        self.port.flush();
        Ok(())
    }

    pub(super) fn set_timer(&mut self, number: u32, first: Duration, period: Duration) -> Result<(), Failure> {
        if number > LAST_TIMER {
            return Err(Failure::new("bad_timer", format!("the number {number} is no timer's: at most {LAST_TIMER}")));
        }
        let first = later(self.port.now(), first);
        let period = Some(period).filter(|period| !period.is_zero());
        let timers = self.timers()?;
        timers.set(number, first, period).map_err(|too_many| Failure::new("too_many_timers", too_many.to_string()))
    }

    pub(super) fn cancel_timer(&mut self, number: u32) -> Result<(), Failure> {
        self.timers()?.cancel(number);
        Ok(())
    }

    fn timers(&mut self) -> Result<&mut Timers, Failure> {
        self.open_to("set timers")?;
        let message = "timers run in the service loop, and in main mode there is none: wait in `main` instead";
        self.timers.as_deref_mut().ok_or_else(|| Failure::new("no_timers", message))
    }

    pub(super) fn sender(&self) -> Result<Arc<Sender>, Failure> {
        self.open_to("make a Sender")?;
        let message = "there is no Sender before the service is made";
        self.sender.cloned().ok_or_else(|| Failure::new("not_here", message))
    }

    /// Whether this call may do what drives the service's sockets.
    fn can_block_to(&self, what: &str) -> Result<(), Failure> {
        self.open_to(what)?;
        if self.port.drives_executor() && Handle::try_current().is_ok() {
            let message = format!(
                "cannot {what} inside of an async executor: a function of a service uses its context outside of any \
                 `block_on`, or sends with a Sender from a thread of its own"
            );
            return Err(Failure::new("inside_executor", message));
        }
        Ok(())
    }

    /// Whether this call may do what needs the service's sockets or its order.
    fn open_to(&self, what: &str) -> Result<(), Failure> {
        match self.closed {
            None => Ok(()),
            Some(why) => Err(Failure::new("not_here", format!("cannot {what} here: {why}"))),
        }
    }
}

/// The end of a wait.
struct Until {
    ends: Instant,
    /// Whether patience ends before the wait would have.
    is_shortened: bool,
    ends_on_stop: bool,
}

#[cold]
fn stopping() -> Failure {
    Failure::new(Unanswered::Stopping.word(), "the service is stopping")
}

/// A call's `run` pointer. Behind a `RefCell`, so that a service which calls back from inside a callback is refused
/// instead of aliasing what is in use.
pub(crate) type RunCell<'s> = RefCell<Run<'s>>;
