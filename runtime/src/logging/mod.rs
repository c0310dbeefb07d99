//! Where a service's log lines go: the console on stderr, hourly files, or the subscriber of the program it lives in.
//!
//! Owns the levels, the sinks and the context (service, workflow id) of the thread that logs. A service's sinks are
//! set on its own threads only, so that several services, and the program around them, do not disturb each other.

mod context;
mod format;
mod limit;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::time::Instant;

pub(crate) use context::{service, workflow};
use service_framework_model::error::Refusal;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::NoSubscriber;
use tracing::{Dispatch, Level};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry, fmt};

/// The target of the lines that a plugin logs.
const PLUGIN: &str = "service";

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
    /// How many hourly files are kept; 24 if not set.
    pub backup_count: Option<usize>,
}

/// Where the lines of one service go.
#[derive(Clone)]
pub(crate) struct Sinks(Option<Dispatch>);

impl Sinks {
    /// Opens the sinks of the service called `name`.
    ///
    /// # Errors
    /// If the folder of the log files cannot be made or written.
    pub(crate) fn open(options: &LogOptions, name: &str) -> Result<Self, String> {
        if options.console.is_none() && options.directory.is_none() {
            return Ok(Self(None));
        }
        let console = options
            .console
            .map(|level| fmt::layer().event_format(format::Line).with_writer(std::io::stderr).with_filter(level.0));
        let file = match &options.directory {
            None => None,
            Some(directory) => {
                let writer = hourly_files(directory, name, options.backup_count.unwrap_or(24))
                    .map_err(|reason| format!("cannot write log files into `{}`: {reason}", directory.display()))?;
                let layer = fmt::layer().event_format(format::Line).with_ansi(false).with_writer(writer);
                Some(layer.with_filter(options.file.unwrap_or(LogLevel::INFO).0))
            }
        };
        Ok(Self(Some(Dispatch::new(Registry::default().with(console).with(file)))))
    }

    /// Makes this thread's lines go to these sinks as those of the service called `name`, until the guard is dropped.
    pub(crate) fn enter(&self, name: &str) -> Entered {
        let subscriber = self.0.as_ref().map(tracing::dispatcher::set_default);
        Entered { _service: service(name), _subscriber: subscriber }
    }
}

/// The sinks, and the name, of the first service of this process whose code is in a library of its own. A thread that
/// such a service made has no sinks, and the boundary's log functions cannot tell whose it is.
static OF_PLUGINS: OnceLock<(Sinks, String)> = OnceLock::new();

/// From now on, what threads that a plugin made log goes to these sinks, unless another plugin came first.
pub(crate) fn take_threads_of_plugins(sinks: &Sinks, name: &str) {
    let _ = OF_PLUGINS.set((sinks.clone(), name.to_owned()));
}

/// Logs from a thread of whatever origin.
fn anywhere<T>(log: impl FnOnce() -> T) -> T {
    let without = tracing::dispatcher::get_default(|dispatch| dispatch.is::<NoSubscriber>());
    let _entered = OF_PLUGINS.get().filter(|_| without).map(|(sinks, name)| sinks.enter(name));
    log()
}

/// A thread that logs for a service.
pub(crate) struct Entered {
    _service: context::ServiceGuard,
    _subscriber: Option<tracing::subscriber::DefaultGuard>,
}

fn hourly_files(directory: &Path, name: &str, keep: usize) -> Result<Mutex<RollingFileAppender>, String> {
    // The appender makes the folder too, but only after it has complained on stderr that there is none.
    std::fs::create_dir_all(directory).map_err(|error| error.to_string())?;
    // Old files are found by how they begin: what follows the name keeps `desk` apart from `desk_eu`. A file of the
    // running hour is kept beside those that were completed.
    let prefix = format!("{name}.service");
    let builder = RollingFileAppender::builder().rotation(Rotation::HOURLY).filename_prefix(prefix);
    let built = builder.filename_suffix("log").max_log_files(keep.saturating_add(1)).build(directory);
    built.map(Mutex::new).map_err(|error| error.source().map_or_else(|| error.to_string(), ToString::to_string))
}

/// The level that the C ABI calls `level`.
fn level(number: u32) -> Level {
    match number {
        0 | 1 => Level::ERROR,
        2 => Level::WARN,
        3 => Level::INFO,
        4 => Level::DEBUG,
        _ => Level::TRACE,
    }
}

/// Whether a line of the C ABI's `number` would be written from this thread.
pub(crate) fn enabled(number: u32) -> bool {
    anywhere(|| match level(number) {
        Level::ERROR => tracing::enabled!(target: PLUGIN, Level::ERROR),
        Level::WARN => tracing::enabled!(target: PLUGIN, Level::WARN),
        Level::INFO => tracing::enabled!(target: PLUGIN, Level::INFO),
        Level::DEBUG => tracing::enabled!(target: PLUGIN, Level::DEBUG),
        Level::TRACE => tracing::enabled!(target: PLUGIN, Level::TRACE),
    })
}

/// Writes a line that a service logged from a library of its own. Where in its code it was is told with errors, and to
/// those who look for details; an everyday line is easier to read without.
pub(crate) fn forward(number: u32, module: &str, message: &str, file: &str, line: u32) {
    anywhere(|| match level(number) {
        Level::ERROR => tracing::error!(target: PLUGIN, module, file, line, "{message}"),
        Level::WARN => tracing::warn!(target: PLUGIN, "{message}"),
        Level::INFO => tracing::info!(target: PLUGIN, "{message}"),
        Level::DEBUG => tracing::debug!(target: PLUGIN, module, file, line, "{message}"),
        Level::TRACE => tracing::trace!(target: PLUGIN, module, file, line, "{message}"),
    });
}

/// How much of a text that others wrote is logged, in bytes.
const LONGEST: usize = 1024;

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text)
}

/// A message was refused: its sender broke a rule.
pub(crate) fn refused(connection: &str, refusal: &Refusal) {
    let code = refusal.code().word();
    if let Some(unsaid) = limit::admit(connection, code, Instant::now()) {
        let text = refusal.to_string();
        tracing::warn!(connection, code, "refused a message: {}{unsaid}", cut(&text));
    }
}

/// A function of the service failed.
pub(crate) fn failed(connection: &str, code: &str, message: &str) {
    let code = cut(code);
    if let Some(unsaid) = limit::admit(connection, code, Instant::now()) {
        tracing::error!(connection, code, "the function failed: {}{unsaid}", cut(message));
    }
}
