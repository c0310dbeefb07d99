//! The services of a group on their thread, and what each of them sees of the others.
//!
//! Owns which code runs when. A service's code reaches its connections through its [`Seat`]: over a relation that is
//! a call of the other service, over everything else its own sockets. All sockets are driven by one executor. Never holds
//! a service for longer than one call.

use std::cell::{Cell, RefCell, RefMut};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_connections::Frames;
use service_framework_connections::publisher::Numbers;
use service_framework_connections::requests::Unanswered;
use service_framework_model::slot::{ForeignSlot, Slot};
use service_framework_model::wire::envelope::WorkflowId;
use service_framework_states::owner::Update;
use tokio::runtime::Runtime;

use super::relations::End;
use crate::boundary::{Called, Port};
use crate::control::{Control, StopReason};
use crate::dispatch::{Dispatcher, Models};
use crate::io::{Arrived, Content, Io, Post};
use crate::life::{self, Blueprint};
use crate::logging::{self, Entered, Sinks};
use crate::placement::{Place, SocketsLost};
use crate::running::RunError;
use crate::service_loop::ServiceLoop;
use crate::wiring::Wiring;

/// How many publications wait for the function that is running to return, as with sockets on the thread of the code.
const AT_ONCE: usize = 64;

/// The frames that lead back to who asks: nobody reads them, as the answer goes back by itself.
const ROUTE: [Bytes; 2] = [Bytes::from_static(b"relation"), Bytes::new()];

/// A service of a group.
pub(super) struct Member {
    pub(super) name: Arc<str>,
    pub(super) sinks: Sinks,
    pub(super) wiring: Arc<Wiring>,
    pub(super) dispatcher: RefCell<Dispatcher>,
    pub(super) service_loop: RefCell<ServiceLoop>,
    pub(super) io: RefCell<Io>,
    pub(super) linger: Duration,
    /// What has arrived by its sockets.
    pub(super) batch: RefCell<Vec<Arrived>>,
    /// What was published for it while its turn had not come.
    pub(super) inbox: RefCell<VecDeque<(usize, Bytes)>>,
    /// What its own threads have posted for connections that stand in relations.
    pub(super) posted: Rc<RefCell<VecDeque<Post>>>,
    /// Its connections that stand in relations, by their places.
    pub(super) related: Vec<Option<Related>>,
}

impl Member {
    /// Makes this thread's log lines those of this service, until the guard is dropped.
    fn enter(&self) -> Entered {
        self.sinks.enter_as(Arc::clone(&self.name))
    }
}

/// The other ends of an `out` connection.
pub(super) struct Related {
    pub(super) ends: Vec<RelatedEnd>,
    /// Whether it has a socket too.
    pub(super) has_socket: bool,
    /// Whether every end can be called at once with what is sent, without its being written.
    pub(super) is_at_once: bool,
    pub(super) numbers: RefCell<Option<Numbers>>,
}

/// One of them.
pub(super) struct RelatedEnd {
    pub(super) end: End,
    pub(super) is_deferred: bool,
    /// What both ends declare, if what one hands over is what the other takes.
    pub(super) models: Option<Models>,
}

/// The services of a group.
pub(super) struct Crew {
    pub(super) runtime: Runtime,
    pub(super) members: Vec<Member>,
    pub(super) control: Arc<Control>,
    /// The service that drives, if one runs its main.
    pub(super) leader: Option<usize>,
    /// Which service has the first turn: another one each time.
    pub(super) first: Cell<usize>,
    /// The first failure on which the group stops.
    pub(super) failed: RefCell<Option<RunError>>,
}

