//! A copy of a state: what it has, what it waits for, and what it tells of itself.
//!
//! Owns the status and the getters; the folder's other files own the rest. Never takes a number or an epoch for granted:
//! the rules decide.

mod ask;
mod buffer;
mod changes;
mod deltas;
mod install;
mod lives;
mod replies;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_model::dynamic::Arena;
use service_framework_model::state::StateValidator;
use service_framework_model::value::Value;
use service_framework_model::wire::encode_value;
use service_framework_model::wire::state_message::{Have, write_request};

use self::ask::{Ask, Waiting};
use self::buffer::Buffer;
use self::changes::Changes;
use self::lives::{Left, Life};
use crate::Kind;
use crate::rules::{Protocol, Rules};
use crate::settings::CopySettings;
use crate::tree::Tree;

pub use changes::Changed;

/// How a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It has no value, and has not been started.
    Absent,
    /// It has no value yet, and asks for one.
    Syncing,
    /// It has all updates up to its number, and its owner is there.
    Live,
    /// As [`Status::Live`], as far as a copy of an owner of the Python library can know.
    LiveUnverified,
    /// Its owner is silent: the value was right at its age.
    Stale,
    /// It lacks something, and asks for it; the value is the one before.
    Resyncing,
    /// As [`Status::Syncing`] and [`Status::Resyncing`], and asking has failed often: it goes on, slowly.
    Failed,
}

/// What a copy has seen go wrong, since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Updates that did not arrive.
    pub missed: u64,
    /// Updates that were applied without a call of their own of the service's function.
    pub merged: u64,
    /// Messages that it had already, or that were of a life that is over.
    pub ignored: u64,
    /// Messages that were no state messages, or did not fit the model.
    pub refused: u64,
    /// Digests of the owner that were not the copy's.
    pub digest_mismatches: u64,
    /// Updates that did not fit the buffer.
    pub overflows: u64,
    /// Snapshots that did not reach what was buffered.
    pub unmet: u64,
    /// Requests for a snapshot.
    pub requests: u64,
    /// Gaps and other reasons for which it began to ask again.
    pub resyncs: u64,
}

/// What the runtime is to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The status is another.
    Status(Status),
    /// The owner has been silent for long: its sockets are to be made anew, since a connection may be half open.
    Rebuild,
}

/// A request that is to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// Tells it from others; comes back with its answer.
    pub ticket: u64,
    /// Its body.
    pub frame: Bytes,
}

/// A message of the publisher, without its topic.
#[derive(Clone, Copy)]
struct Message<'f> {
    /// The frame that it is in, for those who keep it.
    frame: &'f Bytes,
    bytes: &'f [u8],
}

/// What the value of a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The life of the owner that it is from; `None` if that is of the Python library.
    pub epoch: Option<u64>,
    /// The number of the last update in it; `None` if nobody knows.
    pub number: Option<u64>,
}

/// A copy of a state, on the thread of its service.
///
/// Order of calls: [`Copy::start`] once the subscriber is there. After it and after every `handle_*` ask
/// [`Copy::poll_request`] and [`Copy::poll_event`] until both have nothing more; [`Copy::poll_timeout`] says when to call
/// [`Copy::handle_timeout`]. After a batch of messages [`Copy::take_changes`] tells what to call the service's function
/// with. Each request ends by [`Copy::handle_reply`] or [`Copy::handle_failure`] with its ticket, or is given up.
#[derive(Debug)]
pub struct Copy<R = Protocol> {
    rules: R,
    settings: CopySettings,
    validator: Arc<StateValidator>,
    topic: Vec<u8>,
    tree: Tree,
    held: Option<Held>,
    /// The life that is followed.
    life: Option<Life>,
    left: Left,
    /// A life that was heard of on the subscriber while the one that is followed is known from an answer alone: which
    /// of them is the later one, only another answer can tell.
    contender: Option<u64>,
    /// Whether updates are applied as they come, and not buffered.
    is_following: bool,
    buffer: Buffer,
    ask: Ask,
    /// Whether the next request asks for the whole value, whatever the copy has.
    wants_whole: bool,
    started: Option<Instant>,
    /// When the owner was last heard to be where the copy is.
    heard: Option<Instant>,
    is_cut_off: bool,
    has_ended: bool,
    /// The heartbeat that the owner announced.
    heartbeat: Option<Duration>,
    rebuild_at: Option<Instant>,
    told: Status,
    changes: Changes,
    counts: Counts,
    arena: Arena,
}

