//! Requester and replyer over a hundred deaths of their peer, on each transport: all requests end, the next good answer
//! comes soon after the peer is back, and nothing is answered with what belongs to another request. Run with
//! `--nocapture` to see how soon.

mod support;

use std::time::{Duration, Instant};

use fixtures::{Desk, Text};
use service_framework::prelude::*;
use service_framework::{Json, Service, json};
use support::messages::request;
use support::peer::Peer;
use support::plugins::plugin;
use support::runner::{Folder, Running, run, runner};
use support::{free_address, process, until};

const DEATHS: usize = 100;

/// How long the worst recovery may take: far longer than any that was seen, far shorter than a person's patience.
const WORST: Duration = Duration::from_secs(10);

const PEER: Requester<Text, Text> = Requester::new("peer");

/// Passes on what it is asked.
struct Relay;

impl ServiceDefinition for Relay {
    type Config = ();

    fn new((): ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.replyer("relay", |_: &mut Self, text: Text, ctx| ctx.send(&PEER, &text));
        m.requester(&PEER).timeout(Duration::from_millis(500));
    }
}

fn relay(peer: impl Into<Json>, transport: &str) -> Service {
    let peer = peer.into();
    let addresses = json!({"connections": {
        "in": {"relay": {"replyer": "127.0.0.1:0"}},
        "out": {"peer": {"requester": peer, "transport": transport}},
    }});
    let mut relay = Service::of::<Relay>().addresses(addresses).build().unwrap();
    relay.run_service().unwrap();
    relay
}

/// The addresses of a desk that answers at `address`.
fn desk_addresses(address: &str, transport: &str) -> Json {
    json!({"connections": {
        "in": {"echo": {"replyer": "127.0.0.1:0"}, "trouble": {"replyer": address, "transport": transport}},
        "out": {"peer": {"requester": "127.0.0.1:1"}},
    }})
}

/// Asks until there is a good answer; whatever comes before must be an honest failure, and never another's answer.
fn until_answered(asker: &mut Peer, text: &str) {
    until("a good answer", || {
        let reply = asker.ask(&request(text, text));
        match reply.code() {
            "no error" => {
                assert_eq!(reply.text(), text);
                Some(())
            }
            "peer_lost" | "no_peer" | "timed_out" | "stopping" => None,
            other => panic!("{other}"),
        }
    });
}

/// How long each recovery took, sorted and said.
fn told(what: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let (median, worst) = (took[took.len() / 2], took[took.len() - 1]);
    println!("{what}: {} recoveries, median {median:?}, worst {worst:?}", took.len());
    assert!(worst < WORST, "{what}: {worst:?}");
}

/// A peer that is killed as processes are, and comes back at the same address.
fn requester_recovers(ours: &str, theirs: &str, address: &str) {
    let folder = Folder::new();
    let file = folder.file("addresses.json", desk_addresses(address, theirs).to_string());
    let (library, relay) = (plugin("desk"), relay(address, ours));
    let start = || {
        let mut desk = Running::start(runner().arg("-s").arg(&library).arg("-a").arg(&file));
        desk.until_logged("`trouble` at ");
        desk
    };
    let mut asker = Peer::dealer(relay.address("relay").unwrap());
    let mut desk = start();
    until_answered(&mut asker, "first");
    let mut took = Vec::new();
    for death in 0..DEATHS {
        if death % 2 == 0 {
            // In the middle of a request.
            asker.send_request(&request("wait", "lost"));
            until("the request to have left", || {
                let peer = &relay.stats().outbound["peer"];
                // Counted when it has ended; what is in flight shows as received by the relay only.
                (relay.stats().inbound["relay"].received > peer.sent).then_some(())
            });
            desk.signal("KILL");
            desk.ended();
            let code = asker.reply().code().to_owned();
            assert!(matches!(code.as_str(), "peer_lost" | "no_peer" | "no error" | "timed_out"), "{code}");
        } else {
            desk.signal("KILL");
            desk.ended();
        }
        desk = start();
        let back = Instant::now();
        until_answered(&mut asker, &format!("text {death}"));
        took.push(back.elapsed());
    }
    told(&format!("requester over {ours}, replyer over {theirs}, {}", &address[..3]), took);
}

#[test]
fn a_requester_over_omq_recovers() {
    requester_recovers("omq", "omq", &free_address());
}

#[test]
fn a_requester_over_zeromq_recovers_and_the_other_side_may_be_omq() {
    requester_recovers("zeromq", "omq", &free_address());
}

#[test]
fn a_requester_recovers_over_ipc_whatever_the_other_side_is() {
    let folder = Folder::new();
    let address = format!("ipc://{}", folder.path().join("desk.sock").display());
    requester_recovers("omq", "zeromq", &address);
}

