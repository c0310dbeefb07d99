//! A service embedded in a program: built from its parts, run in the background or in the foreground, stopped.
//!
//! Owns the options and the handle. Everything it does, the command line does through it too.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value as Json;
use service_framework_plugin::abi::PluginTable;
use service_framework_plugin::{ServiceDefinition, Stats, service_table};
use service_framework_runtime::{
    BoundAddresses, Diagnostics, Inputs, Loaded, LogFormat, LogLevel, LogOptions, Mode, Placement, Prepared,
    RunOptions, Running, Side, Stopper,
};

use crate::ServiceError;

/// A service in this program.
///
/// ```
/// use service_framework::prelude::*;
/// use service_framework::{Service, json};
///
/// #[derive(Model)]
/// struct Text { text: String }
/// struct Echo;
///
/// impl ServiceDefinition for Echo {
///     type Config = ();
///     fn new(_: ()) -> Result<Self> { Ok(Self) }
///     fn models(m: &mut Models<Self>) { m.replyer("echo", Self::on_echo); }
/// }
/// impl Echo {
///     fn on_echo(&mut self, text: Text, _: &mut Context) -> Result<Text> { Ok(text) }
/// }
///
/// # fn main() -> std::result::Result<(), service_framework::ServiceError> {
/// let mut echo = Service::of::<Echo>()
///     .addresses(json!({"connections": {"in": {"echo": {"replyer": "127.0.0.1:0"}}}}))
///     .build()?;
/// echo.run_service()?;
/// assert!(echo.address("echo").is_some());
/// echo.stop_service()?;
/// # Ok(())
/// # }
/// ```
pub struct Service {
    pub(crate) loaded: Loaded,
    pub(crate) inputs: Inputs,
    pub(crate) options: RunOptions,
    pub(crate) log: LogOptions,
    running: Option<Running>,
}

/// The parts of a service that is to run.
pub struct ServiceBuilder {
    source: Source,
    inputs: Inputs,
    options: RunOptions,
    log: LogOptions,
    problems: Vec<String>,
}

enum Source {
    Table(&'static PluginTable),
    Path(PathBuf),
}

impl Service {
    /// A service whose type is known to this program.
    #[must_use]
    pub fn of<T: ServiceDefinition>() -> ServiceBuilder {
        ServiceBuilder::new(Source::Table(service_table::<T>()))
    }

    /// A service in a shared library.
    #[must_use]
    pub fn from_path(path: impl Into<PathBuf>) -> ServiceBuilder {
        ServiceBuilder::new(Source::Path(path.into()))
    }

    /// Validates everything and runs the service loop in the background. Returns when the service is wired and `init`
    /// has returned.
    ///
    /// # Errors
    /// All problems of config and addresses together; or what failed while starting.
    pub fn run_service(&mut self) -> Result<(), ServiceError> {
        self.start(Mode::Service, |_| ())
    }

    /// The same for main mode: `main` runs in the background.
    ///
    /// # Errors
    /// As [`Service::run_service`].
    pub fn run_service_as_main(&mut self) -> Result<(), ServiceError> {
        self.start(Mode::Main, |_| ())
    }

    /// Runs the service loop until the service is stopped.
    ///
    /// # Errors
    /// As [`Service::run_service`], and what ended the service otherwise than by stopping.
    pub fn run_service_blocking(&mut self) -> Result<(), ServiceError> {
        self.start(Mode::Service, |_| ())?;
        self.wait()
    }

    /// Runs `main` until it returns.
    ///
    /// # Errors
    /// As [`Service::run_service_blocking`].
    pub fn run_service_as_main_blocking(&mut self) -> Result<(), ServiceError> {
        self.start(Mode::Main, |_| ())?;
        self.wait()
    }

    /// Waits until the service ends. Returns at once if it does not run.
    ///
    /// # Errors
    /// What ended it otherwise than by stopping.
    pub fn wait(&mut self) -> Result<(), ServiceError> {
        let Some(running) = &mut self.running else { return Ok(()) };
        let outcome = running.wait();
        self.running = None;
        outcome.map_err(ServiceError::from)
    }

