//! The life of a service on its thread: make the instance, open the sockets, `init`, the loop or main, the signal's
//! function, flush and close.
//!
//! Owns that order. Never validates: whatever gets here is known to be good.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_connections::readiness::Readiness;
use service_framework_connections::requests::Unanswered;
use service_framework_connections::workflow::Chain;
use service_framework_model::schema::{Function, ServiceModel, Side};
use service_framework_model::validator::Validator;
use service_framework_model::wire::Arena;
use service_framework_model::wire::envelope::WorkflowId;
use service_framework_plugin::abi::{
    FUNCTION_BASE, FUNCTION_INIT, FUNCTION_ON_SIGINT, FUNCTION_ON_SIGTERM, FUNCTION_STATE, FUNCTION_TIMER,
};

use service_framework_states::owner::Update;

use crate::boundary::{Failure, Instance, Port, Run, Table};
use crate::control::{Control, StopReason, after, later};
use crate::dispatch::{Dispatcher, NOT_YET};
use crate::io::{Plan, Postbox, postbox};
use crate::logging::Sinks;
use crate::placement::{Place, Placement, Sockets};
use crate::pool::{Pool, Surroundings};
use crate::report::{self, Reporter};
use crate::running::{BoundAddresses, Mode, RunError, RunOptions, StartError};
use crate::service_loop::ServiceLoop;
use crate::transport;
use crate::watchdog::Watchdog;

