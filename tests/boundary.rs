//! The plugin boundary within one process: plugins in Rust and in C, calls that go well, fail, panic and break the
//! rules, services that are made and destroyed. `.ci/run` runs these tests once more with every access to memory
//! checked, so they are few and each does a lot in little time.

mod support;

use std::path::Path;

use service_framework::{Json, Service, Value, json};
use support::messages::request_with;
use support::peer::Peer;
use support::plugins::{c_plugin, plugin};
use support::runner::Folder;
use support::until;

fn started(path: &Path, addresses: Json) -> Service {
    let service = Service::from_path(path).addresses(addresses).console_loglevel("OFF").build();
    let mut service = service.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    service.run_service().unwrap();
    service
}

/// Addresses that listen for these connections on ports that the system picks, with a peer that is not there.
fn listening(names: &[&str]) -> Json {
    let mut inbound = json!({});
    for name in names {
        inbound[*name] = json!({"replyer": "127.0.0.1:0"});
    }
    json!({"connections": {"in": inbound}})
}

fn text(name: &str, text: &str) -> Vec<u8> {
    request_with(Value::map([(name, Value::from(text))]), "w")
}

#[test]
fn a_plugin_in_rust_answers_fails_panics_and_is_made_again() {
    let mut addresses = listening(&["echo", "trouble"]);
    addresses["connections"]["out"] = json!({"peer": {"requester": "127.0.0.1:9"}});
    for _ in 0..2 {
        let mut desk = started(&plugin("desk"), addresses.clone());
        let mut echo = Peer::dealer(desk.address("echo").unwrap());
        assert_eq!(echo.ask(&text("text", "caf\u{e9}")).text(), "caf\u{e9}");
        let everything = Value::map([
            ("text", Value::from("all")),
            ("items", Value::List(vec![1_i64.into(), 2_i64.into()])),
            ("by_name", Value::map([("one", Value::Int(1))])),
            ("any", Value::List(vec![Value::map([("deep", Value::Bytes(vec![1, 2, 3]))])])),
        ]);
        assert_eq!(echo.ask(&request_with(everything.clone(), "w")).returned().get("any"), everything.get("any"));
        assert_eq!(echo.ask(&text("texte", "")).code(), "unknown_key");
        let mut trouble = Peer::dealer(desk.address("trouble").unwrap());
        for (what, code) in [("error", "unknown_symbol"), ("panic", "panicked"), ("ask the peer", "no_peer")] {
            assert_eq!(trouble.ask(&text("text", what)).code(), code);
        }
        desk.stop_service().unwrap();
    }
}

#[test]
fn a_plugin_in_c_reads_and_makes_slots_of_every_kind() {
    let mut mirror = started(&c_plugin("tests/c_plugins/mirror.c"), listening(&["any", "everything"]));
    let mut peer = Peer::dealer(mirror.address("any").unwrap());
    for value in [
        Value::Nil,
        Value::Bool(true),
        Value::UInt(u64::MAX),
        Value::Float(0.5),
        "x".repeat(70_000).into(),
        Value::Bytes(vec![7; 300]),
        Value::Decimal("-0.0010".parse().unwrap()),
        Value::FloatArray(vec![1.0, 2.5]),
        Value::Ext(5, vec![1, 2]),
        Value::Set(vec![1_i64.into(), "a".into()]),
        Value::List(vec![Value::List(vec![]), Value::map([("k", Value::Uuid(service_framework::Uuid::max()))])]),
    ] {
        let reply = peer.ask(&request_with(Value::map([("payload", value.clone())]), "w"));
        assert_eq!(reply.returned().get("echo"), Some(&value));
    }
    mirror.stop_service().unwrap();
}

#[test]
fn a_plugin_in_c_drives_another_and_both_are_made_again() {
    for _ in 0..2 {
        let mut desk = started(&c_plugin("examples/c/desk.c"), listening(&["order"]));
        let address = desk.address("order").unwrap().strip_prefix("tcp://").unwrap();
        let addresses = json!({"connections": {"out": {"order": {"requester": address}}}});
        let driver = Service::from_path(c_plugin("examples/c/driver.c")).addresses(addresses);
        let mut driver = driver.config(json!({"count": 20})).console_loglevel("OFF").build().unwrap();
        driver.run_service_as_main_blocking().unwrap();
        assert_eq!(desk.stats().inbound.values().map(|stats| stats.sent).sum::<u64>(), 20);
        desk.stop_service().unwrap();
    }
}

