//! States between services: the value of a copy is the owner's, to the last byte, whatever is in between; and whatever
//! becomes of either, it is never anything that the owner did not have.

mod cable;
#[allow(dead_code, reason = "of a bad message only its bytes matter here")]
#[path = "../hostile/corpus.rs"]
mod corpus;
mod cut_off;
mod faults;
mod hostile;
mod settings;
mod slow;
mod storm;
#[path = "../support/mod.rs"]
mod support;
mod values;

use fixtures::keeper::{is_delta, keeper_addresses, states};
use fixtures::{Follower, Keeper};
use service_framework::prelude::*;
use service_framework::{Json, Placement, Service, json};

use support::messages::{bytes, request_with};
use support::peer::Peer;
use support::runner::Folder;
use support::{free_address, until};

/// How long a state may be stale for before a test has to see it.
const HEARTBEAT: Duration = Duration::from_millis(200);

/// Where an owner and its copies meet.
#[derive(Clone)]
struct Meeting {
    transport: Option<&'static str>,
    addresses: Json,
}

impl Meeting {
    fn new(transport: Option<&'static str>, mut address: impl FnMut(&str, &str) -> String) -> Self {
        Self { transport, addresses: keeper_addresses(|state, key| address(state, key).into()) }
    }

    fn over_tcp(transport: &'static str) -> Self {
        Self::new(Some(transport), |_, _| free_address())
    }

    fn of_owner(&self) -> Json {
        let mut addresses = self.addresses.clone();
        for (state, transport) in states().into_iter().zip(self.transport.iter().cycle()) {
            addresses["states"]["out"][state]["transport"] = (*transport).into();
        }
        addresses
    }

    fn of_copy(&self) -> Json {
        self.of_copy_by(|_, _, address| address)
    }

    /// The addresses of a copy; each may be led somewhere else.
    fn of_copy_by(&self, mut through: impl FnMut(&str, &str, Json) -> Json) -> Json {
        let copied = states().map(|state| {
            let owner = &self.addresses["states"]["out"][state];
            let mut copy = json!({"subscriber": through(state, "publisher", owner["publisher"].clone())});
            if let Some(transport) = self.transport {
                copy["transport"] = transport.into();
            }
            if is_delta(state) {
                copy["requester"] = through(state, "replyer", owner["replyer"].clone());
            }
            (state.to_owned(), copy)
        });
        json!({
            "connections": {"in": {"look": {"replyer": "127.0.0.1:0"}}},
            "states": {"in": copied.into_iter().collect::<service_framework::serde_json::Map<_, _>>()},
        })
    }

    fn owner(&self, placement: Placement, config: &Json) -> Owner {
        let builder = Service::of::<Keeper>().addresses(self.of_owner()).config(config.clone()).placement(placement);
        let mut service = builder.build().expect("a good service");
        until("the ports to be free", || service.run_service().map_err(|error| println!("{error}")).ok());
        let address = |name: &str| service.address(name).expect("a running service").to_owned();
        let (change, look) = (Peer::dealer(&address("change")), Peer::dealer(&address("look")));
        Owner { service, change: Changer(change), look: Looker(look) }
    }

    fn copy(&self, placement: Placement, config: &Json) -> CopyOf {
        let builder = Service::of::<Follower>().addresses(self.of_copy()).config(config.clone()).placement(placement);
        let mut service = builder.build().expect("a good service");
        service.run_service().expect("free ports");
        let look = Peer::dealer(service.address("look").expect("a running service"));
        CopyOf { service, look: Looker(look) }
    }
}

