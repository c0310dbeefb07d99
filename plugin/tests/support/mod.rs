//! A host that remembers: the other side of the C ABI, for the tests of this side.
#![allow(unsafe_code, reason = "this is the other side of the C ABI")]
#![allow(dead_code, unused_imports, reason = "no test uses all of it")]

mod hosted;
mod states;

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use service_framework::__private::{Arena, Slot};
use service_framework::abi::*;
use service_framework::prelude::*;

pub(crate) use hosted::{Hosted, HostedTarget, describe, setup};

/// What a host remembers of a call, and what it answers.
#[derive(Default)]
pub(crate) struct Run {
    pub(crate) replies: Vec<Value>,
    pub(crate) sends: Vec<(u32, Value)>,
    pub(crate) answer: Option<Value>,
    pub(crate) refusal: Option<Refusal>,
    pub(crate) failure: Option<Failure>,
    pub(crate) stopping: bool,
    pub(crate) waited: Vec<u64>,
    /// Place, count, time.
    pub(crate) waited_for: Vec<(u32, u32, u64)>,
    pub(crate) flushes: u32,
    pub(crate) stats: &'static str,
    /// Number, first, period.
    pub(crate) timers: Vec<(u32, u64, u64)>,
    pub(crate) cancelled: Vec<u32>,
    /// What its senders lead to.
    pub(crate) line: Arc<Line>,
    pub(crate) state: states::State,
}

/// What the senders of a service lead to, on any thread.
#[derive(Default)]
pub(crate) struct Line {
    pub(crate) sends: Mutex<Vec<(u32, Value)>>,
    pub(crate) answer: Mutex<Option<Value>>,
    pub(crate) refusal: Mutex<Option<Refusal>>,
    pub(crate) stopping: AtomicBool,
}