    /// Stops the service and waits for its end; a stopped service may be run again. Dropping a service stops it too.
    ///
    /// # Errors
    /// What ended it otherwise than by stopping.
    pub fn stop_service(&mut self) -> Result<(), ServiceError> {
        let Some(mut running) = self.running.take() else { return Ok(()) };
        running.stop().map_err(ServiceError::from)
    }

    /// Whether the service runs: it was started, and has neither been stopped nor ended by itself. One that has ended may
    /// be run again; [`Service::wait`] says how it ended, until then.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running.as_ref().is_some_and(Running::is_running)
    }

    /// Checks config and addresses without binding anything. Returns what is worth a note all the same.
    ///
    /// # Errors
    /// All problems together.
    pub fn validate(&self, mode: Mode) -> Result<Diagnostics, ServiceError> {
        Ok(self.prepare(mode)?.into_notes())
    }

    /// A handle that stops the service from another thread. None if the service does not run.
    #[must_use]
    pub fn stopper(&self) -> Option<Stopper> {
        self.running.as_ref().map(Running::stopper)
    }

    /// The address as bound or connected of the connection called `name`, the first if it has several: a port 0 has
    /// become a real one. None if the service does not run or has no such connection.
    #[must_use]
    pub fn address(&self, name: &str) -> Option<&str> {
        find_address(self.running.as_ref()?.addresses(), name)
    }

    /// What happened to the messages of each connection since the service was started; empty if it does not run.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.running.as_ref().map(Running::stats).unwrap_or_default()
    }

    fn prepare(&self, mode: Mode) -> Result<Prepared, ServiceError> {
        self.loaded.prepare(mode, &self.inputs, self.options.clone(), &self.log).map_err(ServiceError::from)
    }

    /// Starts the service; `before` gets it before any of its code runs.
    pub(crate) fn start<G>(&mut self, mode: Mode, before: impl FnOnce(&Prepared) -> G) -> Result<G, ServiceError> {
        if self.is_running() {
            return Err(ServiceError::Running);
        }
        // One that has ended by itself, and that nobody asked how.
        self.running = None;
        let prepared = self.prepare(mode)?;
        let guard = before(&prepared);
        self.running = Some(prepared.start()?);
        Ok(guard)
    }
}

/// The first address of the connection called `name`.
pub(crate) fn find_address<'a>(addresses: &'a BoundAddresses, name: &str) -> Option<&'a str> {
    let find = |side| addresses.get(&(side, name.to_owned()));
    find(Side::In).or_else(|| find(Side::Out))?.first().map(String::as_str)
}

impl ServiceBuilder {
    fn new(source: Source) -> Self {
        let (inputs, options, log) = (Inputs::default(), RunOptions::default(), LogOptions::default());
        Self { source, inputs, options, log, problems: Vec::new() }
    }

    /// The addresses, in the form of an addresses file.
    #[must_use]
    pub fn addresses(mut self, addresses: Json) -> Self {
        self.inputs.addresses = Some(addresses);
        self
    }

