//! What a service's code can do while it runs, in service mode and in main mode, with the sockets on its own thread and
//! on one of their own: the same tests for each.

mod addresses;
mod answers;
mod executors;
mod heralds;
mod publications;
mod senders;
mod stopping;
#[path = "../support/mod.rs"]
mod support;
mod targets;
mod timers;
mod worker;

use service_framework::{Placement, Service, ServiceBuilder};

/// Runs a test for each place where sockets can live, and says which one it was that failed.
#[track_caller]
fn each_placement(test: impl Fn(Placement) + std::panic::RefUnwindSafe) {
    for placement in [Placement::Inline, Placement::Offloaded] {
        let outcome = std::panic::catch_unwind(|| test(placement));
        assert!(outcome.is_ok(), "with the sockets {placement:?}");
    }
}

fn started(builder: ServiceBuilder) -> Service {
    let mut service = builder.build().expect("a good service");
    service.run_service().expect("free ports");
    service
}
