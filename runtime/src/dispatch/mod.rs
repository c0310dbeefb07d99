//! From a message's frames to the service's function and back to the bytes of its answer.
//!
//! Owns the order of things for one message: open, call, answer, count. Never touches a socket: what a function sends
//! goes through a [`Port`]. The same path serves sockets, benchmarks and tests.

mod within;

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_connections::arrivals::{Arrivals, Seen};
use service_framework_connections::workflow::Chain;
use service_framework_connections::{Inbound, Opened};
use service_framework_model::error::{Code, Refusal};
use service_framework_model::schema::Function;
use service_framework_model::slot::Slot;
use service_framework_model::wire::envelope::{Call, RemoteError, WorkflowId};
use service_framework_model::wire::{Arena, Seq};
use service_framework_plugin::abi::{FUNCTION_MAIN, FUNCTION_STATE, FUNCTION_TIMER};

use crate::boundary::{
    Failure, Instance, Kept, Patience, Port, Reply, Run, RunCell, Sender, Target, Way, function_number,
};
use crate::control::{Control, after};
use crate::counters::Counters;
use crate::io::{Content, MISSED, Postbox, REPEATED};
use crate::life::{Nowhere, unless_stopping};
use crate::logging;
use crate::running::RunError;
use crate::states::{Asked, Copies};
use crate::timers::Timers;
use crate::watchdog::Watch;
use crate::wiring::Wiring;

pub(crate) use within::Models;

/// The most that one message may take in slots, in bytes: a frame of small values takes a multiple of its own size.
const ARENA_LIMIT: usize = 256 << 20;
/// How long the answer to the request of a copy is waited for at most.
const LONGEST_ANSWER: Duration = Duration::from_secs(60);
/// What an arena or a buffer may keep between messages, in bytes. A rare large message gives its memory back.
const KEPT: usize = 1 << 20;

/// A service with its connections, without its sockets.
pub(crate) struct Dispatcher {
    wiring: Arc<Wiring>,
    control: Arc<Control>,
    instance: Instance,
    arena: Arena,
    kept: Kept,
    /// Who was heard by each connection, by its place.
    arrivals: Vec<Option<Arrivals>>,
    copies: Copies,
    timers: Timers,
    /// Whether there is a loop in which timers run.
    has_loop: bool,
    sender: Arc<Sender>,
    watch: Arc<Watch>,
    stops_on_error: bool,
}

/// What is to be done about a message that was handled.
#[derive(Debug, Default)]
pub(crate) struct Handled<'f> {
    /// The way back of the answer that was written; none if there is no answer.
    pub(crate) route: Option<&'f [Bytes]>,
    /// The failure on which the service is to stop.
    pub(crate) stop: Option<Failure>,
    /// What the sender would be told, if there were a way back to it.
    pub(crate) untold: Option<Box<RemoteError>>,
}

impl Dispatcher {
    pub(crate) fn new(
        wiring: Arc<Wiring>,
        control: Arc<Control>,
        instance: Instance,
        postbox: Postbox,
        has_loop: bool,
        stops_on_error: bool,
    ) -> Self {
        let own_thread = std::thread::current().id();
        let sender = Sender { wiring: Arc::clone(&wiring), control: Arc::clone(&control), postbox, own_thread };
        let (arena, timers) = (bounded_arena(), Timers::default());
        let (sender, watch) = (Arc::new(sender), Arc::default());
        let (arrivals, copies) = (wiring.numbered(), Copies::new(&wiring));
        let kept = Kept::default();
        Self {
            wiring,
            control,
            instance,
            arena,
            kept,
            arrivals,
            copies,
            timers,
            has_loop,
            sender,
            watch,
            stops_on_error,
        }
    }

    /// Where it can be seen which function runs.
    pub(crate) fn watch(&self) -> Arc<Watch> {
        Arc::clone(&self.watch)
    }