    /// The file with the addresses.
    #[must_use]
    pub fn addresses_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.inputs.addresses_path = Some(path.into());
        self
    }

    /// The config, in the form of a config file.
    #[must_use]
    pub fn config(mut self, config: Json) -> Self {
        self.inputs.config = Some(config);
        self
    }

    /// The file with the config.
    #[must_use]
    pub fn config_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.inputs.config_path = Some(path.into());
        self
    }

    /// Config as text, as it comes from a command line: each is read as the type that the model gives it.
    #[must_use]
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = (String, String)>) -> Self {
        self.inputs.arguments.extend(arguments);
        self
    }

    /// The names of the flags beside those arguments: one that is misspelt looks like config.
    pub(crate) fn flag_names(mut self, names: Vec<String>) -> Self {
        self.inputs.flags = names;
        self
    }

    /// Whether the environment (`SF_CONFIG_<NAME>`) sets config. Off for an embedded service, unless asked for.
    #[must_use]
    pub fn environment(mut self, reads: bool) -> Self {
        self.inputs.environment = reads;
        self
    }

    /// The level of the console (`OFF`, `ERROR`, `WARNING`, `INFO`, `DEBUG`, `TRACE`). Without it, and without a log
    /// path, the program's own `tracing` subscriber gets the service's lines.
    #[must_use]
    pub fn console_loglevel(mut self, level: &str) -> Self {
        self.log.console = self.level(level);
        self
    }

    pub(crate) const fn log_levels(mut self, console: LogLevel, file: LogLevel) -> Self {
        self.log.console = Some(console);
        self.log.file = Some(file);
        self
    }

    /// The folder for hourly log files.
    #[must_use]
    pub fn log_path(mut self, directory: impl Into<PathBuf>) -> Self {
        self.log.directory = Some(directory.into());
        self
    }

    /// The level of the log files, INFO if not set.
    #[must_use]
    pub fn file_loglevel(mut self, level: &str) -> Self {
        self.log.file = self.level(level);
        self
    }

    /// The form of the lines on the console and in the log files, text if not set. The program's own subscriber, where
    /// that gets them, has a form of its own.
    #[must_use]
    pub const fn log_format(mut self, format: LogFormat) -> Self {
        self.log.format = format;
        self
    }

    /// How many log files are kept beside that of the running hour, 24 if not set.
    #[must_use]
    pub fn backup_count(mut self, count: usize) -> Self {
        self.log.backup_count = Some(count);
        self
    }

    /// The least time between two passes of the service loop.
    #[must_use]
    pub fn service_loop_min_wait_time(mut self, wait: Duration) -> Self {
        self.options.min_wait = wait;
        self
    }

    /// How long the service's code may take to return when it is stopped, 10 s if not set.
    #[must_use]
    pub fn stop_timeout(mut self, timeout: Duration) -> Self {
        self.options.stop_timeout = timeout;
        self
    }

    /// How long what was sent may take to leave when the service stops, 1 s if not set.
    #[must_use]
    pub fn linger(mut self, linger: Duration) -> Self {
        self.options.linger = linger;
        self
    }

    /// Whether a failing function ends the service instead of being answered, counted and logged only. A failure that
    /// the function calls its caller's fault never does.
    #[must_use]
    pub fn stop_on_error(mut self, stops: bool) -> Self {
        self.options.stops_on_error = stops;
        self
    }

    /// The transport of all connections that choose none in their addresses, by its name: `omq` if not set, or
    /// `zeromq`.
    #[must_use]
    pub fn transport(mut self, name: impl Into<String>) -> Self {
        self.options.transport = Some(name.into());
        self
    }

    /// Where the service's sockets live. If not set, they are inline in service mode and offloaded in main mode.
    #[must_use]
    pub fn placement(mut self, placement: Placement) -> Self {
        self.options.placement = Some(placement);
        self
    }

    /// Whether the service's threads spin instead of sleeping while they wait: the shortest latency, at the price of a
    /// core for each thread.
    #[must_use]
    pub fn busy(mut self, busy: bool) -> Self {
        self.options.busy = busy;
        self
    }

    /// How long a function of the service may take before the log names it, 1 s if not set; `None` watches nothing.
    #[must_use]
    pub fn slow_after(mut self, limit: Option<Duration>) -> Self {
        self.options.slow_after = limit;
        self
    }

    /// Loads the service and reads its models.
    ///
    /// # Errors
    /// If the library is no plugin, or its models are not good; or if an option is not.
    pub fn build(self) -> Result<Service, ServiceError> {
        if !self.problems.is_empty() {
            return Err(ServiceError::Option(self.problems.join("; ")));
        }
        let loaded = match self.source {
            Source::Table(table) => Loaded::from_table(table)?,
            Source::Path(path) => Loaded::from_path(&path)?,
        };
        Ok(Service { loaded, inputs: self.inputs, options: self.options, log: self.log, running: None })
    }

    fn level(&mut self, word: &str) -> Option<LogLevel> {
        word.parse().map_err(|problem| self.problems.push(problem)).ok()
    }
}
