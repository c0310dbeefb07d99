//! An owner of the Python library and our copies of it. Such an owner tells of no life, sends no heartbeats and gives each
//! snapshot the number 0: the copy can be right, but nobody can prove it.

use service_framework::prelude::*;

use crate::states::{At, Holder, Seen, TRANSPORTS, keyed, sorted};
use crate::theirs::{Python, Script};

/// An owner in Python that listens.
fn owner(python: Python, at: &At, more: &[&str]) -> Script {
    let known = ["--pub", &at.publisher, "--rep", &at.replyer];
    let mut owner = python.start("delta_out.py", &[&known, more].concat());
    owner.ready();
    owner
}

/// Has it send one message, and waits until it has.
#[track_caller]
fn send<const N: usize>(owner: &mut Script, number: i64, is_snapshot: bool, entries: [(&str, Value); N]) {
    owner.say(&Value::map([
        ("current_num", Value::Int(number)),
        ("is_snapshot", is_snapshot.into()),
        ("state", Value::map(entries)),
    ]));
    owner.until_last("the message to be sent", |told| told["number"] == number);
}

/// Waits until our copy has this value and is as good as it can be.
#[track_caller]
fn until_has<const N: usize>(holder: &mut Holder, state: &str, entries: [(&str, Value); N]) -> Seen {
    let expected = keyed(entries);
    let seen = holder.until(&format!("our copy to have {expected}"), state, |seen| {
        seen.condition == "Live" && sorted(&seen.value) == expected
    });
    assert!(!seen.is_verified, "{seen:?}");
    seen
}

#[test]
fn our_copy_of_a_python_owner_is_live_unverified_and_converges_after_gaps() {
    let Some(python) = Python::find() else { return };
    for transport in TRANSPORTS {
        let at = At::free();
        let mut owner = owner(python, &at, &[]);
        let mut holder = Holder::start(transport, &at, None, None);
        until_has(&mut holder, "open", []);
        send(&mut owner, 0, false, [("a", Value::Int(1))]);
        until_has(&mut holder, "open", [("a", Value::Int(1))]);
        send(&mut owner, 1, false, [("b", Value::Int(2))]);
        until_has(&mut holder, "open", [("a", Value::Int(1)), ("b", Value::Int(2))]);
        send(&mut owner, 2, false, [("a", Value::Nil)]);
        let before = until_has(&mut holder, "open", [("b", Value::Int(2))]);
        send(&mut owner, 5, false, [("c", Value::Int(3))]);
        let seen = until_has(&mut holder, "open", [("b", Value::Int(2)), ("c", Value::Int(3))]);
        assert_eq!((seen.missed - before.missed, seen.number), (2, 5), "{seen:?}");
        send(&mut owner, 6, true, [("d", Value::Int(4))]);
        until_has(&mut holder, "open", [("d", Value::Int(4))]);
        send(&mut owner, 7, false, [("d", Value::Nil), ("e", Value::Int(5))]);
        let seen = until_has(&mut holder, "open", [("e", Value::Int(5))]);
        assert_eq!(seen.number, 7, "{seen:?}");
    }
}

#[test]
fn our_copy_finds_a_python_owner_that_was_killed_and_began_anew() {
    let Some(python) = Python::find() else { return };
    for transport in TRANSPORTS {
        let at = At::free();
        let mut first = owner(python, &at, &[]);
        let mut holder = Holder::start(transport, &at, None, None);
        send(&mut first, 0, false, [("a", Value::Int(1))]);
        send(&mut first, 1, false, [("b", Value::Int(2))]);
        until_has(&mut holder, "open", [("a", Value::Int(1)), ("b", Value::Int(2))]);
        first.kill();
        holder.until("the loss to be seen", "open", |seen| seen.condition != "Live");

        let mut second = owner(python, &at, &[]);
        until_has(&mut holder, "open", []);
        // As the first one did, and once more: from a copy that goes by numbers alone it would be hidden.
        for number in 0..3 {
            send(&mut second, number, false, [("c", Value::Int(number))]);
        }
        until_has(&mut holder, "open", [("c", Value::Int(2))]);
        send(&mut second, 3, false, [("c", Value::Nil)]);
        until_has(&mut holder, "open", []);
    }
}

#[test]
fn our_copy_that_comes_late_has_what_a_python_owner_has() {
    let Some(python) = Python::find() else { return };
    for transport in TRANSPORTS {
        let at = At::free();
        let mut owner = owner(python, &at, &[]);
        send(&mut owner, 0, false, [("a", Value::Int(1))]);
        send(&mut owner, 1, false, [("b", Value::Int(2))]);
        let mut holder = Holder::start(transport, &at, None, None);
        until_has(&mut holder, "open", [("a", Value::Int(1)), ("b", Value::Int(2))]);
        send(&mut owner, 2, false, [("a", Value::Nil)]);
        let seen = until_has(&mut holder, "open", [("b", Value::Int(2))]);
        assert_eq!(seen.number, 2, "{seen:?}");
    }
}

#[test]
fn our_typed_copy_understands_a_python_owner_with_a_strict_model() {
    let Some(python) = Python::find() else { return };
    for transport in TRANSPORTS {
        let at = At::free();
        let mut owner = owner(python, &at, &["--model", "count", "--topic", "COUNT"]);
        let mut holder = Holder::start(transport, &At::free(), Some(&at), None);
        send(&mut owner, 0, false, [("a", Value::Int(1)), ("note", "noted".into())]);
        until_has(&mut holder, "count", [("a", Value::Int(1)), ("note", "noted".into())]);
        send(&mut owner, 1, false, [("a", Value::Int(2)), ("note", Value::Nil)]);
        until_has(&mut holder, "count", [("a", Value::Int(2))]);
        // What does not fit never becomes the value; the owner's next one that does is found.
        send(&mut owner, 2, false, [("a", Value::Int(3)), ("note", Value::Int(4))]);
        send(&mut owner, 3, false, [("a", Value::Int(5)), ("note", "good".into())]);
        until_has(&mut holder, "count", [("a", Value::Int(5)), ("note", "good".into())]);
    }
}

#[test]
fn our_copy_of_a_full_state_follows_a_python_owner_over_its_restart() {
    let Some(python) = Python::find() else { return };
    for transport in TRANSPORTS {
        let at = crate::support::free_address();
        let start = || {
            let mut owner = python.start("full_out.py", &["--addr", &at, "--topic", "WHOLE"]);
            owner.ready();
            owner
        };
        let mut owner = start();
        let mut holder = Holder::start(transport, &At::free(), None, Some(&at));
        // Nobody repeats a value of the Python library for one that comes late: it is sent until it is there.
        let mut until_whole = |owner: &mut Script, a: i64| {
            let expected = keyed([("a", Value::Int(a))]);
            holder.until("the whole value", "whole", |seen| {
                owner.say(&Value::map([("a", Value::Int(a))]));
                seen.condition == "Live" && !seen.is_verified && sorted(&seen.value) == expected
            });
        };
        until_whole(&mut owner, 1);
        until_whole(&mut owner, 2);
        owner.kill();
        let mut owner = start();
        until_whole(&mut owner, 1);
    }
}
