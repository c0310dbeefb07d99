//! The protocol with one rule broken at a time. Each must break a promise in some world: else nothing would guard it.

use std::collections::VecDeque;
use std::time::Duration;

use service_framework_states::rules::Rules;

use crate::first_broken;

macro_rules! mutants {
    ($($(#[$doc:meta])* $name:ident breaks $promises:expr => { $($rule:item)* })*) => {$(
        #[test]
        fn $name() {
            #[derive(Clone, Copy)]
            struct Mutant;
            impl Rules for Mutant {
                $($rule)*
            }
            let Some((seed, broken)) = first_broken(Mutant) else { panic!("no world has shown it") };
            let promises: &[&str] = &$promises;
            assert!(promises.contains(&broken.promise), "seed {seed}: {broken:?}");
        }
    )*};
}

mutants! {
    a_gap_that_is_not_noticed breaks ["I1"] => {
        fn is_next(&self, held: u64, number: u64) -> bool { number > held }
    }
    an_old_update_that_is_applied_again breaks ["I1", "I2"] => {
        fn is_next(&self, held: u64, number: u64) -> bool { number <= held + 1 }
        fn is_old(&self, _: u64, _: u64) -> bool { false }
    }
    a_life_that_is_over_and_is_followed_again breaks ["I1", "I2", "L1"] => {
        fn is_left(&self, _: &VecDeque<u64>, _: u64) -> bool { false }
    }
    lives_that_are_taken_for_one breaks ["I1", "I2", "L1"] => {
        fn is_other_life(&self, _: Option<u64>, _: Option<u64>) -> bool { false }
    }
    a_buffer_of_two_lives breaks ["I1", "L1"] => {
        fn new_life_clears_buffer(&self) -> bool { false }
    }
    an_answer_that_decides_too_much breaks ["I2", "L1"] => {
        fn answer_decides(&self, _: bool) -> bool { true }
    }
    a_snapshot_that_does_not_meet_the_buffer breaks ["I1"] => {
        fn meets_buffer(&self, _: u64, _: u64) -> bool { true }
    }
    a_late_answer_that_is_taken_for_the_awaited_one breaks ["I1", "I2", "I4", "L1"] => {
        fn is_awaited(&self, _: u64, _: u64) -> bool { true }
        fn may_replace(&self, _: u64, _: u64) -> bool { true }
    }
    a_snapshot_over_which_old_updates_are_replayed breaks ["I1", "I2"] => {
        fn covers(&self, _: u64, _: u64) -> bool { false }
    }
    a_number_that_jumps_back_and_is_ignored breaks ["L1"] => {
        fn began_anew(&self, _: u64, _: u64) -> bool { false }
    }
    silence_that_is_never_noticed breaks ["I4"] => {
        fn is_silent(&self, _: Duration, _: Duration) -> bool { false }
    }
    silence_that_is_noticed_late breaks ["I4"] => {
        fn is_silent(&self, silence: Duration, stale_after: Duration) -> bool { silence >= stale_after * 4 }
    }
    a_buffer_without_a_bound breaks ["I5"] => {
        fn fits_buffer(&self, _: usize, _: usize, _: usize, _: usize) -> bool { true }
    }
    heartbeats_without_a_number_of_their_own breaks ["I1", "I4", "L1"] => {
        fn heartbeat_number(&self, head: u64) -> u64 { head }
    }
    updates_without_a_number_of_their_own breaks ["I1", "I4", "L1"] => {
        fn next_number(&self, head: u64) -> u64 { head }
    }
    numbers_that_leave_one_out breaks ["I1"] => {
        fn next_number(&self, head: u64) -> u64 { head + 2 }
    }
    snapshots_with_an_older_number breaks ["I1"] => {
        fn snapshot_number(&self, head: u64) -> u64 { head - 1 }
    }
    snapshots_with_a_later_number breaks ["I1"] => {
        fn snapshot_number(&self, head: u64) -> u64 { head + 1 }
    }
    snapshots_of_an_older_value breaks ["I1", "L1"] => {
        fn encoding_outlives_change(&self) -> bool { true }
    }
    snapshots_of_an_older_value_that_nobody_checks breaks ["I1"] => {
        fn encoding_outlives_change(&self) -> bool { true }
        fn digest_agrees(&self, _: u64, _: u64) -> bool { true }
    }
    snapshots_that_are_encoded_for_each_that_asks breaks ["L2"] => {
        fn keeps_encoding(&self) -> bool { false }
    }
}
