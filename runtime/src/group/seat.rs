//! What a service of a group sees of everything else: its connections.
//!
//! Owns which way a message goes: over a relation it is a call of the other service, in its slots where both ends declare
//! the same, else in its wire form; over everything else it goes to the service's own sockets. Never decides whose turn
//! it is.

use std::time::Instant;

use bytes::Bytes;
use service_framework_connections::Frames;
use service_framework_connections::requests::Unanswered;
use service_framework_model::slot::{ForeignSlot, Slot};
use service_framework_model::wire::envelope::WorkflowId;
use service_framework_states::owner::Update;

use super::crew::{Crew, Member, Related, RelatedEnd};
use crate::boundary::{Called, Port};
use crate::io::{Arrived, FULL, Io};
use crate::logging;
use crate::placement::{Place, SocketsLost};

/// How many publications wait for the function that is running to return, as with sockets on the thread of the code.
const AT_ONCE: usize = 64;

/// What a service of a group sees of everything else.
pub(super) struct Seat<'c> {
    crew: &'c Crew,
    at: usize,
}

impl<'c> Seat<'c> {
    pub(super) const fn new(crew: &'c Crew, at: usize) -> Self {
        Self { crew, at }
    }

    /// Drives the sockets until what the service waits for has come.
    fn drive<T>(&self, wait: impl Future<Output = T>) -> T {
        if self.crew.leader == Some(self.at) { self.crew.lead(self.at, wait) } else { self.crew.runtime.block_on(wait) }
    }

    fn member(&self) -> Option<&Member> {
        self.crew.member(self.at)
    }

    fn related(&self, place: usize) -> Option<&Related> {
        self.member()?.related.get(place)?.as_ref()
    }

    /// Has the other end of a relation answer a request.
    pub(super) fn ask(&self, place: usize, body: Bytes) -> Result<Bytes, Unanswered> {
        let end = self.related(place).and_then(|related| related.ends.first());
        end.map_or(Err(Unanswered::Abandoned), |RelatedEnd { end, .. }| self.crew.call(*end, body))
    }

    /// Numbers a publication and hands it to the other ends of its relations.
    pub(super) fn publish_related(&self, place: usize, mut publication: Vec<u8>) {
        let Some(related) = self.related(place) else { return };
        if let Some(numbers) = &mut *related.numbers.borrow_mut() {
            numbers.number(&mut publication);
        }
        let frame = Bytes::from(publication);
        let counters = self.member().and_then(|member| member.wiring.counters(place));
        for RelatedEnd { end, is_deferred, .. } in &related.ends {
            if !is_deferred {
                self.crew.hand_over(*end, std::slice::from_ref(&frame), &mut Vec::new());
            } else if let Some(member) = self.crew.member(end.member) {
                let inbox = member.inbox.borrow();
                let inlet = inbox.iter().find(|inlet| inlet.place() == end.place);
                let has_room = inlet.is_some_and(|inlet| inlet.hand_in(Frames::from_iter([frame.clone()])));
                if let (false, Some(counters)) = (has_room, counters) {
                    counters.dropped(FULL);
                }
            }
        }
        if let Some(counters) = counters.filter(|_| !related.has_socket) {
            counters.sent();
        }
    }

    fn with_io<T>(&self, act: impl AsyncFnOnce(&mut Io) -> T) -> Option<T> {
        let mut io = self.member()?.io.borrow_mut();
        Some(self.drive(act(&mut io)))
    }

    /// Keeps what is sent until the sockets are driven; returns how many messages wait.
    fn keep(&self, keep: impl FnOnce(&mut Io) -> usize) {
        let waiting = self.member().map_or(0, |member| keep(&mut member.io.borrow_mut()));
        if waiting >= AT_ONCE {
            self.with_io(async |io| io.flush().await);
        }
    }