#[test]
fn a_plugin_in_c_has_a_target_a_timer_and_a_thread_that_sends() {
    let folder = Folder::new();
    let file = folder.path().join("notes.txt");
    for _ in 0..2 {
        let config = json!({"path": file.to_str().unwrap(), "every_ms": 5});
        let service = Service::from_path(c_plugin("examples/c/journal.c")).addresses(listening(&["note"]));
        let mut journal = service.config(config).console_loglevel("OFF").build().unwrap();
        journal.run_service().unwrap();
        let mut peer = Peer::dealer(journal.address("note").unwrap());
        assert_eq!(peer.ask(&text("text", "noted")).code(), "no error");
        let ticks = || std::fs::read_to_string(&file).unwrap().matches("tick\n").count();
        let before = ticks();
        until("ticks of the thread", || (ticks() > before + 2).then_some(()));
        journal.stop_service().unwrap();
    }
}

#[test]
fn plugins_in_c_own_a_state_copy_it_and_are_refused_what_they_may_not_do_with_it() {
    let addresses = |ours: &str, theirs: &str| {
        let mut addresses = listening(&["put", "replace", "break", "look"]);
        addresses["states"] = json!({
            "in": {"theirs": {"subscriber": format!("{theirs}-updates"), "requester": format!("{theirs}-snapshots")}},
            "out": {"ours": {"publisher": format!("{ours}-updates"), "replyer": format!("{ours}-snapshots")}},
        });
        addresses
    };
    for life in 0..2 {
        let (one_at, other_at) = (format!("inproc://one-{life}"), format!("inproc://other-{life}"));
        let library = c_plugin("tests/c_plugins/ledger.c");
        let mut one = started(&library, addresses(&one_at, &other_at));
        let mut other = started(&library, addresses(&other_at, &one_at));
        let ask = |service: &Service, name: &str, arguments: &[(&str, Value)]| {
            let request = Value::map(arguments.iter().map(|(name, value)| (*name, value.clone())));
            Peer::dealer(service.address(name).unwrap()).ask(&request_with(request, "w"))
        };
        for entry in 0..20 {
            let put =
                [("account", Value::from("account")), ("entry", Value::Int(entry % 15)), ("amount", Value::Int(entry))];
            assert_eq!(ask(&one, "put", &put).code(), "no error");
        }
        assert_eq!(ask(&one, "put", &[("account", "account".into()), ("entry", Value::Int(7))]).code(), "no error");
        let look = |service: &Service, own: bool| {
            let seen = ask(service, "look", &[("own", Value::Bool(own)), ("account", "account".into())]);
            seen.returned().get("value").cloned()
        };
        let owned = look(&one, true);
        until("the copy to be as its owner", || (look(&other, false) == owned).then_some(()));
        let in_place = Value::map([("account", Value::Map(vec![(Value::Int(1), Value::Int(1))]))]);
        assert_eq!(ask(&one, "replace", &[("value", in_place)]).code(), "no error");
        for what in 0..14 {
            assert!(!["no error", "allowed"].contains(&ask(&one, "break", &[("what", Value::Int(what))]).code()));
        }
        one.stop_service().unwrap();
        other.stop_service().unwrap();
    }
}

#[test]
fn nothing_that_a_plugin_in_c_says_in_a_bad_way_is_believed() {
    let mut bad = started(&c_plugin("tests/c_plugins/bad.c"), listening(&["ask"]));
    let mut peer = Peer::dealer(bad.address("ask").unwrap());
    for (what, code) in [
        ("silent failure", "handler_failed"),
        ("null error", "handler_failed"),
        ("null texts", "failed"),
        ("bad error text", "told_to"),
        ("no answer", "no_answer"),
        ("failure after the answer", "told_to"),
        ("two answers", "answered_twice"),
        ("answer from a callback", "told_to"),
        ("unknown connection", "no_such_connection"),
        ("null slots", "bad_return"),
        ("endless slots", "bad_return"),
        ("too many slots", "bad_return"),
        ("unknown tag", "bad_return"),
        ("bad text", "bad_return"),
        ("null text", "bad_return"),
        ("endless text", "bad_return"),
        ("text of a negative length", "bad_return"),
        ("endless list", "bad_return"),
        ("crooked list", "bad_return"),
        ("list of texts", "bad_return"),
    ] {
        assert_eq!(peer.ask(&text("what", what)).code(), code, "{what}");
    }
    for what in ["well", "nobody listens", "target: well"] {
        assert_eq!(peer.ask(&text("what", what)).text(), "well");
    }
    bad.stop_service().unwrap();
}
