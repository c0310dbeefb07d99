//! Our owner and copies of the Python library, which check every message against their whole model and end if it does not
//! fit.

use service_framework::Json;
use service_framework::prelude::*;

use crate::states::{At, Owner, TRANSPORTS, keyed, sorted};
use crate::theirs::{Python, Script};
use crate::values::every_value;

/// A copy in Python that listens.
fn copy(python: Python, at: &At, model: &str, topic: &str) -> Script {
    let mut arguments = vec!["--sub", &at.publisher, "--rep", &at.replyer, "--model", model];
    if !topic.is_empty() {
        arguments.extend(["--topic", topic]);
    }
    let mut copy = python.start("delta_in.py", &arguments);
    copy.ready();
    copy
}

/// Waits until a copy has this value, and after it has accepted three heartbeats returns what it told last.
#[track_caller]
fn until_has<const N: usize>(copy: &mut Script, entries: [(&str, Value); N]) -> Json {
    let expected = keyed(entries);
    let has = |told: &Json| told.get("state").is_some_and(|state| sorted(state) == expected);
    let told = copy.until_last(&format!("the copy to have {expected}"), has);
    let number = told["number"].as_i64().unwrap();
    copy.until_last("heartbeats", |told| has(told) && told["number"].as_i64().is_some_and(|now| now >= number + 3))
}

fn price(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}

#[test]
fn a_python_copy_with_a_strict_record_accepts_our_updates_and_heartbeats() {
    let Some(python) = Python::find() else { return };
    for transport in TRANSPORTS {
        let mut owner = Owner::start(transport);
        let mut copy = copy(python, &owner.places().count, "count", "");
        owner.change("count", [("a", Value::Int(1))]);
        until_has(&mut copy, [("a", Value::Int(1))]);
        // The required key goes along with a change of another one.
        owner.change("count", [("note", "noted".into())]);
        until_has(&mut copy, [("a", Value::Int(1)), ("note", "noted".into())]);
        owner.change("count", [("note", Value::Nil)]);
        until_has(&mut copy, [("a", Value::Int(1))]);
        owner.change("count", [("a", Value::Int(i64::MIN))]);
        until_has(&mut copy, [("a", Value::Int(i64::MIN))]);
    }
}

#[test]
fn a_python_copy_with_typed_values_accepts_deletes_by_snapshot() {
    let Some(python) = Python::find() else { return };
    for transport in TRANSPORTS {
        let mut owner = Owner::start(transport);
        let mut copy = copy(python, &owner.places().prices, "prices", "PRICES");
        owner.change("prices", [("a", price("0.10")), ("b", price("-2"))]);
        until_has(&mut copy, [("a", price("0.10")), ("b", price("-2"))]);
        owner.change("prices", [("a", Value::Nil), ("c", price("3"))]);
        let told = until_has(&mut copy, [("b", price("-2")), ("c", price("3"))]);
        owner.change("prices", [("b", price("0"))]);
        let after = until_has(&mut copy, [("b", price("0")), ("c", price("3"))]);
        assert_eq!(after["resets"], told["resets"], "{after}");
    }
}

#[test]
fn a_python_copy_with_an_open_model_accepts_deletes_and_never_sees_one_of_an_absent_key() {
    let Some(python) = Python::find() else { return };
    for transport in TRANSPORTS {
        let mut owner = Owner::start(transport);
        let mut copy = copy(python, &owner.places().open, "open", "");
        owner.change("open", [("a", Value::List(vec![])), ("b", Value::Int(2))]);
        until_has(&mut copy, [("a", Value::List(vec![])), ("b", Value::Int(2))]);
        owner.change("open", [("a", Value::Nil)]);
        let told = until_has(&mut copy, [("b", Value::Int(2))]);
        // The Python library raises on the delete of what is not there.
        owner.change("open", [("a", Value::Nil)]);
        owner.change("open", [("never", Value::Nil), ("c", Value::Int(3))]);
        let after = until_has(&mut copy, [("b", Value::Int(2)), ("c", Value::Int(3))]);
        assert_eq!(after["resets"], told["resets"], "{after}");
    }
}

