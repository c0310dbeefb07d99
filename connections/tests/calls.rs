//! The calls of one external target onto workers that return early, late, or die.
//!
//! Time is virtual. The workers' side keeps books of its own, by which every step of the calls is judged.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use proptest::prelude::*;
use service_framework_connections::calls::{Calls, MOST_WAITING, Stray, Unanswered};

/// Calls under a virtual clock, with what has become of each worker and each call.
struct World {
    calls: Calls,
    start: Instant,
    now: Instant,
    /// What each worker does; `Err` once its thread has died.
    workers: Vec<Result<Option<u64>, Died>>,
    begun: BTreeMap<u64, Begun>,
    /// Those that no worker has taken, in the order in which they are to be taken.
    untaken: VecDeque<u64>,
    outcomes: Vec<(u64, Result<Bytes, Unanswered>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Died;

struct Begun {
    deadline: Instant,
    taken: bool,
    stopped: bool,
    ended: bool,
}

impl World {
    fn new(workers: usize) -> Self {
        let now = Instant::now();
        let (calls, workers) = (Calls::new(workers), vec![Ok(None); workers]);
        let (begun, untaken, outcomes) = (BTreeMap::new(), VecDeque::new(), Vec::new());
        Self { calls, start: now, now, workers, begun, untaken, outcomes }
    }

    fn begin(&mut self, timeout: u64) -> u64 {
        let ticket = self.begun.len() as u64;
        let deadline = self.now + Duration::from_millis(timeout);
        self.begun.insert(ticket, Begun { deadline, taken: false, stopped: false, ended: false });
        self.untaken.push_back(ticket);
        self.calls.begin(ticket, arguments_of(ticket), deadline);
        self.drive();
        ticket
    }

    /// Lets the clock stand at this many milliseconds after the start.
    fn at(&mut self, ms: u64) {
        self.now = self.start + Duration::from_millis(ms);
        self.calls.handle_timeout(self.now);
        self.drive();
        assert!(self.waiting().all(|begun| begun.deadline > self.now), "a call outlived its deadline");
    }

    fn done(&mut self, worker: usize) -> Result<(), Stray> {
        let made = self.workers[worker].as_mut().map_or(None, Option::take);
        let expected = match made {
            Some(ticket) if !self.begun[&ticket].ended => Ok(()),
            _ => Err(Stray::Late),
        };
        let result = self.calls.handle_done(worker, return_of(made.unwrap_or(u64::MAX)));
        assert_eq!(result, expected);
        self.drive();
        result
    }

    fn dies(&mut self, worker: usize) {
        self.workers[worker] = Err(Died);
        self.calls.handle_lost(worker);
        self.drive();
    }

    fn cancel(&mut self, ticket: u64) {
        self.calls.cancel(ticket);
        self.request(ticket).ended = true;
        self.untaken.retain(|of| *of != ticket);
        self.drive();
    }

    fn stop(&mut self, ticket: u64) {
        self.calls.handle_stop(ticket);
        self.request(ticket).stopped = true;
        self.drive();
    }

    fn request(&mut self, ticket: u64) -> &mut Begun {
        self.begun.get_mut(&ticket).expect("nobody began this call")
    }

    fn waiting(&self) -> impl Iterator<Item = &Begun> {
        self.begun.values().filter(|begun| !begun.ended)
    }

    fn outcomes(&mut self) -> Vec<(u64, Result<Bytes, Unanswered>)> {
        std::mem::take(&mut self.outcomes)
    }

    fn drive(&mut self) {
        while let Some((ticket, outcome)) = self.calls.poll_outcome() {
            self.ended(ticket, outcome);
        }
        while let Some((ticket, worker, arguments)) = self.calls.poll_start() {
            assert_eq!(self.workers[worker], Ok(None), "given to a worker that is not free");
            assert_eq!(Some(ticket), self.untaken.pop_front(), "not the one that has waited longest");
            assert_eq!(arguments, arguments_of(ticket));
            self.workers[worker] = Ok(Some(ticket));
            let begun = self.request(ticket);
            assert!(!begun.ended, "made after its end");
            begun.taken = true;
        }
        let free = self.workers.contains(&Ok(None));
        assert!(!free || self.untaken.is_empty(), "a call waits although a worker is free");
        assert_eq!(self.calls.poll_deadline(), self.waiting().map(|begun| begun.deadline).min());
        assert_eq!(self.calls.is_idle(), self.waiting().next().is_none());
    }

    /// Judges the end of a call.
    fn ended(&mut self, ticket: u64, outcome: Result<Bytes, Unanswered>) {
        let (now, all_died) = (self.now, self.workers.iter().all(Result::is_err));
        self.untaken.retain(|of| *of != ticket);
        let begun = self.request(ticket);
        assert!(!std::mem::replace(&mut begun.ended, true), "ended twice");
        match &outcome {
            Ok(returned) => assert_eq!(*returned, return_of(ticket), "what another call returned"),
            Err(Unanswered::TimedOut) => assert!(begun.taken && now >= begun.deadline),
            Err(Unanswered::Busy) => assert!(!begun.taken && now >= begun.deadline),
            Err(Unanswered::PeerLost) => assert!(begun.taken),
            Err(Unanswered::NoPeer) => assert!(!begun.taken && all_died),
            Err(Unanswered::Stopping) => assert!(begun.stopped && !begun.taken),
            Err(Unanswered::Abandoned) => assert!(begun.stopped && begun.taken),
            Err(Unanswered::QueueFull) => panic!("a worker has no queue"),
        }
        self.outcomes.push((ticket, outcome));
    }
}

fn arguments_of(ticket: u64) -> Bytes {
    Bytes::from(format!("call {ticket}"))
}

fn return_of(ticket: u64) -> Bytes {
    Bytes::from(format!("return {ticket}"))
}

#[test]
fn calls_are_made_in_order_by_whichever_worker_is_free() {
    let mut world = World::new(2);
    let calls = [world.begin(1_000), world.begin(1_000), world.begin(1_000)];
    assert_eq!(world.workers, [Ok(Some(calls[0])), Ok(Some(calls[1]))]);
    world.done(1).unwrap();
    assert_eq!(world.workers, [Ok(Some(calls[0])), Ok(Some(calls[2]))]);
    assert_eq!(world.outcomes(), [(calls[1], Ok(return_of(calls[1])))]);
}

#[test]
fn a_call_that_no_worker_took_in_time_was_never_made_and_says_so() {
    let mut world = World::new(1);
    let (made, waited) = (world.begin(5_000), world.begin(1_000));
    world.at(1_000);
    assert_eq!(world.outcomes(), [(waited, Err(Unanswered::Busy))]);
    world.done(0).unwrap();
    assert_eq!(world.outcomes(), [(made, Ok(return_of(made)))]);
    assert_eq!(world.workers, [Ok(None)]);
}

#[test]
fn a_worker_is_busy_until_it_returns_and_what_it_returns_too_late_reaches_nobody() {
    let mut world = World::new(1);
    let late = world.begin(1_000);
    world.at(1_000);
    assert_eq!(world.outcomes(), [(late, Err(Unanswered::TimedOut))]);
    let next = world.begin(1_000);
    assert_eq!(world.workers, [Ok(Some(late))]);
    assert_eq!(world.done(0), Err(Stray::Late));
    assert_eq!(world.workers, [Ok(Some(next))]);
    assert_eq!(world.outcomes(), []);
}

#[test]
fn a_call_whose_thread_dies_is_told_so_and_the_others_go_on() {
    let mut world = World::new(2);
    let (lost, other, waits) = (world.begin(1_000), world.begin(1_000), world.begin(1_000));
    world.dies(0);
    assert_eq!(world.outcomes(), [(lost, Err(Unanswered::PeerLost))]);
    world.done(1).unwrap();
    assert_eq!(world.outcomes(), [(other, Ok(return_of(other)))]);
    assert_eq!(world.workers, [Err(Died), Ok(Some(waits))]);
}

#[test]
fn without_a_living_worker_nothing_waits_for_one() {
    let mut world = World::new(1);
    let (lost, waits) = (world.begin(1_000), world.begin(1_000));
    world.dies(0);
    assert_eq!(world.outcomes(), [(lost, Err(Unanswered::PeerLost)), (waits, Err(Unanswered::NoPeer))]);
    let next = world.begin(1_000);
    assert_eq!(world.outcomes(), [(next, Err(Unanswered::NoPeer))]);
}

#[test]
fn stopping_ends_a_call_whether_or_not_it_is_being_made() {
    let mut world = World::new(1);
    let (made, waits, other) = (world.begin(1_000), world.begin(1_000), world.begin(1_000));
    world.stop(made);
    world.stop(waits);
    assert_eq!(world.outcomes(), [(made, Err(Unanswered::Abandoned)), (waits, Err(Unanswered::Stopping))]);
    assert_eq!(world.done(0), Err(Stray::Late));
    assert_eq!(world.workers, [Ok(Some(other))]);
}

#[test]
fn a_cancelled_call_has_no_outcome_even_if_it_returned_already() {
    let (mut calls, now) = (Calls::new(1), Instant::now());
    calls.begin(1, Bytes::new(), now);
    let (_, worker, _) = calls.poll_start().unwrap();
    calls.handle_done(worker, Bytes::new()).unwrap();
    calls.cancel(1);
    assert_eq!(calls.poll_outcome(), None);
    assert!(calls.is_idle());
}

#[test]
fn what_waits_is_bounded_and_one_more_is_told_at_once() {
    let (mut calls, now) = (Calls::new(1), Instant::now());
    calls.begin(0, Bytes::new(), now);
    assert!(calls.poll_start().is_some());
    for ticket in 1..=MOST_WAITING as u64 {
        calls.begin(ticket, Bytes::new(), now);
    }
    assert_eq!(calls.poll_outcome(), None);
    calls.begin(u64::MAX, Bytes::new(), now);
    assert_eq!(calls.poll_outcome(), Some((u64::MAX, Err(Unanswered::Busy))));
}

#[derive(Clone, Debug)]
enum Event {
    Begin { timeout: u64 },
    Done { worker: usize },
    Dies { worker: usize },
    Later { by: u64 },
    Cancel { which: usize },
    Stop { which: usize },
}

fn event(workers: usize) -> impl Strategy<Value = Event> {
    let worker = 0..workers;
    prop_oneof![
        20 => (1..100_u64).prop_map(|timeout| Event::Begin { timeout }),
        20 => worker.clone().prop_map(|worker| Event::Done { worker }),
        1 => worker.prop_map(|worker| Event::Dies { worker }),
        10 => (0..40_u64).prop_map(|by| Event::Later { by }),
        5 => any::<usize>().prop_map(|which| Event::Cancel { which }),
        5 => any::<usize>().prop_map(|which| Event::Stop { which }),
    ]
}

proptest! {
    #[test]
    fn every_call_ends_once_and_is_made_once_at_most(
        (workers, events) in (1..5_usize).prop_flat_map(|n| (Just(n), prop::collection::vec(event(n), 1..150))),
    ) {
        let mut world = World::new(workers);
        let mut ms = 0;
        for event in events {
            let pick = |which: usize, world: &World| which.checked_rem(world.begun.len()).map(|ticket| ticket as u64);
            match event {
                Event::Begin { timeout } => drop(world.begin(timeout)),
                Event::Done { worker } => drop(world.done(worker)),
                Event::Dies { worker } => world.dies(worker),
                Event::Later { by } => {
                    ms += by;
                    world.at(ms);
                }
                Event::Cancel { which } => if let Some(ticket) = pick(which, &world) { world.cancel(ticket) },
                Event::Stop { which } => if let Some(ticket) = pick(which, &world) { world.stop(ticket) },
            }
        }
        world.at(ms + 1_000);
        prop_assert!(world.calls.is_idle());
        prop_assert!(world.begun.values().all(|begun| begun.ended));
    }
}
