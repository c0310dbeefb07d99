//! The boundary to a service's code, in its own library or in the same program: the only place of the runtime that
//! calls through the C ABI.
//!
//! `load` finds the table of a library, of which `load_parts` reads as much as is looked at, and `load_error` says why it
//! did not; `instance` and `target` call through it, `host` and `threads` are what it may call back, `run` and `sender`
//! what such a call may do.

mod failure;
mod host;
mod instance;
mod load;
mod load_error;
mod load_parts;
mod outgoing;
mod run;
mod sender;
mod states;
mod table;
mod target;
mod threads;

pub(crate) use failure::Failure;
pub(crate) use instance::{Instance, Table, function_number};
pub(crate) use load::load;
pub use load_error::LoadError;
pub(crate) use outgoing::Kept;
pub(crate) use run::{Called, Patience, Port, Reply, Run, RunCell, Way};
pub(crate) use sender::Sender;
pub(crate) use target::Target;
