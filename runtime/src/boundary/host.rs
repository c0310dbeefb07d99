//! What a service may call back: answer, send, wait, log.
//!
//! Owns the host's table and the [`Run`] that stands behind its `run` pointer for the length of one call. Checks all
//! that comes from the service; hands out only memory that lives for the call.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_connections::link::Unanswered;
use service_framework_connections::workflow::Chain;
use service_framework_connections::{Inbound, Outbound};
use service_framework_model::error::Refusal;
use service_framework_model::slot::{ForeignSlot, RawSlot, Slot};
use service_framework_model::wire::Arena;
use service_framework_model::wire::envelope::{Answer, RemoteError, WorkflowId};
use service_framework_plugin::abi::{
    ABI_MAJOR, ABI_MINOR, ERROR_IS_CALLERS, ERROR_IS_REMOTE, ERROR_IS_RETRYABLE, ErrorText, FAILED, HostTable, MAGIC,
    OK, Status, Text, WriteSlots,
};
use uuid::Uuid;

use crate::control::Control;
use crate::logging;
use crate::wiring::Wiring;

/// The way from a service's code to its sockets: on the same thread or on another.
pub(crate) trait Port {
    /// Sends a request over the connection at `place` and waits for its reply. A stop ends the wait at once, or, if the
    /// call `may_finish`, when patience with the service's code ends.
    fn request(&mut self, place: usize, body: Bytes, deadline: Instant, may_finish: bool) -> Result<Bytes, Unanswered>;

    /// Waits until `until` comes, or, if the call `ends_on_stop`, the service is asked to stop.
    fn wait(&mut self, until: Instant, ends_on_stop: bool);
}

/// An error that crosses the boundary, in either direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) field: String,
    pub(crate) flags: u32,
}

impl Failure {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), ..Self::default() }
    }

    /// A refusal of what the service itself handed over.
    fn of_own(code: &str, refusal: &Refusal) -> Self {
        Self { field: refusal.path(), ..Self::new(code, refusal.to_string()) }
    }

    fn of_remote(error: &RemoteError) -> Self {
        let flag = |on: bool, flag: u32| if on { flag } else { 0 };
        Self {
            code: error.code.clone(),
            message: error.message.clone(),
            field: error.field.clone().unwrap_or_default(),
            flags: ERROR_IS_REMOTE
                | flag(error.is_caller_error, ERROR_IS_CALLERS)
                | flag(error.is_retryable, ERROR_IS_RETRYABLE),
        }
    }

    /// The failure as a requester is told of it. What the service's own sends failed with is not the requester's fault.
    pub(crate) fn to_remote(&self) -> RemoteError {
        RemoteError {
            code: self.code.clone(),
            message: self.message.clone(),
            field: Some(self.field.clone()).filter(|field| !field.is_empty()),
            is_caller_error: self.flags & ERROR_IS_CALLERS != 0 && self.flags & ERROR_IS_REMOTE == 0,
            is_retryable: self.flags & ERROR_IS_RETRYABLE != 0,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl From<Unanswered> for Failure {
    fn from(unanswered: Unanswered) -> Self {
        let retryable = matches!(unanswered, Unanswered::NoPeer);
        let flags = if retryable { ERROR_IS_RETRYABLE } else { 0 };
        Self { flags, ..Self::new(unanswered.word(), unanswered.to_string()) }
    }
}

/// Where the answer of the call in hand goes.
pub(crate) struct Reply<'s> {
    pub(crate) inbound: &'s dyn Inbound,
    pub(crate) id: &'s WorkflowId<'s>,
    pub(crate) out: &'s mut Vec<u8>,
    pub(crate) written: bool,
}

/// What a stop of the service does to a call that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Waits and requests end at once: main, which holds the service.
    EndsAtOnce,
    /// Waits end at once, a request may still be answered: the function of a message, which is to finish.
    FinishesRequests,
    /// Both go on until patience with the service's code ends: the function of a signal, which runs after the stop.
    UntilItEnds,
}

/// As long as a wait can be: the timers' own limit is a little over two years.
const FAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// One call of the service's code: what stands behind the `run` pointer while it lasts.
pub(crate) struct Run<'s> {
    pub(crate) wiring: &'s Wiring,
    pub(crate) control: &'s Control,
    pub(crate) port: &'s mut dyn Port,
    pub(crate) chain: Chain<'s>,
    pub(crate) reply: Option<Reply<'s>>,
    /// The id of the message in hand, if a message called the function.
    pub(crate) message: Option<&'s WorkflowId<'s>>,
    pub(crate) patience: Patience,
    failure: Option<Failure>,
    last_error: Failure,
}

impl<'s> Run<'s> {
    pub(crate) fn new(wiring: &'s Wiring, control: &'s Control, port: &'s mut dyn Port, chain: Chain<'s>) -> Self {
        let (failure, last_error) = (None, Failure::default());
        Self {
            wiring,
            control,
            port,
            chain,
            reply: None,
            message: None,
            patience: Patience::FinishesRequests,
            failure,
            last_error,
        }
    }