impl Crew {
    /// The place of a service among the others.
    pub(super) const fn seat(&self, at: usize) -> Seat<'_> {
        Seat { crew: self, at }
    }

    fn member(&self, at: usize) -> Option<&Member> {
        self.members.get(at)
    }

    /// Runs the service loops, or, beside a service that runs its main, waits for that.
    pub(super) fn serve(&self) {
        while !self.control.is_stopping() {
            self.collect(None);
            self.pass(None);
        }
    }

    /// Runs the main of the service that leads. The others are served while it waits.
    pub(super) fn run_main(&self, leader: usize) {
        let Some(member) = self.member(leader) else { return };
        let _logs = member.enter();
        if let Err(error) = life::lead(&mut member.dispatcher.borrow_mut(), &mut self.seat(leader), &self.control) {
            self.fail(member, error);
        }
    }

    /// Turns away what has arrived: the services are stopping.
    pub(super) fn turn_away(&self) {
        self.each(|at, member| {
            let mut dispatcher = member.dispatcher.borrow_mut();
            member.service_loop.borrow_mut().turn_away(&mut dispatcher, &mut self.seat(at));
        });
    }

    /// Runs the function of the signal that stopped the group, of each service that defines it.
    pub(super) fn on_signal(&self, blueprints: &[Blueprint]) {
        self.each(|at, member| {
            let Some(blueprint) = blueprints.get(at) else { return };
            let mut dispatcher = member.dispatcher.borrow_mut();
            if let Err(error) = life::on_signal(blueprint, &mut dispatcher, &mut self.seat(at), &self.control) {
                self.fail(member, error);
            }
        });
    }

    fn each(&self, act: impl Fn(usize, &Member)) {
        for (at, member) in self.members.iter().enumerate() {
            let _logs = member.enter();
            act(at, member);
        }
    }

    /// One pass of each service but the one that leads.
    fn pass(&self, leader: Option<usize>) {
        for at in 0..self.members.len() {
            self.relay(at);
        }
        let count = self.members.len();
        let first = if self.first.get() + 1 < count { self.first.get() + 1 } else { 0 };
        self.first.set(first);
        for at in (first..count).chain(0..first).filter(|at| Some(*at) != leader) {
            let Some(member) = self.member(at) else { continue };
            let _logs = member.enter();
            let mut dispatcher = member.dispatcher.borrow_mut();
            let passed = member.service_loop.borrow_mut().pass(&mut dispatcher, &mut self.seat(at));
            if let Err(error) = passed {
                self.fail(member, error);
            }
        }
    }

    /// Hands over what threads of a service have sent over its relations.
    fn relay(&self, at: usize) {
        let (Some(member), seat) = (self.member(at), self.seat(at)) else { return };
        // What is posted meanwhile has its turn in the next pass.
        let count = member.posted.borrow().len();
        for _ in 0..count {
            let post = member.posted.borrow_mut().pop_front();
            match post {
                Some(Post::Request(request)) => {
                    let _logs = member.enter();
                    let answer = seat.ask(request.place, request.body);
                    // A thread that has given up does not listen any more.
                    let _ = request.answer.send(answer);
                }
                Some(Post::Publication { place, body }) => seat.publish_related(place, body),
                None => return,
            }
        }
    }

    /// A service stops on what has gone wrong, and the others with it.
    pub(super) fn fail(&self, member: &Member, error: RunError) {
        let error = RunError::Member { service: member.name.as_ref().to_owned(), error: Box::new(error) };
        tracing::error!("{error}");
        self.failed.borrow_mut().get_or_insert(error);
        self.control.stop(StopReason::Requested, Duration::ZERO);
    }

    /// Waits until something has arrived for a service other than the leader, or a timer of one is due.
    fn collect(&self, leader: Option<usize>) {
        self.collect_beside(leader, std::future::pending::<()>());
    }

    /// The same, unless `own` ends before: then what it gives is returned.
    fn collect_beside<T>(&self, leader: Option<usize>, own: impl Future<Output = T>) -> Option<T> {
        let others = || self.members.iter().enumerate().filter(|(at, _)| Some(*at) != leader).map(|(_, member)| member);
        let is_waited_for = others().any(|member| !member.inbox.borrow().is_empty());
        let due = others().filter_map(|member| member.dispatcher.borrow().next_timeout()).min();
        let until = if is_waited_for { Some(Instant::now()) } else { due };
        let (mut ios, mut batches): (Vec<RefMut<'_, Io>>, Vec<_>) =
            others().map(|member| (member.io.borrow_mut(), member.batch.borrow_mut())).unzip();
        self.runtime.block_on(async {
            let mut own = pin!(own);
            let waits = ios.iter_mut().zip(&mut batches).map(|(io, batch)| io.collect(batch, until, true));
            let mut waits: Vec<Pin<Box<_>>> = waits.map(Box::pin).collect();
            poll_fn(|cx| {
                if let Poll::Ready(done) = own.as_mut().poll(cx) {
                    return Poll::Ready(Some(done));
                }
                // Each is asked, so that what is there is taken for all. None holds a message when it is dropped.
                let mut any = false;
                for wait in &mut waits {
                    any |= wait.as_mut().poll(cx).is_ready();
                }
                any |= self.members.iter().any(|member| !member.posted.borrow().is_empty());
                if any { Poll::Ready(None) } else { Poll::Pending }
            })
            .await
        })
    }

    /// Drives what the leader waits for, and serves the others meanwhile.
    fn lead<T>(&self, leader: usize, own: impl Future<Output = T>) -> T {
        let mut own = pin!(own);
        loop {
            if let Some(done) = self.collect_beside(Some(leader), own.as_mut()) {
                return done;
            }
            self.pass(Some(leader));
        }
    }

    /// Has another service answer a request.
    fn call(&self, end: End, body: Bytes) -> Result<Bytes, Unanswered> {
        let mut answer = Vec::new();
        let [identity, empty] = ROUTE;
        self.hand_over(end, &[identity, empty, body], &mut answer);
        if answer.is_empty() {
            // A service that is at work already cannot be asked; relations never lead to one.
            return Err(Unanswered::Abandoned);
        }
        if let Some(counters) = self.member(end.member).and_then(|member| member.wiring.counters(end.place)) {
            counters.sent();
        }
        Ok(answer.into())
    }

    /// Hands a message to the function of another service.
    fn hand_over(&self, end: End, frames: &[Bytes], answer: &mut Vec<u8>) {
        let Some(member) = self.member(end.member) else { return };
        let Ok(mut dispatcher) = member.dispatcher.try_borrow_mut() else { return };
        let (_logs, _workflow) = (member.enter(), logging::inner_workflow());
        if dispatcher.is_stopping() {
            dispatcher.turn_away(end.place, frames, answer);
            return;
        }
        let handled = dispatcher.handle(end.place, frames, &mut self.seat(end.member), answer);
        if let Some(error) = handled.stop.and_then(|failure| dispatcher.ends_with(failure)) {
            self.fail(member, error);
        }
    }

    /// Says the last words of each service and closes its sockets.
    pub(super) fn close(self) {
        let Self { runtime, members, .. } = self;
        for member in members {
            let _logs = member.enter();
            runtime.block_on(member.io.into_inner().close(member.linger));
            crate::report::counters(&member.wiring);
        }
        // A host name that is still looked up is nobody's business any more.
        runtime.shutdown_background();
    }
}

