//! What the owner answers to a request for a snapshot.
//!
//! Owns whether an answer is good enough, and how it and what was buffered make one value.

use std::time::Instant;

use bytes::Bytes;
use service_framework_model::dynamic::Arena;
use service_framework_model::wire::state_message::{StateReply, Sync, Updates, read_delta, read_reply};

use super::ask::Waiting;
use super::install::Applied;
use super::{Copy, Held};
use crate::rules::Rules;

impl<R: Rules> Copy<R> {
    pub(super) fn handle_answer(&mut self, ticket: u64, frame: &Bytes, arena: &Arena, now: Instant) {
        let Waiting::Answer { ticket: awaited, asked, knew_life, .. } = self.ask.waiting else {
            self.counts.ignored += 1;
            return;
        };
        if !self.rules.is_awaited(awaited, ticket) {
            self.counts.ignored += 1;
            return;
        }
        let reply = match read_reply(frame, arena) {
            Ok(Ok(reply)) => reply,
            Ok(Err(_)) => return self.ask.failed(&self.settings, now),
            Err(_) => {
                self.counts.refused += 1;
                return self.ask.failed(&self.settings, now);
            }
        };
        if !self.is_answered_by(reply.sync.as_ref(), knew_life, now) {
            return self.ask.failed(&self.settings, now);
        }
        let is_good = match &reply.sync {
            Some(sync) => self.take_numbered(&reply, sync, arena, asked),
            None => self.take_unverified(&reply, arena, asked),
        };
        if !is_good {
            self.ask.failed(&self.settings, now);
        }
    }

    /// The answer of an owner that numbers its lives. Whether it is of use is returned.
    fn take_numbered(&mut self, reply: &StateReply<'_>, sync: &Sync, arena: &Arena, asked: Instant) -> bool {
        let held = self.held_number();
        if held.is_some_and(|held| !self.rules.may_replace(held, reply.number)) {
            self.counts.ignored += 1;
            return false;
        }
        let reached = if !self.rules.meets_buffer(reply.number, self.buffer.needed()) {
            self.counts.unmet += 1;
            false
        } else if let Some(updates) = reply.updates {
            self.take_updates(updates, reply.number, sync, arena)
        } else {
            let held = Held { epoch: Some(sync.epoch), number: Some(reply.number) };
            self.install(reply.state, held, Some(sync), arena) == Applied::Yes
        };
        if !reached {
            self.wants_whole = true;
            return false;
        }
        self.heard(Some(sync), asked);
        self.buffer.drop_covered(reply.number, &self.rules);
        self.replay(arena)
    }

    /// Updates instead of a value: they have to go on from what the copy has, and up to what the owner has.
    fn take_updates(&mut self, mut updates: Updates<'_>, head: u64, sync: &Sync, arena: &Arena) -> bool {
        loop {
            let Some(held) = self.held_number() else { return false };
            match updates.next_update() {
                Ok(Some((number, _))) if self.rules.is_old(held, number) => {}
                Ok(Some((number, state))) if self.rules.is_next(held, number) => {
                    let held = Held { epoch: Some(sync.epoch), number: Some(number) };
                    let digest = sync.digest.filter(|_| number == head);
                    if self.apply(state, held, digest, arena) != Applied::Yes {
                        return false;
                    }
                }
                Ok(None) => {
                    let agrees = sync.digest.is_none_or(|theirs| self.rules.digest_agrees(self.tree.digest(), theirs));
                    self.counts.digest_mismatches += u64::from(!agrees && held == head);
                    return held == head && agrees;
                }
                Ok(Some(_)) | Err(_) => return false,
            }
        }
    }

    /// Applies what was buffered on top of the snapshot that it follows on. Whether all of it could be is returned.
    fn replay(&mut self, arena: &Arena) -> bool {
        while let Some((number, frame)) = self.buffer.pop() {
            let Ok(update) = read_delta(&frame, arena) else { continue };
            let held = Held { epoch: update.sync.map(|sync| sync.epoch), number: Some(number) };
            let digest = update.sync.and_then(|sync| sync.digest);
            let applied = if update.is_snapshot {
                self.install(update.state, held, update.sync.as_ref(), arena)
            } else {
                self.apply(update.state, held, digest, arena)
            };
            if applied != Applied::Yes {
                self.wants_whole = true;
                return false;
            }
            if let Some(sync) = &update.sync {
                self.has_ended = sync.end;
            }
        }
        self.begin_following();
        true
    }

    /// The answer of an owner of the Python library: nobody knows which updates it has, but all of those that were
    /// buffered before it was asked for. They are applied once more: what they say last is right.
    fn take_unverified(&mut self, reply: &StateReply<'_>, arena: &Arena, asked: Instant) -> bool {
        let held = Held { epoch: None, number: None };
        if self.install(reply.state, held, None, arena) != Applied::Yes {
            return false;
        }
        self.heard(None, asked);
        while let Some((number, frame)) = self.buffer.pop() {
            let Ok(update) = read_delta(&frame, arena) else { continue };
            let held = Held { epoch: None, number: Some(number) };
            if self.apply(update.state, held, None, arena) != Applied::Yes {
                return false;
            }
        }
        self.begin_following();
        true
    }
}