/// Everything that a service's thread needs.
pub(crate) struct Blueprint {
    pub(crate) name: String,
    pub(crate) table: Table,
    pub(crate) model: ServiceModel,
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
pub(crate) type Starting = SyncSender<Result<Vec<BoundAddresses>, StartError>>;

/// The service's thread: its whole life, except what went wrong before it was wired.
pub(crate) fn live(blueprint: &Blueprint, starting: &Starting) -> Result<(), RunError> {
    let control = &blueprint.sockets.control;
    let (mut dispatcher, mut place) = match begin(blueprint) {
        Ok((dispatcher, place, addresses)) => {
            let _ = starting.send(Ok(vec![addresses]));
            (dispatcher, place)
        }
        Err(error) => {
            let _ = starting.send(Err(error));
            ended(control);
            return Ok(());
        }
    };
    let mut service_loop = ServiceLoop::default();
    let outcome = match blueprint.mode {
        Mode::Service => serve(&mut dispatcher, &mut service_loop, place.as_mut(), control, blueprint.options.min_wait),
        Mode::Main => lead(&mut dispatcher, place.as_mut(), control),
    };
    service_loop.turn_away(&mut dispatcher, place.as_mut());
    let signalled = on_signal(blueprint, &mut dispatcher, place.as_mut(), control);
    // What came while that function ran.
    service_loop.turn_away(&mut dispatcher, place.as_mut());
    let closed = place.close().map_err(|_| RunError::Panicked);
    report::counters(&blueprint.sockets.wiring);
    if let Err(error) = &outcome {
        tracing::error!("{error}");
    }
    ended(control);
    outcome.and(signalled).and(closed)
}

/// Lets everything end that goes on until the service stops, also if it was never asked to.
fn ended(control: &Control) {
    control.stop(StopReason::Requested, Duration::ZERO);
}

/// Makes the instance and its targets, opens the sockets, runs `init`: the order in which a failure costs least.
fn begin(blueprint: &Blueprint) -> Result<(Dispatcher, Box<dyn Place>, BoundAddresses), StartError> {
    let Blueprint { name, sockets, sinks, mode, options, .. } = blueprint;
    let (postbox, posts) = postbox();
    let mut dispatcher = dispatcher(blueprint, postbox)?;
    let pools = pools(blueprint, &mut dispatcher)?;
    watch(blueprint, &dispatcher)?;
    let placement = options.placement.unwrap_or(match mode {
        Mode::Service => Placement::Inline,
        Mode::Main => Placement::Offloaded,
    });
    let (mut place, opened) = sockets.open(placement, pools, posts, (sinks, name))?;
    settle(sockets, place.as_mut());
    dispatcher.start_copies(place.now());
    if let Err(failure) = init(blueprint, &mut dispatcher, place.as_mut()) {
        // Lost sockets are logged; that `init` failed is what is told.
        let _ = place.close();
        return Err(failure);
    }
    let addresses = tell_addresses(blueprint, opened);
    Ok((dispatcher, place, addresses))
}

/// Logs the addresses of the connections with sockets, each by its place.
pub(crate) fn tell_addresses(blueprint: &Blueprint, opened: Vec<(usize, String)>) -> BoundAddresses {
    let mut addresses = BoundAddresses::new();
    for (connection, address) in opened {
        if let Some((side, name)) = blueprint.connections.get(connection) {
            tracing::info!("{}{} `{name}` at {address}", over(&blueprint.sockets.plans, connection), side.word());
            addresses.entry((*side, name.clone())).or_default().push(address);
        }
    }
    addresses
}

/// Waits for what the connections ask to be waited for before anything is sent. It ends when the service stops.
pub(crate) fn settle(sockets: &Sockets, place: &mut dyn Place) {
    let began = place.now();
    for (at, name, Readiness { pause, subscribers, patience }) in sockets.wiring.readiness() {
        place.wait(later(began, pause), true);
        let there = place.wait_for_subscribers(at, subscribers, later(began, patience), true);
        if there < subscribers {
            tracing::warn!("`{name}`: {there} of {subscribers} subscribers were there within {patience:?}");
        }
    }
}

/// Runs `init`, the first function of the service that may send.
pub(crate) fn init(blueprint: &Blueprint, dispatcher: &mut Dispatcher, port: &mut dyn Port) -> Result<(), StartError> {
    let init = blueprint.run(Function::Init, dispatcher, port);
    let init = init.or_else(|failure| unless_stopping(failure, &blueprint.sockets.control));
    init.map_err(|failure| StartError::Init(failure.to_string()))
}

/// Has the functions watched that the service's thread calls. The thread that does so ends with the dispatcher.
pub(crate) fn watch(blueprint: &Blueprint, dispatcher: &Dispatcher) -> Result<(), StartError> {
    let Some(limit) = blueprint.options.slow_after else { return Ok(()) };
    let wiring = Arc::clone(&blueprint.sockets.wiring);
    let name_of = move |function: u32| match function {
        FUNCTION_INIT => "`init`".to_owned(),
        FUNCTION_ON_SIGINT => "`on_sigint`".to_owned(),
        FUNCTION_ON_SIGTERM => "`on_sigterm`".to_owned(),
        FUNCTION_TIMER.. => "the function of a timer".to_owned(),
        FUNCTION_STATE..FUNCTION_BASE => {
            let place = wiring.place_of_state(function - FUNCTION_STATE);
            format!("the function of `{}`", wiring.name(place))
        }
        place => format!("the function of `{}`", wiring.inbound(place as usize).map_or("?", |(name, ..)| name)),
    };
    let watchdog = Watchdog { watch: dispatcher.watch(), limit, name_of: Box::new(name_of) };
    watchdog.start(blueprint.sinks.clone(), blueprint.name.clone())?;
    Ok(())
}

/// By which transport a connection goes, unless it is the usual one.
fn over(plans: &[Plan], place: usize) -> String {
    let plan = plans.iter().find(|plan| plan.place == place);
    let name = plan.and_then(|plan| plan.ends.first()).map_or(transport::DEFAULT, |end| end.transport.name());
    if name == transport::DEFAULT { String::new() } else { format!("over {name}: ") }
}

/// The threads of the service's external targets.
pub(crate) fn pools(blueprint: &Blueprint, dispatcher: &mut Dispatcher) -> Result<Vec<Pool>, StartError> {
    let Blueprint { name, sockets: Sockets { wiring, control, .. }, sinks, .. } = blueprint;
    let targets = dispatcher.make_targets().map_err(|failure| StartError::New(failure.to_string()))?;
    let (wiring, control) = (Arc::clone(wiring), Arc::clone(control));
    let surroundings = Surroundings { service: name.clone(), wiring, control, sinks: sinks.clone() };
    let start = |(place, name, targets): (usize, String, _)| Pool::start(place, &name, targets, &surroundings);
    Ok(targets.into_iter().map(start).collect::<Result<_, _>>()?)
}

impl Blueprint {
    /// What logs how the service is doing.
    pub(crate) fn reporter(&self) -> Reporter {
        let Self { name, mode, sockets, sinks, .. } = self;
        let (wiring, control) = (Arc::clone(&sockets.wiring), Arc::clone(&sockets.control));
        Reporter { name: name.clone(), mode: *mode, since: Instant::now(), wiring, control, sinks: sinks.clone() }
    }