/// What a service of a group sees of everything else.
pub(super) struct Seat<'c> {
    crew: &'c Crew,
    at: usize,
}

impl Seat<'_> {
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
    fn ask(&self, place: usize, body: Bytes) -> Result<Bytes, Unanswered> {
        let end = self.related(place).and_then(|related| related.ends.first());
        end.map_or(Err(Unanswered::Abandoned), |RelatedEnd { end, .. }| self.crew.call(*end, body))
    }

    /// Numbers a publication and hands it to the other ends of its relations.
    fn publish_related(&self, place: usize, mut publication: Vec<u8>) {
        let Some(related) = self.related(place) else { return };
        if let Some(numbers) = &mut *related.numbers.borrow_mut() {
            numbers.number(&mut publication);
        }
        let frame = Bytes::from(publication);
        for RelatedEnd { end, is_deferred, .. } in &related.ends {
            if let Some(member) = self.crew.member(end.member).filter(|_| *is_deferred) {
                member.inbox.borrow_mut().push_back((end.place, frame.clone()));
            } else {
                self.crew.hand_over(*end, std::slice::from_ref(&frame), &mut Vec::new());
            }
        }
        let counters = self.member().and_then(|member| member.wiring.counters(place));
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
}

impl Seat<'_> {
    /// Calls the functions at the other ends of a connection; `None` if what is sent has to be written for one of them.
    fn call_ends(
        &self,
        place: usize,
        slots: &[ForeignSlot<'_>],
        id: &WorkflowId<'_>,
        returned: &mut dyn FnMut(&[Slot<'_>]),
    ) -> Option<Called> {
        let related = self.related(place).filter(|related| related.is_at_once)?;
        let mut called = None;
        for RelatedEnd { end, models, .. } in &related.ends {
            let (member, models) = (self.crew.member(end.member)?, models.as_ref()?);
            let mut dispatcher = member.dispatcher.try_borrow_mut().ok()?;
            // What comes too late is answered as what came by a socket.
            if self.crew.control.is_stopping() {
                return None;
            }
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

    fn publish(&mut self, place: usize, publication: Vec<u8>) {
        if let Some(related) = self.related(place) {
            if related.has_socket {
                self.keep(|io| io.publish(place, publication.clone()));
            }
            self.publish_related(place, publication);
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

impl Seat<'_> {
    /// Takes what was published for this service while its turn had not come.
    fn sweep_inbox(&self, out: &mut Vec<Arrived>) {
        let Some(member) = self.member() else { return };
        let arrived =
            |(place, frame)| Arrived { socket: 0, place, content: Content::Here(Some(Frames::from_iter([frame]))) };
        out.extend(member.inbox.borrow_mut().drain(..).map(arrived));
    }
}
