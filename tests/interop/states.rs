//! Our side of states: the fixtures that own them and hold copies of them, each as a process of its own, so that they can
//! be killed.

use service_framework::prelude::*;
use service_framework::{Json, json};

use crate::support::messages::{Reply, request_with};
use crate::support::peer::Peer;
use crate::support::plugins::plugin;
use crate::support::runner::{Folder, Running, runner};
use crate::support::{free_address, until};
use crate::values::canonical_of;

/// The transports over which each test is made.
pub(crate) const TRANSPORTS: [&str; 2] = ["omq", "zeromq"];

/// Where the owner of a delta state is: its publisher, and where it gives snapshots.
#[derive(Clone)]
pub(crate) struct At {
    pub(crate) publisher: String,
    pub(crate) replyer: String,
}

impl At {
    pub(crate) fn free() -> Self {
        Self { publisher: free_address(), replyer: free_address() }
    }

    fn of_owner(&self) -> Json {
        json!({"publisher": self.publisher, "replyer": self.replyer})
    }

    fn of_copy(&self) -> Json {
        json!({"subscriber": self.publisher, "requester": self.replyer})
    }
}

/// A service of ours with a replyer by which a test has it do something.
struct Ours {
    running: Running,
    asker: Peer,
    _folder: Folder,
}

impl Ours {
    fn start(fixture: &str, transport: &str, replyer: &str, side: &str, states: Json) -> Self {
        let folder = Folder::new();
        let addresses = json!({
            "connections": {"in": {replyer: {"replyer": "127.0.0.1:0"}}},
            "states": {side: states},
        });
        let addresses = folder.file("addresses.json", addresses.to_string());
        let mut command = runner();
        command.arg("-s").arg(plugin(fixture)).arg("-a").arg(addresses).args(["--transport", transport]);
        let mut running = Running::start(&mut command);
        let asker = Peer::dealer(&running.address(replyer));
        Self { running, asker, _folder: folder }
    }

    fn ask(&mut self, arguments: Value) -> Reply {
        let reply = self.asker.ask(&request_with(arguments, "w"));
        assert_eq!(reply.code(), "no error", "{reply:?}");
        reply
    }
}

/// The fixture that owns states.
pub(crate) struct Owner {
    ours: Ours,
    places: Places,
}

/// Where its states are.
#[derive(Clone)]
pub(crate) struct Places {
    pub(crate) count: At,
    pub(crate) prices: At,
    pub(crate) open: At,
    pub(crate) whole: String,
}

impl Owner {
    pub(crate) fn start(transport: &str) -> Self {
        let places = Places { count: At::free(), prices: At::free(), open: At::free(), whole: free_address() };
        Self::start_at(transport, places)
    }

    pub(crate) fn start_at(transport: &str, places: Places) -> Self {
        let states = json!({
            "count": places.count.of_owner(),
            "prices": places.prices.of_owner(),
            "open": places.open.of_owner(),
            "whole": {"publisher": places.whole},
        });
        Self { ours: Ours::start("state_owner", transport, "change", "out", states), places }
    }

    pub(crate) const fn places(&self) -> &Places {
        &self.places
    }

    /// Puts values under keys of a state; nil removes one.
    pub(crate) fn change<const N: usize>(&mut self, state: &str, changes: [(&str, Value); N]) {
        self.ours.ask(Value::map([("state", state.into()), ("changes", Value::map(changes))]));
    }

    /// Ends it by a signal, and waits until it is gone.
    pub(crate) fn end(self, signal: &str) -> Places {
        self.ours.running.signal(signal);
        self.ours.running.ended();
        self.places
    }
}

/// The fixture that holds copies.
pub(crate) struct Holder(Ours);

/// What it has.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) value: Json,
    pub(crate) condition: String,
    pub(crate) is_verified: bool,
    pub(crate) number: i128,
    pub(crate) missed: i128,
}

impl Holder {
    /// Starts it with the owner of `open` at one place. Where the others' owners would be is nobody, but for the one whose
    /// place is given.
    pub(crate) fn start(transport: &str, open: &At, count: Option<&At>, whole: Option<&str>) -> Self {
        let nobody = At::free();
        let states = json!({
            "count": count.unwrap_or(&nobody).of_copy(),
            "open": open.of_copy(),
            "whole": {"subscriber": whole.map_or_else(free_address, str::to_owned)},
        });
        Self(Ours::start("state_holder", transport, "look", "in", states))
    }

    /// What the copy of a state is.
    pub(crate) fn look(&mut self, state: &str) -> Seen {
        let reply = self.0.ask(Value::map([("state", state.into())]));
        let part = |key: &str| reply.returned().get(key).unwrap_or_else(|| panic!("no `{key}` in {reply:?}"));
        Seen {
            value: canonical_of(part("value")),
            condition: part("condition").as_str().unwrap().to_owned(),
            is_verified: *part("is_verified") == Value::Bool(true),
            number: part("number").as_int().unwrap(),
            missed: part("missed").as_int().unwrap(),
        }
    }

    /// Waits until the copy is one that is looked for.
    #[track_caller]
    pub(crate) fn until(&mut self, what: &str, state: &str, mut is_it: impl FnMut(&Seen) -> bool) -> Seen {
        until(what, || Some(self.look(state)).filter(&mut is_it))
    }
}

/// A map of a state as it is told, whatever the order of its keys.
pub(crate) fn keyed<const N: usize>(entries: [(&str, Value); N]) -> Json {
    sorted(&canonical_of(&Value::map(entries)))
}

/// The same map, with its keys in order.
pub(crate) fn sorted(map: &Json) -> Json {
    let mut map = crate::values::canonical(map);
    if let Some(pairs) = map["v"].as_array_mut() {
        pairs.sort_by_key(|pair| pair[0].to_string());
    }
    map
}
