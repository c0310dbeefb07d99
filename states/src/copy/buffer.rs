//! Updates that wait for a snapshot.
//!
//! Owns the bounds and the rule that what is kept is without a gap: a snapshot that reaches what is before the first one
//! makes all of them usable.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::rules::Rules;
use crate::settings::CopySettings;

/// What an update costs besides its bytes.
const OVERHEAD: usize = 48;

#[derive(Debug, Default)]
pub(super) struct Buffer {
    updates: VecDeque<(u64, Bytes)>,
    bytes: usize,
    /// The number that a snapshot must reach where nothing is kept; that of an update that did not fit.
    floor: u64,
}

/// What became of an update that was to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    Kept,
    /// It is there already.
    Old,
    /// Updates before it are missing; those that were kept before are gone.
    Gap {
        missed: u64,
    },
    /// It, or what was kept before, did not fit.
    Overflow,
}

impl Buffer {
    pub(super) fn push(&mut self, number: u64, frame: Bytes, rules: &impl Rules, settings: &CopySettings) -> Pushed {
        let mut pushed = Pushed::Kept;
        if let Some((last, _)) = self.updates.back() {
            if rules.is_old(*last, number) {
                return Pushed::Old;
            }
            if !rules.is_next(*last, number) {
                pushed = Pushed::Gap { missed: number.saturating_sub(last.saturating_add(1)) };
                self.clear();
            }
        }
        self.bytes += frame.len() + OVERHEAD;
        self.updates.push_back((number, frame));
        while !rules.fits_buffer(self.updates.len(), self.bytes, settings.buffer_messages, settings.buffer_bytes)
            && let Some((gone, frame)) = self.updates.pop_front()
        {
            self.bytes -= frame.len() + OVERHEAD;
            self.floor = gone;
            pushed = Pushed::Overflow;
        }
        pushed
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The number that a snapshot must reach.
    pub(super) fn needed(&self) -> u64 {
        self.updates.front().map_or(self.floor, |(first, _)| first.saturating_sub(1))
    }

    /// Takes the updates that a snapshot has already out.
    pub(super) fn drop_covered(&mut self, snapshot: u64, rules: &impl Rules) {
        while let Some((first, frame)) = self.updates.front()
            && rules.covers(snapshot, *first)
        {
            self.bytes -= frame.len() + OVERHEAD;
            self.updates.pop_front();
        }
    }

    pub(super) fn pop(&mut self) -> Option<(u64, Bytes)> {
        let (number, frame) = self.updates.pop_front()?;
        self.bytes -= frame.len() + OVERHEAD;
        self.floor = number;
        Some((number, frame))
    }

    pub(super) fn last(&self) -> Option<u64> {
        self.updates.back().map(|(number, _)| *number)
    }

    pub(super) fn len(&self) -> usize {
        self.updates.len()
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}
