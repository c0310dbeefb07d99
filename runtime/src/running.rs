//! A service that runs: its thread, from the first call of its code to the last.
//!
//! Owns the order of a service's life after validation: make the instance, open the sockets, `init`, the loop or main,
//! the signal's function, flush and close. Never validates: whatever gets here is known to be good.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_connections::link::Unanswered;
use service_framework_connections::workflow::Chain;
use service_framework_model::schema::{Function, Side};
use service_framework_model::validator::Validator;
use service_framework_model::wire::Arena;

use crate::boundary::{Failure, Instance, Port, Run, Table};
use crate::control::{Control, StopReason};
use crate::counters::ConnectionStats;
use crate::dispatch::Dispatcher;
use crate::io::WiringError;
use crate::logging::Sinks;
use crate::placement::Sockets;
use crate::placement::inline::{Inline, OpeningError};
use crate::placement::offloaded::Offloaded;
use crate::wiring::Wiring;

/// Whether a service answers messages or drives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The service loop calls a function for each message.
    #[default]
    Service,
    /// `main` drives, nothing comes in.
    Main,
}

/// How a service runs.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Least time between two passes of the service loop.
    pub min_wait: Duration,
    /// How long the service's code may take to return once it is asked to stop.
    pub stop_timeout: Duration,
    /// How long what was sent may take to leave when the service stops.
    pub linger: Duration,
    /// Whether a failing function ends the service.
    pub stops_on_error: bool,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            min_wait: Duration::ZERO,
            stop_timeout: Duration::from_secs(10),
            linger: Duration::from_secs(1),
            stops_on_error: false,
        }
    }
}

/// Why a validated service did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The service could not be made from its config.
    #[error("the service could not be made: {0}")]
    New(String),
    /// The system gave no thread or executor.
    #[error("cannot start the service's thread: {0}")]
    Thread(#[from] std::io::Error),
    /// A connection could not be bound or connected.
    #[error(transparent)]
    Wiring(#[from] WiringError),
    /// `init` failed.
    #[error("init failed: {0}")]
    Init(String),
}

/// Why a running service ended otherwise than by stopping.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// `main` failed.
    #[error("main failed: {0}")]
    Main(String),
    /// A function failed, and the service stops on that.
    #[error("stopped because a function failed: {0}")]
    Function(String),
    /// The function for the signal failed.
    #[error("{function} failed: {reason}")]
    OnSignal {
        /// Which one.
        function: &'static str,
        /// Why.
        reason: String,
    },
    /// The service's code did not return in time.
    #[error("the service's code did not return within {0:?} of being asked to stop; its thread is left behind")]
    StillRunning(Duration),
    /// The runtime itself failed.
    #[error("the service's thread panicked; this is a bug of service_framework")]
    Panicked,
}

impl From<OpeningError> for StartError {
    fn from(error: OpeningError) -> Self {
        match error {
            OpeningError::Executor(error) => Self::Thread(error),
            OpeningError::Wiring(error) => Self::Wiring(error),
        }
    }
}

/// Everything that a service's thread needs.
pub(crate) struct Blueprint {
    pub(crate) name: String,
    pub(crate) table: Table,
    pub(crate) functions: Vec<Function>,
    /// The validated config as bytes, so that it can be handed to the thread that makes the instance.
    pub(crate) config: Vec<u8>,
    pub(crate) config_model: Validator,
    pub(crate) sockets: Sockets,
    pub(crate) connections: Vec<(Side, String)>,
    pub(crate) mode: Mode,
    pub(crate) options: RunOptions,
    pub(crate) sinks: Sinks,
}

/// Addresses as bound or connected, by side and name.
pub type BoundAddresses = BTreeMap<(Side, String), String>;

/// A service that runs in the background. Dropping it stops the service and waits for it.
pub struct Running {
    control: Arc<Control>,
    wiring: Arc<Wiring>,
    addresses: BoundAddresses,
    stop_timeout: Duration,
    linger: Duration,
    done: std::sync::Mutex<Receiver<Result<(), RunError>>>,
    outcome: Option<Result<(), RunError>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts the service and returns when it is wired and `init` has returned.
    pub(crate) fn start(blueprint: Blueprint) -> Result<Self, StartError> {
        let control = Arc::clone(&blueprint.sockets.control);
        let wiring = Arc::clone(&blueprint.sockets.wiring);
        let RunOptions { stop_timeout, linger, .. } = blueprint.options;
        let (starting, started) = sync_channel(1);
        let (ended, done) = sync_channel(1);
        let thread = std::thread::Builder::new().name(blueprint.name.clone()).spawn(move || {
            let _logs = blueprint.sinks.enter(&blueprint.name);
            let _ = ended.send(live(&blueprint, &starting));
        })?;
        match first_word(&started, &control, stop_timeout) {
            Ok(Ok(addresses)) => {
                let done = std::sync::Mutex::new(done);
                let thread = Some(thread);
                Ok(Self { control, wiring, addresses, stop_timeout, linger, done, outcome: None, thread })
            }
            Ok(Err(error)) => {
                // A thread whose `init` does not return cannot be ended by force; it is let go.
                if thread.is_finished() || !matches!(error, StartError::Init(_)) {
                    let _ = thread.join();
                }
                Err(error)
            }
            Err(_) => {
                let _ = thread.join();
                Err(StartError::New("the service's thread panicked; this is a bug of service_framework".into()))
            }
        }
    }

