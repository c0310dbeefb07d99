//! When a copy asks for a snapshot.
//!
//! Owns that there is one request at a time, its deadline, and the waits after failed ones: twice as long each time, and
//! a part of it by chance, so that copies that lost their owner together do not come back together.

use std::time::{Duration, Instant};

use crate::settings::CopySettings;

#[derive(Clone, Copy, Debug)]
pub(super) enum Waiting {
    /// Nothing is to be asked.
    No,
    /// A request is due then.
    Until(Instant),
    /// A request is on its way.
    Answer {
        ticket: u64,
        /// What it is answered with was so no earlier.
        asked: Instant,
        deadline: Instant,
        /// Whether a life of the owner was known when it was asked for.
        knew_life: bool,
    },
}

#[derive(Debug)]
pub(super) struct Ask {
    pub(super) waiting: Waiting,
    ticket: u64,
    /// How many requests in a row have failed.
    pub(super) failures: u32,
    chance: u64,
}

impl Ask {
    pub(super) const fn new(seed: u64) -> Self {
        Self { waiting: Waiting::No, ticket: 0, failures: 0, chance: seed }
    }

    /// Asks at this time at the latest; a request that is on its way counts.
    pub(super) fn by(&mut self, at: Instant) {
        match self.waiting {
            Waiting::No => self.waiting = Waiting::Until(at),
            Waiting::Until(due) if self.failures == 0 => self.waiting = Waiting::Until(due.min(at)),
            Waiting::Until(_) | Waiting::Answer { .. } => {}
        }
    }

    /// Asks again: what is on its way is of no use. At once for the first time, later as after a failed request, so that
    /// whatever is heard cannot make it ask without an end.
    pub(super) fn anew(&mut self, settings: &CopySettings, now: Instant) {
        match self.waiting {
            Waiting::Answer { .. } if self.failures == 0 => {
                self.failures = 1;
                self.waiting = Waiting::Until(now);
            }
            Waiting::Answer { .. } => self.failed(settings, now),
            Waiting::No | Waiting::Until(_) => self.by(now),
        }
    }

    /// Nothing is to be asked any more.
    pub(super) fn done(&mut self) {
        self.waiting = Waiting::No;
        self.failures = 0;
    }

    /// The request that is due, if one is.
    pub(super) fn poll(&mut self, knew_life: bool, settings: &CopySettings, now: Instant) -> Option<u64> {
        let Waiting::Until(due) = self.waiting else { return None };
        let deadline = now.checked_add(settings.request_timeout).filter(|_| due <= now)?;
        self.ticket += 1;
        self.waiting = Waiting::Answer { ticket: self.ticket, asked: now, deadline, knew_life };
        Some(self.ticket)
    }

    /// The request on its way, or its answer, was of no use: the next one waits.
    pub(super) fn failed(&mut self, settings: &CopySettings, now: Instant) {
        let doubled = settings.retry_first.saturating_mul(1 << self.failures.min(20));
        let wait = doubled.min(settings.retry_most);
        self.failures = self.failures.saturating_add(1);
        self.waiting = Waiting::Until(now.checked_add(self.jittered(wait)).unwrap_or(now));
    }

    /// From half of it to all of it.
    fn jittered(&mut self, wait: Duration) -> Duration {
        // SplitMix64: the waits need to differ, not to be unpredictable.
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.chance;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let part = (z >> 54) as u32;
        wait / 2 + (wait / 2 / 1024).saturating_mul(part)
    }

    pub(super) const fn next_timeout(&self) -> Option<Instant> {
        match self.waiting {
            Waiting::No => None,
            Waiting::Until(at) => Some(at),
            Waiting::Answer { deadline, .. } => Some(deadline),
        }
    }
}