impl<R: Rules> Copy<R> {
    /// A copy without a value. `seed` makes its waits differ from those of others.
    #[must_use]
    pub fn new(rules: R, settings: CopySettings, validator: Arc<StateValidator>, seed: u64) -> Self {
        let mut topic = Vec::new();
        if let Some(text) = &settings.topic {
            encode_value(&Value::from(text.as_str()), &mut topic);
        }
        Self {
            rules,
            changes: Changes::new(settings.keeps_changes),
            settings,
            validator,
            topic,
            tree: Tree::new(),
            held: None,
            life: None,
            left: Left::default(),
            contender: None,
            is_following: false,
            buffer: Buffer::default(),
            ask: Ask::new(seed),
            wants_whole: false,
            started: None,
            heard: None,
            is_cut_off: false,
            has_ended: false,
            heartbeat: None,
            rebuild_at: None,
            told: Status::Absent,
            counts: Counts::default(),
            arena: Arena::new(),
        }
    }

    /// The value; without keys while there is none.
    #[must_use]
    pub const fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The state's model.
    #[must_use]
    pub const fn validator(&self) -> &Arc<StateValidator> {
        &self.validator
    }

    /// Which value it has; `None` if it has none.
    #[must_use]
    pub const fn held(&self) -> Option<Held> {
        self.held
    }

    /// What it is set to.
    #[must_use]
    pub const fn settings(&self) -> &CopySettings {
        &self.settings
    }

    /// What has gone wrong so far.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// How many updates, and bytes of them, wait for a snapshot.
    #[must_use]
    pub fn buffered(&self) -> (usize, usize) {
        (self.buffer.len(), self.buffer.bytes())
    }

    /// How long ago the value was known to be the owner's; `None` if there is no value.
    #[must_use]
    pub fn age(&self, now: Instant) -> Option<Duration> {
        self.held?;
        self.heard.map(|heard| now.saturating_duration_since(heard))
    }

    /// How it is.
    #[must_use]
    pub fn status(&self, now: Instant) -> Status {
        let Some(_) = self.started else { return Status::Absent };
        if !self.is_following {
            return match self.held {
                _ if self.ask.failures >= self.settings.attempts => Status::Failed,
                None => Status::Syncing,
                Some(_) => Status::Resyncing,
            };
        }
        match self.held {
            _ if self.is_silent(now) => Status::Stale,
            Some(Held { epoch: None, .. }) => Status::LiveUnverified,
            _ => Status::Live,
        }
    }

    /// Whether its owner has said that it stops, and was not heard since.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// The subscriber is there: begins.
    pub fn start(&mut self, now: Instant) {
        self.started = Some(now);
        if self.settings.kind == Kind::Delta {
            self.ask.by(now.checked_add(self.settings.settle).unwrap_or(now));
        }
    }

    /// The connection to the owner's publisher is there again. Who is at its other end, and what was missed meanwhile, is
    /// not known before something is heard: until then the copy is not live.
    pub fn handle_connected(&mut self, now: Instant) {
        if self.settings.kind == Kind::Full {
            return;
        }
        self.is_cut_off = false;
        if self.is_following {
            let is_verified = self.life.is_some_and(|life| life.epoch.is_some());
            // Of an owner that does not number its updates, what was buffered may lack something in the middle.
            self.resync(now, !is_verified);
        }
    }

    /// The connection to the owner's publisher was lost.
    pub fn handle_disconnected(&mut self, _now: Instant) {
        self.is_cut_off = true;
    }

