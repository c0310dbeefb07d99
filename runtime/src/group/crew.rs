//! The services of a group on their thread, and what each of them sees of the others.
//!
//! Owns which code runs when: the loops of the services in turn, or beside the main of one of them, whenever that waits.
//! All sockets are driven by one executor. A service's code reaches its connections through its [`Seat`]. Never holds a
//! service for longer than one call.

use std::cell::{Cell, RefCell, RefMut};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_connections::publisher::Numbers;
use service_framework_connections::requests::Unanswered;
use tokio::runtime::Runtime;

use super::relations::End;
use super::seat::Seat;
use crate::control::{Control, StopReason};
use crate::dispatch::{Dispatcher, Models};
use crate::io::{Arrived, Inlet, Io, Post};
use crate::life::{self, Blueprint};
use crate::logging::{self, Entered, Sinks};
use crate::running::RunError;
use crate::service_loop::ServiceLoop;
use crate::wiring::Wiring;

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
    /// The queues of its subscribers in which what others publish waits for its turn.
    pub(super) inbox: RefCell<Vec<Inlet>>,
    /// What its own threads have posted for connections that stand in relations.
    pub(super) posted: Rc<RefCell<VecDeque<Post>>>,
    /// Its connections that stand in relations, by their places.
    pub(super) related: Vec<Option<Related>>,
}

impl Member {
    /// Makes this thread's log lines those of this service, until the guard is dropped.
    pub(super) fn enter(&self) -> Entered {
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
        Seat::new(self, at)
    }

    pub(super) fn member(&self, at: usize) -> Option<&Member> {
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
    pub(super) fn pass(&self, leader: Option<usize>) {
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
    pub(super) fn collect_beside<T>(&self, leader: Option<usize>, own: impl Future<Output = T>) -> Option<T> {
        let others = || self.members.iter().enumerate().filter(|(at, _)| Some(*at) != leader).map(|(_, member)| member);
        let is_waited_for = others().any(|member| member.inbox.borrow().iter().any(Inlet::is_waiting));
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
    pub(super) fn lead<T>(&self, leader: usize, own: impl Future<Output = T>) -> T {
        let mut own = pin!(own);
        loop {
            if let Some(done) = self.collect_beside(Some(leader), own.as_mut()) {
                return done;
            }
            self.pass(Some(leader));
        }
    }

    /// Has another service answer a request.
    pub(super) fn call(&self, end: End, body: Bytes) -> Result<Bytes, Unanswered> {
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
    pub(super) fn hand_over(&self, end: End, frames: &[Bytes], answer: &mut Vec<u8>) {
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
            for inlet in member.inbox.take() {
                inlet.close();
            }
            runtime.block_on(member.io.into_inner().close(member.linger));
            crate::report::counters(&member.wiring);
        }
        // A host name that is still looked up is nobody's business any more.
        runtime.shutdown_background();
    }
}