    /// Handles a message that arrived for the connection at `place`. An answer is written into `out`, which is cleared
    /// before.
    pub(crate) fn handle<'f>(
        &mut self,
        place: usize,
        frames: &'f [Bytes],
        port: &mut dyn Port,
        out: &mut Vec<u8>,
    ) -> Handled<'f> {
        let Self {
            wiring,
            control,
            instance,
            arena,
            kept,
            arrivals,
            copies,
            timers,
            has_loop,
            sender,
            watch,
            stops_on_error,
        } = self;
        recycle(arena, out);
        let Some((name, inbound, counters)) = wiring.inbound(place) else { return Handled::default() };
        counters.received();
        let mut heard = Heard { arrivals: arrivals.get_mut(place).and_then(Option::as_mut), name, counters };
        let (mut stop, mut untold) = (None, None);
        let route = match inbound.open(frames, arena) {
            Opened::Call { call, .. } if heard.is_repeated(call.seq) => return Handled::default(),
            Opened::Call { call, route } => {
                let _context = logging::workflow(&call.workflow_id);
                let mut run = Run::new(wiring, control, port, Chain::of_message(&call.workflow_id));
                (run.timers, run.sender) = (has_loop.then_some(timers), Some(&*sender));
                (run.copies, run.kept) = (Some(&*copies), Some(kept));
                // There are fewer connections than 2^31: each stands in a model of bounded size.
                let function = place as u32;
                let called = |arguments: &[Slot<'_>], run: &RunCell<'_>| instance.call(function, arguments, run);
                watch.enter(function);
                let answered = answer(inbound, &call, called, run, out, wiring.longest());
                watch.leave();
                if let Err(failure) = answered {
                    counters.dropped(failure.countable());
                    logging::failed(name, &failure.code, &failure.message);
                    let told = failure.to_remote();
                    inbound.write_failure(&told, &call.workflow_id, out);
                    untold = out.is_empty().then(|| Box::new(told));
                    stop = (*stops_on_error && !failure.is_callers()).then_some(failure);
                }
                route.len()
            }
            Opened::Refused { refusal, workflow_id, route } => {
                let _context = logging::workflow(&workflow_id);
                counters.dropped(refusal.code().word());
                logging::refused(name, &refusal);
                inbound.write_failure(&as_remote(&refusal), &workflow_id, out);
                route.len()
            }
            Opened::Unanswerable { refusal, workflow_id, seq } => {
                if !heard.is_repeated(seq) {
                    let _context = logging::workflow(&workflow_id);
                    counters.dropped(refusal.code().word());
                    logging::refused(name, &refusal);
                }
                return Handled { untold: Some(Box::new(as_remote(&refusal))), ..Handled::default() };
            }
        };
        if out.is_empty() {
            return Handled { route: None, stop, untold };
        }
        // The frames of the way back are the first of the message: taken from it again, so that they outlive the arena.
        Handled { route: frames.get(..route), stop, untold: None }
    }

    /// Whether the service was asked to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.control.is_stopping()
    }

    /// Turns away a message that came too late: the service is stopping. Whoever can be answered is told to try again.
    pub(crate) fn turn_away<'f>(
        &mut self,
        place: usize,
        frames: &'f [Bytes],
        out: &mut Vec<u8>,
    ) -> Option<&'f [Bytes]> {
        let Self { wiring, arena, .. } = self;
        recycle(arena, out);
        let (_, inbound, counters) = wiring.inbound(place)?;
        counters.received();
        counters.dropped(STOPPING.0);
        let (workflow_id, route) = match inbound.open(frames, arena) {
            Opened::Call { call, route } => (call.workflow_id, route.len()),
            Opened::Refused { workflow_id, route, .. } => (workflow_id, route.len()),
            Opened::Unanswerable { .. } => return None,
        };
        let (code, message) = STOPPING;
        let (code, message) = (code.to_owned(), message.to_owned());
        let error = RemoteError { code, message, field: None, is_caller_error: false, is_retryable: true };
        inbound.write_failure(&error, &workflow_id, out);
        frames.get(..route).filter(|_| !out.is_empty())
    }

    /// Runs one of the service's own functions.
    pub(crate) fn run(&mut self, function: Function, port: &mut dyn Port) -> Result<(), Failure> {
        let Some(number) = function_number(function) else { return Ok(()) };
        let patience = match function {
            Function::OnSigint | Function::OnSigterm => Patience::UntilItEnds,
            _ => Patience::EndsAtOnce,
        };
        self.call(number, port, Chain::each_its_own(), patience)
    }

    /// When the next timer is due, or the next copy has something to do.
    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        [self.timers.next(), self.copies.next_timeout()].into_iter().flatten().min()
    }

    /// The sockets are there: the copies begin.
    pub(crate) fn start_copies(&mut self, now: Instant) {
        self.copies.start(now);
    }

    /// Takes in what arrived for a copy.
    pub(crate) fn update(&mut self, place: usize, content: &mut Content, now: Instant) {
        match content {
            Content::Answer { of_copy, answer } => self.copies.handle_answer(place, *of_copy, answer, now),
            Content::Peers { ready, lost } => self.copies.handle_peers(place, *ready, *lost, now),
            Content::Here(_) | Content::Queued { .. } => {
                while let Some(frames) = content.take() {
                    self.copies.handle_frames(place, &frames, now);
                }
            }
        }
    }

    /// Lets time pass for the copies until `now`, hands on what they ask of their sockets, and tells the service's functions what has
    /// changed. A function that fails is logged, and the service goes on.
    ///
    /// # Errors
    /// Why the service is to stop.
    pub(crate) fn drive_copies(&mut self, port: &mut dyn Port, now: Instant) -> Result<(), RunError> {
        self.copies.drive(now, |place, asked| match asked {
            // The copy has a deadline of its own, which is nearer.
            Asked::Snapshot { ticket, frame } => port.ask_for_snapshot(place, ticket, frame, after(LONGEST_ANSWER)),
            Asked::Rebuild => port.rebuild(place),
        })?;
        while !self.control.is_stopping()
            && let Some(told) = self.copies.poll_told()
        {
            let number = FUNCTION_STATE.saturating_add(self.wiring.number_of_state(told.place));
            let arena = Arena::new();
            let slots = told.slots(&arena);
            let chain = Chain::of_message(&WorkflowId::Nil);
            if let Err(failure) = self.call_with(number, &slots, port, chain, Patience::FinishesRequests) {
                if let Some(counters) = self.wiring.counters(told.place) {
                    counters.dropped(failure.countable());
                }
                logging::failed(self.wiring.name(told.place), &failure.code, &failure.message);
                if self.stops_on_error {
                    return self.ends_with(failure).map_or(Ok(()), Err);
                }
            }
        }
        Ok(())
    }

    /// How the service ends with the failure of a function on which it stops. If it stops already, and the function
    /// hands on that it does not wait any longer, then well.
    pub(crate) fn ends_with(&self, failure: Failure) -> Option<RunError> {
        let failed = unless_stopping(failure, &self.control).err();
        failed.map(|failure| RunError::Function(failure.to_string()))
    }

    /// Whether the service holds copies, and so lives by the clock.
    pub(crate) fn has_copies(&self) -> bool {
        self.copies.any()
    }

    /// Whether what is at this place is a state.
    pub(crate) fn is_state(&self, place: usize) -> bool {
        self.wiring.state(place).is_some()
    }

    /// Runs the timers that are due, each as a workflow of its own. One that fails is logged, and the service goes on.
    ///
    /// # Errors
    /// Why the service is to stop.
    pub(crate) fn run_timers(&mut self, port: &mut dyn Port) -> Result<(), RunError> {
        if self.timers.next().is_none() {
            return Ok(());
        }
        let (now, settings) = (port.now(), self.timers.settings());
        while let Some(timer) = self.timers.due(now, settings).filter(|_| !self.control.is_stopping()) {
            let chain = Chain::of_message(&WorkflowId::Nil);
            let number = FUNCTION_TIMER.saturating_add(timer);
            if let Err(failure) = self.call(number, port, chain, Patience::FinishesRequests) {
                logging::failed("timer", &failure.code, &failure.message);
                if self.stops_on_error {
                    return self.ends_with(failure).map_or(Ok(()), Err);
                }
            }
        }
        Ok(())
    }

    /// Makes the objects to which the calls of the service's external targets go: of each connection, as many as calls
    /// may be in flight.
    pub(crate) fn make_targets(&mut self) -> Result<Vec<(usize, String, Vec<Target>)>, Failure> {
        let Self { wiring, control, instance, .. } = self;
        let make = |(place, name, count): (usize, &str, usize)| {
            let targets = (0..count).map(|_| {
                let mut nowhere = Nowhere;
                let mut run = Run::new(wiring, control, &mut nowhere, Chain::each_its_own());
                run.closed = Some(NOT_YET);
                instance.make_target(place, run)
            });
            Ok((place, name.to_owned(), targets.collect::<Result<_, Failure>>()?))
        };
        wiring.targets().map(make).collect()
    }

    fn call(&mut self, number: u32, port: &mut dyn Port, chain: Chain<'_>, patience: Patience) -> Result<(), Failure> {
        self.call_with(number, &[], port, chain, patience)
    }

    fn call_with(
        &mut self,
        number: u32,
        slots: &[Slot<'_>],
        port: &mut dyn Port,
        chain: Chain<'_>,
        patience: Patience,
    ) -> Result<(), Failure> {
        let mut run = Run::new(&self.wiring, &self.control, port, chain);
        run.patience = patience;
        (run.copies, run.kept) = (Some(&self.copies), Some(&mut self.kept));
        (run.timers, run.sender) = (self.has_loop.then_some(&mut self.timers), Some(&self.sender));
        // `main` may take as long as it likes.
        let is_watched = number != FUNCTION_MAIN;
        if is_watched {
            self.watch.enter(number);
        }
        let called = self.instance.call(number, slots, &RefCell::new(run));
        if is_watched {
            self.watch.leave();
        }
        called
    }
}

