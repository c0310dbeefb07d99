//! The calls of one external target: which worker takes which call, and when a call has failed.
//!
//! A state machine without threads or clock. Owns the order of the calls, their deadlines, and which worker is free: a
//! worker is a thread that makes one call at a time, with arguments that stay its own until it returns. Never ends a
//! call that a worker has begun: whoever waited is told, the worker goes on.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

pub use crate::unanswered::{Stray, Unanswered};

/// The most calls of one external target that may wait for a worker. One that is begun beyond ends at once with
/// [`Unanswered::Busy`].
pub const MOST_WAITING: usize = 1_000;

/// The calls of one external target onto its workers.
///
/// Each call has a ticket, a number of the caller's that is its own until it has ended. It ends once: with an outcome,
/// or by [`Calls::cancel`]. A call that no worker took by its deadline ends with [`Unanswered::Busy`]: it was never
/// made. One that a worker took and did not return in time ends with [`Unanswered::TimedOut`], and the worker is busy
/// until it returns all the same. Calls are taken in the order in which they began.
///
/// Order of calls: after [`Calls::begin`] and every `handle_*` ask [`Calls::poll_start`] and [`Calls::poll_outcome`]
/// until both have nothing more; [`Calls::poll_deadline`] says when to call [`Calls::handle_timeout`]. What has expired
/// is only seen there: call it before [`Calls::poll_start`] where time may have passed.
#[derive(Debug)]
pub struct Calls {
    waiting: VecDeque<Waiting>,
    workers: Box<[Worker]>,
    outcomes: VecDeque<(u64, Result<Bytes, Unanswered>)>,
}

#[derive(Debug)]
struct Waiting {
    ticket: u64,
    body: Bytes,
    deadline: Instant,
}

#[derive(Clone, Copy, Debug)]
enum Worker {
    Free,
    Calling {
        ticket: u64,
        deadline: Instant,
    },
    /// Makes a call that nobody waits for any more.
    Abandoned,
    Lost,
}

impl Calls {
    /// A target with this number of workers, all of them free.
    #[must_use]
    pub fn new(most_in_flight: usize) -> Self {
        let workers = vec![Worker::Free; most_in_flight].into_boxed_slice();
        Self { waiting: VecDeque::new(), workers, outcomes: VecDeque::new() }
    }

    /// Begins a call that is over at `deadline`. Without a worker that lives it ends at once.
    pub fn begin(&mut self, ticket: u64, body: Bytes, deadline: Instant) {
        if self.waiting.len() >= MOST_WAITING {
            self.end(ticket, Err(Unanswered::Busy));
        } else {
            self.waiting.push_back(Waiting { ticket, body, deadline });
            self.turn_away_without_workers();
        }
    }

    /// A worker returned, with a return or a failure as an envelope, and is free again.
    ///
    /// # Errors
    /// [`Stray`] if nobody waits for it any more.
    pub fn handle_done(&mut self, worker: usize, returned: Bytes) -> Result<(), Stray> {
        let worker = self.workers.get_mut(worker).ok_or(Stray::Late)?;
        let Worker::Calling { ticket, .. } = *worker else {
            if matches!(worker, Worker::Abandoned) {
                *worker = Worker::Free;
            }
            return Err(Stray::Late);
        };
        *worker = Worker::Free;
        self.end(ticket, Ok(returned));
        Ok(())
    }

    /// A worker's thread died: its call ends, and it is given no other one.
    pub fn handle_lost(&mut self, worker: usize) {
        let Some(worker) = self.workers.get_mut(worker) else { return };
        if let Worker::Calling { ticket, .. } = std::mem::replace(worker, Worker::Lost) {
            self.end(ticket, Err(Unanswered::PeerLost));
        }
        self.turn_away_without_workers();
    }

    /// Time has come to `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.give_up(
            |_, deadline| now >= deadline,
            |has_begun| Some(if has_begun { Unanswered::TimedOut } else { Unanswered::Busy }),
        );
    }

    /// The service is stopping: this call ends now, if it has not ended before.
    pub fn handle_stop(&mut self, ticket: u64) {
        let outcome = |has_begun| if has_begun { Unanswered::Abandoned } else { Unanswered::Stopping };
        self.give_up(|of, _| of == ticket, |has_begun| Some(outcome(has_begun)));
    }

    /// Nobody waits for this call any more: it ends without an outcome.
    pub fn cancel(&mut self, ticket: u64) {
        self.give_up(|of, _| of == ticket, |_| None);
        self.outcomes.retain(|(of, _)| *of != ticket);
    }

    /// The next call that a worker is free for, if any: its ticket, the worker, and its arguments.
    pub fn poll_start(&mut self) -> Option<(u64, usize, Bytes)> {
        let mut workers = self.workers.iter_mut().enumerate();
        let (place, worker) = workers.find(|(_, worker)| matches!(worker, Worker::Free))?;
        let Waiting { ticket, body, deadline } = self.waiting.pop_front()?;
        *worker = Worker::Calling { ticket, deadline };
        Some((ticket, place, body))
    }

    /// The ticket of a call that has ended, and how: once for each.
    pub fn poll_outcome(&mut self) -> Option<(u64, Result<Bytes, Unanswered>)> {
        self.outcomes.pop_front()
    }

    /// When [`Calls::handle_timeout`] next has something to do.
    #[must_use]
    pub fn poll_deadline(&self) -> Option<Instant> {
        let called = self.workers.iter().filter_map(|worker| match worker {
            Worker::Calling { deadline, .. } => Some(*deadline),
            Worker::Free | Worker::Abandoned | Worker::Lost => None,
        });
        called.chain(self.waiting.iter().map(|call| call.deadline)).min()
    }

    /// Whether nobody waits for a call and no outcome waits to be asked for. A worker may still be making a call that
    /// was given up.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let is_calling = |worker: &Worker| matches!(worker, Worker::Calling { .. });
        self.waiting.is_empty() && self.outcomes.is_empty() && !self.workers.iter().any(is_calling)
    }

    /// Ends the calls that `ends` picks by ticket and deadline. `outcome` says how, given whether a worker has begun.
    fn give_up(&mut self, ends: impl Fn(u64, Instant) -> bool, outcome: impl Fn(bool) -> Option<Unanswered>) {
        let Self { waiting, workers, outcomes } = self;
        let mut end =
            |ticket, has_begun| outcomes.extend(outcome(has_begun).map(|unanswered| (ticket, Err(unanswered))));
        for worker in workers {
            if let Worker::Calling { ticket, deadline } = *worker
                && ends(ticket, deadline)
            {
                *worker = Worker::Abandoned;
                end(ticket, true);
            }
        }
        waiting.retain(|call| {
            let ends = ends(call.ticket, call.deadline);
            if ends {
                end(call.ticket, false);
            }
            !ends
        });
    }

    /// What waits for a worker, when none lives, waits for nothing.
    fn turn_away_without_workers(&mut self) {
        if self.workers.iter().all(|worker| matches!(worker, Worker::Lost)) {
            let Self { waiting, outcomes, .. } = self;
            outcomes.extend(waiting.drain(..).map(|call| (call.ticket, Err(Unanswered::NoPeer))));
        }
    }

    fn end(&mut self, ticket: u64, outcome: Result<Bytes, Unanswered>) {
        self.outcomes.push_back((ticket, outcome));
    }
}
