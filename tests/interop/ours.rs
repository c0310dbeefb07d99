//! Our side: the services that talk to Python, and the ways to run them.

use std::marker::PhantomData;

use fixtures::Counterpart;
use service_framework::prelude::*;
use service_framework::{Json, Service, json};

use crate::support::PATIENCE;
use crate::support::plugins::plugin;
use crate::support::runner::{Folder, Running, runner};

/// Our side, with all replyers of the fixture `counterpart`.
pub(crate) enum Ours {
    Embedded(Box<Service>),
    Plugin(Running, #[allow(dead_code, reason = "the files live as long as the process that reads them")] Folder),
}

impl Ours {
    /// The ways to run the same service, whose requester asks the address that they are given.
    pub(crate) const WAYS: [fn(&str) -> Self; 3] = [Self::embedded, Self::embedded_over_zeromq, Self::as_plugin];

    fn embedded(next: &str) -> Self {
        Self::embedded_over("omq", next)
    }

    fn embedded_over_zeromq(next: &str) -> Self {
        Self::embedded_over("zeromq", next)
    }

    fn embedded_over(transport: &str, next: &str) -> Self {
        let builder = Service::of::<Counterpart>().addresses(addresses(next)).transport(transport);
        let mut service = builder.build().unwrap();
        service.run_service().unwrap();
        Self::Embedded(Box::new(service))
    }

    fn as_plugin(next: &str) -> Self {
        let folder = Folder::new();
        let file = folder.file("addresses.json", addresses(next).to_string());
        Self::Plugin(Running::start(runner().arg("-s").arg(plugin("counterpart")).arg("-a").arg(file)), folder)
    }

    /// Where a replyer listens.
    pub(crate) fn endpoint(&mut self, name: &str) -> String {
        match self {
            Self::Embedded(service) => service.address(name).unwrap().to_owned(),
            Self::Plugin(running, _) => running.address(name),
        }
    }

    /// The same, as the Python library writes it.
    pub(crate) fn address(&mut self, name: &str) -> String {
        self.endpoint(name).strip_prefix("tcp://").unwrap().to_owned()
    }
}

fn addresses(next: &str) -> Json {
    let mut addresses = json!({"in": {}, "out": {"next": {"requester": next}}});
    for name in ["echo", "everything", "identify", "refuse", "relay"] {
        addresses["in"][name] = json!({"replyer": "127.0.0.1:0"});
    }
    json!({"connections": addresses})
}

/// An address at which nobody is asked anything.
pub(crate) const NOBODY: &str = "127.0.0.1:9";

/// What a service does in main mode. Its requester is called `next`.
pub(crate) trait Lead: Sized + Send + 'static {
    /// Declares the requester: one that sends and gets anything at all.
    fn declare(m: &mut Models<Leader<Self>>) {
        let (payload, echo) =
            (Record::new().required("payload", ArgType::Any), Record::new().required("echo", ArgType::Any));
        m.requester_untyped("next", payload, echo).timeout(PATIENCE);
    }

    /// Asks, and panics where an answer is not as it should be.
    fn lead(ctx: &mut Context) -> Result<()>;
}

/// The service around it.
pub(crate) struct Leader<L>(PhantomData<L>);

impl<L: Lead> ServiceDefinition for Leader<L> {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self(PhantomData))
    }

    fn models(m: &mut Models<Self>) {
        L::declare(m);
        m.main(|_, ctx| L::lead(ctx));
    }
}

/// Runs a main against the replyer at `address`.
pub(crate) fn lead<L: Lead>(address: &str) {
    lead_over::<L>("omq", address);
}

/// Runs a main against the replyer at `address`, over a transport.
pub(crate) fn lead_over<L: Lead>(transport: &str, address: &str) {
    let addresses = json!({"connections": {"out": {"next": {"requester": address}}}});
    let mut service = Service::of::<Leader<L>>().addresses(addresses).transport(transport).build().unwrap();
    service.run_service_as_main_blocking().unwrap();
}
