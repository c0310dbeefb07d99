//! The functions that a service may call back: answer, send, wait, log.
//!
//! Owns the host's table. Checks all that comes from the service; hands out only memory that lives for the call; lets
//! no panic cross.
#![allow(unsafe_code, reason = "plugins call these functions")]

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use service_framework_model::slot::{ForeignSlot, RawSlot, Slot};
use service_framework_model::wire::Arena;
use service_framework_model::wire::envelope::WorkflowId;
use service_framework_plugin::abi::{
    ABI_MAJOR, ABI_MINOR, ErrorText, FAILED, HostTable, MAGIC, OK, Status, Text, WriteSlots, WriteText,
};

use super::run::{Run, RunCell};
use super::{Failure, states, threads};
use crate::logging;

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
    flush,
    stats,
    set_timer,
    cancel_timer,
    sender,
    sender_clone: threads::clone,
    sender_drop: threads::drop,
    sender_send: threads::send,
    sender_should_stop: threads::should_stop,
    wait_for_subscribers,
    change_state: states::change,
    replace_state: states::replace,
    state_status: states::status,
    state_value: states::value,
    state_entries: states::entries,
};

/// The host's table.
pub(crate) fn host_table() -> *const HostTable {
    &raw const TABLE
}

/// Runs a host function for a call, keeps its error for `last_error`, a panic's too, and lets none cross.
///
/// # Safety
/// `run` is the pointer that the host handed to the call during which this runs.
pub(super) unsafe fn guarded(run: *mut c_void, act: impl FnOnce(&mut Run<'_>) -> Result<(), Failure>) -> Status {
    if run.is_null() {
        return FAILED;
    }
    // SAFETY: `run` points at the `RunCell` of the call in progress, which outlives it (`Instance`); it is only shared
    // here, the `RefCell` guards its content. The lifetime is shortened to this function.
    let cell = unsafe { &*run.cast::<RunCell<'_>>() };
    let Ok(mut run) = cell.try_borrow_mut() else { return FAILED };
    match catch_unwind(AssertUnwindSafe(|| act(&mut run))) {
        Ok(Ok(())) => OK,
        Ok(Err(failure)) => failed(&mut run, failure),
        Err(panic) => failed(&mut run, Failure::of_panic(panic)),
    }
}

#[cold]
fn failed(run: &mut Run<'_>, failure: Failure) -> Status {
    run.last_error = Some(Box::new(failure));
    FAILED
}

/// The most slots that are looked at: no message has as many, and a negative count is beyond it.
const MOST_SLOTS: usize = i32::MAX as usize;

/// The slots from a service.
///
/// # Safety
/// As for [`ForeignSlot::from_raw`], unless there are more than any message has.
pub(super) unsafe fn slots<'a>(
    code: &str,
    pointer: *const RawSlot,
    count: usize,
) -> Result<&'a [ForeignSlot<'a>], Failure> {
    if count > MOST_SLOTS {
        return Err(Failure::new(code, format!("{count} slots were handed over, more than a message can have")));
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { ForeignSlot::from_raw(pointer, count) })
}

/// A text from the service, made good.
///
/// # Safety
/// Pointer and length describe memory that is valid for the call, unless there is no memory that long.
pub(super) unsafe fn text(text: Text) -> String {
    if text.pointer.is_null() || text.len == 0 {
        return String::new();
    }
    if text.len > isize::MAX.cast_unsigned() {
        return format!("(a text of {} bytes, which there cannot be)", text.len);
    }
    // SAFETY: the caller's promise.
    String::from_utf8_lossy(unsafe { std::slice::from_raw_parts(text.pointer, text.len) }).into_owned()
}

unsafe extern "C" fn reply(run: *mut c_void, slots: *const RawSlot, count: usize) -> Status {
    // SAFETY: the ABI: slots and what they point at are valid for this call, `run` is the call's.
    unsafe { guarded(run, |run| run.reply(self::slots("bad_return", slots, count)?)) }
}

