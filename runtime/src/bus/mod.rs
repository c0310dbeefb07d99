//! A bus: publishers connect to one address of it, subscribers to another, and what the former publish reaches those of
//! the latter that have subscribed to it. With it neither has to know where the others are.
//!
//! Owns the handle of a running bus and what is told of it. What it does with each message is in `forward.rs`. It speaks
//! the publishers' and subscribers' own protocol, so that peers of any ZeroMQ library can be behind it.

mod forward;

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::address::Address;
use crate::control::{Control, StopReason, Stopped};
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

/// A bus that can be started: its addresses are known to be good.
pub struct BusPlan {
    input: Address,
    output: Address,
    options: BusOptions,
    control: Arc<Control>,
    reporter: BusReporter,
}

impl BusPlan {
    /// A bus whose publishers connect to `input` and whose subscribers connect to `output`.
    ///
    /// # Errors
    /// Everything that is wrong with the addresses, as flags of a command line, and with the folder of the logs.
    pub fn new(input: &str, output: &str, options: BusOptions) -> Result<Self, Diagnostics> {
        let mut problems = Diagnostics::new();
        let ends = (read(IN, input, &mut problems), read(OUT, output, &mut problems));
        if let (Some(one), Some(other)) = &ends
            && one.collides_with(other)
        {
            let message = format!(
                "`--{IN}` and `--{OUT}` cannot both be bound there: publishers and subscribers need an address each"
            );
            let help = "choose another port or path".to_owned();
            problems.push(Diagnostic::error(argument(OUT, output), message).with_help(help));
        }
        let sinks = Sinks::open(&options.log, NAME);
        let sinks = sinks.map_err(|error| problems.push(Diagnostic::error(Source::LogOptions, error)));
        let ((Some(input), Some(output)), Ok(sinks)) = (ends, sinks) else { return Err(problems) };
        if problems.has_errors() {
            return Err(problems);
        }
        let reporter = BusReporter { since: Instant::now(), counts: Arc::default(), sinks };
        Ok(Self { input, output, options, control: Arc::default(), reporter })
    }

    /// By which it is stopped from elsewhere, before it was started as well.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper::new(Arc::clone(&self.control), Duration::ZERO)
    }

    /// By which it tells what it has done.
    #[must_use]
    pub fn reporter(&self) -> BusReporter {
        self.reporter.clone()
    }

    /// Starts the bus and returns when both of its addresses are bound.
    ///
    /// # Errors
    /// An address that could not be bound, or no thread.
    pub fn start(self) -> Result<Bus, StartError> {
        let stopper = self.stopper();
        let (starting, started) = sync_channel(1);
        let thread = std::thread::Builder::new().name(NAME.into()).spawn(move || self.live(&starting))?;
        match started.recv() {
            Ok(Ok(addresses)) => Ok(Bus { stopper, addresses, thread: Some(thread) }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(StartError::New("its thread panicked; this is a bug of service_framework".into())),
        }
    }

    /// The whole life of a bus, on its thread.
    fn live(self, starting: &SyncSender<Result<[String; 2], StartError>>) -> Result<(), RunError> {
        let Self { input, output, options, control, reporter } = self;
        let _logs = reporter.sinks.enter(NAME);
        let sockets = SocketOptions { send_queue: options.queue, receive_queue: 1_000, ..SocketOptions::default() };
        let opened = executor(false).map_err(StartError::from).and_then(|runtime| {
            let counts = Arc::clone(&reporter.counts);
            let opened = runtime.block_on(Forwarder::open(&input, &output, &sockets, counts))?;
            Ok((runtime, opened))
        });
        let (runtime, (forwarder, addresses)) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                let _ = starting.send(Err(error));
                return Ok(());
            }
        };
        let [input, output] = &addresses;
        tracing::info!("publishers connect to `{IN}` at {input}");
        tracing::info!("subscribers connect to `{OUT}` at {output}");
        let _ = starting.send(Ok(addresses));
        let ended = runtime.block_on(forwarder.forward(Stopped::of(control), options.linger));
        reporter.tell();
        // A host name that is still looked up is nobody's business any more.
        runtime.shutdown_background();
        ended
    }
}

/// The address that a flag says, if it is one.
fn read(name: &str, text: &str, problems: &mut Diagnostics) -> Option<Address> {
    let (message, help) = match text.parse::<Address>() {
        Ok(Address::Inproc(_)) => (
            format!("`{text}` stays within a process, and a bus is a process of its own"),
            "write an address such as `127.0.0.1:8001` or `ipc:///tmp/bus.sock`".to_owned(),
        ),
        Ok(address) => return Some(address),
        Err(error) => (format!("`{text}` is no address: {error}"), error.help()),
    };
    problems.push(Diagnostic::error(argument(name, text), message).with_help(help));
    None
}

fn argument(name: &str, value: &str) -> Source {
    Source::Argument { name: name.to_owned(), value: value.to_owned() }
}

/// A bus that runs in the background. Dropping it stops it and waits for it.
pub struct Bus {
    stopper: Stopper,
    addresses: [String; 2],
    thread: Option<JoinHandle<Result<(), RunError>>>,
}

impl Bus {
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
            self.stopper.stop(StopReason::Requested);
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
