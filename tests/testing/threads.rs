//! What threads of the service's author send.

use std::time::Duration;

use service_framework::Error;

use super::support::PATIENCE;
use super::{each_clerk, task, texts};

#[test]
fn the_sends_of_a_thread_are_answered_when_the_test_takes_them() {
    each_clerk(|clerk| {
        let mut clerk = clerk.answer("ledger", |_| task("noted")).start().unwrap();
        clerk.deliver("task", task("report from a thread")).unwrap();
        let taken = clerk.take_posts(3, PATIENCE).unwrap();
        let sent = clerk.sent();
        assert!(taken >= 3 && sent.len() >= taken);
        assert_eq!(texts(&sent[..2]), [("ledger", "of a thread: 1"), ("ledger", "of a thread: 2")]);
        assert_eq!(clerk.elapsed(), Duration::ZERO, "it took none of the service's time");
    });
}

#[test]
fn a_thread_that_is_refused_learns_why_and_too_few_sends_are_told() {
    each_clerk(|clerk| {
        let mut clerk = clerk.answer("ledger", |_| Error::new("the ledger is full")).start().unwrap();
        clerk.deliver("task", task("report from a thread")).unwrap();
        clerk.take_posts(1, PATIENCE).unwrap();
        let error = clerk.take_posts(1, Duration::from_millis(20)).unwrap_err().to_string();
        assert_eq!(error, "waited 20ms for 1 sends of the service's threads, and saw 0");
    });
}

#[test]
fn a_service_that_is_dropped_lets_its_threads_go() {
    each_clerk(|clerk| {
        let mut clerk = clerk.answer("ledger", |_| task("noted")).start().unwrap();
        clerk.deliver("task", task("report from a thread")).unwrap();
        // The clerk waits for its thread when it is dropped.
        drop(clerk);
    });
}

#[test]
fn a_target_sends_while_the_service_waits_for_it() {
    each_clerk(|clerk| {
        let mut clerk = clerk.answer("ledger", |_| task("noted")).start().unwrap();
        assert_eq!(clerk.deliver("task", task("a receipt")).unwrap(), task("noted"));
        assert_eq!(texts(&clerk.sent()), [("store", "a receipt"), ("ledger", "of the store")]);
        assert_eq!(clerk.take_posts(1, Duration::ZERO).unwrap(), 1, "what was answered before is counted");
    });
}
