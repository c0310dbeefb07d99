//! One state that the service owns: the socket by which its updates leave, the one at which snapshots are asked for, and
//! the life of its owner.
//!
//! Owns the sockets, and a mirror of the value where the value itself is on another thread. The value is the service's;
//! numbers, heartbeats and snapshots are the [`Owner`]'s. Never waits for a copy.

use std::task::{Context, Poll};
use std::time::Instant;

use service_framework_connections::{Frames, replyer};
use service_framework_model::wire::envelope::WorkflowId;
use service_framework_states::owner::{Mirror, Owner, Reply, Update};
use service_framework_states::rules::Protocol;
use service_framework_states::tree::Tree;
use uuid::Uuid;

use super::QUOTA;
use super::error::WiringProblem;
use crate::counters::Counters;
use crate::logging;
use crate::states::{self, HeadFile, StateWire};
use crate::transport::Socket;
use crate::wiring::Wiring;

/// The sockets of a state that the service owns.
pub(super) struct Estate {
    pub(super) place: usize,
    owner: Owner,
    mirror: Option<Mirror>,
    head_file: Option<HeadFile>,
    publishers: Vec<Box<dyn Socket>>,
    replyers: Vec<Box<dyn Socket>>,
    /// How many messages wait for the sockets to be driven.
    waiting: usize,
    /// How many requests were answered with the value.
    given: u64,
}

impl Estate {
    /// A life that begins now. Where the value is on another thread, it `is_apart`.
    pub(super) fn new(place: usize, state: &StateWire, is_apart: bool) -> Result<Option<Self>, WiringProblem> {
        let Some(owned) = state.owner() else { return Ok(None) };
        let mut first = states::first_number();
        let mut head_file = None;
        if let Some(path) = &owned.head_file {
            let (file, number) = HeadFile::open(path, first)?;
            (head_file, first) = (Some(file), number);
        }
        let (epoch, _) = Uuid::new_v4().as_u64_pair();
        let owner = Owner::new(Protocol, owned.settings.clone(), &state.validator, epoch, first);
        let mirror = is_apart.then(|| Mirror::new(std::sync::Arc::clone(&state.validator)));
        Ok(Some(Self {
            place,
            owner,
            mirror,
            head_file,
            publishers: Vec::new(),
            replyers: Vec::new(),
            waiting: 0,
            given: 0,
        }))
    }

    pub(super) fn add_publishers(&mut self, sockets: Vec<Box<dyn Socket>>) {
        self.publishers.extend(sockets);
    }

    pub(super) fn add_replyers(&mut self, sockets: Vec<Box<dyn Socket>>) {
        self.replyers.extend(sockets);
    }

    /// Publishes the value for the first time, if it is one without anything in it: others are published when they are
    /// there.
    pub(super) fn start(&mut self, wiring: &Wiring, now: Instant) {
        let Some(state) = wiring.state(self.place).and_then(StateWire::owner) else { return };
        if state.value().is_ready() {
            self.with_value(wiring, |owner, tree| owner.start(tree, &WorkflowId::Nil, now));
            self.waiting += 1;
        }
    }

    /// Keeps an update until the sockets are driven the next time; returns how many messages wait for that.
    pub(super) fn publish(&mut self, update: &Update, id: &WorkflowId<'_>, wiring: &Wiring, now: Instant) -> usize {
        if let Some(mirror) = &mut self.mirror
            && let Err(refusal) = mirror.apply(update)
        {
            // It was checked when it was made.
            tracing::error!("an update of `{}` could not be followed: {refusal}", wiring.name(self.place));
        }
        self.with_value(wiring, |owner, tree| owner.publish(update, tree, id, now));
        if let (Some(file), Some(head)) = (&mut self.head_file, self.owner.head()) {
            file.note(head);
        }
        self.waiting += 1;
        self.waiting
    }

    fn with_value<T>(&mut self, wiring: &Wiring, act: impl FnOnce(&mut Owner, &Tree) -> T) -> Option<T> {
        if let Some(mirror) = &self.mirror {
            return Some(act(&mut self.owner, mirror.tree()));
        }
        let owned = wiring.state(self.place).and_then(StateWire::owner)?;
        Some(act(&mut self.owner, owned.value().tree()))
    }

    /// Hands what waits to the sockets.
    pub(super) fn send(&mut self, wiring: &Wiring) {
        let Some(counters) = wiring.counters(self.place) else { return };
        while let Some(frame) = self.owner.poll_transmit() {
            for socket in &mut self.publishers {
                match socket.try_send(Frames::from_iter([frame.clone()])) {
                    Ok(()) => counters.sent(),
                    Err(refused) => counters.dropped(refused.word()),
                }
            }
        }
        self.waiting = 0;
        for socket in &mut self.publishers {
            counters.dropped_many(super::outlet::FULL, socket.missed_by_subscribers());
        }
    }

    /// Sends what waits and answers who asks, and has the caller woken when there is more.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>, wiring: &Wiring) {
        self.send(wiring);
        for socket in &mut self.publishers {
            while let Poll::Ready(Ok(_)) = socket.poll_peers(cx) {}
        }
        let Some(counters) = wiring.counters(self.place) else { return };
        for at in 0..self.replyers.len() {
            for turn in 0..=QUOTA {
                if turn == QUOTA {
                    // Everything else has its turn before there is more of a storm.
                    cx.waker().wake_by_ref();
                    break;
                }
                let asked = self.replyers.get_mut(at).map(|socket| socket.poll_receive(cx));
                let Some(Poll::Ready(Ok(frames))) = asked else { break };
                self.answer(at, frames, counters, wiring);
            }
        }
    }

    fn answer(&mut self, at: usize, mut frames: Frames, counters: &Counters, wiring: &Wiring) {
        counters.received();
        let Some((route, [body])) = replyer::split(&frames) else {
            counters.dropped("bad_framing");
            return;
        };
        let route = route.len();
        let Some(reply) = self.with_value(wiring, |owner, tree| owner.handle_request(body, tree, Instant::now()))
        else {
            return;
        };
        match &reply {
            Reply::Given(_) => self.given += 1,
            Reply::Refused(_, refusal) => {
                counters.dropped(refusal.code().word());
                logging::refused(wiring.name(self.place), refusal);
            }
            Reply::NotReady(_) => {}
        }
        let Some(socket) = self.replyers.get_mut(at) else { return };
        replyer::answer(&mut frames, route, reply.frame().clone());
        match socket.try_send(frames) {
            Ok(()) => counters.sent(),
            Err(refused) => counters.dropped(refused.word()),
        }
    }

    pub(super) fn handle_timeout(&mut self, wiring: &Wiring, now: Instant) {
        self.with_value(wiring, |owner, tree| owner.handle_timeout(tree, now));
    }

    pub(super) fn poll_deadline(&self) -> Option<Instant> {
        self.owner.poll_timeout()
    }

    /// Says the last word, and gives up the sockets, to be closed when it has left.
    pub(super) fn close(mut self, wiring: &Wiring) -> Vec<Box<dyn Socket>> {
        self.with_value(wiring, Owner::end);
        self.send(wiring);
        if let (Some(file), Some(head)) = (&mut self.head_file, self.owner.head()) {
            file.end(head);
        }
        let (name, given, encodings) = (wiring.name(self.place), self.given, self.owner.encodings());
        tracing::debug!("`{name}` was given to copies {given} times, and encoded as a whole {encodings} times");
        self.publishers.into_iter().chain(self.replyers).collect()
    }
}
