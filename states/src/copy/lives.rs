//! Which life of the owner a copy follows.
//!
//! Owns the choice. Lives of an owner follow each other, and epochs have no order: what came later is told only by the
//! order in which things are heard. Two facts decide. On the subscriber a later life comes after an earlier one. And who
//! answers a request lives no earlier than anyone who was heard of before it was sent. A life that was left for a later
//! one is never followed again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use service_framework_model::wire::state_message::Sync;

use super::Copy;
use crate::Kind;
use crate::rules::Rules;

/// How many lives that are over are remembered: their messages can only be those still under way.
const MOST_LEFT: usize = 64;

/// The life that is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life {
    /// `None` for an owner of the Python library, which has no epochs.
    pub(super) epoch: Option<u64>,
    /// Whether it was heard of on the subscriber, and not only in an answer.
    pub(super) is_published: bool,
}

/// The lives that are over.
#[derive(Debug, Default)]
pub(super) struct Left(VecDeque<u64>);

impl Left {
    pub(super) const fn all(&self) -> &VecDeque<u64> {
        &self.0
    }

    fn add(&mut self, epoch: u64) {
        if self.0.len() >= MOST_LEFT {
            self.0.pop_front();
        }
        self.0.push_back(epoch);
    }
}

impl<R: Rules> Copy<R> {
    /// Whether a message on the subscriber is of a life that counts; that life is then the one that is followed, or its
    /// contender.
    pub(super) fn hears_of(&mut self, sync: Option<&Sync>, now: Instant) -> bool {
        let epoch = sync.map(|sync| sync.epoch);
        if epoch.is_some_and(|epoch| self.rules.is_left(self.left.all(), epoch)) {
            self.counts.ignored += 1;
            return false;
        }
        let Some(life) = self.life else {
            self.life = Some(Life { epoch, is_published: true });
            return true;
        };
        if !self.rules.is_other_life(life.epoch, epoch) {
            self.life = Some(Life { is_published: true, ..life });
            if let Some(earlier) = self.contender.take() {
                self.left.add(earlier);
                self.buffer.clear();
            }
        } else if life.is_published || self.settings.kind == Kind::Full {
            self.follow(Life { epoch, is_published: true }, now);
        } else if let Some(epoch) = epoch {
            if self.contender != Some(epoch) {
                if let Some(earlier) = self.contender.replace(epoch) {
                    self.left.add(earlier);
                }
                self.resync(now, true);
            }
        } else {
            self.follow(Life { epoch, is_published: true }, now);
        }
        true
    }

    /// Whether an answer is of a life that counts; that life is then the one that is followed. Whenever another life is
    /// heard of, what is under way is asked for anew, but for the first one: an answer may be older than that.
    pub(super) fn is_answered_by(&mut self, sync: Option<&Sync>, knew_life: bool, now: Instant) -> bool {
        let epoch = sync.map(|sync| sync.epoch);
        if epoch.is_some_and(|epoch| self.rules.is_left(self.left.all(), epoch)) {
            self.counts.ignored += 1;
            return false;
        }
        let Some(life) = self.life else {
            self.life = Some(Life { epoch, is_published: false });
            return true;
        };
        if !self.rules.is_other_life(life.epoch, epoch) {
            if let Some(earlier) = self.contender.take() {
                self.left.add(earlier);
                self.buffer.clear();
            }
        } else if epoch.is_some() && epoch == self.contender {
            self.contender = None;
            self.leave(life);
            self.life = Some(Life { epoch, is_published: true });
        } else if self.rules.answer_decides(knew_life) {
            self.follow(Life { epoch, is_published: false }, now);
        } else {
            self.counts.ignored += 1;
            return false;
        }
        true
    }

    /// Leaves the life that is followed for a later one.
    fn follow(&mut self, later: Life, now: Instant) {
        if let Some(life) = self.life.replace(later) {
            self.leave(life);
        }
        if let Some(earlier) = self.contender.take() {
            self.left.add(earlier);
        }
        self.has_ended = false;
        if self.settings.kind == Kind::Delta {
            if self.rules.new_life_clears_buffer() {
                self.buffer.clear();
            }
            self.resync(now, false);
            self.ask.anew(&self.settings, now);
        }
    }

    fn leave(&mut self, life: Life) {
        if let Some(epoch) = life.epoch {
            self.left.add(epoch);
        }
    }

    /// The owner was heard to be where the copy is now.
    pub(super) fn heard(&mut self, sync: Option<&Sync>, now: Instant) {
        self.heard = Some(now);
        if self.settings.kind == Kind::Full {
            self.is_cut_off = false;
        }
        let heartbeat = sync.map(|sync| Duration::from_millis(sync.heartbeat_ms.into()));
        self.heartbeat = heartbeat.filter(|heartbeat| !heartbeat.is_zero());
        self.has_ended = sync.is_some_and(|sync| sync.end);
    }
}
