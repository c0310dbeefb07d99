//! What happened to the messages of each connection: nothing is dropped without being counted here.
//!
//! Owns the counters. Shared between the thread of a service and whoever reads them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use service_framework_plugin::ConnectionStats;

/// How many reasons are told apart: an author's error codes may be many, a counter's memory is bounded.
const MAX_REASONS: usize = 64;
/// How much of a reason's word is kept, in bytes.
const LONGEST_REASON: usize = 64;
/// The reason under which all others are counted.
const OTHER: &str = "other";

/// The live counters of one connection.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    received: AtomicU64,
    sent: AtomicU64,
    waiting: AtomicU64,
    dropped: Mutex<BTreeMap<String, u64>>,
}

impl Counters {
    /// A message arrived.
    pub(crate) fn received(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
    }

    /// A message left.
    pub(crate) fn sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    /// A message was dropped or refused, for a reason that has a stable word.
    pub(crate) fn dropped(&self, reason: &str) {
        self.dropped_many(reason, 1);
    }

    /// So many messages wait for the service now.
    pub(crate) fn waiting(&self, count: usize) {
        self.waiting.store(count as u64, Ordering::Relaxed);
    }

    /// As [`Counters::dropped`], for several messages.
    pub(crate) fn dropped_many(&self, reason: &str, count: u64) {
        if count == 0 {
            return;
        }
        let mut dropped = self.dropped.lock().unwrap_or_else(PoisonError::into_inner);
        let reason = reason.get(..reason.floor_char_boundary(LONGEST_REASON)).unwrap_or(OTHER);
        let reason = if dropped.len() < MAX_REASONS || dropped.contains_key(reason) { reason } else { OTHER };
        if let Some(so_far) = dropped.get_mut(reason) {
            *so_far = so_far.saturating_add(count);
        } else {
            dropped.insert(reason.to_owned(), count);
        }
    }

    pub(crate) fn read(&self) -> ConnectionStats {
        ConnectionStats {
            received: self.received.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
            waiting: self.waiting.load(Ordering::Relaxed),
            dropped: self.dropped.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_reasons_is_bounded_and_no_drop_goes_uncounted() {
        let counters = Counters::default();
        for n in 0..1000 {
            counters.dropped(&format!("code_{n}"));
        }
        let dropped = counters.read().dropped;
        assert_eq!(dropped.len(), MAX_REASONS + 1);
        assert_eq!(dropped.values().sum::<u64>(), 1000);
    }
}
