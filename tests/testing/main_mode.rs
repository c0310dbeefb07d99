//! A service that drives.

use std::time::Duration;

use fixtures::Driver;
use service_framework::testing::TestService;
use service_framework::{StopReason, json};

use super::{each_watchman, task, texts};

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn main_runs_to_its_end_in_its_own_time() {
    each_watchman(|watchman| {
        let watchman = watchman.config(json!({"rounds": 3})).answer("ledger", |_| task("noted"));
        let mut watchman = watchman.start_as_main().unwrap();
        watchman.run_main().unwrap();
        let sent = watchman.sent();
        assert_eq!(texts(&sent), [("ledger", "round 1"), ("ledger", "round 2"), ("ledger", "round 3")]);
        assert_eq!((sent[2].at, watchman.elapsed()), (MINUTE * 3, MINUTE * 3));
        let again = watchman.run_main().unwrap_err().to_string();
        assert_eq!(again, "`main` has run already: start the service once more");
    });
}

#[test]
fn a_main_that_never_ends_is_stopped_when_the_test_says_and_the_function_of_the_signal_runs_after_it() {
    each_watchman(|watchman| {
        let mut watchman = watchman.answer("ledger", |_| task("noted")).start_as_main().unwrap();
        watchman.stop_after(MINUTE * 2 + MINUTE / 2, StopReason::Sigterm);
        watchman.run_main().unwrap();
        let sent = watchman.sent();
        assert_eq!(texts(&sent), [("ledger", "round 1"), ("ledger", "round 2"), ("ledger", "goodbye")]);
        assert_eq!(watchman.elapsed(), MINUTE * 2 + MINUTE / 2);
    });
}

#[test]
fn a_main_that_never_ends_and_is_never_stopped_is_told_of() {
    each_watchman(|watchman| {
        let mut watchman = watchman.answer("ledger", |_| task("noted")).start_as_main().unwrap();
        let error = watchman.run_main().unwrap_err().to_string();
        assert!(error.contains("did not return within a day") && error.contains("`stop_after`"), "{error}");
        assert_eq!(watchman.elapsed(), MINUTE * 60 * 24);
    });
}

#[test]
fn a_main_that_fails_says_why() {
    each_watchman(|watchman| {
        let mut watchman = watchman.start_as_main().unwrap();
        let error = watchman.run_main().unwrap_err().to_string();
        assert!(error.starts_with("main failed: `ledger`: no peer was there"), "{error}");
        assert_eq!(watchman.elapsed(), MINUTE + Duration::from_secs(5));
    });
}

#[test]
fn a_stop_before_main_is_seen_by_it() {
    each_watchman(|watchman| {
        let mut watchman = watchman.start_as_main().unwrap();
        watchman.signal(StopReason::Requested).unwrap();
        watchman.run_main().unwrap();
        assert!(watchman.sent().is_empty());
        assert_eq!(watchman.elapsed(), Duration::ZERO);
    });
}

#[test]
fn a_main_that_only_looks_is_stopped_from_another_thread() {
    let mut driver = TestService::of::<Driver>().config(json!({"task": "look"})).start_as_main().unwrap();
    let stopper = driver.stopper();
    let stops = std::thread::spawn(move || stopper.stop(StopReason::Requested));
    driver.run_main().unwrap();
    stops.join().unwrap();
}
