//! The vocabulary of `service_framework`: argument types, models, values, and the slots in which values cross between
//! the host and a service. With the feature `host` also what only the host needs: validation, the MessagePack wire
//! form, and JSON with places.
//!
//! Owns what a value is. Never reads a clock, opens a socket or starts a thread.

// Nothing that input can reach may end the process; tests may.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[cfg(feature = "host")]
pub mod creation;
pub mod dynamic;
pub mod error;
#[cfg(feature = "host")]
pub mod json;
#[cfg(feature = "host")]
pub mod json_schema;
#[cfg(feature = "host")]
pub mod nearest;
#[cfg(feature = "host")]
pub mod parse;
#[cfg(feature = "host")]
pub mod problem;
pub mod schema;
pub mod schema_json;
pub mod slot;
#[cfg(feature = "host")]
pub mod state;
#[cfg(feature = "host")]
pub mod validator;
pub mod value;
#[cfg(feature = "host")]
pub mod wire;