/// Each way in which an owner and a copy can be connected, with the sockets of both on their own threads or not.
fn each_way(test: impl Fn(Placement, Meeting) + std::panic::RefUnwindSafe) {
    for placement in [Placement::Inline, Placement::Offloaded] {
        let folder = Folder::new();
        let ipc = |state: &str, key: &str| format!("ipc://{}", folder.path().join(format!("{state}-{key}")).display());
        let inproc = |state: &str, key: &str| format!("inproc://{state}-{key}-{}", Uuid::new_v4());
        let meetings = [
            ("omq over tcp", Meeting::over_tcp("omq")),
            ("omq over ipc", Meeting::new(Some("omq"), ipc)),
            ("zeromq over tcp", Meeting::over_tcp("zeromq")),
            ("within the process", Meeting::new(None, inproc)),
        ];
        for (way, meeting) in meetings {
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| test(placement, meeting)));
            assert!(outcome.is_ok(), "{way}, with the sockets {placement:?}");
        }
    }
}

struct Owner {
    service: Service,
    change: Changer,
    look: Looker,
}

struct CopyOf {
    service: Service,
    look: Looker,
}

/// Has a keeper change its states.
struct Changer(Peer);

impl Changer {
    #[track_caller]
    fn change(&mut self, how: &str, state: &str, value: Value) {
        assert_eq!(self.try_change(how, state, value), "no error");
    }

    /// Asks for a change and returns the code of its error.
    fn try_change(&mut self, how: &str, state: &str, value: Value) -> String {
        let change = Value::map([("how", Value::from(how)), ("state", state.into()), ("value", value)]);
        self.0.ask(&request_with(change, "w")).code().to_owned()
    }
}

/// Asks a service how a state of its is.
struct Looker(Peer);

/// A state as it was seen.
#[derive(Debug)]
struct Seen(Value);

impl Looker {
    fn look(&mut self, state: &str) -> Seen {
        let reply = self.0.ask(&request_with(Value::map([("state", Value::from(state))]), "w"));
        assert_eq!(reply.code(), "no error", "{reply:?}");
        Seen(reply.returned().clone())
    }

    /// The code of the error of a look.
    fn refused(&mut self, state: &str) -> String {
        self.0.ask(&request_with(Value::map([("state", Value::from(state))]), "w")).code().to_owned()
    }

    #[track_caller]
    fn until(&mut self, what: &str, state: &str, is_it: impl Fn(&Seen) -> bool) -> Seen {
        until(what, || Some(self.look(state)).filter(&is_it))
    }

    #[track_caller]
    fn until_live(&mut self, state: &str) -> Seen {
        self.until("a live copy", state, |seen| seen.condition() == "Live")
    }

    /// Waits until the copy is live and where the owner is, which is at rest, and compares the bytes.
    #[track_caller]
    fn until_equal(&mut self, owner: &mut Looker, state: &str) -> Seen {
        until("the copy to be as the owner", || {
            let (own, copied) = (owner.look(state), self.look(state));
            (copied.condition() == "Live" && copied.value_bytes() == own.value_bytes()).then_some(copied)
        })
    }
}

impl Seen {
    fn part(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Nil)
    }

    fn condition(&self) -> &str {
        self.part("condition").as_str().expect("a condition")
    }

    fn value(&self) -> &Value {
        self.part("value")
    }

    fn value_bytes(&self) -> Vec<u8> {
        bytes(self.value())
    }

    fn number(&self, name: &str) -> u64 {
        match self.part(name) {
            Value::Int(number) => u64::try_from(*number).expect("a count"),
            Value::UInt(number) => *number,
            other => panic!("`{name}` is {other:?}"),
        }
    }

    /// What the function of the copy was told.
    fn told(&self) -> Vec<&str> {
        let Value::List(told) = self.part("told") else { panic!("nothing told") };
        told.iter().map(|line| line.as_str().expect("a line")).collect()
    }

    fn impossible(&self) -> &Value {
        self.part("impossible")
    }
}

fn map(entries: &[(&str, Value)]) -> Value {
    Value::map(entries.iter().map(|(key, value)| (*key, value.clone())))
}

fn text(text: &str) -> Value {
    Value::from(text)
}

/// A config of a keeper or a follower with these creation arguments.
fn with(states: &Json) -> Json {
    json!({"states": states.to_string()})
}