/// A peer that is frozen and thawed: requests end by their deadline, and what it answers later reaches nobody.
fn requester_survives_a_freeze(ours: &str, theirs: &str) {
    let folder = Folder::new();
    let address = free_address();
    let file = folder.file("addresses.json", desk_addresses(&address, theirs).to_string());
    let (library, relay) = (plugin("desk"), relay(address.as_str(), ours));
    let mut desk = Running::start(runner().arg("-s").arg(&library).arg("-a").arg(&file));
    desk.until_logged("`trouble` at ");
    let mut asker = Peer::dealer(relay.address("relay").unwrap());
    until_answered(&mut asker, "first");
    for freeze in 0..5 {
        desk.signal("STOP");
        until("the peer to be frozen", || process::is_frozen(&desk.id()).then_some(()));
        for request_number in 0..3 {
            let text = format!("frozen {freeze} {request_number}");
            assert_eq!(asker.ask(&request(&text, &text)).code(), "timed_out");
        }
        desk.signal("CONT");
        let text = format!("thawed {freeze}");
        until_answered(&mut asker, &text);
    }
    until("the late replies to be counted", || {
        (relay.stats().outbound["peer"].dropped.get("late_reply").copied().unwrap_or_default() >= 10).then_some(())
    });
    assert_eq!(relay.stats().outbound["peer"].dropped["timed_out"], 15);
}

#[test]
fn a_requester_over_omq_survives_a_frozen_peer() {
    requester_survives_a_freeze("omq", "zeromq");
}

#[test]
fn a_requester_over_zeromq_survives_a_frozen_peer() {
    requester_survives_a_freeze("zeromq", "omq");
}

/// The first of two addresses is frozen: it holds up one request and not each, and is the first again once it is thawed.
fn a_frozen_first_address_is_passed_over(ours: &str, theirs: &str) {
    let folder = Folder::new();
    let (first, second) = (free_address(), free_address());
    let file = folder.file("addresses.json", desk_addresses(&first, theirs).to_string());
    let mut frozen = Running::start(runner().arg("-s").arg(plugin("desk")).arg("-a").arg(&file));
    frozen.until_logged("`trouble` at ");
    let mut other = Service::of::<Desk>().addresses(desk_addresses(&second, theirs)).build().unwrap();
    until("a port", || other.run_service().ok());
    let asked_other = || other.stats().inbound["trouble"].received;
    let relay = relay(json!([first, second]), ours);
    let mut asker = Peer::dealer(relay.address("relay").unwrap());
    let mut until_the_first_is_asked = || {
        until("the first address to be asked", || {
            let before = asked_other();
            until_answered(&mut asker, "hello");
            (asked_other() == before).then_some(())
        });
    };
    for _ in 0..3 {
        until_the_first_is_asked();
        frozen.signal("STOP");
        until("the peer to be frozen", || process::is_frozen(&frozen.id()).then_some(()));
        let mut asker = Peer::dealer(relay.address("relay").unwrap());
        assert_eq!(asker.ask(&request("lost", "lost")).code(), "timed_out");
        for number in 0..5 {
            assert_eq!(asker.ask(&request(&format!("text {number}"), "w")).text(), format!("text {number}"));
        }
        frozen.signal("CONT");
    }
    until_the_first_is_asked();
}

#[test]
fn a_frozen_first_address_is_passed_over_by_a_requester_over_omq() {
    a_frozen_first_address_is_passed_over("omq", "zeromq");
}

#[test]
fn a_frozen_first_address_is_passed_over_by_a_requester_over_zeromq() {
    a_frozen_first_address_is_passed_over("zeromq", "omq");
}

/// Requesters that come, ask, and die, with and without waiting for their answer.
fn replyer_recovers(theirs: &str, ours: &str) {
    let folder = Folder::new();
    let mut desk = Service::of::<Desk>().addresses(desk_addresses(&free_address(), ours)).build().unwrap();
    until("a port", || desk.run_service().ok());
    let address = desk.address("trouble").unwrap().to_owned();
    let addresses = json!({"connections": {"out": {"peer": {"requester": address, "transport": theirs}}}});
    let file = folder.file("addresses.json", addresses.to_string());
    let driver = plugin("driver");
    let mut took = Vec::new();
    for _ in 0..DEATHS {
        let mut dies = Peer::dealer(&address);
        dies.send_request(&request("wait", "never read"));
        drop(dies);
        let began = Instant::now();
        let asked =
            run(runner().arg("-m").arg("-s").arg(&driver).arg("-a").arg(&file).args(["--task", "ask the peer"]));
        assert_eq!((asked.code, asked.stdout.contains("the peer answered main")), (Some(0), true), "{asked:?}");
        took.push(began.elapsed());
    }
    told(&format!("replyer over {ours}, requesters over {theirs}, each a process"), took);
}

#[test]
fn a_replyer_over_omq_outlives_a_hundred_requesters() {
    replyer_recovers("zeromq", "omq");
}

#[test]
fn a_replyer_over_zeromq_outlives_a_hundred_requesters() {
    replyer_recovers("omq", "zeromq");
}

#[test]
fn both_sides_recover_within_one_process() {
    let address = "inproc://recovery";
    let mut desk = Service::of::<Desk>().addresses(desk_addresses(address, "inproc")).build().unwrap();
    desk.run_service().unwrap();
    let mut relay = relay(address, "inproc");
    let mut asker = Peer::dealer(relay.address("relay").unwrap());
    until_answered(&mut asker, "first");
    let mut took = Vec::new();
    for life in 0..DEATHS {
        if life % 2 == 0 {
            desk.stop_service().unwrap();
            desk.run_service().unwrap();
        } else {
            relay.stop_service().unwrap();
            relay.run_service().unwrap();
            asker = Peer::dealer(relay.address("relay").unwrap());
        }
        let back = Instant::now();
        until_answered(&mut asker, &format!("text {life}"));
        took.push(back.elapsed());
    }
    told("both within one process", took);
}
