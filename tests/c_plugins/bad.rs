//! A service in C that breaks the rules: the host says which one, and either refuses to start it or goes on with it.

use std::process::Command;

use service_framework::Value;

use crate::support::messages::{Reply, request_with};
use crate::support::peer::Peer;
use crate::support::plugins::c_plugin;
use crate::support::runner::{Folder, Running, run, runner};
use crate::{c_runner, listening, stopped};

const BAD: &str = "tests/c_plugins/bad.c";

fn bad(folder: &Folder) -> Command {
    c_runner(BAD, &listening("ask"), folder)
}

fn ask(peer: &mut Peer, what: &str) -> Reply {
    peer.ask(&request_with(Value::map([("what", Value::from(what))]), "w"))
}

#[test]
fn a_table_or_a_model_that_is_no_good_is_refused_with_the_reason() {
    for (wrong, part) in [
        ("null table", "its address is null"),
        ("magic", "does not begin with the magic number (0x7 instead of"),
        ("major", "speaks version 2 of the plugin ABI, and this runner version 1"),
        ("size", "it says that it has 24 bytes"),
        ("null function", "one of its functions is null"),
        ("describe", "the file with the model is gone"),
        ("no model", "expected a JSON value"),
        ("null model", "expected a JSON value"),
        ("half a model", "expected a value behind the colon"),
        ("model twice", "error"),
        ("endless model", "a text of more than 67108864 bytes"),
        ("broken model", "`connections.in.ask`: `connection_type` is missing"),
    ] {
        let ended = run(runner().env("BAD_TABLE", wrong).arg("describe").arg(c_plugin(BAD)));
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(78), ""), "{wrong}: {ended:?}");
        assert!(ended.stderr.contains(part) && ended.stderr.contains("bad.so"), "{wrong}: {}", ended.stderr);
    }
}

#[test]
fn a_service_that_cannot_be_made_ends_with_the_reason() {
    let folder = Folder::new();
    for (wrong, part) in [
        ("create", "told to fail in create (told_to)"),
        ("create in silence", "status 1 without saying why"),
        ("target", "told to fail in make_target (told_to)"),
        ("minor 0 with a target", "gives no function that makes one"),
    ] {
        let ended = run(bad(&folder).env("BAD_TABLE", wrong));
        assert_eq!(ended.code, Some(70), "{wrong}: {ended:?}");
        assert!(ended.stderr.contains(part), "{wrong}: {}", ended.stderr);
    }
}

#[test]
fn a_table_of_the_first_minor_version_serves() {
    let folder = Folder::new();
    let mut running = Running::start(bad(&folder).env("BAD_TABLE", "minor 0"));
    let mut peer = Peer::dealer(&running.address("ask"));
    assert_eq!(ask(&mut peer, "well").text(), "well");
    stopped(running);
}

#[test]
fn every_broken_rule_is_an_error_reply_and_the_service_lives_on() {
    let folder = Folder::new();
    let mut running = Running::start(&mut bad(&folder));
    let mut peer = Peer::dealer(&running.address("ask"));
    let cases = [
        ("silent failure", "handler_failed", "status 1 without saying why"),
        ("null error", "handler_failed", "status 1 without saying why"),
        ("null texts", "failed", "failed without saying why"),
        ("endless error", "(a text of 18446744073709551615 bytes, which there cannot be)", "18446744073709551615"),
        ("bad error text", "told_to", "not UTF-8: \u{fffd}\u{fffd}"),
        ("odd status", "handler_failed", "status -77 without saying why"),
        ("no answer", "no_answer", "without answering"),
        ("failure after the answer", "told_to", "changed its mind"),
        ("two answers", "answered_twice", "already been answered"),
        ("answer of another run", "told_to", "there was no run"),
        ("answer from a callback", "told_to", "the callback was refused"),
        ("unknown connection", "no_such_connection", "no out connection at place 77"),
        ("null slots", "bad_return", "`text`"),
        ("no slots", "bad_return", "`text`"),
        ("endless slots", "bad_return", "18446744073709551615 slots"),
        ("too many slots", "bad_return", "4 slots for a record of 3"),
        ("wrong type", "bad_return", "Str"),
        ("unknown tag", "bad_return", "unknown tag 200"),
        ("bad text", "bad_return", "not UTF-8"),
        ("null text", "bad_return", "null or misaligned"),
        ("endless text", "bad_return", "length"),
        ("text of a negative length", "bad_return", "length"),
        ("endless bytes", "bad_return", "length"),
        ("endless list", "bad_return", "length"),
        ("null list", "bad_return", "null or misaligned"),
        ("crooked list", "bad_return", "null or misaligned"),
        ("list of texts", "bad_return", "`items[0]`"),
    ];
    for (what, code, part) in cases {
        let reply = ask(&mut peer, what);
        let message = reply.of_error("message").and_then(Value::as_str).unwrap_or_default();
        assert_eq!(reply.code(), code, "{what}: {reply:?}");
        assert!(message.contains(part), "{what}: no `{part}` in `{message}`");
        assert_eq!(ask(&mut peer, "well").text(), "well", "after {what}");
    }
    for what in ["nobody listens", "a second answer that nobody looked at", "empty list at null"] {
        assert_eq!(ask(&mut peer, what).text(), "well", "{what}");
    }
    // A target may not send at all, wherever to.
    for (what, code, _) in cases.into_iter().filter(|(what, ..)| *what != "unknown connection") {
        let reply = ask(&mut peer, &format!("target: {what}"));
        assert_eq!(reply.code(), code, "{what} of a target: {reply:?}");
        assert_eq!(ask(&mut peer, "target: well").text(), "well", "after {what} of a target");
    }
    stopped(running);
}

#[test]
fn what_a_target_or_a_timer_may_not_do_is_refused() {
    let folder = Folder::new();
    let mut running = Running::start(&mut bad(&folder));
    let mut peer = Peer::dealer(&running.address("ask"));
    for (what, code) in [
        ("no such timer", "bad_timer"),
        ("target: unknown connection", "not_here"),
        ("target: nobody listens", "not_here"),
    ] {
        assert_eq!(ask(&mut peer, what).code(), code, "{what}");
    }
    stopped(running);
}

#[test]
fn a_function_that_never_returns_does_not_keep_the_runner() {
    let folder = Folder::new();
    let mut running = Running::start(bad(&folder).args(["--stop-timeout", "0.2"]));
    let mut peer = Peer::dealer(&running.address("ask"));
    assert_eq!(ask(&mut peer, "well").text(), "well");
    peer.send_request(&request_with(Value::map([("what", Value::from("never"))]), "w"));
    running.until_logged("this never returns");
    running.signal("TERM");
    let ended = running.ended();
    assert_eq!(ended.code, Some(70), "{ended:?}");
}