    /// A message of the owner's publisher.
    pub fn handle_frame(&mut self, frame: Bytes, now: Instant) {
        let Some(message) = frame.strip_prefix(&*self.topic) else {
            self.counts.refused += 1;
            return;
        };
        let message = Message { frame: &frame, bytes: message };
        let arena = std::mem::take(&mut self.arena);
        match self.settings.kind {
            Kind::Delta => self.handle_delta(message, &arena, now),
            Kind::Full => self.handle_full(message.bytes, &arena, now),
        }
        self.put_back(arena);
    }

    /// The answer to a request.
    pub fn handle_reply(&mut self, ticket: u64, frame: &Bytes, now: Instant) {
        let arena = std::mem::take(&mut self.arena);
        self.handle_answer(ticket, frame, &arena, now);
        self.put_back(arena);
    }

    /// A request could not be sent, or will not be answered.
    pub fn handle_failure(&mut self, ticket: u64, now: Instant) {
        if let Waiting::Answer { ticket: awaited, .. } = self.ask.waiting
            && self.rules.is_awaited(awaited, ticket)
        {
            self.ask.failed(&self.settings, now);
        }
    }

    /// Time has come to `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Waiting::Answer { deadline, .. } = self.ask.waiting
            && deadline <= now
        {
            self.ask.failed(&self.settings, now);
        }
    }

    /// The request that is to be sent now, if one is.
    pub fn poll_request(&mut self, now: Instant) -> Option<Request> {
        let ticket = self.ask.poll(self.life.is_some(), &self.settings, now)?;
        self.counts.requests += 1;
        let have = match self.held {
            Some(Held { epoch: Some(epoch), number: Some(number) }) if !self.wants_whole => {
                Some(Have { epoch, number })
            }
            _ => None,
        };
        let mut frame = Vec::new();
        write_request(have.as_ref(), &mut frame);
        Some(Request { ticket, frame: frame.into() })
    }

    /// What the runtime is to know next.
    pub fn poll_event(&mut self, now: Instant) -> Option<Event> {
        let status = self.status(now);
        if status != self.told {
            self.told = status;
            return Some(Event::Status(status));
        }
        let silent_since = self.silent_at().filter(|at| *at <= now);
        match (self.rebuild_at, silent_since) {
            (_, None) => self.rebuild_at = None,
            (None, Some(since)) => self.rebuild_at = since.checked_add(self.settings.rebuild_after),
            _ => {}
        }
        if self.rebuild_at.is_some_and(|at| at <= now) {
            self.rebuild_at = now.checked_add(self.settings.rebuild_after);
            return Some(Event::Rebuild);
        }
        None
    }

    /// When [`Copy::handle_timeout`], and then the `poll_*`, next have something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        // Once it is silent only the rebuild is left to wait for.
        let silent = self.rebuild_at.or_else(|| self.silent_at());
        [self.ask.next_timeout(), silent].into_iter().flatten().min()
    }

    /// What has changed since the last call, for the service's function.
    pub fn take_changes(&mut self) -> Option<Changed> {
        let changed = self.changes.take()?;
        self.counts.merged += changed.updates.saturating_sub(1);
        Some(changed)
    }

    /// Whether the owner was not heard for so long, or cannot be, that the value may be old.
    fn is_silent(&self, now: Instant) -> bool {
        if self.is_cut_off || self.has_ended {
            return true;
        }
        let silence = self.heard.map(|heard| now.saturating_duration_since(heard));
        silence.zip(self.stale_after()).is_some_and(|(silence, after)| self.rules.is_silent(silence, after))
    }

    /// When the owner is taken for silent if nothing is heard of it.
    fn silent_at(&self) -> Option<Instant> {
        match self.heard {
            Some(heard) => heard.checked_add(self.stale_after()?),
            // What nobody was ever heard of may be half open from the beginning.
            None => self.started,
        }
    }

    fn stale_after(&self) -> Option<Duration> {
        self.settings.stale_after.or(self.heartbeat.map(|heartbeat| heartbeat.saturating_mul(3)))
    }

    fn put_back(&mut self, mut arena: Arena) {
        arena.reset();
        self.arena = arena;
    }
}

#[cfg(test)]
mod tests;
