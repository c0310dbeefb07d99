//! What a start says: the same as that of a service that runs.

use fixtures::{Clerk, Desk, Driver};
use service_framework::testing::{TestError, TestService};
use service_framework::{Service, ServiceError, json};

use super::support::plugins::plugin;
use super::{each_clerk, each_watchman, texts};

#[test]
fn problems_of_the_config_are_those_of_a_service_that_runs_all_together() {
    let config = json!({"report_evry_s": 10, "asks_at_once": "yes"});
    let all = |end: &str| json!({"replyer": format!("127.0.0.1:{end}")});
    let to = json!({"requester": "127.0.0.1:9"});
    let addresses = json!({"connections": {
        "in": {"order": all("8001"), "task": all("8002")},
        "out": {"venue": to, "quotes": to, "ledger": to},
    }});
    let service = Service::of::<Clerk>().config(config.clone()).addresses(addresses).build().unwrap();
    let Err(ServiceError::Invalid(expected)) = service.validate(service_framework::Mode::Service) else {
        panic!("a config that is good")
    };
    each_clerk(|clerk| {
        let Err(TestError::Invalid(problems)) = clerk.config(config.clone()).start() else { panic!("it started") };
        assert_eq!(problems.to_string(), expected.to_string());
        assert!(problems.to_string().contains("did you mean `report_every_s`?"), "{problems}");
    });
}

#[test]
fn a_range_of_the_config_is_checked() {
    each_clerk(|clerk| {
        let error = clerk.config(json!({"report_every_s": 0})).start().err().unwrap();
        assert!(matches!(&error, TestError::Invalid(_)) && error.to_string().contains("report_every_s"), "{error}");
    });
}

#[test]
fn addresses_that_are_given_are_checked() {
    each_clerk(|clerk| {
        let addresses = json!({"connections": {"in": {"ordr": {"replyer": "127.0.0.1:0"}}}});
        let error = clerk.addresses(addresses).start().err().unwrap();
        assert!(matches!(&error, TestError::Invalid(_)) && error.to_string().contains("ordr"), "{error}");
    });
}

#[test]
fn a_service_that_refuses_to_be_made_or_fails_in_init_does_not_start() {
    let start = |task: &str| TestService::of::<Desk>().config(json!({ "task": task })).start().err().unwrap();
    assert_eq!(start("fail in new").to_string(), "the service could not be made: told to fail in new");
    assert_eq!(start("fail in init").to_string(), "init failed: told to fail in init");
}

#[test]
fn a_file_that_is_no_plugin_is_told_of() {
    let error = TestService::from_path(plugin("no_service")).start().err().unwrap();
    assert!(matches!(error, TestError::Load(_)), "{error}");
}

#[test]
fn init_sends_to_what_was_scripted_before_the_start() {
    each_clerk(|clerk| {
        let clerk = clerk.config(json!({"asks_at_once": true})).answer("venue", |_| json!({"price": 1}));
        let sent = clerk.start().unwrap().sent();
        assert_eq!((sent[0].connection.as_str(), &sent[0].arguments["symbol"]), ("venue", &json!("FIRST")));
    });
    each_clerk(|clerk| {
        let error = clerk.config(json!({"asks_at_once": true})).start().err().unwrap();
        assert!(error.to_string().starts_with("init failed: `venue`: no peer was there"), "{error}");
    });
}

#[test]
fn a_script_for_a_connection_that_is_not_declared_is_told_with_the_nearest_name() {
    each_clerk(|clerk| {
        let error = clerk.answer("venu", |_| json!({})).start().err().unwrap();
        assert_eq!(error.to_string(), "the service has no `out` connection `venu`; did you mean `venue`?");
    });
}

#[test]
fn main_mode_is_refused_where_a_service_that_runs_refuses_it() {
    each_clerk(|clerk| {
        let error = clerk.start_as_main().err().unwrap().to_string();
        assert!(error.contains("the service has no `main` to run in main mode"), "{error}");
    });
    each_watchman(|watchman| {
        let mut watchman = watchman.start().unwrap();
        let error = watchman.run_main().unwrap_err().to_string();
        assert_eq!(error, "the service was started for its loop: start it with `start_as_main`");
        assert!(texts(&watchman.sent()).is_empty());
    });
    assert!(TestService::of::<Driver>().start_as_main().is_ok());
}
