//! One life of an owner: its epoch, its numbers and what it sends.
//!
//! Owns the messages on both sockets. The value comes as an argument: it is the service's, or a mirror of it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use service_framework_model::dynamic::Arena;
use service_framework_model::error::Refusal;
use service_framework_model::state::StateValidator;
use service_framework_model::value::Value;
use service_framework_model::wire::encode_value;
use service_framework_model::wire::envelope::{RemoteError, WorkflowId, write_error};
use service_framework_model::wire::state_message::{Have, Sync, read_request, write_delta, write_full, write_reply};

use super::ring::Ring;
use super::value::{Update, unchanged};
use crate::Kind;
use crate::rules::{Protocol, Rules};
use crate::settings::OwnerSettings;
use crate::tree::Tree;

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
    validator: Arc<StateValidator>,
    topic: Vec<u8>,
    epoch: u64,
    first: u64,
    /// The number of what was published last; none before the start.
    head: Option<u64>,
    has_ended: bool,
    heartbeat_at: Option<Instant>,
    ring: Ring,
    /// The value as it is, in its wire form, once somebody has asked for it.
    encoded: Option<Bytes>,
    /// The answer to the request for a snapshot at this head.
    reply: Option<(u64, Bytes)>,
    encodings: u64,
    transmits: VecDeque<Bytes>,
    arena: Arena,
}

impl<R: Rules> Owner<R> {
    /// A life that nobody has heard of yet. No two lives have the same `epoch`; `first` is the number of its first
    /// message, greater than all numbers of lives before.
    #[must_use]
    pub fn new(rules: R, settings: OwnerSettings, validator: Arc<StateValidator>, epoch: u64, first: u64) -> Self {
        let mut topic = Vec::new();
        if let Some(text) = &settings.topic {
            encode_value(&Value::from(text.as_str()), &mut topic);
        }
        let ring = Ring::new(settings.ring_bytes);
        Self {
            rules,
            settings,
            validator,
            topic,
            epoch,
            first,
            head: None,
            has_ended: false,
            heartbeat_at: None,
            ring,
            encoded: None,
            reply: None,
            encodings: 0,
            transmits: VecDeque::new(),
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
        self.send_whole(tree, id, false);
        self.reset_heartbeat(now);
    }

    /// Publishes a change; `tree` is the value after it.
    pub fn publish(&mut self, update: &Update, tree: &Tree, id: &WorkflowId<'_>, now: Instant) {
        if !self.rules.encoding_outlives_change() {
            self.encoded = None;
        }
        let Some(head) = self.head else { return self.start(tree, id, now) };
        if self.has_ended {
            return;
        }
        let number = self.rules.next_number(head);
        self.head = Some(number);
        self.ring.push(number, update.changes.clone());
        if self.settings.kind == Kind::Full || (update.deletes && self.settings.deletes_by_snapshot) {
            self.send_whole(tree, id, false);
        } else {
            let checked = number.is_multiple_of(self.settings.digest_every.max(1));
            self.send_delta(&update.changes, checked.then_some(update.digest), id, false);
        }
        self.reset_heartbeat(now);
    }

    /// Time has come to `now`.
    pub fn handle_timeout(&mut self, tree: &Tree, now: Instant) {
        if self.heartbeat_at.is_some_and(|at| at <= now) {
            self.beat(tree, false);
            self.reset_heartbeat(now);
        }
    }

    /// The service stops: the last message says so.
    pub fn end(&mut self, tree: &Tree) {
        if self.head.is_some() && !self.has_ended {
            self.beat(tree, true);
            self.has_ended = true;
            self.heartbeat_at = None;
        }
    }

    /// Answers a request for a snapshot.
    pub fn handle_request(&mut self, frame: &[u8], tree: &Tree) -> Reply {
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
            None => self.snapshot(head, tree),
        })
    }

    /// What is to be published next.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        self.transmits.pop_front()
    }

    /// When [`Owner::handle_timeout`] next has something to do.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Instant> {
        self.heartbeat_at
    }

    fn reset_heartbeat(&mut self, now: Instant) {
        let heartbeat = self.settings.heartbeat;
        self.heartbeat_at = if heartbeat.is_zero() { None } else { now.checked_add(heartbeat) };
    }

    /// Says that the value is as it was.
    fn beat(&mut self, tree: &Tree, end: bool) {
        let Some(head) = self.head else { return };
        let number = self.rules.heartbeat_number(head);
        self.head = Some(number);
        self.ring.push(number, Bytes::from_static(&[0x80]));
        match self.settings.kind {
            Kind::Full => self.send_whole(tree, &WorkflowId::Nil, end),
            Kind::Delta => {
                let changes = unchanged(&self.validator, tree);
                self.send_delta(&changes, Some(tree.digest()), &WorkflowId::Nil, end);
            }
        }
    }

    fn sync(&self, head: u64, digest: Option<u64>, end: bool) -> Sync {
        let heartbeat_ms = u32::try_from(self.settings.heartbeat.as_millis()).unwrap_or(u32::MAX);
        Sync { epoch: self.epoch, head, heartbeat_ms, digest, end }
    }

    fn send_delta(&mut self, changes: &[u8], digest: Option<u64>, id: &WorkflowId<'_>, end: bool) {
        let number = self.head.unwrap_or(self.first);
        let mut frame = self.topic.clone();
        frame.reserve(changes.len() + 192);
        write_delta(number, false, changes, id, &self.sync(number, digest, end), &mut frame);
        self.transmits.push_back(frame.into());
    }

    fn send_whole(&mut self, tree: &Tree, id: &WorkflowId<'_>, end: bool) {
        let number = self.head.unwrap_or(self.first);
        let state = self.encoded(tree);
        let sync = self.sync(number, Some(tree.digest()), end);
        let mut frame = self.topic.clone();
        match self.settings.kind {
            Kind::Full => write_full(&state, id, &sync, &mut frame),
            Kind::Delta => write_delta(number, true, &state, id, &sync, &mut frame),
        }
        self.transmits.push_back(frame.into());
    }

    /// The value in its wire form, encoded once until it changes.
    fn encoded(&mut self, tree: &Tree) -> Bytes {
        if !self.rules.keeps_encoding() {
            (self.encoded, self.reply) = (None, None);
        }
        let Self { encoded, encodings, settings, .. } = self;
        encoded
            .get_or_insert_with(|| {
                *encodings += 1;
                let mut state = Vec::new();
                tree.encode(settings.peers, &mut state);
                state.into()
            })
            .clone()
    }

    fn snapshot(&mut self, head: u64, tree: &Tree) -> Bytes {
        if let Some((_, reply)) = self.reply.as_ref().filter(|(at, _)| *at == head && self.rules.keeps_encoding()) {
            return reply.clone();
        }
        let number = self.rules.snapshot_number(head);
        let state = self.encoded(tree);
        let mut frame = Vec::with_capacity(state.len() + 192);
        write_reply(number, &state, &self.sync(number, Some(tree.digest()), false), None, &mut frame);
        let frame = Bytes::from(frame);
        self.reply = Some((head, frame.clone()));
        frame
    }

    fn updates_after(&self, have: u64, head: u64, tree: &Tree) -> Bytes {
        let updates: Vec<_> = self.ring.after(have).collect();
        let mut frame = Vec::new();
        write_reply(head, &[0x80], &self.sync(head, Some(tree.digest()), false), Some(&updates), &mut frame);
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
