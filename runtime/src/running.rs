//! A service that runs in the background, as whoever started it sees it: its errors, its addresses, its end.
//!
//! Owns the handle and the patience with the service's thread. What happens on that thread is in `life.rs`.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use service_framework_model::schema::Side;
use service_framework_plugin::Stats;

use crate::control::{Control, StopReason};
use crate::io::WiringError;
use crate::life::{Blueprint, Starting, live};
use crate::placement::{OpeningError, Placement};
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
    /// The name of the transport of all connections that choose none themselves; omq if it is not said.
    pub transport: Option<String>,
    /// Where the sockets live; by the mode if it is not said: inline in service mode, offloaded in main mode.
    pub placement: Option<Placement>,
    /// Whether the service's threads spin instead of sleeping while they wait: the shortest latency, at the price of a
    /// core for each thread.
    pub busy: bool,
    /// How long a function of the service may take before the log names it; not at all without it.
    pub slow_after: Option<Duration>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            min_wait: Duration::ZERO,
            stop_timeout: Duration::from_secs(10),
            linger: Duration::from_secs(1),
            stops_on_error: false,
            transport: None,
            placement: None,
            busy: false,
            slow_after: Some(Duration::from_secs(1)),
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
    /// A service of a group did not start, so that none of them runs.
    #[error("`{service}`: {error}")]
    Member {
        /// Its name in the group.
        service: String,
        /// Why.
        error: Box<Self>,
    },
}

impl StartError {
    pub(crate) fn of_member(service: &str, error: Self) -> Self {
        Self::Member { service: service.to_owned(), error: Box::new(error) }
    }

    /// The error itself, of whichever service of a group it is.
    #[must_use]
    pub fn of_service(&self) -> &Self {
        match self {
            Self::Member { error, .. } => error.of_service(),
            error => error,
        }
    }
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
    /// A copy is stale that the service does not go on without.
    #[error("stopped because the state `{0}` is stale, and its model says to stop then")]
    Stale(String),
    /// The function for the signal failed.
    #[error("{function} failed: {reason}")]
    OnSignal {
        /// Which one.
        function: &'static str,
        /// Why.
        reason: String,
    },
    /// A service of a group failed, and the group stopped.
    #[error("`{service}`: {error}")]
    Member {
        /// Its name in the group.
        service: String,
        /// Why.
        error: Box<Self>,
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

/// Addresses as bound or connected, by side and name; a requester may have several.
pub type BoundAddresses = BTreeMap<(Side, String), Vec<String>>;

/// A service that runs in the background. Dropping it stops the service and waits for it.
pub struct Running {
    control: Arc<Control>,
    /// The connections of each of its services: one, unless it is a group.
    wirings: Vec<Arc<Wiring>>,
    addresses: Vec<BoundAddresses>,
    stop_timeout: Duration,
    linger: Duration,
    done: std::sync::Mutex<Receiver<Result<(), RunError>>>,
    outcome: Option<Result<(), RunError>>,
    thread: Option<JoinHandle<()>>,
}

/// The life of services on their thread, from the word that they are wired to how it ended.
type Life = dyn FnOnce(&Starting) -> Result<(), RunError> + Send;

/// What it takes to run services on a thread of their own.
pub(crate) struct Spawn {
    pub(crate) name: String,
    pub(crate) control: Arc<Control>,
    pub(crate) wirings: Vec<Arc<Wiring>>,
    pub(crate) stop_timeout: Duration,
    pub(crate) linger: Duration,
    /// Their whole life.
    pub(crate) live: Box<Life>,
}

impl Running {
    /// Starts the service and returns when it is wired and `init` has returned.
    pub(crate) fn start(blueprint: Blueprint) -> Result<Self, StartError> {
        let RunOptions { stop_timeout, linger, .. } = blueprint.options;
        Self::spawn(Spawn {
            name: blueprint.name.clone(),
            control: Arc::clone(&blueprint.sockets.control),
            wirings: vec![Arc::clone(&blueprint.sockets.wiring)],
            stop_timeout,
            linger,
            live: Box::new(move |starting| {
                let _logs = blueprint.sinks.enter(&blueprint.name);
                live(&blueprint, starting)
            }),
        })
    }

    /// Starts a thread and returns when what lives on it is wired and has begun.
    pub(crate) fn spawn(spawn: Spawn) -> Result<Self, StartError> {
        let Spawn { name, control, wirings, stop_timeout, linger, live } = spawn;
        let (starting, started) = sync_channel(1);
        let (ended, done) = sync_channel(1);
        let thread = std::thread::Builder::new().name(name).spawn(move || {
            let _ = ended.send(live(&starting));
        })?;
        let error = match first_word(&started, &control) {
            Ok(Ok(addresses)) => {
                let done = std::sync::Mutex::new(done);
                let thread = Some(thread);
                return Ok(Self { control, wirings, addresses, stop_timeout, linger, done, outcome: None, thread });
            }
            Ok(Err(error)) => error,
            Err(RecvTimeoutError::Timeout) => {
                // The thread cannot be ended by force; it is let go.
                let said = format!("it did not return within {stop_timeout:?} of being asked to stop");
                return Err(StartError::Init(said));
            }
            Err(RecvTimeoutError::Disconnected) => {
                StartError::New("the service's thread panicked; this is a bug of service_framework".into())
            }
        };
        let _ = thread.join();
        Err(error)
    }

    /// The addresses as bound or connected: a port 0 has become a real one. Those of the first service of a group.
    #[must_use]
    pub fn addresses(&self) -> &BoundAddresses {
        self.addresses_of(0).unwrap_or(const { &BoundAddresses::new() })
    }

    /// The same of each service of a group, by its place.
    #[must_use]
    pub fn addresses_of(&self, member: usize) -> Option<&BoundAddresses> {
        self.addresses.get(member)
    }

    /// What happened to the messages of each connection so far. That of the first service of a group.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats_of(0).unwrap_or_default()
    }

    /// The same of each service of a group, by its place.
    #[must_use]
    pub fn stats_of(&self, member: usize) -> Option<Stats> {
        self.wirings.get(member).map(|wiring| wiring.stats())
    }

    /// The flag by which the service is stopped from elsewhere.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper::new(Arc::clone(&self.control), self.stop_timeout)
    }

    /// Whether the service's thread is alive: it has not ended by itself, was not waited for and not given up.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
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
            let patience_ends = self.control.patience_ends().map(|ends| ends + self.linger.min(LONGEST_LINGER) + GRACE);
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

/// What the service's thread says when it is wired.
///
/// # Errors
/// With a timeout if it says nothing although it was asked to stop and patience has ended.
fn first_word(
    started: &Receiver<Result<Vec<BoundAddresses>, StartError>>,
    control: &Control,
) -> Result<Result<Vec<BoundAddresses>, StartError>, RecvTimeoutError> {
    loop {
        match started.recv_timeout(TICK) {
            Err(RecvTimeoutError::Timeout) if control.patience_ends().is_none_or(|ends| Instant::now() < ends) => {}
            word => return word,
        }
    }
}

/// No linger is waited for longer than this.
const LONGEST_LINGER: Duration = Duration::from_secs(365 * 24 * 3600);
/// How long the runtime itself may take to close, on top of what the service's code and the linger may take.
const GRACE: Duration = Duration::from_secs(1);
/// How often a waiting program looks whether patience has ended.
const TICK: Duration = Duration::from_millis(100);

impl Drop for Running {
    fn drop(&mut self) {
        // Whoever waited for the end has been told of it.
        if self.outcome.is_none()
            && let Err(error) = self.stop()
        {
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
