//! Strangers at the sockets of a state: whatever they send, the owner and its copies go on.

use service_framework::{Placement, Value};

use crate::services::{Asker, Places, keeper, reader};
use crate::support::messages::{bytes, publication};
use crate::support::peer::Peer;
use crate::support::until;

/// Bodies that are no request for a snapshot, and no update.
fn garbage() -> Vec<Vec<u8>> {
    let deep = [vec![0x91; 5_000], vec![0xc0]].concat();
    let claims = vec![0xdd, 0xff, 0xff, 0xff, 0xff];
    let wrong = bytes(&Value::map([("args", Value::from("no map")), ("workflow_id", Value::Nil)]));
    let have = bytes(&Value::map([("args", Value::Map(vec![])), ("have", Value::from("no map"))]));
    vec![vec![], vec![0xc1], deep, claims, wrong, have, vec![0x81; 100], b"GET / HTTP/1.1".to_vec()]
}

#[test]
fn strangers_who_ask_for_snapshots_are_answered_with_an_error_and_disturb_nobody() {
    for placement in [Placement::Inline, Placement::Offloaded] {
        let places = Places::new("omq");
        let owner = keeper(&places, placement);
        let copy = reader(&places, placement);
        let mut keeper = Asker::of(&owner);
        let mut stranger = Peer::dealer(&format!("tcp://{}", places.states[1]));
        for body in garbage() {
            let reply = stranger.ask(&body);
            assert_ne!(reply.code(), "no error", "{body:x?}");
        }
        // A good request by the same peer, as the Python library makes it.
        let reply = stranger.ask(&bytes(&Value::map([("args", Value::Map(vec![]))])));
        assert!(reply.returned().get("state").is_some(), "{reply:?}");
        let last = keeper.set("a", 1);
        Asker::of(&copy).until("the value", |heard| heard.values() == last.values() && heard.is_live());
    }
}

#[test]
fn a_hundred_who_ask_at_once_all_get_the_value_while_it_changes() {
    for placement in [Placement::Inline, Placement::Offloaded] {
        let places = Places::new("omq");
        let owner = keeper(&places, placement);
        let mut keeper = Asker::of(&owner);
        for n in 0..500 {
            keeper.set(&format!("k{n}"), n);
        }
        let mut joiners: Vec<_> = (0..100).map(|_| Peer::dealer(&format!("tcp://{}", places.states[1]))).collect();
        let request = bytes(&Value::map([("args", Value::Map(vec![]))]));
        joiners.iter_mut().for_each(|joiner| joiner.send_request(&request));
        keeper.set("meanwhile", 1);
        for joiner in &mut joiners {
            let reply = joiner.reply();
            let Some(Value::Map(state)) = reply.returned().get("state") else { panic!("no state in {reply:?}") };
            assert!(state.len() >= 500, "{}", state.len());
        }
    }
}

#[test]
fn what_a_false_owner_says_is_counted_and_never_seen() {
    for placement in [Placement::Inline, Placement::Offloaded] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let mut places = Places::new("omq");
        places.states[0] = listener.local_addr().expect("a bound port").to_string();
        let copy = reader(&places, placement);
        let mut owner = Peer::accepted_as_publisher(&listener);
        for body in garbage() {
            owner.send(&[&[bytes(&Value::from("NUMBERS")), body].concat()]);
        }
        for state in [
            Value::Nil,
            Value::map([("a", Value::from("no number"))]),
            Value::Map(vec![(Value::Int(1), Value::Int(1))]),
        ] {
            let update = [("current_num", Value::Int(1)), ("is_snapshot", true.into()), ("state", state)];
            owner.send(&[&publication("NUMBERS", Value::map(update), "w", None)]);
        }
        until("all to be counted", || {
            let stats = copy.stats().inbound["numbers"].clone();
            (stats.dropped.values().sum::<u64>() >= 11).then_some(())
        });
        let mut reader = Asker::of(&copy);
        assert_eq!(reader.tell().text("numbers"), "absent");
        // One of the Python library is believed.
        let state = Value::map([("a", Value::Int(1))]);
        let update = [("current_num", Value::Int(0)), ("is_snapshot", true.into()), ("state", state)];
        owner.send(&[&publication("NUMBERS", Value::map(update), "w", None)]);
        reader.until("the value", |heard| heard.text("numbers") == "{\"a\": 1}");
    }
}
