//! States in C: what a service owns, the copy that it holds, and what it is told of it.

use service_framework::{Json, Value, json};

use crate::support::messages::request_with;
use crate::support::peer::Peer;
use crate::support::runner::{Folder, Running};
use crate::support::{free_address, until};
use crate::{c_runner, stopped};

const LEDGER: &str = "tests/c_plugins/ledger.c";

struct Ledger {
    running: Running,
    put: Peer,
    replace: Peer,
    look: Peer,
    break_a_rule: Peer,
}

impl Ledger {
    fn start(ours: &[String; 2], theirs: &[String; 2], extra: &[&str], folder: &Folder) -> Self {
        let bind = json!({"replyer": "127.0.0.1:0"});
        let addresses = json!({
            "connections": {"in": {"put": bind, "replace": bind, "break": bind, "look": bind}},
            "states": {
                "in": {"theirs": {"subscriber": theirs[0], "requester": theirs[1]}},
                "out": {"ours": {"publisher": ours[0], "replyer": ours[1]}},
            },
        });
        let mut running = Running::start(c_runner(LEDGER, &addresses, folder).args(extra));
        let mut peer = |name: &str| Peer::dealer(&running.address(name));
        let (put, replace) = (peer("put"), peer("replace"));
        let (look, break_a_rule) = (peer("look"), peer("break"));
        Self { running, put, replace, look, break_a_rule }
    }

    fn put(&mut self, account: &str, entry: i64, amount: Option<i64>) {
        let amount = amount.map(|amount| ("amount", Value::Int(amount)));
        let put = [("account", Value::from(account)), ("entry", Value::Int(entry))].into_iter().chain(amount);
        let reply = self.put.ask(&request_with(Value::map(put), "w"));
        assert_eq!(reply.code(), "no error", "{reply:?}");
    }

    fn look(&mut self, own: bool, account: &str) -> Json {
        let request = Value::map([("own", Value::Bool(own)), ("account", account.into())]);
        let reply = self.look.ask(&request_with(request, "w"));
        assert_eq!(reply.code(), "no error", "{reply:?}");
        let number = |name: &str| match reply.returned().get(name) {
            Some(Value::Int(number)) => json!(number),
            Some(Value::Map(pairs)) => json!(pairs.len()),
            _ => Json::Null,
        };
        let names = ["condition", "keys", "entries", "sum", "least", "greatest", "value", "told", "last", "changed"];
        names
            .map(|name| (name.to_owned(), number(name)))
            .into_iter()
            .collect::<service_framework::serde_json::Map<_, _>>()
            .into()
    }

    /// Waits until the copy, which is live, has what its owner has in an account.
    fn until_equal(&mut self, owner: &mut Self, account: &str) -> Json {
        let parts = ["condition", "keys", "entries", "sum", "least", "greatest", "value"];
        until("the copy to be as its owner", || {
            let (own, copied) = (owner.look(true, account), self.look(false, account));
            parts.iter().all(|part| own[part] == copied[part]).then_some(copied)
        })
    }
}

#[test]
fn two_ledgers_follow_each_other() {
    let (one_at, other_at) = ([free_address(), free_address()], [free_address(), free_address()]);
    let folders = [Folder::new(), Folder::new()];
    let mut one = Ledger::start(&one_at, &other_at, &[], &folders[0]);
    let mut other = Ledger::start(&other_at, &one_at, &["--placement", "offloaded"], &folders[1]);
    for n in 0..100 {
        one.put("cash", n, Some(2 * n));
        other.put("debt", -n, Some(n));
    }
    one.put("cash", 0, None);
    one.put("none", 0, None);
    let seen = other.until_equal(&mut one, "cash");
    let of_value =
        json!({"condition": 2, "keys": 1, "entries": 99, "sum": 9_900, "least": 1, "greatest": 99, "value": 99});
    for (part, expected) in of_value.as_object().unwrap() {
        assert_eq!(seen[part], *expected, "{part} of {seen}");
    }
    assert!(
        seen["told"].as_i64() > Some(0) && seen["changed"].as_i64() > Some(0) && seen["last"].as_i64() > Some(0),
        "{seen}"
    );
    one.until_equal(&mut other, "debt");
    // What differs from the value before is sent, whatever it is that is put in its place.
    let account = |entries: &[(i64, i64)]| {
        Value::Map(entries.iter().map(|(entry, amount)| (Value::Int(*entry), Value::Int(*amount))).collect())
    };
    let value = Value::map([("cash", account(&[(5, 1), (7, -1)])), ("new", account(&[]))]);
    let reply = one.replace.ask(&request_with(Value::map([("value", value)]), "w"));
    assert_eq!(reply.code(), "no error", "{reply:?}");
    let seen = other.until_equal(&mut one, "cash");
    assert_eq!((&seen["keys"], &seen["entries"], &seen["least"]), (&json!(2), &json!(2), &json!(5)));
    stopped(one.running);
    until("a stale copy", || (other.look(false, "cash")["condition"] == 3).then_some(()));
    stopped(other.running);
}

#[test]
fn what_no_service_is_to_do_with_a_state_is_refused_with_a_code() {
    let folder = Folder::new();
    let mut ledger = Ledger::start(&[free_address(), free_address()], &[free_address(), free_address()], &[], &folder);
    ledger.put("account", 1, Some(1));
    let mut codes = Vec::new();
    for what in 0..14 {
        let reply = ledger.break_a_rule.ask(&request_with(Value::map([("what", Value::Int(what))]), "w"));
        codes.push(reply.code().to_owned());
    }
    assert!(codes.iter().all(|code| code != "no error" && code != "allowed"), "{codes:?}");
    assert_eq!(ledger.look(true, "account")["sum"], 1);
    stopped(ledger.running);
}
