//! A replyer and a subscriber under attack: nothing that a peer sends, or does not send, ends the service, and whoever can be told what
//! is wrong is told. Every attack is made on a service of this program and on a plugin in a process of its own.

mod connections;
mod corpus;
mod messages;
mod publications;
#[path = "../support/mod.rs"]
mod support;

use fixtures::Desk;
use service_framework::{ConnectionStats, Json, Service, json};
use support::messages::{Reply, request};
use support::peer::Peer;
use support::plugins::plugin;
use support::runner::{Folder, Running, runner};
use support::until;

/// A desk that runs.
enum Victim {
    Embedded { service: Box<Service>, endpoint: String },
    Process { running: Running, endpoint: String, _folder: Folder },
}

impl Victim {
    fn embedded() -> Self {
        let mut service = Service::of::<Desk>().addresses(addresses()).build().expect("a good service");
        service.run_service().expect("free ports");
        let endpoint = service.address("echo").expect("a running service").to_owned();
        Self::Embedded { service: Box::new(service), endpoint }
    }

    fn process() -> Self {
        let folder = Folder::new();
        let addresses = folder.file("addresses.json", addresses().to_string());
        let mut running = Running::start(runner().arg("-s").arg(plugin("desk")).arg("-a").arg(addresses));
        let endpoint = running.address("echo");
        Self::Process { running, endpoint, _folder: folder }
    }

    /// Makes the attack on a victim of each kind and sees that it still serves, this peer and new ones.
    fn each(attack: impl Fn(&mut Self)) {
        for mut victim in [Self::embedded(), Self::process()] {
            let mut early = victim.peer();
            attack(&mut victim);
            serves(&mut early);
            serves(&mut victim.peer());
        }
    }

    fn endpoint(&self) -> &str {
        match self {
            Self::Embedded { endpoint, .. } | Self::Process { endpoint, .. } => endpoint,
        }
    }

    fn peer(&self) -> Peer {
        Peer::dealer(self.endpoint())
    }

    /// What happened to the messages of the replyer; known from outside only of a service in this program.
    fn stats(&self) -> Option<ConnectionStats> {
        let Self::Embedded { service, .. } = self else { return None };
        service.stats().inbound.remove("echo")
    }

    /// Waits until this many messages were dropped for this reason.
    fn until_dropped(&self, reason: &str, count: u64) {
        if let Self::Embedded { .. } = self {
            until(&format!("{count} drops for `{reason}`"), || {
                let stats = self.stats()?;
                (stats.dropped.get(reason) == Some(&count)).then_some(())
            });
        }
    }

    /// The number of the process that serves, for the kernel's files about it.
    fn process_id(&self) -> String {
        match self {
            Self::Embedded { .. } => "self".to_owned(),
            Self::Process { running, .. } => running.id(),
        }
    }
}

fn addresses() -> Json {
    let anywhere = json!({"replyer": "127.0.0.1:0"});
    json!({"connections": {"in": {"echo": anywhere, "trouble": anywhere}, "out": {"peer": {"requester": "127.0.0.1:1"}}}})
}

/// A good request is answered.
#[track_caller]
fn serves(peer: &mut Peer) {
    let reply: Reply = peer.ask(&request("still there?", "good"));
    assert_eq!((reply.text(), reply.workflow_id().as_str(), reply.code()), ("still there?", Some("good"), "no error"));
}
