//! A declarative dataflow service runtime over ZeroMQ sockets.
//!
//! A service *declares* its config, its connections and its states, and hands over its functions; the runtime
//! validates, wires, calls, logs and stops. The same service is a plugin for the runner
//! (`service_framework -s svc.so -a addresses.json -c config.json`) and can be embedded (`Service::of::<T>()`).
//!
//! Authors of plugins depend on this crate with `default-features = false`: that brings neither tokio nor ZeroMQ. The
//! default feature `runtime` adds embedding and the runner.

// Nothing that input can reach may end the process; tests may.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[cfg(feature = "runtime")]
pub mod cli;
#[cfg(feature = "runtime")]
mod error;
#[cfg(feature = "runtime")]
mod service;
#[cfg(feature = "runtime")]
pub mod testing;

#[cfg(feature = "runtime")]
pub use error::ServiceError;
#[cfg(feature = "runtime")]
pub use service::{Service, ServiceBuilder};
#[cfg(feature = "runtime")]
pub use service_framework_runtime::{
    Diagnostics, LoadError, LogFormat, Mode, Placement, RunError, StartError, StopReason, Stopper,
};

pub use service_framework_plugin::*;

/// The listings of the README, compiled as tests.
#[cfg(all(doctest, feature = "runtime"))]
#[doc = include_str!("../README.md")]
pub struct ReadmeListings;