    /// Runs one of the service's own functions, if it defines it.
    fn run(&self, function: Function, dispatcher: &mut Dispatcher, port: &mut dyn Port) -> Result<(), Failure> {
        if self.model.defines(function) { dispatcher.run(function, port) } else { Ok(()) }
    }
}

/// The service, made, with its connections.
pub(crate) fn dispatcher(blueprint: &Blueprint, postbox: Postbox) -> Result<Dispatcher, StartError> {
    let Sockets { wiring, control, .. } = &blueprint.sockets;
    let instance = make(blueprint).map_err(|failure| StartError::New(failure.to_string()))?;
    let (wiring, control) = (Arc::clone(wiring), Arc::clone(control));
    let (has_loop, stops_on_error) = (blueprint.mode == Mode::Service, blueprint.options.stops_on_error);
    Ok(Dispatcher::new(wiring, control, instance, postbox, has_loop, stops_on_error))
}

fn make(blueprint: &Blueprint) -> Result<Instance, Failure> {
    let Sockets { wiring, control, .. } = &blueprint.sockets;
    let arena = Arena::new();
    let config = blueprint.config_model.decode_frame(&blueprint.config, &arena).map_err(|refusal| {
        Failure::new("invalid_config", format!("the config was validated and does not read back: {refusal}"))
    })?;
    let mut nowhere = Nowhere;
    let mut run = Run::new(wiring, control, &mut nowhere, Chain::each_its_own());
    run.closed = Some(NOT_YET);
    Instance::create(blueprint.table, config, run)
}

/// The port of code that runs before there are sockets.
pub(crate) struct Nowhere;

impl Port for Nowhere {
    fn request(&mut self, _: usize, _: Bytes, _: Instant, _: bool) -> Result<Bytes, Unanswered> {
        Err(Unanswered::NoPeer)
    }

    fn publish(&mut self, _: usize, _: &mut Vec<u8>) {}

    fn wait_for_subscribers(&mut self, _: usize, _: usize, _: Instant, _: bool) -> usize {
        0
    }

    fn wait(&mut self, until: Instant, _: bool) {
        std::thread::sleep(until.saturating_duration_since(Instant::now()));
    }

    fn flush(&mut self) {}

    fn publish_update(&mut self, _: usize, _: Update, _: &WorkflowId<'_>) {}

    fn ask_for_snapshot(&mut self, _: usize, _: u64, _: Bytes, _: Instant) {}

    fn rebuild(&mut self, _: usize) {}

    fn drives_executor(&self) -> bool {
        false
    }
}

/// The service loop.
fn serve(
    dispatcher: &mut Dispatcher,
    service_loop: &mut ServiceLoop,
    place: &mut dyn Place,
    control: &Control,
    min_wait: Duration,
) -> Result<(), RunError> {
    while !control.is_stopping() {
        let rests_until = (!min_wait.is_zero()).then(|| after(min_wait));
        service_loop.pass(dispatcher, place)?;
        if let Some(until) = rests_until {
            place.wait(until, true);
        }
    }
    Ok(())
}

/// Main mode: the service's code drives.
pub(crate) fn lead(dispatcher: &mut Dispatcher, port: &mut dyn Port, control: &Control) -> Result<(), RunError> {
    if control.is_stopping() {
        // While `init` ran.
        return Ok(());
    }
    let led = dispatcher.run(Function::Main, port).or_else(|failure| unless_stopping(failure, control));
    led.map_err(|failure| RunError::Main(failure.to_string()))
}

/// A wait that ended because the service stops, handed on by the service's code, is how that code is meant to end.
pub(crate) fn unless_stopping(failure: Failure, control: &Control) -> Result<(), Failure> {
    if failure.code == Unanswered::Stopping.word() && control.is_stopping() { Ok(()) } else { Err(failure) }
}

/// Runs the function of the signal that stopped the service, if one did and the service defines it.
pub(crate) fn on_signal(
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