/// The code and the flags of the host's errors.
pub(crate) type Refusal = (&'static str, u32);
/// An error that a service handed over: code, message, field, flags.
pub(crate) type Failure = (String, String, String, u32);
/// A log line that a service wrote: level, target, message, file, line.
pub(crate) type LogLine = (u32, String, String, String, u32);

/// What was logged: a log line belongs to no call.
pub(crate) static LINES: Mutex<Vec<LogLine>> = Mutex::new(Vec::new());

/// What the host says of its errors.
const MESSAGE: &str = "as the host says";

pub(crate) const HOST_TABLE: HostTable = HostTable {
    magic: MAGIC,
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
    flush,
    stats,
    set_timer,
    cancel_timer,
    sender,
    sender_clone,
    sender_drop,
    sender_send,
    sender_should_stop,
    wait_for_subscribers,
    change_state: states::change,
    replace_state: states::replace,
    state_status: states::status,
    state_value: states::value,
    state_entries: states::entries,
};

pub(crate) static HOST: HostTable = HOST_TABLE;

pub(crate) fn text(text: Text) -> String {
    if text.len == 0 {
        return String::new();
    }
    // SAFETY: a service lends its texts for the call.
    String::from_utf8(unsafe { std::slice::from_raw_parts(text.pointer, text.len) }.to_vec()).unwrap()
}

/// # Safety
/// `run` is the pointer to a [`Run`] that was handed to the call in progress.
unsafe fn of<'a>(run: *mut c_void) -> &'a mut Run {
    // SAFETY: the caller's promise.
    unsafe { &mut *run.cast() }
}

/// # Safety
/// The slots are valid for the call.
unsafe fn values(slots: *const RawSlot, count: usize) -> Value {
    // SAFETY: the caller's promise.
    Value::List(unsafe { Slot::from_raw(slots, count) }.iter().map(Value::from_view).collect())
}

/// # Safety
/// `write` goes with `sink`.
unsafe fn hand_back(answer: Option<&Value>, sink: *mut c_void, write: Option<WriteSlots>) {
    let Some(Value::List(answer)) = answer else { return };
    let arena = Arena::new();
    let slots: Vec<_> = answer.iter().map(|value| value.to_slot(&arena)).collect();
    // SAFETY: the caller's promise; the slots live until it returns.
    unsafe { write.unwrap()(sink, Slot::as_raw(&slots), slots.len()) }
}

fn status(refusal: Option<Refusal>) -> Status {
    if refusal.is_some() { FAILED } else { OK }
}

fn error_text((code, flags): Refusal) -> ErrorText {
    ErrorText { code: Text::new(code), message: Text::new(MESSAGE), field: Text::new(""), flags }
}

unsafe extern "C" fn reply(run: *mut c_void, slots: *const RawSlot, count: usize) -> Status {
    // SAFETY: a service lends its slots for the call.
    unsafe { of(run).replies.push(values(slots, count)) };
    OK
}

unsafe extern "C" fn send(
    run: *mut c_void,
    connection: u32,
    slots: *const RawSlot,
    count: usize,
    sink: *mut c_void,
    write: Option<WriteSlots>,
) -> Status {
    // SAFETY: a service lends its slots for the call, and `write` goes with `sink`.
    unsafe {
        let run = of(run);
        run.sends.push((connection, values(slots, count)));
        hand_back(run.answer.as_ref(), sink, write);
        status(run.refusal)
    }
}

unsafe extern "C" fn fail(run: *mut c_void, error: *const ErrorText) {
    // SAFETY: a service lends its error for the call.
    unsafe {
        let error = &*error;
        of(run).failure = Some((text(error.code), text(error.message), text(error.field), error.flags));
    }
}

unsafe extern "C" fn last_error(run: *mut c_void, error: *mut ErrorText) {
    // SAFETY: `error` can be written to.
    unsafe { error.write(error_text(of(run).refusal.unwrap())) }
}

unsafe extern "C" fn should_stop(run: *mut c_void) -> bool {
    // SAFETY: the run of the call in progress.
    unsafe { of(run).stopping }
}

unsafe extern "C" fn wait_for_subscribers(run: *mut c_void, connection: u32, count: u32, nanoseconds: u64) -> Status {
    // SAFETY: the run's pointer is that of the call in progress.
    unsafe { of(run) }.waited_for.push((connection, count, nanoseconds));
    OK
}

unsafe extern "C" fn wait(run: *mut c_void, nanoseconds: u64) -> Status {
    // SAFETY: the run of the call in progress.
    let run = unsafe { of(run) };
    run.waited.push(nanoseconds);
    status(run.refusal)
}

unsafe extern "C" fn workflow_id(_: *mut c_void, sink: *mut c_void, write: Option<WriteSlots>) -> Status {
    // SAFETY: `write` goes with `sink`; the slot lives until it returns.
    unsafe { write.unwrap()(sink, Slot::as_raw(&[Slot::str("w1")]), 1) };
    OK
}

unsafe extern "C" fn log_enabled(level: u32) -> bool {
    level <= 3
}

unsafe extern "C" fn log(level: u32, target: Text, message: Text, file: Text, line: u32) {
    LINES.lock().unwrap().push((level, text(target), text(message), text(file), line));
}

unsafe extern "C" fn flush(run: *mut c_void) -> Status {
    // SAFETY: the run of the call in progress.
    let run = unsafe { of(run) };
    run.flushes += 1;
    status(run.refusal)
}

unsafe extern "C" fn stats(run: *mut c_void, sink: *mut c_void, write: Option<WriteText>) -> Status {
    // SAFETY: the run of the call in progress; `write` goes with `sink`.
    unsafe {
        let run = of(run);
        write.unwrap()(sink, Text::new(run.stats));
        status(run.refusal)
    }
}

unsafe extern "C" fn set_timer(run: *mut c_void, timer: u32, first: u64, period: u64) -> Status {
    // SAFETY: the run of the call in progress.
    let run = unsafe { of(run) };
    run.timers.push((timer, first, period));
    status(run.refusal)
}

unsafe extern "C" fn cancel_timer(run: *mut c_void, timer: u32) -> Status {
    // SAFETY: the run of the call in progress.
    let run = unsafe { of(run) };
    run.cancelled.push(timer);
    status(run.refusal)
}

unsafe extern "C" fn sender(run: *mut c_void, sender: *mut *const c_void) -> Status {
    // SAFETY: the run of the call in progress; `sender` can be written to.
    unsafe {
        let run = of(run);
        if run.refusal.is_none() {
            sender.write(Arc::into_raw(Arc::clone(&run.line)).cast());
        }
        status(run.refusal)
    }
}

unsafe extern "C" fn sender_clone(sender: *const c_void) -> *const c_void {
    // SAFETY: a handle is an `Arc` that was not given back.
    unsafe { Arc::increment_strong_count(sender.cast::<Line>()) };
    sender
}

unsafe extern "C" fn sender_drop(sender: *const c_void) {
    // SAFETY: a handle is an `Arc` that is given back once.
    unsafe { Arc::decrement_strong_count(sender.cast::<Line>()) }
}

unsafe extern "C" fn sender_send(
    sender: *const c_void,
    connection: u32,
    slots: *const RawSlot,
    count: usize,
    sink: *mut c_void,
    write: Option<WriteSlots>,
    fail: Option<WriteError>,
) -> Status {
    // SAFETY: a handle is an `Arc` that was not given back; slots are lent for the call, both functions go with `sink`.
    unsafe {
        let line = &*sender.cast::<Line>();
        line.sends.lock().unwrap().push((connection, values(slots, count)));
        hand_back(line.answer.lock().unwrap().as_ref(), sink, write);
        let refusal = *line.refusal.lock().unwrap();
        if let Some(refusal) = refusal {
            fail.unwrap()(sink, &error_text(refusal));
        }
        status(refusal)
    }
}

unsafe extern "C" fn sender_should_stop(sender: *const c_void) -> bool {
    // SAFETY: a handle is an `Arc` that was not given back.
    unsafe { &*sender.cast::<Line>() }.stopping.load(Ordering::Relaxed)
}
