//! The boundary to a service's code, in its own library or in the same program: the only place of the runtime that
//! calls through the C ABI.
//!
//! `load` finds the table of a library, `load_error` says why it did not, `instance` calls through it, `host` is what it may call back, `run` what such a
//! call may do.

mod failure;
mod host;
mod instance;
mod load;
mod load_error;
mod run;

pub(crate) use failure::Failure;
pub(crate) use instance::{Instance, Table, function_number};
pub(crate) use load::load;
pub use load_error::LoadError;
pub(crate) use run::{Patience, Port, Reply, Run};
