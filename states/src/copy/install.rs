//! Values and updates into the tree.
//!
//! Owns that a message changes the copy wholly or not at all.

use std::time::Instant;

use service_framework_model::dynamic::Arena;
use service_framework_model::wire::Reader;
use service_framework_model::wire::state_message::Sync;

use super::{Copy, Held};
use crate::rules::Rules;
use crate::tree::of_whole;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Applied {
    Yes,
    /// It does not fit the model, or the copy: the copy is as it was.
    Refused,
    /// It was applied, and the digest says that something before it went wrong.
    Mismatch,
}

impl<R: Rules> Copy<R> {
    /// Applies the next update.
    pub(super) fn apply(&mut self, state: Reader<'_>, held: Held, digest: Option<u64>, arena: &Arena) -> Applied {
        let Self { validator, tree, changes, counts, .. } = self;
        let mut state = state;
        let entries = validator.read_update(&mut state, arena);
        let checked = entries.and_then(|entries| tree.check(entries, validator.length(), false).map(|()| entries));
        let Ok(entries) = checked else {
            counts.refused += 1;
            return Applied::Refused;
        };
        tree.apply(entries, |key| changes.add_key(key));
        changes.add_update(held.number);
        self.held = Some(held);
        match digest {
            Some(theirs) if !self.rules.digest_agrees(self.tree.digest(), theirs) => {
                self.counts.digest_mismatches += 1;
                Applied::Mismatch
            }
            _ => Applied::Yes,
        }
    }

    /// Becomes a whole value.
    pub(super) fn install(&mut self, state: Reader<'_>, held: Held, sync: Option<&Sync>, arena: &Arena) -> Applied {
        let Self { validator, tree, changes, counts, rules, .. } = self;
        let mut state = state;
        let entries = validator.read_whole(&mut state, arena);
        let checked = entries.and_then(|entries| tree.check(entries, validator.length(), true).map(|()| entries));
        let Ok(entries) = checked else {
            counts.refused += 1;
            return Applied::Refused;
        };
        if let Some(theirs) = sync.and_then(|sync| sync.digest)
            && !rules.digest_agrees(of_whole(entries), theirs)
        {
            counts.digest_mismatches += 1;
            return Applied::Refused;
        }
        tree.replace(entries, |key| changes.add_key(key));
        changes.add_update(held.number);
        self.held = Some(held);
        Applied::Yes
    }

    /// Something is missing: updates are buffered, and a snapshot is asked for. `anew` if an answer under way could
    /// not be trusted to have what is missing.
    pub(super) fn resync(&mut self, now: Instant, anew: bool) {
        if self.is_following {
            self.counts.resyncs += 1;
        }
        self.is_following = false;
        if anew {
            self.buffer.clear();
            self.ask.anew(&self.settings, now);
        } else {
            self.ask.by(now);
        }
    }
}