/// What was heard of the publishers of one connection.
struct Heard<'h> {
    arrivals: Option<&'h mut Arrivals>,
    name: &'h str,
    counters: &'h Counters,
}

impl Heard<'_> {
    /// Whether the message with this number came before. What never came before it is counted.
    fn is_repeated(&mut self, seq: Option<Seq>) -> bool {
        let (Some(arrivals), Some(seq)) = (self.arrivals.as_mut(), seq) else { return false };
        match arrivals.handle_seq(seq) {
            Seen::Next => false,
            Seen::After(missed) => {
                self.counters.dropped_many(MISSED, missed);
                logging::missed(self.name, missed);
                false
            }
            Seen::Repeated => {
                self.counters.dropped(REPEATED);
                true
            }
        }
    }
}

impl Drop for Dispatcher {
    fn drop(&mut self) {
        self.watch.end();
    }
}

/// Why a service that is being made can neither send nor wait.
pub(crate) const NOT_YET: &str = "the service is being made, and its connections are opened after that";

/// The code and the message for who comes too late.
pub(crate) const STOPPING: (&str, &str) = ("stopping", "the service is stopping and did not handle the request");

/// An arena with a bound on what one message may take.
pub(crate) fn bounded_arena() -> Arena {
    let arena = Arena::new();
    arena.set_allocation_limit(Some(ARENA_LIMIT));
    arena
}

