//! From a message's frames to the service's function and back to the bytes of its answer.
//!
//! Owns the order of things for one message: open, call, answer, count. Never touches a socket: what a function sends
//! goes through a [`Port`]. The same path serves sockets, benchmarks and tests.

use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;
use service_framework_connections::workflow::Chain;
use service_framework_connections::{Inbound, Opened};
use service_framework_model::error::{Code, Refusal};
use service_framework_model::schema::Function;
use service_framework_model::wire::Arena;
use service_framework_model::wire::envelope::{Call, RemoteError};

use crate::boundary::{Failure, Instance, Port, Reply, Run, function_number};
use crate::control::Control;
use crate::logging;
use crate::wiring::Wiring;

/// A service with its connections, without its sockets.
pub(crate) struct Dispatcher {
    wiring: Arc<Wiring>,
    control: Arc<Control>,
    instance: Instance,
    arena: Arena,
    stops_on_error: bool,
}

impl Dispatcher {
    pub(crate) fn new(wiring: Arc<Wiring>, control: Arc<Control>, instance: Instance, stops_on_error: bool) -> Self {
        Self { wiring, control, instance, arena: Arena::new(), stops_on_error }
    }

    /// Handles a message that arrived for the connection at `place`. An answer is written into `out`, which is empty,
    /// and the frames of the way back are returned.
    ///
    /// # Errors
    /// The failure of the function, if the service is to stop on it; the answer is written all the same.
    pub(crate) fn handle<'f>(
        &mut self,
        place: usize,
        frames: &'f [Bytes],
        port: &mut dyn Port,
        out: &mut Vec<u8>,
    ) -> Result<Option<&'f [Bytes]>, Failure> {
        let Self { wiring, control, instance, arena, stops_on_error } = self;
        arena.reset();
        let Some((name, inbound, counters)) = wiring.inbound(place) else { return Ok(None) };
        counters.received();
        let mut stop = None;
        let route = match inbound.open(frames, arena) {
            Opened::Call { call, route } => {
                let _context = logging::workflow(&call.workflow_id);
                let run = Run::new(wiring, control, port, Chain::of_message(call.workflow_id.clone()));
                if let Err(failure) = answer(place, inbound, &call, instance, run, out) {
                    counters.dropped(&failure.code);
                    logging::failed(name, &failure.code, &failure.message);
                    inbound.write_failure(&failure.to_remote(), &call.workflow_id, out);
                    stop = stops_on_error.then_some(failure);
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
            Opened::Unanswerable(refusal) => {
                counters.dropped(refusal.code().word());
                logging::refused(name, &refusal);
                return Ok(None);
            }
        };
        if let Some(failure) = stop {
            return Err(failure);
        }
        if out.is_empty() {
            return Ok(None);
        }
        counters.sent();
        // The frames of the way back are the first of the message: taken from it again, so that they outlive the arena.
        Ok(frames.get(..route))
    }

    /// Runs one of the service's own functions.
    pub(crate) fn run(&mut self, function: Function, port: &mut dyn Port) -> Result<(), Failure> {
        let Some(number) = function_number(function) else { return Ok(()) };
        let mut run = Run::new(&self.wiring, &self.control, port, Chain::each_its_own());
        run.ends_on_stop = function == Function::Main;
        self.instance.call(number, &[], &RefCell::new(run))
    }
}

/// Calls the function; what it answers is in `out`, which stays empty if it fails.
fn answer<'s>(
    place: usize,
    inbound: &'s dyn Inbound,
    call: &'s Call<'s>,
    instance: &mut Instance,
    mut run: Run<'s>,
    out: &'s mut Vec<u8>,
) -> Result<(), Failure> {
    run.message = Some(&call.workflow_id);
    // There are fewer connections than 2^31: each stands in a model of bounded size.
    let function = place as u32;
    if !inbound.returns() {
        return instance.call(function, call.arguments, &RefCell::new(run));
    }
    run.reply = Some(Reply { inbound, id: &call.workflow_id, out, written: false });
    let cell = RefCell::new(run);
    let outcome = instance.call(function, call.arguments, &cell);
    let Some(reply) = cell.into_inner().reply else { return outcome };
    if reply.written && outcome.is_err() {
        reply.out.clear();
    }
    outcome?;
    if reply.written {
        return Ok(());
    }
    Err(Failure::new("no_answer", "the function returned without answering the request"))
}

/// A refusal as the sender is told of it: all are its fault, but what the service's own side broke.
fn as_remote(refusal: &Refusal) -> RemoteError {
    RemoteError {
        code: refusal.code().word().to_owned(),
        message: refusal.to_string(),
        field: Some(refusal.path()).filter(|path| !path.is_empty()),
        is_caller_error: refusal.code() != Code::BadSlot,
        is_retryable: false,
    }
}
