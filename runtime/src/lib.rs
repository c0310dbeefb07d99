//! The runtime of `service_framework`: it loads services, resolves what they are configured with, owns their sockets,
//! threads and logs, and stops them.
//!
//! A message's way in: socket (`transport`) -> `io` -> `dispatch` -> the service's code (`boundary`) -> answer -> `io`.

// Nothing that input can reach may end the process; tests may.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod address;
pub mod addresses;
mod alarm;
mod boundary;
mod bus;
pub mod config;
mod control;
mod counters;
pub mod describe;
pub mod diagnostics;
mod dispatch;
pub mod document;
mod group;
mod io;
mod life;
mod logging;
mod models;
mod placement;
mod plans;
mod pool;
mod prepare;
mod registration;
mod report;
mod running;
mod service_loop;
mod states;
pub mod testing;
mod timers;
pub mod transport;
mod watchdog;
mod wiring;

pub use boundary::LoadError;
pub use bus::{Bus, BusOptions, BusPlan, BusReporter};
pub use control::StopReason;
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use group::{GroupMember, PreparedGroup, WrittenRelation};
pub use io::{WiringError, WiringProblem};
pub use logging::{LogFormat, LogLevel, LogOptions, OneLine};
pub use placement::Placement;
pub use prepare::{Inputs, LoadProblem, Loaded, Prepared};
pub use report::Reporter;
pub use running::{BoundAddresses, Mode, RunError, RunOptions, Running, StartError, Stopper};
pub use service_framework_model::nearest::nearest;
pub use service_framework_model::schema::Side;