    /// The error with which the service's function returned.
    pub(crate) fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    fn reply(&mut self, slots: &[ForeignSlot<'_>]) -> Result<(), Failure> {
        let Some(reply) = &mut self.reply else {
            return Err(Failure::new("not_a_request", "there is no request to answer in this call"));
        };
        if reply.written {
            return Err(Failure::new("answered_twice", "the request in hand has already been answered"));
        }
        reply.inbound.write_return(slots, reply.id, reply.out).map_err(|refusal| {
            let failure = Failure::of_own("bad_return", &refusal);
            Failure { message: format!("the return arguments were refused: {}", failure.message), ..failure }
        })?;
        reply.written = true;
        Ok(())
    }

    fn send(
        &mut self,
        place: u32,
        slots: &[ForeignSlot<'_>],
        returned: &mut dyn FnMut(&[Slot<'_>]),
    ) -> Result<(), Failure> {
        let place = place as usize;
        let Some((name, outbound, counters)) = self.wiring.outbound(place) else {
            return Err(Failure::new("no_such_connection", format!("there is no out connection at place {place}")));
        };
        let id = self.chain.next(Uuid::new_v4).map_err(|refusal| Failure::of_own("bad_workflow_id", &refusal))?;
        let mut body = Vec::new();
        outbound.write_call(slots, &id, &mut body).map_err(|refusal| {
            let failure = Failure::of_own("invalid_arguments", &refusal);
            Failure { message: format!("the arguments for `{name}` were refused: {}", failure.message), ..failure }
        })?;
        if body.len() > self.wiring.longest() {
            let (size, longest) = (body.len(), self.wiring.longest());
            let text = format!("the message for `{name}` has {size} bytes, at most {longest} can be sent");
            return Err(Failure::new("invalid_arguments", text));
        }
        self.chain.sent();
        let Some(timeout) = outbound.return_timeout() else { return Ok(()) };
        let answer =
            self.port.request(place, body.into(), Instant::now() + timeout, self.patience != Patience::EndsAtOnce);
        if !matches!(answer, Err(Unanswered::NoPeer)) {
            counters.sent();
        }
        let frame = answer.map_err(|unanswered| {
            counters.dropped(unanswered.word());
            let failure = Failure::from(unanswered);
            Failure { message: format!("`{name}`: {}", failure.message), ..failure }
        })?;
        counters.received();
        read_return(name, outbound, &frame, returned).inspect_err(|failure| {
            // The words of a peer are not ours to count by: there is no end to them.
            let by_peer = failure.flags & ERROR_IS_REMOTE != 0;
            counters.dropped(if by_peer { "refused_by_peer" } else { &failure.code });
        })
    }

    fn wait(&mut self, duration: Duration) -> Result<(), Failure> {
        let wanted = Instant::now().checked_add(duration);
        let ends = if self.patience == Patience::UntilItEnds { self.control.patience_ends() } else { None };
        let far = Instant::now() + FAR;
        let until = wanted.unwrap_or(far).min(ends.unwrap_or(far)).min(far);
        let ends_on_stop = self.patience != Patience::UntilItEnds;
        self.port.wait(until, ends_on_stop);
        let cut_short = if ends_on_stop { self.control.stopping().is_some() } else { Some(until) != wanted };
        if cut_short { Err(Unanswered::Stopping.into()) } else { Ok(()) }
    }
}

fn read_return(
    name: &str,
    outbound: &dyn Outbound,
    frame: &Bytes,
    returned: &mut dyn FnMut(&[Slot<'_>]),
) -> Result<(), Failure> {
    let arena = Arena::new();
    match outbound.read_return(frame, &arena) {
        Ok(Answer::Returned { arguments, .. }) => {
            returned(arguments);
            Ok(())
        }
        Ok(Answer::Failed { error, .. }) => Err(Failure::of_remote(&error)),
        Err(refusal) => {
            let failure = Failure::of_own("bad_reply", &refusal);
            Err(Failure { message: format!("the reply of `{name}` was refused: {}", failure.message), ..failure })
        }
    }
}

/// A call's `run` pointer. Behind a `RefCell`, so that a service which calls back from inside a callback is refused
/// instead of aliasing what is in use.
pub(crate) type RunCell<'s> = RefCell<Run<'s>>;

static TABLE: HostTable = HostTable {
    magic: MAGIC,
    // The table is far smaller than 4 GiB.
    size: size_of::<HostTable>() as u32,
    major: ABI_MAJOR,
    minor: ABI_MINOR,
    reply,
    send,
    fail,
    last_error,
    should_stop,
    wait,
    workflow_id,
    log_enabled,
    log,
};

/// The host's table.
pub(crate) fn host_table() -> *const HostTable {
    &raw const TABLE
}

/// Runs a host function for a call, keeps its error for `last_error`, and lets no panic cross.
///
/// # Safety
/// `run` is the pointer that the host handed to the call during which this runs.
unsafe fn guarded(run: *mut c_void, act: impl FnOnce(&mut Run<'_>) -> Result<(), Failure>) -> Status {
    if run.is_null() {
        return FAILED;
    }
    // SAFETY: `run` points at the `RunCell` of the call in progress, which outlives it (`Instance`); it is only shared
    // here, the `RefCell` guards its content. The lifetime is shortened to this function.
    let cell = unsafe { &*run.cast::<RunCell<'_>>() };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let Ok(mut run) = cell.try_borrow_mut() else { return FAILED };
        match act(&mut run) {
            Ok(()) => OK,
            Err(failure) => {
                run.last_error = failure;
                FAILED
            }
        }
    }));
    outcome.unwrap_or(FAILED)
}

/// A text from the service, made good.
///
/// # Safety
/// Pointer and length describe memory that is valid for the call.
unsafe fn text(text: Text) -> String {
    if text.pointer.is_null() || text.len == 0 {
        return String::new();
    }
    // SAFETY: the caller's promise.
    String::from_utf8_lossy(unsafe { std::slice::from_raw_parts(text.pointer, text.len) }).into_owned()
}

unsafe extern "C" fn reply(run: *mut c_void, slots: *const RawSlot, count: usize) -> Status {
    // SAFETY: the ABI: slots and what they point at are valid for this call, `run` is the call's.
    unsafe { guarded(run, |run| run.reply(ForeignSlot::from_raw(slots, count))) }
}

unsafe extern "C" fn send(
    run: *mut c_void,
    connection: u32,
    slots: *const RawSlot,
    count: usize,
    sink: *mut c_void,
    write: WriteSlots,
) -> Status {
    // SAFETY: as for `reply`; `write` takes the `sink` that came with it and slots that are valid while it runs.
    unsafe {
        guarded(run, |run| {
            let mut returned = |slots: &[Slot<'_>]| write(sink, Slot::as_raw(slots), slots.len());
            run.send(connection, ForeignSlot::from_raw(slots, count), &mut returned)
        })
    }
}

unsafe extern "C" fn fail(run: *mut c_void, error: *const ErrorText) {
    if error.is_null() {
        return;
    }
    // SAFETY: the ABI: the error and its texts are valid for this call, `run` is the call's.
    unsafe {
        let error = &*error;
        let mut failure = Failure::new(&text(error.code), text(error.message));
        failure.field = text(error.field);
        failure.flags = error.flags;
        guarded(run, |run| {
            run.failure = Some(failure);
            Ok(())
        });
    }
}

unsafe extern "C" fn last_error(run: *mut c_void, error: *mut ErrorText) {
    if error.is_null() {
        return;
    }
    let reentrant = ErrorText {
        code: Text::new("reentrant_call"),
        message: Text::new("the host was called from inside one of its own callbacks"),
        field: Text::new(""),
        flags: 0,
    };
    // SAFETY: the ABI: `error` points at a place for an error, `run` is the call's. The texts handed out belong to the
    // run and stay as they are until its next host call.
    unsafe {
        error.write(reentrant);
        guarded(run, |run| {
            let last = &run.last_error;
            error.write(ErrorText {
                code: Text::new(&last.code),
                message: Text::new(&last.message),
                field: Text::new(&last.field),
                flags: last.flags,
            });
            Ok(())
        });
    }
}

unsafe extern "C" fn should_stop(run: *mut c_void) -> bool {
    let mut stopping = false;
    // SAFETY: `run` is the call's.
    unsafe {
        guarded(run, |run| {
            stopping = run.control.stopping().is_some();
            Ok(())
        });
    }
    stopping
}

unsafe extern "C" fn wait(run: *mut c_void, nanoseconds: u64) -> Status {
    // SAFETY: `run` is the call's.
    unsafe { guarded(run, |run| run.wait(Duration::from_nanos(nanoseconds))) }
}

unsafe extern "C" fn workflow_id(run: *mut c_void, sink: *mut c_void, write: WriteSlots) -> Status {
    // SAFETY: `run` is the call's; `write` takes the `sink` that came with it and slots that are valid while it runs.
    unsafe {
        guarded(run, |run| {
            let arena = Arena::new();
            let slot = match run.message {
                None | Some(WorkflowId::Nil) => return Ok(()),
                Some(WorkflowId::Uuid(uuid)) => Slot::uuid(uuid),
                Some(WorkflowId::Str(text)) => Slot::str(text),
                Some(WorkflowId::Other(value)) => value.to_slot(&arena),
            };
            write(sink, Slot::as_raw(&[slot]), 1);
            Ok(())
        })
    }
}

unsafe extern "C" fn log_enabled(level: u32) -> bool {
    catch_unwind(|| logging::enabled(level)).unwrap_or(false)
}

unsafe extern "C" fn log(level: u32, target: Text, message: Text, file: Text, line: u32) {
    // SAFETY: the ABI: the texts are valid for this call.
    let (target, message, file) = unsafe { (text(target), text(message), text(file)) };
    let _ = catch_unwind(|| logging::forward(level, &target, &message, &file, line));
}

/// A message that broke a rule of the boundary.
pub(crate) fn broken_boundary(status: Status) -> Failure {
    Failure::new("handler_failed", format!("the function returned status {status} without saying why"))
}