    /// Calls the functions at the other ends of a connection; `None` if what is sent has to be written for one of them.
    fn call_ends(
        &self,
        place: usize,
        slots: &[ForeignSlot<'_>],
        id: &WorkflowId<'_>,
        returned: &mut dyn FnMut(&[Slot<'_>]),
    ) -> Option<Called> {
        // What comes too late is answered as what came by a socket.
        let related = self.related(place).filter(|related| related.is_at_once && !self.crew.control.is_stopping())?;
        let mut called = None;
        for RelatedEnd { end, models, .. } in &related.ends {
            let (member, models) = (self.crew.member(end.member)?, models.as_ref()?);
            let mut dispatcher = member.dispatcher.try_borrow_mut().ok()?;
            let (_logs, _workflow) = (member.enter(), logging::inner_workflow());
            let mut seat = self.crew.seat(end.member);
            let (outcome, stop) = dispatcher.handle_call(end.place, (models, slots), id, &mut seat, returned)?;
            if let Some(error) = stop.and_then(|failure| dispatcher.ends_with(failure)) {
                self.crew.fail(member, error);
            }
            if matches!(outcome, Called::Refused(_)) {
                return Some(outcome);
            }
            called = Some(outcome);
        }
        called
    }

    /// Takes what was published for this service while its turn had not come.
    fn sweep_inbox(&self, out: &mut Vec<Arrived>) {
        if let Some(member) = self.member() {
            member.inbox.borrow_mut().iter_mut().for_each(|inlet| inlet.sweep(out));
        }
    }
}

impl Port for Seat<'_> {
    fn call(
        &mut self,
        place: usize,
        slots: &[ForeignSlot<'_>],
        id: &WorkflowId<'_>,
        returned: &mut dyn FnMut(&[Slot<'_>]),
    ) -> Option<Called> {
        let called = self.call_ends(place, slots, id, returned)?;
        if let (Called::Over(outcome), Some(member)) = (&called, self.member())
            && let Some((_, outbound, counters)) = member.wiring.outbound(place)
        {
            counters.sent();
            if outbound.return_timeout().is_some() {
                counters.received();
            }
            if let Err(failure) = outcome {
                counters.dropped(failure.countable());
            }
        }
        Some(called)
    }

    fn request(&mut self, place: usize, body: Bytes, deadline: Instant, may_finish: bool) -> Result<Bytes, Unanswered> {
        if self.related(place).is_some() {
            return self.ask(place, body);
        }
        let asked = self.with_io(async |io| io.request(place, body, deadline, may_finish).await);
        asked.unwrap_or(Err(Unanswered::Abandoned))
    }

    fn publish(&mut self, place: usize, publication: &mut Vec<u8>) {
        if let Some(related) = self.related(place) {
            if related.has_socket {
                self.keep(|io| io.publish(place, &mut publication.clone()));
            }
            self.publish_related(place, std::mem::take(publication));
        } else {
            self.keep(|io| io.publish(place, publication));
        }
    }

    fn publish_update(&mut self, place: usize, update: Update, id: &WorkflowId<'_>) {
        self.keep(|io| io.publish_update(place, &update, id));
    }

    fn ask_for_snapshot(&mut self, place: usize, of_copy: u64, body: Bytes, deadline: Instant) {
        if let Some(member) = self.member() {
            member.io.borrow_mut().ask_for_snapshot(place, of_copy, body, deadline);
        }
    }

    fn rebuild(&mut self, place: usize) {
        self.with_io(async |io| io.rebuild(place).await);
    }

    fn wait_for_subscribers(&mut self, place: usize, count: usize, until: Instant, ends_on_stop: bool) -> usize {
        let here = self.related(place).map_or(0, |related| related.ends.len());
        if here >= count {
            return here;
        }
        let count = count - here;
        let there = self.with_io(async |io| io.wait_for_subscribers(place, count, until, ends_on_stop).await);
        here + there.unwrap_or(0)
    }

    fn wait(&mut self, until: Instant, ends_on_stop: bool) {
        self.with_io(async |io| io.rest(until, ends_on_stop).await);
    }

    fn flush(&mut self) {
        self.with_io(async |io| io.flush().await);
        if self.crew.leader == Some(self.at) {
            // A leader that never waits must not keep the others from their messages.
            self.crew.collect_beside(Some(self.at), tokio::task::yield_now());
            self.crew.pass(Some(self.at));
        }
    }
}

impl Place for Seat<'_> {
    fn collect(&mut self, out: &mut Vec<Arrived>, _: Option<Instant>) {
        self.sweep_inbox(out);
        if let Some(member) = self.member() {
            out.append(&mut member.batch.borrow_mut());
        }
    }

    fn sweep(&mut self, out: &mut Vec<Arrived>) -> bool {
        self.sweep_inbox(out);
        if let Some(member) = self.member() {
            out.append(&mut member.batch.borrow_mut());
            member.io.borrow_mut().sweep(out);
        }
        !out.is_empty()
    }

    fn answer(&mut self, socket: usize, frames: Frames) {
        if let Some(member) = self.member() {
            member.io.borrow_mut().answer(socket, frames);
        }
    }

    fn wants_a_turn(&self) -> bool {
        self.member().is_some_and(|member| member.io.borrow().wants_a_turn())
    }

    fn close(self: Box<Self>) -> Result<(), SocketsLost> {
        // The crew closes all of them.
        Ok(())
    }
}
