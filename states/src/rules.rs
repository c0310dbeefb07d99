//! The rules of the protocol, each a decision of its own.
//!
//! Owns what the machines of owner and copy ask before they act: what is next, what is too old, whose word counts. The
//! machines never compare numbers or epochs by themselves. [`Protocol`] is what runs; the simulation's tests break one
//! rule at a time and show that it is missed.

use std::collections::VecDeque;
use std::time::Duration;

/// The decisions of the protocol, with what is right as their default.
pub trait Rules {
    /// The number of the owner's next update.
    fn next_number(&self, head: u64) -> u64 {
        head.saturating_add(1)
    }

    /// The number of the owner's next heartbeat: one of its own, so that a lost last update shows.
    fn heartbeat_number(&self, head: u64) -> u64 {
        head.saturating_add(1)
    }

    /// The number of a snapshot that is given out.
    fn snapshot_number(&self, head: u64) -> u64 {
        head
    }

    /// Whether an encoded value is kept for whoever asks next.
    fn keeps_encoding(&self) -> bool {
        true
    }

    /// Whether an encoded value still is the owner's, now that it has changed.
    fn encoding_outlives_change(&self) -> bool {
        false
    }

    /// Whether the updates after `have` are all among those that are kept from `first` to `head`.
    fn ring_serves(&self, first: u64, head: u64, have: u64) -> bool {
        first <= have.saturating_add(1) && have <= head
    }

    /// Whether what a requester has is of this life of the owner.
    fn is_of_this_life(&self, epoch: u64, theirs: u64) -> bool {
        epoch == theirs
    }

    /// Whether an update is one that the copy has already.
    fn is_old(&self, held: u64, number: u64) -> bool {
        number <= held
    }

    /// Whether an update is the one after what the copy has.
    fn is_next(&self, held: u64, number: u64) -> bool {
        held.checked_add(1) == Some(number)
    }

    /// Whether the number of an owner without epochs tells that it began anew.
    fn began_anew(&self, held: u64, number: u64) -> bool {
        number <= held
    }

    /// Whether this is another life of the owner than the one that is followed.
    fn is_other_life(&self, followed: Option<u64>, epoch: Option<u64>) -> bool {
        followed != epoch
    }

    /// Whether a life was left for a later one.
    fn is_left(&self, left: &VecDeque<u64>, epoch: u64) -> bool {
        left.contains(&epoch)
    }

    /// Whether what was buffered is of no use for another life.
    fn new_life_clears_buffer(&self) -> bool {
        true
    }

    /// Whether an answer of another life than the one that is followed tells a later one: only if a life was known
    /// when it was asked for.
    fn answer_decides(&self, knew_life: bool) -> bool {
        knew_life
    }

    /// Whether an answer is the one that is waited for.
    fn is_awaited(&self, asked: u64, answered: u64) -> bool {
        asked == answered
    }

    /// Whether a snapshot reaches the update before the first one buffered.
    fn meets_buffer(&self, snapshot: u64, needed: u64) -> bool {
        snapshot >= needed
    }

    /// Whether a snapshot may take the place of what the copy has of the same life.
    fn may_replace(&self, held: u64, snapshot: u64) -> bool {
        snapshot >= held
    }

    /// Whether a snapshot has a buffered update already.
    fn covers(&self, snapshot: u64, buffered: u64) -> bool {
        buffered <= snapshot
    }

    /// Whether a digest of the owner is that of the copy.
    fn digest_agrees(&self, ours: u64, theirs: u64) -> bool {
        ours == theirs
    }

    /// Whether an owner that is silent for so long may be gone.
    fn is_silent(&self, silence: Duration, stale_after: Duration) -> bool {
        silence >= stale_after
    }

    /// Whether an update is kept beside what is buffered already.
    fn fits_buffer(&self, count: usize, bytes: usize, most_count: usize, most_bytes: usize) -> bool {
        count <= most_count && bytes <= most_bytes
    }
}

/// The protocol as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Protocol;

impl Rules for Protocol {}
