//! Timers run between messages, keep running while nothing arrives, and end nothing when they fail.

use std::time::{Duration, Instant};

use service_framework::json;

use crate::support::until;
use crate::worker::{NOBODY, tell, teller, worker};
use crate::{each_placement, started};

fn ticks(peer: &mut crate::support::peer::Peer) -> u64 {
    tell(peer, "ticks").parse().unwrap()
}

#[test]
fn a_timer_runs_again_and_again_until_it_is_let_be() {
    each_placement(|placement| {
        let service = started(worker(placement, 0, &json!(NOBODY)));
        let mut peer = teller(&service);
        let began = Instant::now();
        tell(&mut peer, "tick 5");
        until("ten ticks", || (ticks(&mut peer) >= 10).then_some(()));
        assert!(began.elapsed() >= Duration::from_millis(50), "it runs no faster than its period");
        tell(&mut peer, "untick");
        let then = ticks(&mut peer);
        tell(&mut peer, "linger 30");
        assert_eq!(ticks(&mut peer), then);
    });
}

#[test]
fn a_timer_that_runs_once_runs_without_any_message() {
    each_placement(|placement| {
        let service = started(worker(placement, 0, &json!(NOBODY)));
        let mut peer = teller(&service);
        tell(&mut peer, "once 20");
        assert_eq!(ticks(&mut peer), 0);
        until("the timer", || (ticks(&mut peer) == 1).then_some(()));
        tell(&mut peer, "linger 40");
        assert_eq!(ticks(&mut peer), 1);
    });
}

#[test]
fn what_a_busy_service_missed_is_not_made_up_for() {
    each_placement(|placement| {
        let service = started(worker(placement, 0, &json!(NOBODY)));
        let mut peer = teller(&service);
        tell(&mut peer, "tick 10");
        tell(&mut peer, "linger 200");
        let after = ticks(&mut peer);
        assert!(after <= 3, "twenty periods went by in one function, and {after} ticks came of it");
    });
}

#[test]
fn a_timer_that_fails_ends_nothing() {
    each_placement(|placement| {
        let service = started(worker(placement, 0, &json!(NOBODY)));
        let mut peer = teller(&service);
        tell(&mut peer, "tick 2");
        tell(&mut peer, "bad-tick");
        let before = ticks(&mut peer);
        until("the other timer to go on", || (ticks(&mut peer) > before + 5).then_some(()));
    });
}
