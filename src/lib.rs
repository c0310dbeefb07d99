//! A declarative dataflow service runtime over ZeroMQ sockets.
//!
//! A service *declares* its config, its connections and its states, and hands over its functions; the runtime
//! validates, wires, calls, logs and stops. The same service is a plugin for the runner
//! (`service_framework -s svc.so -a addresses.json -c config.json`) and can be embedded (`Service::of::<T>()`).
//!
//! ```
//! use service_framework::prelude::*;
//!
//! #[derive(Model)]
//! pub struct Text {
//!     text: String,
//! }
//!
//! pub struct Echo;
//!
//! impl ServiceDefinition for Echo {
//!     type Config = ();
//!
//!     fn new(_: ()) -> Result<Self> {
//!         Ok(Self)
//!     }
//!
//!     fn models(m: &mut Models<Self>) {
//!         m.replyer("echo", Self::on_text);
//!     }
//! }
//!
//! impl Echo {
//!     fn on_text(&mut self, text: Text, _: &mut Context) -> Result<Text> {
//!         Ok(text)
//!     }
//! }
//!
//! export_service!(Echo);
//! ```
//!
//! # What is where
//!
//! | to | there is |
//! |---|---|
//! | say what a message or a config is | [`derive@Model`]; [`Value`] and [`Record`] for what is known only at run time |
//! | say what a service is | [`ServiceDefinition`], [`Models`], [`export_service!`] |
//! | send, wait, set timers, learn of a stop | [`Context`]; [`Sender`] on threads of the service's own |
//! | name what is sent to | [`Requester`], [`ExternalTarget`] with its [`Target`] |
//! | fail, and see how a send has failed | [`Error`], [`ErrorKind`] |
//! | see what became of messages | [`Stats`] |
//! | run a service in a program | [`Service`], [`ServiceBuilder`], [`ServiceError`] |
//! | run several on one thread, wired to each other | [`Group`], [`GroupBuilder`] |
//! | run it from a command line | the program `service_framework`; [`cli`] is the same as a function |
//! | test it without sockets | [`testing`] |
//!
//! [`prelude`] has what a service needs, in one `use`. The guide in the folder `docs` goes through all of it, step by step.
//!
//! # Features
//!
//! Authors of plugins depend on this crate with `default-features = false`: that brings neither tokio nor ZeroMQ. The
//! default feature `runtime` adds the lower three rows: embedding, the runner, and the kit for tests.

// Nothing that input can reach may end the process; tests may.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[cfg(feature = "runtime")]
pub mod cli;
#[cfg(feature = "runtime")]
mod error;
#[cfg(feature = "runtime")]
mod group;
#[cfg(feature = "runtime")]
mod service;
#[cfg(feature = "runtime")]
pub mod testing;

#[cfg(feature = "runtime")]
pub use error::ServiceError;
#[cfg(feature = "runtime")]
pub use group::{Group, GroupBuilder};
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
