//! States of the service under test: what its copies show is the test's to say, and what it owns is there to be seen.

use fixtures::keeper::{Look, Seen};
use fixtures::{Follower, Keeper};
use service_framework::json;
use service_framework::prelude::*;
use service_framework::testing::{TestService, TestServiceBuilder};

use crate::each;
use crate::support::plugins::plugin;

fn each_keeper(test: impl Fn(TestServiceBuilder) + std::panic::RefUnwindSafe) {
    each([TestService::of::<Keeper>, || TestService::from_path(plugin("keeper"))], test);
}

fn each_follower(test: impl Fn(TestServiceBuilder) + std::panic::RefUnwindSafe) {
    each([TestService::of::<Follower>, || TestService::from_path(plugin("follower"))], test);
}

fn look(service: &mut TestService, state: &str) -> Seen {
    service.deliver_as("look", &Look { state: state.to_owned() }).unwrap()
}

#[test]
fn a_copy_has_what_the_test_says_and_its_function_is_told() {
    each_follower(|follower| {
        let mut follower = follower.start().unwrap();
        assert_eq!(look(&mut follower, "plain").value, None);
        follower.set_state("plain", &json!({"a": 1, "b": 2})).unwrap();
        follower.set_state("plain", &json!({"a": 1, "b": 3})).unwrap();
        let seen = look(&mut follower, "plain");
        assert_eq!((seen.condition.as_str(), seen.is_verified, seen.number), ("Live", true, 2));
        assert_eq!(seen.value, Some(Value::map([("a", Value::Int(1)), ("b", Value::Int(3))])));
        assert_eq!(seen.told.last().map(String::as_str), Some("2..=2 part b"), "{:?}", seen.told);
        // Nothing differs, and nothing is told.
        let told = seen.told.len();
        follower.set_state("plain", &json!({"a": 1, "b": 3})).unwrap();
        assert_eq!(look(&mut follower, "plain").told.len(), told);
        let book = |price: &str| json!({"symbol": "S", "bids": {price: "1.50"}, "by_name": {"n": {"-1": "x"}}});
        follower.set_state("book", &book("10.50")).unwrap();
        follower.set_state("book", &book("11")).unwrap();
        assert_eq!(look(&mut follower, "book").told.last().map(String::as_str), Some("2..=2 part bids"));
        follower.set_state("limits", &json!({"most": "1.10", "names": ["a"]})).unwrap();
        assert_eq!(look(&mut follower, "limits").condition, "Live");
    });
}

#[test]
fn a_copy_that_is_lost_is_stale_until_there_is_another_value() {
    each_follower(|follower| {
        let mut follower = follower.start().unwrap();
        for state in ["plain", "limits"] {
            let value = |n: i64| match state {
                "plain" => json!({ "a": n }),
                _ => json!({"most": n.to_string(), "names": []}),
            };
            follower.set_state(state, &value(1)).unwrap();
            follower.lose_state(state).unwrap();
            let stale = look(&mut follower, state);
            assert_eq!((stale.condition.as_str(), stale.keys), ("Stale", follower_keys(state)), "{state}");
            follower.advance(Duration::from_secs(60)).unwrap();
            assert_eq!(look(&mut follower, state).condition, "Stale", "{state}");
            follower.set_state(state, &value(2)).unwrap();
            assert_eq!(look(&mut follower, state).condition, "Live", "{state}");
            follower.lose_state(state).unwrap();
            follower.set_state(state, &value(2)).unwrap();
            assert_eq!(look(&mut follower, state).condition, "Live", "{state}");
        }
    });
}

fn follower_keys(state: &str) -> u64 {
    if state == "plain" { 1 } else { 2 }
}

#[test]
fn a_stale_copy_is_refused_or_ends_the_service_as_the_model_says() {
    each_follower(|follower| {
        let states = json!({"plain": {"on_stale": "refuse"}}).to_string();
        let mut follower = follower.config(json!({ "states": states })).start().unwrap();
        follower.set_state("plain", &json!({"a": 1})).unwrap();
        follower.lose_state("plain").unwrap();
        let error = follower.deliver("look", json!({"state": "plain"})).unwrap_err();
        assert!(error.to_string().contains("not live"), "{error}");
    });
    each_follower(|follower| {
        let states = json!({"plain": {"on_stale": "stop"}}).to_string();
        let mut follower = follower.config(json!({ "states": states })).start().unwrap();
        follower.set_state("plain", &json!({"a": 1})).unwrap();
        follower.lose_state("plain").unwrap();
        let error = follower.stop().unwrap_err().to_string();
        assert!(error.contains("the state `plain` is stale, and its model says to stop then"), "{error}");
    });
}

#[test]
fn what_the_service_owns_is_seen_as_a_whole_and_as_what_was_sent() {
    each_keeper(|keeper| {
        let mut keeper = keeper.start().unwrap();
        let change = |how: &str, value: service_framework::Json| json!({"how": how, "state": "plain", "value": value});
        keeper.deliver("change", change("edit", json!({"a": 1, "b": 2}))).unwrap();
        keeper.deliver("change", change("set", json!({"key": "a", "value": 7}))).unwrap();
        keeper.deliver("change", change("set", json!({"key": "a", "value": 7}))).unwrap();
        keeper.deliver("change", change("remove", json!({"key": "b"}))).unwrap();
        assert_eq!(keeper.state("plain").unwrap(), json!({"a": 7}));
        let sent = keeper.sent();
        let said: Vec<_> = sent.iter().map(|sent| (sent.connection.as_str(), sent.arguments.clone())).collect();
        let update = |number: u64, is_snapshot: bool, state| {
            ("plain", json!({"current_num": number, "is_snapshot": is_snapshot, "state": state}))
        };
        let expected = [
            update(1, true, json!({"a": 1, "b": 2})),
            update(2, false, json!({"a": 7})),
            update(3, false, json!({"b": null})),
        ];
        assert_eq!(said, expected);
        let error = keeper.deliver("change", change("edit", json!({"a": "text"}))).unwrap_err().to_string();
        assert!(error.contains("`plain` was refused") && error.contains("expected Int"), "{error}");
        assert_eq!(keeper.state("plain").unwrap(), json!({"a": 7}));
    });
}

#[test]
fn a_mistake_of_the_test_is_told_as_such() {
    each_follower(|follower| {
        let mut follower = follower.start().unwrap();
        let told = |result: Result<(), service_framework::testing::TestError>| result.unwrap_err().to_string();
        let unknown = told(follower.set_state("plane", &json!({})));
        assert!(unknown.contains("no `in` state `plane`") && unknown.contains("plain"), "{unknown}");
        let unfit = told(follower.set_state("plain", &json!({"a": "text"})));
        assert!(
            unfit.contains("`plain`") && unfit.contains("does not fit its model") && unfit.contains("`a`"),
            "{unfit}"
        );
        let missing = told(follower.set_state("book", &json!({"symbol": "S"})));
        assert!(missing.contains("`bids`"), "{missing}");
        assert!(follower.state("plain").is_err() && follower.lose_state("none").is_err());
        assert_eq!(look(&mut follower, "plain").value, None);
    });
}
