//! A bus: publishers connect to one address of it, subscribers to another, and what the former publish reaches those of
//! the latter that have subscribed to it. With it neither has to know where the others are.
//!
//! Owns the handle of a running bus and what is told of it. What it does with each message is in `forward.rs`. It speaks
//! the publishers' and subscribers' own protocol, so that peers of any ZeroMQ library can be behind it.

mod forward;

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::address::Address;
use crate::control::{Control, Stopped};
use crate::diagnostics::{Diagnostic, Diagnostics, Source};
use crate::logging::{LogOptions, Sinks};
use crate::placement::executor;
use crate::report::long;
use crate::running::{RunError, StartError, Stopper};
use crate::transport::SocketOptions;
use forward::{Counts, Forwarder};

/// What the log calls it, and its thread.
const NAME: &str = "bus";

/// The names of its two ends, as its flags spell them.
const IN: &str = "in";
const OUT: &str = "out";

/// How a bus runs.
#[derive(Clone, Debug)]
pub struct BusOptions {
    /// How many messages may wait for one subscriber; one that is slower than that loses what comes then.
    pub queue: u32,
    /// How long what was published may take to leave when the bus stops.
    pub linger: Duration,
    /// What it logs, and where.
    pub log: LogOptions,
}

impl Default for BusOptions {
    fn default() -> Self {
        Self { queue: 10_000, linger: Duration::from_secs(1), log: LogOptions::default() }
    }
}

/// The addresses of a bus, which are known to be good.
#[derive(Clone, Debug)]
pub struct BusPlan {
    input: Address,
    output: Address,
}

impl BusPlan {
    /// A bus whose publishers connect to `input` and whose subscribers connect to `output`.
    ///
    /// # Errors
    /// Everything that is wrong with the addresses, as flags of a command line.
    pub fn new(input: &str, output: &str) -> Result<Self, Diagnostics> {
        let mut problems = Diagnostics::new();
        let mut read = |name: &str, text: &str| {
            let source = Source::Argument { name: name.to_owned(), value: text.to_owned() };
            let (message, help) = match text.parse::<Address>() {
                Ok(Address::Inproc(_)) => (
                    format!("`{text}` stays within a process, and a bus is a process of its own"),
                    "write an address such as `127.0.0.1:8001` or `ipc:///tmp/bus.sock`".to_owned(),
                ),
                Ok(address) => return Some(address),
                Err(error) => (format!("`{text}` is no address: {error}"), error.help()),
            };
            problems.push(Diagnostic::error(source, message).with_help(help));
            None
        };
        let ends = (read(IN, input), read(OUT, output));
        let (Some(input), Some(output)) = ends else { return Err(problems) };
        if input.collides_with(&output) {
            let source = Source::Argument { name: OUT.to_owned(), value: output.to_string() };
            let message = format!(
                "`--{IN}` and `--{OUT}` cannot both be bound there: publishers and subscribers need an address each"
            );
            problems.push(Diagnostic::error(source, message).with_help("choose another port or path".to_owned()));
            return Err(problems);
        }
        Ok(Self { input, output })
    }
}

/// A bus that runs in the background. Dropping it stops it and waits for it.
pub struct Bus {
    control: Arc<Control>,
    reporter: BusReporter,
    addresses: [String; 2],
    thread: Option<JoinHandle<Result<(), RunError>>>,
}

impl Bus {
    /// Starts a bus and returns when both of its addresses are bound.
    ///
    /// # Errors
    /// An address that could not be bound, or no thread, or no folder for log files.
    pub fn start(plan: BusPlan, options: BusOptions) -> Result<Self, StartError> {
        let sinks = Sinks::open(&options.log, NAME).map_err(std::io::Error::other)?;
        let (control, counts) = (Arc::new(Control::default()), Arc::new(Counts::default()));
        let reporter = BusReporter { since: Instant::now(), counts: Arc::clone(&counts), sinks: sinks.clone() };
        let (starting, started) = sync_channel(1);
        let stopping = Arc::clone(&control);
        let own = reporter.clone();
        let thread = std::thread::Builder::new().name(NAME.into()).spawn(move || {
            let _logs = sinks.enter(NAME);
            let runtime = match executor(false) {
                Ok(runtime) => runtime,
                Err(error) => {
                    let _ = starting.send(Err(error.into()));
                    return Ok(());
                }
            };
            let sockets = SocketOptions { send_queue: options.queue, receive_queue: 1_000, ..SocketOptions::default() };
            let opened = runtime.block_on(Forwarder::open(&plan.input, &plan.output, &sockets, counts));
            let (forwarder, addresses) = match opened {
                Ok(opened) => opened,
                Err(error) => {
                    let _ = starting.send(Err(error.into()));
                    return Ok(());
                }
            };
            tracing::info!("publishers connect to `{IN}` at {}", addresses[0]);
            tracing::info!("subscribers connect to `{OUT}` at {}", addresses[1]);
            let _ = starting.send(Ok(addresses));
            let ended = runtime.block_on(forwarder.forward(Stopped::of(stopping), options.linger));
            own.tell();
            runtime.shutdown_background();
            ended
        })?;
        match started.recv() {
            Ok(Ok(addresses)) => Ok(Self { control, reporter, addresses, thread: Some(thread) }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(StartError::New("its thread panicked; this is a bug of service_framework".into())),
        }
    }

    /// Where publishers connect, as bound: a port 0 has become a real one.
    #[must_use]
    pub fn input(&self) -> &str {
        let [input, _] = &self.addresses;
        input
    }

    /// Where subscribers connect, as bound.
    #[must_use]
    pub fn output(&self) -> &str {
        let [_, output] = &self.addresses;
        output
    }

    /// By which it is stopped from elsewhere.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper::new(Arc::clone(&self.control), Duration::ZERO)
    }

    /// By which it tells what it has done.
    #[must_use]
    pub fn reporter(&self) -> BusReporter {
        self.reporter.clone()
    }

    /// Waits until it was stopped by a [`Stopper`].
    ///
    /// # Errors
    /// Why it ended, if it was not stopped.
    pub fn wait(mut self) -> Result<(), RunError> {
        let thread = self.thread.take();
        thread.map_or(Ok(()), |thread| thread.join().unwrap_or(Err(RunError::Panicked)))
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.stopper().stop(crate::StopReason::Requested);
            let _ = thread.join();
        }
    }
}

/// Logs what a bus has done, from any thread and at any time.
#[derive(Clone)]
pub struct BusReporter {
    since: Instant,
    counts: Arc<Counts>,
    sinks: Sinks,
}

impl BusReporter {
    /// Logs one line.
    pub fn log(&self) {
        let _logs = self.sinks.enter(NAME);
        self.tell();
    }

    fn tell(&self) {
        tracing::info!("up for {}: {}", long(self.since.elapsed()), self.counts);
    }
}
