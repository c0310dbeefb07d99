//! Where a service's log lines go: the console on stderr, hourly files, or the subscriber of the program it lives in.
//!
//! Owns the levels, the options, and what is said of messages that were refused and functions that failed. A service's
//! sinks are set on its own threads only, so that several services, and the program around them, do not disturb each
//! other.

mod context;
mod escape;
mod hourly;
mod limit;
mod line;
mod plugins;
mod sinks;

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Instant;

pub(crate) use context::{inner_workflow, workflow};
pub use escape::OneLine;
pub use line::LogFormat;
pub(crate) use plugins::{enabled, forward, take_threads_of_plugins};
use service_framework_model::error::Refusal;
pub(crate) use sinks::{Entered, Sinks};
use tracing::level_filters::LevelFilter;

/// The least severity that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLevel(LevelFilter);

impl LogLevel {
    /// Information, warnings and errors.
    pub const INFO: Self = Self(LevelFilter::INFO);
    /// Nothing.
    pub const OFF: Self = Self(LevelFilter::OFF);
    /// The words by which a level is named; Python's `CRITICAL` and `NOTSET` are understood.
    pub const WORDS: [&'static str; 6] = ["OFF", "ERROR", "WARNING", "INFO", "DEBUG", "TRACE"];
}

impl FromStr for LogLevel {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Ok(Self(match word.to_ascii_uppercase().as_str() {
            "OFF" => LevelFilter::OFF,
            "ERROR" | "CRITICAL" | "FATAL" => LevelFilter::ERROR,
            "WARNING" | "WARN" => LevelFilter::WARN,
            "INFO" => LevelFilter::INFO,
            "DEBUG" => LevelFilter::DEBUG,
            "TRACE" | "NOTSET" => LevelFilter::TRACE,
            _ => return Err(format!("`{word}` is no log level; levels are {}", Self::WORDS.join(", "))),
        }))
    }
}

/// What a service logs, and where.
#[derive(Clone, Debug, Default)]
pub struct LogOptions {
    /// The level of the console. `None` for both this and `directory`: the program's own subscriber is used.
    pub console: Option<LogLevel>,
    /// The folder of the hourly files; no files without it.
    pub directory: Option<PathBuf>,
    /// The level of the files; INFO if not set.
    pub file: Option<LogLevel>,
    /// How many files of earlier hours are kept beside that of the running one; 24 if not set.
    pub backup_count: Option<usize>,
    /// The form of the lines in both. The program's own subscriber has its own.
    pub format: LogFormat,
}

/// How much of a text that others wrote is logged, in bytes.
const LONGEST: usize = 1024;

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text)
}

/// A message was refused: its sender broke a rule.
pub(crate) fn refused(connection: &str, refusal: &Refusal) {
    let code = refusal.code().word();
    if let Some(admitted) = context::limits().admit(connection, code, Instant::now()) {
        let text = refusal.to_string();
        tracing::warn!(connection, code, "refused a message: {}{admitted}", cut(&text));
    }
}

/// A function of the service failed.
pub(crate) fn failed(connection: &str, code: &str, message: &str) {
    let code = cut(code);
    if let Some(admitted) = context::limits().admit(connection, code, Instant::now()) {
        tracing::error!(connection, code, "the function failed: {}{admitted}", cut(message));
    }
}

/// Messages of a publisher never came.
pub(crate) fn missed(connection: &str, count: u64) {
    let code = "missed";
    if let Some(admitted) = context::limits().admit(connection, code, Instant::now()) {
        tracing::warn!(connection, code, "{count} messages of a publisher never came{admitted}");
    }
}

/// Messages of the owner of a state were of no use to its copy.
pub(crate) fn refused_by_copy(state: &str, count: u64) {
    let code = "refused";
    if let Some(admitted) = context::limits().admit(state, code, Instant::now()) {
        tracing::warn!(
            state,
            code,
            "{count} messages of the owner do not fit the model, or are no messages of a state{admitted}"
        );
    }
}

/// The queue of a connection had no room for messages.
pub(crate) fn queue_full(connection: &str, count: u64) {
    let code = "queue_full";
    if let Some(admitted) = context::limits().admit(connection, code, Instant::now()) {
        tracing::warn!(connection, code, "dropped {count} messages: more came than the service takes{admitted}");
    }
}

/// Says how many lines of refused messages and failed functions were not written and not told of by a later line.
pub(crate) fn tell_unsaid() {
    for limit::Unsaid { connection, code, lines } in context::limits().take_unsaid() {
        tracing::warn!(
            connection,
            code,
            "{lines} more like the last line of this connection and code were not written"
        );
    }
}
