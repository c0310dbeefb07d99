//! What a running service tells of itself in the log when it is asked to, and at its end.
//!
//! Owns the wording. Needs nothing of the service's thread: it may hang in a function, and its counters are told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::control::Control;
use crate::logging::{self, Sinks};
use crate::running::Mode;
use crate::wiring::Wiring;

/// Logs how a service is doing, from any thread and at any time.
#[derive(Clone)]
pub struct Reporter {
    pub(crate) name: String,
    pub(crate) mode: Mode,
    pub(crate) since: Instant,
    pub(crate) wiring: Arc<Wiring>,
    pub(crate) control: Arc<Control>,
    pub(crate) sinks: Sinks,
}

impl Reporter {
    /// Logs a line for the service and one with the counters of each connection.
    pub fn log(&self) {
        let _logs = self.sinks.enter(&self.name);
        let mode = match self.mode {
            Mode::Service => "service mode",
            Mode::Main => "main mode",
        };
        let stopping = if self.control.is_stopping() { ", stopping" } else { "" };
        tracing::info!("{mode}, up for {}{stopping}", long(self.since.elapsed()));
        counters(&self.wiring);
    }
}

/// A time as people say it.
pub(crate) fn long(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{hours}h {minutes:02}m {seconds:02}s")
}

/// Logs what happened to the messages of each connection, and what the log has not told of them.
pub(crate) fn counters(wiring: &Wiring) {
    logging::tell_unsaid();
    for (side, name, stats) in wiring.stats().connections() {
        tracing::info!("{} `{name}`: {stats}", side.word());
    }
}