    /// The addresses as bound or connected: a port 0 has become a real one.
    #[must_use]
    pub const fn addresses(&self) -> &BoundAddresses {
        &self.addresses
    }

    /// What happened to the messages of each connection so far.
    #[must_use]
    pub fn stats(&self) -> BTreeMap<(Side, String), ConnectionStats> {
        self.wiring.stats()
    }

    /// The flag by which the service is stopped from elsewhere.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper::new(Arc::clone(&self.control), self.stop_timeout)
    }

    /// Waits until the service has ended by itself or was stopped by a [`Stopper`], whose patience bounds the wait.
    ///
    /// # Errors
    /// Why it ended, if it did not just stop.
    pub fn wait(&mut self) -> Result<(), RunError> {
        if let Some(outcome) = &self.outcome {
            return outcome.clone();
        }
        let outcome = loop {
            // Asked for now and then, since the stop may come from another thread while this one waits.
            let patience_ends = self.control.patience_ends().map(|ends| ends + self.linger + GRACE);
            let now = Instant::now();
            let tick = patience_ends.map_or(TICK, |ends| ends.saturating_duration_since(now).min(TICK));
            let done = self.done.get_mut().unwrap_or_else(PoisonError::into_inner);
            match done.recv_timeout(tick) {
                Ok(outcome) => break outcome,
                Err(RecvTimeoutError::Disconnected) => break Err(RunError::Panicked),
                Err(RecvTimeoutError::Timeout) if patience_ends.is_some_and(|ends| now >= ends) => {
                    // The thread cannot be ended by force; it is let go.
                    self.thread = None;
                    break Err(RunError::StillRunning(self.stop_timeout));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        };
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.outcome = Some(outcome.clone());
        outcome
    }

    /// Stops the service and waits for its end.
    ///
    /// # Errors
    /// As [`Running::wait`].
    pub fn stop(&mut self) -> Result<(), RunError> {
        self.stopper().stop(StopReason::Requested);
        self.wait()
    }
}

/// What the service's thread says when it is wired, or that `init` did not return although it was asked to stop.
fn first_word(
    started: &Receiver<Result<BoundAddresses, StartError>>,
    control: &Control,
    patience: Duration,
) -> Result<Result<BoundAddresses, StartError>, RecvTimeoutError> {
    loop {
        match started.recv_timeout(TICK) {
            Err(RecvTimeoutError::Timeout) if control.patience_ends().is_some_and(|ends| Instant::now() >= ends) => {
                let said = format!("it did not return within {patience:?} of being asked to stop");
                return Ok(Err(StartError::Init(said)));
            }
            Err(RecvTimeoutError::Timeout) => {}
            word => return word,
        }
    }
}

/// How long the runtime itself may take to close, on top of what the service's code and the linger may take.
const GRACE: Duration = Duration::from_secs(1);
/// How often a waiting program looks whether patience has ended.
const TICK: Duration = Duration::from_millis(100);

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::error!("the service did not end well: {error}");
        }
    }
}

/// Stops a service from anywhere.
#[derive(Clone, Debug)]
pub struct Stopper {
    control: Arc<Control>,
    patience: Duration,
}

impl Stopper {
    pub(crate) const fn new(control: Arc<Control>, patience: Duration) -> Self {
        Self { control, patience }
    }

    /// Asks the service to stop, without waiting for it. Only the first reason counts.
    pub fn stop(&self, reason: StopReason) {
        self.control.stop(reason, self.patience);
    }
}

type Starting = SyncSender<Result<BoundAddresses, StartError>>;

/// The service's thread: its whole life, except what went wrong before it was wired.
fn live(blueprint: &Blueprint, starting: &Starting) -> Result<(), RunError> {
    let control = &blueprint.sockets.control;
    let (mut dispatcher, mut place) = match begin(blueprint) {
        Ok((dispatcher, place, addresses)) => {
            let _ = starting.send(Ok(addresses));
            (dispatcher, place)
        }
        Err(error) => {
            let _ = starting.send(Err(error));
            return Ok(());
        }
    };
    let outcome = match &mut place {
        Place::Inline(inline) => serve(&mut dispatcher, inline, control, blueprint.options.min_wait),
        Place::Offloaded(offloaded) => lead(&mut dispatcher, offloaded, control),
    };
    if let Place::Inline(inline) = &mut place {
        inline.turn_away(&mut dispatcher);
    }
    let signalled = on_signal(blueprint, &mut dispatcher, place.port(), control);
    place.close();
    for ((side, name), stats) in blueprint.sockets.wiring.stats() {
        tracing::info!("{} `{name}`: {stats}", side.word());
    }
    if let Err(error) = &outcome {
        tracing::error!("{error}");
    }
    outcome.and(signalled)
}

/// The service's sockets, wherever they live.
enum Place {
    Inline(Inline),
    Offloaded(Offloaded),
}

