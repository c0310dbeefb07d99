//! The service's time: it goes by when something waits or the test says so, and never by itself.

use std::time::{Duration, Instant};

use service_framework::testing::TestService;
use service_framework::{StopReason, json};

use super::{each_clerk, task, texts};

const SECOND: Duration = Duration::from_secs(1);

fn reporting(clerk: service_framework::testing::TestServiceBuilder, every: u64) -> TestService {
    clerk.config(json!({"report_every_s": every})).answer("ledger", |_| task("noted")).start().unwrap()
}

#[test]
fn timers_run_in_the_order_of_their_times_each_at_its_own() {
    each_clerk(|clerk| {
        let began = Instant::now();
        let mut clerk = reporting(clerk, 3600);
        clerk.advance(SECOND * 3599).unwrap();
        assert!(clerk.sent().is_empty());
        clerk.advance(SECOND).unwrap();
        assert_eq!(texts(&clerk.sent()), [("ledger", "report 1")]);
        clerk.advance(SECOND * 3600 * 24).unwrap();
        let sent = clerk.sent();
        assert_eq!(sent.len(), 24);
        assert_eq!((sent[0].at, sent[23].at), (SECOND * 7200, SECOND * 3600 * 25));
        assert_eq!(clerk.elapsed(), SECOND * 3600 * 25);
        assert!(began.elapsed() < SECOND * 3600, "nothing slept");
    });
}

#[test]
fn a_function_that_waits_takes_the_time_with_it_and_what_became_due_runs_after_it() {
    each_clerk(|clerk| {
        let mut clerk = reporting(clerk, 4);
        assert_eq!(clerk.deliver("task", task("wait")).unwrap(), task("waited"));
        assert_eq!(clerk.elapsed(), SECOND * 10);
        let sent = clerk.sent();
        assert_eq!(sent.len(), 1, "what was missed is not made up for");
        assert_eq!(sent[0].at, SECOND * 10);
        clerk.advance(SECOND * 2).unwrap();
        assert_eq!(clerk.sent()[0].at, SECOND * 12, "the beat is kept");
    });
}

#[test]
fn a_timer_without_a_delay_runs_when_the_function_has_returned() {
    each_clerk(|clerk| {
        let mut clerk = clerk.answer("ledger", |_| task("noted")).start().unwrap();
        clerk.deliver("task", task("report soon")).unwrap();
        assert_eq!(texts(&clerk.sent()), [("ledger", "report 1")]);
    });
}

#[test]
fn timers_that_set_each_other_for_ever_are_told_instead_of_hanging_the_test() {
    each_clerk(|clerk| {
        let mut clerk = clerk.start().unwrap();
        let error = clerk.deliver("task", task("report for ever")).unwrap_err().to_string();
        assert!(error.contains("time stands still"), "{error}");
    });
}

#[test]
fn a_stop_ends_a_wait_at_its_own_time_and_runs_the_function_of_the_signal() {
    each_clerk(|clerk| {
        let mut clerk = reporting(clerk, 60);
        clerk.stop_after(SECOND * 3, StopReason::Sigint);
        assert_eq!(clerk.deliver("task", task("wait")).unwrap_err().code(), "stopping");
        let sent = clerk.sent();
        assert_eq!(texts(&sent), [("ledger", "goodbye")]);
        assert_eq!(sent[0].at, SECOND * 4, "the function of the signal waits a second and may");
        assert_eq!(clerk.deliver("task", task("apple")).unwrap_err().code(), "stopping");
        clerk.stop().unwrap();
    });
}

#[test]
fn a_stop_on_the_way_comes_at_its_own_time_and_no_timer_runs_after_it() {
    each_clerk(|clerk| {
        let mut clerk = reporting(clerk, 10);
        clerk.stop_after(SECOND * 15, StopReason::Sigint);
        clerk.advance(SECOND * 100).unwrap();
        let sent = clerk.sent();
        assert_eq!(texts(&sent), [("ledger", "report 1"), ("ledger", "goodbye")]);
        assert_eq!(sent[1].at, SECOND * 16);
        assert_eq!(clerk.elapsed(), SECOND * 100);
    });
}

#[test]
fn a_signal_runs_its_function_once_and_its_failure_is_told() {
    each_clerk(|clerk| {
        let mut clerk = clerk.start().unwrap();
        let error = clerk.signal(StopReason::Sigint).unwrap_err().to_string();
        assert!(error.starts_with("on_sigint failed: `ledger`: no peer was there"), "{error}");
        let after = clerk.elapsed();
        assert_eq!(clerk.stop().unwrap_err().to_string(), error, "how it ended is told again");
        assert_eq!(clerk.elapsed(), after, "and nothing runs twice");
    });
    each_clerk(|clerk| {
        let mut clerk = clerk.start().unwrap();
        clerk.signal(StopReason::Sigterm).unwrap();
        assert!(clerk.sent().is_empty(), "the clerk has no function for this signal");
    });
}
