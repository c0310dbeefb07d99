//! One life of an owner: its epoch, its numbers and what it sends.
//!
//! Owns the messages on both sockets. The value comes as an argument: it is the service's, or a mirror of it.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;
use service_framework_model::dynamic::Arena;
use service_framework_model::error::Refusal;
use service_framework_model::state::StateValidator;
use service_framework_model::value::Value;
use service_framework_model::wire::envelope::{RemoteError, WorkflowId, write_error};
use service_framework_model::wire::state_message::{Have, Sync, read_request, write_delta, write_full, write_reply};
use service_framework_model::wire::{Room, encode_value};

use super::ring::Ring;
use super::value::{Always, KEPT, Update};
use super::whole::Whole;
use crate::Kind;
use crate::rules::{Protocol, Rules};
use crate::settings::OwnerSettings;
use crate::tree::Tree;

/// The map without keys.
const NOTHING: u8 = 0x80;
/// What a message has around its state.
const AROUND: usize = 192;

/// An answer to the request for a snapshot.
#[derive(Clone, Debug)]
pub enum Reply {
    /// The value, or what the requester lacks of it.
    Given(Bytes),
    /// An error, which tells the requester why.
    Refused(Bytes, Refusal),
    /// An error: there is no value yet.
    NotReady(Bytes),
}

impl Reply {
    /// What goes back.
    #[must_use]
    pub const fn frame(&self) -> &Bytes {
        match self {
            Self::Given(frame) | Self::Refused(frame, _) | Self::NotReady(frame) => frame,
        }
    }
}

/// One life of an owner.
///
/// Order of calls: [`Owner::start`] as soon as the value is ready (the first [`Owner::publish`] does it too), then
/// `publish` after each change, with the value as it is after it. After every call ask [`Owner::poll_transmit`] until it
/// has nothing more; [`Owner::poll_timeout`] says when to call [`Owner::handle_timeout`].
#[derive(Debug)]
pub struct Owner<R = Protocol> {
    rules: R,
    settings: OwnerSettings,
    always: Always,
    topic: Bytes,
    epoch: u64,
    first: u64,
    /// The number of what was published last; none before the start.
    head: Option<u64>,
    has_ended: bool,
    heartbeat_at: Option<Instant>,
    ring: Ring,
    /// The last message with the value as it is.
    whole: Option<Whole>,
    encodings: u64,
    transmits: VecDeque<Bytes>,
    /// The update that is being written.
    written: Vec<u8>,
    /// The map of an update without changes.
    unchanged: Vec<u8>,
    /// Room for updates to come.
    room: Room,
    arena: Arena,
}

impl<R: Rules> Owner<R> {
    /// A life that nobody has heard of yet. No two lives have the same `epoch`; `first` is the number of its first
    /// message, greater than all numbers of lives before.
    #[must_use]
    pub fn new(rules: R, settings: OwnerSettings, validator: &StateValidator, epoch: u64, first: u64) -> Self {
        let mut topic = Vec::new();
        if let Some(text) = &settings.topic {
            encode_value(&Value::from(text.as_str()), &mut topic);
        }
        let ring = Ring::new(settings.ring_bytes);
        Self {
            rules,
            settings,
            always: Always::of(validator),
            topic: topic.into(),
            epoch,
            first,
            head: None,
            has_ended: false,
            heartbeat_at: None,
            ring,
            whole: None,
            encodings: 0,
            transmits: VecDeque::new(),
            written: Vec::new(),
            unchanged: Vec::new(),
            room: Room::default(),
            arena: Arena::new(),
        }
    }

    /// The number of what was published last; none before the start.
    #[must_use]
    pub const fn head(&self) -> Option<u64> {
        self.head
    }

    /// What tells this life from others.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// How often the whole value was encoded.
    #[must_use]
    pub const fn encodings(&self) -> u64 {
        self.encodings
    }

    /// Publishes the value, which is ready, for the first time.
    pub fn start(&mut self, tree: &Tree, id: &WorkflowId<'_>, now: Instant) {
        if self.head.is_some() {
            return;
        }
        self.head = Some(self.first);
        self.send_whole(tree, id, Some(now));
        self.reset_heartbeat(now);
    }

    /// Publishes a change; `tree` is the value after it.
    pub fn publish(&mut self, update: &Update, tree: &Tree, id: &WorkflowId<'_>, now: Instant) {
        if !self.rules.encoding_outlives_change() {
            self.whole = None;
        }
        let Some(head) = self.head else { return self.start(tree, id, now) };
        if self.has_ended {
            return;
        }
        let number = self.rules.next_number(head);
        self.head = Some(number);
        self.ring.push(number, update.changes.clone());
        if self.settings.kind == Kind::Full || (update.deletes && self.settings.deletes_by_snapshot) {
            self.send_whole(tree, id, Some(now));
        } else {
            let checked = number.is_multiple_of(self.settings.digest_every.max(1));
            self.send_delta(&update.changes, checked.then_some(update.digest), id, false);
        }
        self.reset_heartbeat(now);
    }

    /// Time has come to `now`.
    pub fn handle_timeout(&mut self, tree: &Tree, now: Instant) {
        if self.heartbeat_at.is_some_and(|at| at <= now) {
            self.beat(tree, Some(now));
            self.reset_heartbeat(now);
        }
        let is_old = |whole: &mut Whole| whole.until().is_some_and(|until| until <= now);
        self.whole.take_if(is_old);
    }

    /// The service stops: the last message says so.
    pub fn end(&mut self, tree: &Tree) {
        if self.head.is_some() && !self.has_ended {
            self.beat(tree, None);
            self.has_ended = true;
            (self.heartbeat_at, self.whole) = (None, None);
        }
    }