impl Place {
    fn open(blueprint: &Blueprint) -> Result<(Self, Vec<(usize, String)>), OpeningError> {
        let sockets = &blueprint.sockets;
        match blueprint.mode {
            Mode::Service => Inline::open(sockets).map(|(inline, at)| (Self::Inline(inline), at)),
            Mode::Main => Offloaded::open(sockets.clone(), blueprint.sinks.clone(), blueprint.name.clone())
                .map(|(offloaded, at)| (Self::Offloaded(offloaded), at)),
        }
    }

    fn port(&mut self) -> &mut dyn Port {
        match self {
            Self::Inline(inline) => inline,
            Self::Offloaded(offloaded) => offloaded,
        }
    }

    fn close(self) {
        match self {
            Self::Inline(inline) => inline.close(),
            Self::Offloaded(mut offloaded) => offloaded.close(),
        }
    }
}

/// Makes the instance, opens the sockets, runs `init`: the order in which a failure costs least.
fn begin(blueprint: &Blueprint) -> Result<(Dispatcher, Place, BoundAddresses), StartError> {
    let mut dispatcher = dispatcher(blueprint)?;
    let (mut place, opened) = Place::open(blueprint)?;
    if let Err(failure) = blueprint.run(Function::Init, &mut dispatcher, place.port()) {
        place.close();
        return Err(StartError::Init(failure.to_string()));
    }
    let mut addresses = BoundAddresses::new();
    for (connection, address) in opened {
        if let Some((side, name)) = blueprint.connections.get(connection) {
            tracing::info!("{} `{name}` at {address}", side.word());
            addresses.insert((*side, name.clone()), address);
        }
    }
    Ok((dispatcher, place, addresses))
}

impl Blueprint {
    /// Runs one of the service's own functions, if it defines it.
    fn run(&self, function: Function, dispatcher: &mut Dispatcher, port: &mut dyn Port) -> Result<(), Failure> {
        if self.functions.contains(&function) { dispatcher.run(function, port) } else { Ok(()) }
    }
}

/// The service, made, with its connections.
pub(crate) fn dispatcher(blueprint: &Blueprint) -> Result<Dispatcher, StartError> {
    let Sockets { wiring, control, .. } = &blueprint.sockets;
    let instance = make(blueprint).map_err(|failure| StartError::New(failure.to_string()))?;
    let (wiring, control) = (Arc::clone(wiring), Arc::clone(control));
    Ok(Dispatcher::new(wiring, control, instance, blueprint.options.stops_on_error))
}

fn make(blueprint: &Blueprint) -> Result<Instance, Failure> {
    let Sockets { wiring, control, .. } = &blueprint.sockets;
    let arena = Arena::new();
    let config = blueprint.config_model.decode_frame(&blueprint.config, &arena).map_err(|refusal| {
        Failure::new("invalid_config", format!("the config was validated and does not read back: {refusal}"))
    })?;
    let mut nowhere = Nowhere;
    let run = Run::new(wiring, control, &mut nowhere, Chain::each_its_own());
    Instance::create(blueprint.table, config, run)
}

/// The port of code that runs before there are sockets.
pub(crate) struct Nowhere;

impl Port for Nowhere {
    fn request(&mut self, _: usize, _: Bytes, _: Instant, _: bool) -> Result<Bytes, Unanswered> {
        Err(Unanswered::NoPeer)
    }

    fn wait(&mut self, until: Instant, _: bool) {
        std::thread::sleep(until.saturating_duration_since(Instant::now()));
    }
}

/// The service loop.
fn serve(
    dispatcher: &mut Dispatcher,
    inline: &mut Inline,
    control: &Control,
    min_wait: Duration,
) -> Result<(), RunError> {
    while control.stopping().is_none() {
        let began = Instant::now();
        inline.pass(dispatcher).map_err(|failure| RunError::Function(failure.to_string()))?;
        if !min_wait.is_zero() {
            inline.rest(began + min_wait);
        }
    }
    Ok(())
}

/// Main mode: the service's code drives.
fn lead(dispatcher: &mut Dispatcher, offloaded: &mut Offloaded, control: &Control) -> Result<(), RunError> {
    match dispatcher.run(Function::Main, offloaded) {
        // A wait that ended because the service stops, handed on by main, is how main is meant to end.
        Err(failure) if failure.code == Unanswered::Stopping.word() && control.stopping().is_some() => Ok(()),
        Err(failure) => Err(RunError::Main(failure.to_string())),
        Ok(()) => Ok(()),
    }
}

fn on_signal(
    blueprint: &Blueprint,
    dispatcher: &mut Dispatcher,
    port: &mut dyn Port,
    control: &Control,
) -> Result<(), RunError> {
    let function = match control.stopping() {
        Some(StopReason::Sigint) => Function::OnSigint,
        Some(StopReason::Sigterm) => Function::OnSigterm,
        Some(StopReason::Requested) | None => return Ok(()),
    };
    let failed = |failure: Failure| RunError::OnSignal { function: function.word(), reason: failure.to_string() };
    blueprint.run(function, dispatcher, port).map_err(failed)
}
