//! What the owner publishes.
//!
//! Owns what each message on the subscriber means for the copy, given what it has.

use std::time::Instant;

use service_framework_model::dynamic::Arena;
use service_framework_model::wire::state_message::{StateUpdate, Sync, read_delta, read_full};

use super::buffer::Pushed;
use super::install::Applied;
use super::{Copy, Held, Message};
use crate::rules::Rules;

impl<R: Rules> Copy<R> {
    /// A message of a delta state.
    pub(super) fn handle_delta(&mut self, message: Message<'_>, arena: &Arena, now: Instant) {
        let Ok(update) = read_delta(message.bytes, arena) else {
            self.counts.refused += 1;
            return;
        };
        let Some(number) = update.number else { return };
        let is_first = self.life.is_none();
        if !self.hears_of(update.sync.as_ref(), now) {
            return;
        }
        if self.contender.is_some() {
            self.buffer_update(number, message, now);
        } else if update.is_snapshot {
            self.handle_snapshot(number, &update, message, arena, now);
        } else if let Some(sync) = &update.sync {
            self.handle_numbered(number, &update, sync, message, arena, now);
        } else {
            self.handle_unverified(number, &update, is_first, message, arena, now);
        }
    }

    /// The number of what the copy has, if it is of the life that is followed.
    pub(super) fn held_number(&self) -> Option<u64> {
        let life = self.life?;
        self.held.filter(|held| held.epoch == life.epoch)?.number
    }

    /// A whole value on the subscriber: it heals whatever is missing.
    fn handle_snapshot(
        &mut self,
        number: u64,
        update: &StateUpdate<'_>,
        message: Message<'_>,
        arena: &Arena,
        now: Instant,
    ) {
        let epoch = update.sync.map(|sync| sync.epoch);
        if let (Some(held), Some(_)) = (self.held_number(), epoch) {
            if self.rules.is_old(held, number) {
                self.counts.ignored += 1;
                return;
            }
            self.counts.missed += number.saturating_sub(held.saturating_add(1));
        }
        let held = Held { epoch, number: Some(number) };
        if self.install(update.state, held, update.sync.as_ref(), arena) == Applied::Yes {
            self.heard(update.sync.as_ref(), now);
            // On one socket all that is buffered came before it.
            self.buffer.clear();
            self.begin_following();
        } else {
            self.wants_whole = true;
            self.resync(now, epoch.is_none());
            self.buffer_update(number, message, now);
        }
    }

    /// An update of an owner that numbers its lives.
    fn handle_numbered(
        &mut self,
        number: u64,
        update: &StateUpdate<'_>,
        sync: &Sync,
        message: Message<'_>,
        arena: &Arena,
        now: Instant,
    ) {
        let held = self.held_number().filter(|_| self.is_following);
        let Some(held) = held else {
            self.buffer_update(number, message, now);
            return;
        };
        if self.rules.is_old(held, number) {
            self.counts.ignored += 1;
        } else if self.rules.is_next(held, number) {
            self.heard(Some(sync), now);
            let held = Held { epoch: Some(sync.epoch), number: Some(number) };
            match self.apply(update.state, held, sync.digest, arena) {
                Applied::Yes => {}
                Applied::Refused => {
                    self.wants_whole = true;
                    self.resync(now, false);
                    self.buffer_update(number, message, now);
                }
                Applied::Mismatch => {
                    self.wants_whole = true;
                    self.resync(now, true);
                }
            }
        } else {
            self.counts.missed += number.saturating_sub(held.saturating_add(1));
            self.resync(now, false);
            self.buffer_update(number, message, now);
        }
    }

    /// An update of an owner of the Python library. Its snapshots do not say which updates they have, so that only a
    /// request that is made after an update was heard is sure to be answered with it.
    fn handle_unverified(
        &mut self,
        number: u64,
        update: &StateUpdate<'_>,
        is_first: bool,
        message: Message<'_>,
        arena: &Arena,
        now: Instant,
    ) {
        let held = Held { epoch: None, number: Some(number) };
        if is_first && number == 0 && self.install(update.state, held, None, arena) == Applied::Yes {
            // The first update of a life that was heard from its beginning, where its value is empty.
            self.heard(None, now);
            self.begin_following();
            return;
        }
        if !self.is_following {
            let last = self.buffer.last();
            if last.is_some_and(|last| self.rules.began_anew(last, number)) {
                self.resync(now, true);
            }
            if self.buffer_update(number, message, now) != Pushed::Kept || last.is_none() {
                self.ask.anew(&self.settings, now);
            }
            return;
        }
        if let Some(before) = self.held_number() {
            if self.rules.is_next(before, number) {
                self.heard(None, now);
                if self.apply(update.state, held, None, arena) != Applied::Yes {
                    self.wants_whole = true;
                    self.resync(now, true);
                }
                return;
            }
            if !self.rules.began_anew(before, number) {
                if self.rules.is_old(before, number) {
                    self.counts.ignored += 1;
                    return;
                }
                self.counts.missed += number.saturating_sub(before.saturating_add(1));
            }
        }
        self.resync(now, true);
        self.buffer_update(number, message, now);
    }

    /// Keeps an update until there is a snapshot that it follows on.
    fn buffer_update(&mut self, number: u64, message: Message<'_>, now: Instant) -> Pushed {
        let pushed = self.buffer.push(number, message.frame.slice_ref(message.bytes), &self.rules, &self.settings);
        match pushed {
            Pushed::Kept => {}
            Pushed::Old => self.counts.ignored += 1,
            Pushed::Gap { missed } => self.counts.missed += missed,
            Pushed::Overflow => self.counts.overflows += 1,
        }
        self.ask.by(now);
        pushed
    }

    /// All is there: updates are applied as they come.
    pub(super) fn begin_following(&mut self) {
        self.is_following = true;
        self.wants_whole = false;
        self.ask.done();
    }

    /// A message of a full update state.
    pub(super) fn handle_full(&mut self, frame: &[u8], arena: &Arena, now: Instant) {
        let Ok(update) = read_full(frame, arena) else {
            self.counts.refused += 1;
            return;
        };
        if !self.hears_of(update.sync.as_ref(), now) {
            return;
        }
        if let Some((held, number)) = self.held_number().zip(update.number) {
            if self.rules.is_old(held, number) {
                self.counts.ignored += 1;
                return;
            }
            self.counts.missed += number.saturating_sub(held.saturating_add(1));
        }
        let held = Held { epoch: update.sync.map(|sync| sync.epoch), number: update.number };
        if self.install(update.state, held, update.sync.as_ref(), arena) == Applied::Yes {
            self.heard(update.sync.as_ref(), now);
            self.is_following = true;
        } else if self.is_following {
            // The value that was refused is the owner's now: what the copy has is another.
            self.counts.resyncs += 1;
            self.is_following = false;
        }
    }
}