unsafe extern "C" fn send(
    run: *mut c_void,
    connection: u32,
    slots: *const RawSlot,
    count: usize,
    sink: *mut c_void,
    write: Option<WriteSlots>,
) -> Status {
    // SAFETY: as for `reply`; `write` takes the `sink` that came with it and slots that are valid while it runs.
    unsafe {
        guarded(run, |run| {
            let mut returned = |slots: &[Slot<'_>]| {
                if let Some(write) = write {
                    write(sink, Slot::as_raw(slots), slots.len());
                }
            };
            run.send(connection, self::slots("invalid_arguments", slots, count)?, &mut returned)
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
            run.failure = Some(Box::new(failure.named()));
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
            let none = ErrorText { code: Text::new(""), message: Text::new(""), field: Text::new(""), flags: 0 };
            error.write(run.last_error.as_deref().map_or(none, Failure::as_text));
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

unsafe extern "C" fn workflow_id(run: *mut c_void, sink: *mut c_void, write: Option<WriteSlots>) -> Status {
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
            if let Some(write) = write {
                write(sink, Slot::as_raw(&[slot]), 1);
            }
            Ok(())
        })
    }
}

unsafe extern "C" fn flush(run: *mut c_void) -> Status {
    // SAFETY: `run` is the call's.
    unsafe { guarded(run, |run| run.flush()) }
}

unsafe extern "C" fn stats(run: *mut c_void, sink: *mut c_void, write: Option<WriteText>) -> Status {
    // SAFETY: `run` is the call's; `write` takes the `sink` that came with it and a text that is valid while it runs.
    unsafe {
        guarded(run, |run| {
            let json = run.wiring.stats().to_json().to_string();
            if let Some(write) = write {
                write(sink, Text::new(&json));
            }
            Ok(())
        })
    }
}

unsafe extern "C" fn set_timer(run: *mut c_void, timer: u32, first: u64, period: u64) -> Status {
    // SAFETY: `run` is the call's.
    unsafe { guarded(run, |run| run.set_timer(timer, Duration::from_nanos(first), Duration::from_nanos(period))) }
}

unsafe extern "C" fn cancel_timer(run: *mut c_void, timer: u32) -> Status {
    // SAFETY: `run` is the call's.
    unsafe { guarded(run, |run| run.cancel_timer(timer)) }
}

unsafe extern "C" fn sender(run: *mut c_void, sender: *mut *const c_void) -> Status {
    // SAFETY: `run` is the call's; `sender` points at a place for the handle.
    unsafe {
        guarded(run, |run| {
            if sender.is_null() {
                return Err(Failure::new("no_place", "there is no place for the sender: the pointer to it is null"));
            }
            let handle = run.sender()?;
            sender.write(Arc::into_raw(handle).cast());
            Ok(())
        })
    }
}

unsafe extern "C" fn wait_for_subscribers(run: *mut c_void, connection: u32, count: u32, nanoseconds: u64) -> Status {
    // SAFETY: `run` is the call's.
    unsafe { guarded(run, |run| run.wait_for_subscribers(connection, count, Duration::from_nanos(nanoseconds))) }
}

unsafe extern "C" fn log_enabled(level: u32) -> bool {
    catch_unwind(|| logging::enabled(level)).unwrap_or(false)
}

unsafe extern "C" fn log(level: u32, target: Text, message: Text, file: Text, line: u32) {
    // SAFETY: the ABI: the texts are valid for this call.
    let (target, message, file) = unsafe { (text(target), text(message), text(file)) };
    let _ = catch_unwind(|| logging::forward(level, &target, &message, &file, line));
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::mem::MaybeUninit;
    use std::time::Instant;

    use bytes::Bytes;
    use service_framework_connections::requests::Unanswered;
    use service_framework_connections::workflow::Chain;
    use service_framework_states::owner::Update;

    use super::*;
    use crate::boundary::Port;
    use crate::control::Control;
    use crate::wiring::Wiring;

    /// A port with a bug in it.
    struct Broken;

    impl Port for Broken {
        fn request(&mut self, _: usize, _: Bytes, _: Instant, _: bool) -> Result<Bytes, Unanswered> {
            panic!("the sockets are gone")
        }

        fn publish(&mut self, _: usize, _: &mut Vec<u8>) {}

        fn wait_for_subscribers(&mut self, _: usize, _: usize, _: Instant, _: bool) -> usize {
            0
        }

        fn wait(&mut self, _: Instant, _: bool) {
            panic!("the clock is gone")
        }

        fn flush(&mut self) {}

        fn ask_for_snapshot(&mut self, _: usize, _: u64, _: Bytes, _: Instant) {}

        fn rebuild(&mut self, _: usize) {}

        fn publish_update(&mut self, _: usize, _: Update, _: &WorkflowId<'_>) {
            panic!("the sockets are gone")
        }
    }

    #[test]
    fn a_panic_of_the_host_is_the_error_of_the_call_in_which_it_happened() {
        let (wiring, control, mut port) = (Wiring::default(), Control::default(), Broken);
        let cell: RunCell<'_> = RefCell::new(Run::new(&wiring, &control, &mut port, Chain::each_its_own()));
        let run = (&raw const cell).cast_mut().cast();
        let mut error = MaybeUninit::<ErrorText>::uninit();
        // SAFETY: the run and the place for the error live until the end of the test.
        let (earlier, status, error) = unsafe {
            let earlier = reply(run, std::ptr::null(), 0);
            let status = wait(run, 1);
            last_error(run, error.as_mut_ptr());
            (earlier, status, error.assume_init())
        };
        assert_eq!((earlier, status), (FAILED, FAILED));
        // SAFETY: the texts belong to the run, which has seen no other call.
        let (code, message) = unsafe { (text(error.code), text(error.message)) };
        assert_eq!(code, "host_panicked");
        assert!(message.contains("the clock is gone"), "{message}");
    }
}
