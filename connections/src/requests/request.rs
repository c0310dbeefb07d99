//! One request: its attempts, and which address is next.
//!
//! Owns the rules for going on after a failure. An attempt that certainly never left may be followed by another one;
//! one that a peer may have acted on only as long as retries are left. Never sees the other requests.
//!
//! Addresses are tried in rounds: each attempt goes to the first address, in order, that has a ready peer and has not
//! failed in this round, the silent ones last. When every address with a ready peer has, the next round begins, but only if an attempt of
//! this one left: peers that all refuse to read end the request instead.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;

use super::{Address, Manner, Unanswered, framing};
use crate::Frames;

/// A request that is waited for.
#[derive(Debug)]
pub(super) struct Request {
    ticket: u64,
    /// Kept while it may be sent once more, otherwise moved into the frames.
    body: Bytes,
    deadline: Instant,
    retries: u32,
    phase: Phase,
    /// The attempts that left and may still be answered. Of a [`Phase::Sent`], the last one is the present one.
    open: SmallVec<[Attempt; 1]>,
    /// The addresses that failed in this round.
    failed: SmallVec<[usize; 2]>,
    /// Whether one of them failed after the request had left.
    left: bool,
    /// How the last attempt that left has failed.
    last_failure: Option<Unanswered>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// No address is ready.
    Waiting,
    /// To be sent to this address.
    Leaving { address: usize, ends: Instant },
    /// Sent to this address, which has until `ends`.
    Sent { address: usize, ends: Instant },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Attempt {
    address: usize,
    correlation: u64,
}

/// What ended a request, if something did.
pub(super) type End = Option<Unanswered>;

impl Request {
    pub(super) fn new(ticket: u64, body: Bytes, deadline: Instant, retries: u32) -> Self {
        let (phase, open, failed) = (Phase::Waiting, SmallVec::new(), SmallVec::new());
        Self { ticket, body, deadline, retries, phase, open, failed, left: false, last_failure: None }
    }

    pub(super) const fn ticket(&self) -> u64 {
        self.ticket
    }

    /// When [`Request::handle_timeout`] has something to do.
    pub(super) const fn next_deadline(&self) -> Instant {
        match self.phase {
            Phase::Sent { ends, .. } => ends,
            Phase::Waiting | Phase::Leaving { .. } => self.deadline,
        }
    }

    /// The address whose time for the present attempt is up.
    pub(super) fn overdue_at(&self, now: Instant) -> Option<usize> {
        match self.phase {
            Phase::Sent { address, ends } if now >= ends => Some(address),
            _ => None,
        }
    }

    /// Whether this is the reply to one of its attempts.
    pub(super) fn is_answered_by(&self, address: usize, correlation: u64) -> bool {
        self.open.contains(&Attempt { address, correlation })
    }

    /// Whether this is the attempt that left last.
    pub(super) fn is_at(&self, address: usize, correlation: u64) -> bool {
        matches!(self.phase, Phase::Sent { .. }) && self.open.last() == Some(&Attempt { address, correlation })
    }

    /// Chooses the next address, if it has none.
    pub(super) fn choose(&mut self, addresses: &[Address], now: Instant) -> End {
        let is_ready = |address: usize| addresses.get(address).is_some_and(|known| known.ready > 0);
        match self.phase {
            Phase::Sent { .. } => return None,
            Phase::Leaving { address, .. } if is_ready(address) => return None,
            Phase::Leaving { .. } | Phase::Waiting => self.phase = Phase::Waiting,
        }
        if now >= self.deadline {
            return Some(self.failure_without_answer());
        }
        let untried = |failed: &[usize]| {
            let all = addresses.iter().enumerate();
            let open = all.filter(|(at, known)| known.ready > 0 && !failed.contains(at));
            // The first of those that are alike.
            open.min_by_key(|(_, known)| known.manner == Manner::Silent).map(|(at, _)| at)
        };
        let mut next = untried(&self.failed);
        if next.is_none() && !self.failed.is_empty() {
            if !std::mem::take(&mut self.left) {
                return Some(self.last_failure.unwrap_or(Unanswered::QueueFull));
            }
            self.failed.clear();
            next = untried(&self.failed);
        }
        if let Some(address) = next {
            self.phase = Phase::Leaving { address, ends: self.attempt_ends(now) };
        }
        None
    }

    /// An attempt leaves, if one is to.
    pub(super) fn leave(&mut self, correlation: u64, room: &mut BytesMut) -> Option<(usize, Frames)> {
        let Phase::Leaving { address, ends } = self.phase else { return None };
        let body = if self.retries > 0 { self.body.clone() } else { std::mem::take(&mut self.body) };
        self.phase = Phase::Sent { address, ends };
        self.open.push(Attempt { address, correlation });
        Some((address, framing::request(correlation, body, room)))
    }

    /// The present attempt did not leave after all: there is no peer.
    pub(super) fn handle_unsent(&mut self, body: &Bytes) {
        self.phase = Phase::Waiting;
        self.open.pop();
        self.body = body.clone();
    }

    /// The present attempt did not leave after all: the peer does not read.
    pub(super) fn handle_refused(&mut self, address: usize, body: &Bytes) {
        self.handle_unsent(body);
        self.failed.push(address);
    }

    /// A peer of this address went away: what it was sent will not be answered.
    pub(super) fn handle_lost(&mut self, lost: usize) -> End {
        self.open.retain(|attempt| attempt.address != lost);
        match self.phase {
            Phase::Sent { address, .. } if address == lost => self.fail(address, Unanswered::PeerLost),
            _ => None,
        }
    }

    /// Time has come to `now`. A reply to an attempt whose time is up is still welcome while the request is waited for.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> End {
        match self.phase {
            _ if now >= self.deadline => Some(self.failure_without_answer()),
            Phase::Sent { address, ends } if now >= ends => self.fail(address, Unanswered::TimedOut),
            _ => None,
        }
    }

    /// How it ends when the service stops.
    pub(super) fn stopped(&self) -> Unanswered {
        let has_left = matches!(self.phase, Phase::Sent { .. }) || self.last_failure.is_some();
        if has_left { Unanswered::Abandoned } else { Unanswered::Stopping }
    }

    /// The present attempt, which left, has failed.
    fn fail(&mut self, address: usize, why: Unanswered) -> End {
        let Some(retries) = self.retries.checked_sub(1) else { return Some(why) };
        self.retries = retries;
        self.phase = Phase::Waiting;
        self.failed.push(address);
        self.left = true;
        self.last_failure = Some(why);
        None
    }

    /// Why there is no answer at the deadline.
    fn failure_without_answer(&self) -> Unanswered {
        match self.phase {
            Phase::Sent { .. } => Unanswered::TimedOut,
            Phase::Waiting | Phase::Leaving { .. } => self.last_failure.unwrap_or(Unanswered::NoPeer),
        }
    }

    /// An attempt may take its share of the time that is left, so that those after it can still be made.
    fn attempt_ends(&self, now: Instant) -> Instant {
        if self.retries == 0 {
            return self.deadline;
        }
        now + self.deadline.saturating_duration_since(now) / self.retries.saturating_add(1)
    }
}