    /// Answers a request for a snapshot.
    pub fn handle_request(&mut self, frame: &[u8], tree: &Tree, now: Instant) -> Reply {
        self.arena.reset();
        let have = match read_request(frame, &self.arena) {
            Ok(have) => have,
            Err(refusal) => return Reply::Refused(failure(refusal.code().word(), &refusal.to_string(), true), refusal),
        };
        let Some(head) = self.head else {
            return Reply::NotReady(failure("not_ready", "the state has no value yet", false));
        };
        let lacks_few = |have: &Have| {
            let is_ours = self.rules.is_of_this_life(self.epoch, have.epoch);
            is_ours && self.rules.ring_serves(self.ring.first(head), head, have.number)
        };
        Reply::Given(match have.filter(lacks_few) {
            Some(have) => self.updates_after(have.number, head, tree),
            None => self.snapshot(head, tree, now),
        })
    }

    /// What is to be published next.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        self.transmits.pop_front()
    }

    /// When [`Owner::handle_timeout`] next has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let until = self.whole.as_ref().and_then(Whole::until);
        self.heartbeat_at.into_iter().chain(until).min()
    }

    fn reset_heartbeat(&mut self, now: Instant) {
        let heartbeat = self.settings.heartbeat;
        self.heartbeat_at = if heartbeat.is_zero() { None } else { now.checked_add(heartbeat) };
    }

    /// Says that the value is as it was, at this time, or for the last time.
    fn beat(&mut self, tree: &Tree, now: Option<Instant>) {
        let Some(head) = self.head else { return };
        let number = self.rules.heartbeat_number(head);
        self.head = Some(number);
        self.ring.push(number, Bytes::from_static(&[NOTHING]));
        match self.settings.kind {
            Kind::Full => self.send_whole(tree, &WorkflowId::Nil, now),
            Kind::Delta => {
                let mut changes = std::mem::take(&mut self.unchanged);
                self.always.unchanged(tree, &mut changes);
                self.send_delta(&changes, Some(tree.digest()), &WorkflowId::Nil, now.is_none());
                self.unchanged = changes;
            }
        }
    }

    fn sync(&self, head: u64, digest: Option<u64>, end: bool) -> Sync {
        let heartbeat_ms = u32::try_from(self.settings.heartbeat.as_millis()).unwrap_or(u32::MAX);
        Sync { epoch: self.epoch, head, heartbeat_ms, digest, end }
    }

    fn send_delta(&mut self, changes: &[u8], digest: Option<u64>, id: &WorkflowId<'_>, end: bool) {
        let number = self.head.unwrap_or(self.first);
        let sync = self.sync(number, digest, end);
        let Self { topic, written, room, transmits, .. } = self;
        written.clear();
        written.extend_from_slice(topic);
        write_delta(number, false, |out| out.extend_from_slice(changes), id, &sync, written);
        transmits.push_back(room.copy(written));
        if written.capacity() > KEPT {
            // One large update is no reason to hold so much for ever.
            *written = Vec::new();
        }
    }

    /// Publishes the value at this time, or for the last time.
    fn send_whole(&mut self, tree: &Tree, id: &WorkflowId<'_>, now: Option<Instant>) {
        let number = self.head.unwrap_or(self.first);
        let sync = self.sync(number, Some(tree.digest()), now.is_none());
        let mut frame = self.topic.to_vec();
        let kind = self.settings.kind;
        let write_state = self.state(tree);
        let state = match kind {
            Kind::Full => write_full(write_state, id, &sync, &mut frame),
            Kind::Delta => write_delta(number, true, write_state, id, &sync, &mut frame),
        };
        frame.shrink_to_fit();
        let frame = Bytes::from(frame);
        self.whole = now.map(|now| Whole::new(frame.clone(), state, None, now));
        self.transmits.push_back(frame);
    }

    /// What writes the value in its wire form: it is encoded once until it changes, for as long as it is needed.
    fn state<'a>(&'a mut self, tree: &'a Tree) -> impl FnOnce(&mut Vec<u8>) + use<'a, R> {
        if !self.rules.keeps_encoding() {
            self.whole = None;
        }
        |out| match &self.whole {
            Some(whole) => {
                out.reserve_exact(whole.state().len() + AROUND);
                out.extend_from_slice(whole.state());
            }
            None => {
                self.encodings += 1;
                tree.encode(self.settings.peers, out);
            }
        }
    }

    fn snapshot(&mut self, head: u64, tree: &Tree, now: Instant) -> Bytes {
        let whole = self.whole.as_mut().filter(|_| self.rules.keeps_encoding());
        if let Some(frame) = whole.and_then(|whole| whole.answer(head, now)) {
            return frame;
        }
        let number = self.rules.snapshot_number(head);
        let sync = self.sync(number, Some(tree.digest()), false);
        let mut frame = Vec::new();
        let state = write_reply(number, self.state(tree), &sync, None, &mut frame);
        frame.shrink_to_fit();
        let frame = Bytes::from(frame);
        self.whole = Some(Whole::new(frame.clone(), state, Some(head), now));
        frame
    }

    fn updates_after(&self, have: u64, head: u64, tree: &Tree) -> Bytes {
        let updates: Vec<_> = self.ring.after(have).collect();
        let mut frame = Vec::new();
        write_reply(
            head,
            |out| out.push(NOTHING),
            &self.sync(head, Some(tree.digest()), false),
            Some(&updates),
            &mut frame,
        );
        frame.into()
    }
}

fn failure(code: &str, message: &str, is_caller_error: bool) -> Bytes {
    let error = RemoteError {
        code: code.to_owned(),
        message: message.to_owned(),
        field: None,
        is_caller_error,
        is_retryable: !is_caller_error,
    };
    let mut frame = Vec::new();
    write_error(&error, &WorkflowId::Nil, &mut frame);
    frame.into()
}
