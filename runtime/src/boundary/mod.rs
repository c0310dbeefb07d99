//! The boundary to a service's code, in its own library or in the same program: the only place of the runtime that
//! calls through the C ABI.
//!
//! `load` finds the table of a library, `instance` calls through it, `host` is what it may call back, `run` what such a
//! call may do.

mod failure;
mod host;
mod instance;
mod load;
mod run;

pub(crate) use failure::Failure;
pub(crate) use instance::{Instance, Table, function_number};
pub use load::LoadError;
pub(crate) use load::load;
pub(crate) use run::{Patience, Port, Reply, Run};