/// Makes the arena ready for the next message.
fn reset(arena: &mut Arena) {
    arena.reset();
    if arena.allocated_bytes() > KEPT {
        *arena = bounded_arena();
    }
}

/// Makes arena and buffer ready for the next message.
pub(crate) fn recycle(arena: &mut Arena, out: &mut Vec<u8>) {
    reset(arena);
    out.clear();
    out.shrink_to(KEPT);
}

/// Has a call answered; what is answered is in `out`, which stays empty if it fails.
pub(crate) fn answer<'s>(
    inbound: &'s dyn Inbound,
    call: &'s Call<'s>,
    called: impl FnOnce(&[Slot<'_>], &RunCell<'_>) -> Result<(), Failure>,
    mut run: Run<'s>,
    out: &'s mut Vec<u8>,
    longest: usize,
) -> Result<(), Failure> {
    run.message = Some(&call.workflow_id);
    if !inbound.returns() {
        return called(call.arguments, &RefCell::new(run));
    }
    run.reply = Some(Reply { inbound, id: &call.workflow_id, way: Way::Wire(out), written: false });
    let cell = RefCell::new(run);
    let outcome = called(call.arguments, &cell);
    let Some(Reply { way: Way::Wire(out), written, .. }) = cell.into_inner().reply else { return outcome };
    let outcome = outcome.and_then(|()| answered(written, out.len(), longest));
    if outcome.is_err() {
        out.clear();
    }
    outcome
}

/// Whether a function that returned well has given an answer that can be sent.
fn answered(written: bool, size: usize, longest: usize) -> Result<(), Failure> {
    if !written {
        return Err(Failure::new("no_answer", "the function returned without answering the request"));
    }
    if size > longest {
        return Err(Failure::new("too_large", format!("the answer has {size} bytes, at most {longest} can be sent")));
    }
    Ok(())
}

/// A refusal as the sender is told of it: all are its fault, but what the service's own side broke.
pub(crate) fn as_remote(refusal: &Refusal) -> RemoteError {
    RemoteError {
        code: refusal.code().word().to_owned(),
        message: refusal.to_string(),
        field: Some(refusal.path()).filter(|path| !path.is_empty()),
        is_caller_error: refusal.code() != Code::BadSlot,
        is_retryable: false,
    }
}
