//! The last updates of an owner, for copies that lack only those.
//!
//! Owns the bound in bytes. Small updates share their memory (see `Room`), so that the oldest and the newest ones may keep
//! a little more of it alive than is counted here.

use std::collections::VecDeque;

use bytes::Bytes;

/// What an update costs besides its bytes.
const OVERHEAD: usize = 48;

/// The last updates, numbered without a gap.
#[derive(Debug, Default)]
pub(super) struct Ring {
    updates: VecDeque<(u64, Bytes)>,
    bytes: usize,
    most: usize,
}

impl Ring {
    pub(super) fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    /// Keeps an update; the oldest ones make room for it.
    pub(super) fn push(&mut self, number: u64, changes: Bytes) {
        self.bytes += changes.len() + OVERHEAD;
        self.updates.push_back((number, changes));
        while self.bytes > self.most
            && let Some((_, oldest)) = self.updates.pop_front()
        {
            self.bytes -= oldest.len() + OVERHEAD;
        }
    }

    /// The number of the oldest update that is kept; one after `head` if none is.
    pub(super) fn first(&self, head: u64) -> u64 {
        self.updates.front().map_or(head.saturating_add(1), |(number, _)| *number)
    }

    pub(super) fn after(&self, number: u64) -> impl Iterator<Item = (u64, &[u8])> {
        let wanted = self.updates.iter().skip_while(move |(of, _)| *of <= number);
        wanted.map(|(number, changes)| (*number, &**changes))
    }

    #[cfg(test)]
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}