#[test]
fn every_value_arrives_in_a_python_copy_by_update_and_by_snapshot() {
    let Some(python) = Python::find() else { return };
    let mut owner = Owner::start("omq");
    let at = owner.places().open.clone();
    let mut early = copy(python, &at, "open", "");
    let values: Vec<Value> = every_value().into_iter().filter(|value| *value != Value::Nil).collect();
    let all = values.len();
    owner.change("open", [("first", Value::Int(1))]);
    until_has(&mut early, [("first", Value::Int(1))]);
    owner.change("open", [("all", Value::List(values.clone()))]);
    for (place, value) in values.iter().enumerate() {
        owner.change("open", [(&place.to_string(), value.clone())]);
    }
    let named = values.iter().enumerate().map(|(place, value)| (place.to_string(), value.clone()));
    let whole = named.chain([("first".into(), Value::Int(1)), ("all".into(), Value::List(values.clone()))]);
    let expected = sorted(&crate::values::canonical_of(&Value::map(whole)));
    let mut late = copy(python, &at, "open", "");
    for copy in [&mut early, &mut late] {
        let told = copy.until_last("every value", |told| {
            told["state"]["v"].as_array().is_some_and(|pairs| pairs.len() == all + 2)
        });
        assert_eq!(sorted(&told["state"]), expected);
    }
}

#[test]
fn a_python_copy_heals_after_our_owner_was_killed_or_stopped_and_started_anew() {
    let Some(python) = Python::find() else { return };
    for transport in TRANSPORTS {
        for signal in ["KILL", "TERM"] {
            let mut owner = Owner::start(transport);
            let mut open = copy(python, &owner.places().open, "open", "");
            let mut count = copy(python, &owner.places().count, "count", "");
            owner.change("open", [("a", Value::Int(1)), ("b", Value::Int(2))]);
            owner.change("count", [("a", Value::Int(1)), ("note", "before".into())]);
            let before = until_has(&mut open, [("a", Value::Int(1)), ("b", Value::Int(2))]);
            until_has(&mut count, [("a", Value::Int(1)), ("note", "before".into())]);

            let places = owner.end(signal);
            let mut owner = Owner::start_at(transport, places);
            // Nothing was said in this life but that there is nothing.
            let told = until_has(&mut open, []);
            assert!(told["number"].as_i64() > before["number"].as_i64(), "{before} {told}");
            owner.change("open", [("b", Value::Int(3))]);
            owner.change("count", [("a", Value::Int(7))]);
            until_has(&mut open, [("b", Value::Int(3))]);
            until_has(&mut count, [("a", Value::Int(7))]);
        }
    }
}

#[test]
fn a_python_copy_that_comes_late_or_comes_back_has_what_our_owner_has() {
    let Some(python) = Python::find() else { return };
    for transport in TRANSPORTS {
        let mut owner = Owner::start(transport);
        owner.change("open", [("a", Value::Int(1))]);
        owner.change("open", [("b", Value::Int(2))]);
        let mut late = copy(python, &owner.places().open, "open", "");
        let told = until_has(&mut late, [("a", Value::Int(1)), ("b", Value::Int(2))]);
        assert!(told["resets"].as_i64() >= Some(1), "it has to ask for what it has not heard: {told}");
        late.kill();
        owner.change("open", [("a", Value::Nil)]);
        let mut again = copy(python, &owner.places().open, "open", "");
        until_has(&mut again, [("b", Value::Int(2))]);
    }
}

#[test]
fn a_python_copy_of_a_full_state_follows_ours_over_its_restart() {
    let Some(python) = Python::find() else { return };
    for transport in TRANSPORTS {
        let mut owner = Owner::start(transport);
        let mut copy = python.start("full_in.py", &["--addr", &owner.places().whole, "--topic", "WHOLE"]);
        copy.ready();
        let mut until_whole = |a: i64| {
            let expected = keyed([("a", Value::Int(a))]);
            copy.until_last("the whole value", |told| told.get("state").is_some_and(|state| sorted(state) == expected));
        };
        owner.change("whole", [("a", Value::Int(1))]);
        until_whole(1);
        owner.change("whole", [("a", Value::Int(2))]);
        until_whole(2);
        let mut owner = Owner::start_at(transport, owner.end("KILL"));
        owner.change("whole", [("a", Value::Int(3))]);
        until_whole(3);
    }
}
