//! States between services: what the owner has is what the copies have, wherever the sockets live and whoever comes,
//! goes or misbehaves.

mod hostile;
mod lives;
mod services;
#[path = "../support/mod.rs"]
mod support;
mod values;

use service_framework::Placement;

/// Runs a test for each place where sockets can live, and over each transport.
#[track_caller]
fn each_way(test: impl Fn(Placement, &'static str) + std::panic::RefUnwindSafe) {
    for placement in [Placement::Inline, Placement::Offloaded] {
        for transport in ["omq", "zeromq", "inproc"] {
            let outcome = std::panic::catch_unwind(|| test(placement, transport));
            assert!(outcome.is_ok(), "with the sockets {placement:?}, over {transport}");
        }
    }
}
