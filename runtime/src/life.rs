//! The life of a service on its thread: make the instance, open the sockets, `init`, the loop or main, the signal's
//! function, flush and close.
//!
//! Owns that order. Never validates: whatever gets here is known to be good.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_connections::link::Unanswered;
use service_framework_connections::workflow::Chain;
use service_framework_model::schema::{Function, Side};
use service_framework_model::validator::Validator;
use service_framework_model::wire::Arena;

use crate::boundary::{Failure, Instance, Port, Run, Table};
use crate::control::{Control, StopReason, after};
use crate::dispatch::Dispatcher;
use crate::logging::Sinks;
use crate::placement::Sockets;
use crate::placement::inline::{Inline, OpeningError};
use crate::placement::offloaded::Offloaded;
use crate::report;
use crate::running::{BoundAddresses, Mode, RunError, RunOptions, StartError};

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

/// Where a service's thread says that it is wired, or why it is not.
pub(crate) type Starting = SyncSender<Result<BoundAddresses, StartError>>;

/// The service's thread: its whole life, except what went wrong before it was wired.
pub(crate) fn live(blueprint: &Blueprint, starting: &Starting) -> Result<(), RunError> {
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
    if let Place::Inline(inline) = &mut place {
        // What came while that function ran.
        inline.turn_away(&mut dispatcher);
    }
    place.close();
    report::counters(&blueprint.sockets.wiring);
    if let Err(error) = &outcome {
        tracing::error!("{error}");
    }
    outcome.and(signalled)
}

/// The service's sockets, wherever they live.
enum Place {
    Inline(Box<Inline>),
    Offloaded(Offloaded),
}

impl Place {
    fn open(blueprint: &Blueprint) -> Result<(Self, Vec<(usize, String)>), OpeningError> {
        let sockets = &blueprint.sockets;
        match blueprint.mode {
            Mode::Service => Inline::open(sockets).map(|(inline, at)| (Self::Inline(Box::new(inline)), at)),
            Mode::Main => Offloaded::open(sockets.clone(), blueprint.sinks.clone(), blueprint.name.clone())
                .map(|(offloaded, at)| (Self::Offloaded(offloaded), at)),
        }
    }

    fn port(&mut self) -> &mut dyn Port {
        match self {
            Self::Inline(inline) => inline.as_mut(),
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
    let init = blueprint.run(Function::Init, &mut dispatcher, place.port());
    if let Err(failure) = init.or_else(|failure| unless_stopping(failure, &blueprint.sockets.control)) {
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
    while !control.is_stopping() {
        let rests_until = (!min_wait.is_zero()).then(|| after(min_wait));
        let passed = inline.pass(dispatcher).or_else(|failure| unless_stopping(failure, control));
        passed.map_err(|failure| RunError::Function(failure.to_string()))?;
        if let Some(until) = rests_until {
            inline.rest(until);
        }
    }
    Ok(())
}

/// Main mode: the service's code drives.
fn lead(dispatcher: &mut Dispatcher, offloaded: &mut Offloaded, control: &Control) -> Result<(), RunError> {
    let led = dispatcher.run(Function::Main, offloaded).or_else(|failure| unless_stopping(failure, control));
    led.map_err(|failure| RunError::Main(failure.to_string()))
}

/// A wait that ended because the service stops, handed on by the service's code, is how that code is meant to end.
fn unless_stopping(failure: Failure, control: &Control) -> Result<(), Failure> {
    if failure.code == Unanswered::Stopping.word() && control.is_stopping() { Ok(()) } else { Err(failure) }
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
