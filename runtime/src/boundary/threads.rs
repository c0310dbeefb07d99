//! The host functions that threads of the service's author may call at any time: those of a `Sender`.
//!
//! Owns the counting of handles. Each handle is an `Arc` in the service's hands; lets no panic cross.
#![allow(unsafe_code, reason = "plugins call these functions")]

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use service_framework_model::slot::{RawSlot, Slot};
use service_framework_plugin::abi::{FAILED, OK, Status, WriteError, WriteSlots};

use super::{Failure, Sender, host};

pub(super) unsafe extern "C" fn clone(sender: *const c_void) -> *const c_void {
    if !sender.is_null() {
        // SAFETY: the ABI: it is a handle that was handed out and not given back, so the `Arc` is alive.
        unsafe { Arc::increment_strong_count(sender.cast::<Sender>()) }
    }
    sender
}

pub(super) unsafe extern "C" fn drop(sender: *const c_void) {
    if !sender.is_null() {
        // SAFETY: as for `clone`; this handle is not used any more.
        let _ = catch_unwind(|| unsafe { Arc::decrement_strong_count(sender.cast::<Sender>()) });
    }
}

pub(super) unsafe extern "C" fn send(
    sender: *const c_void,
    connection: u32,
    slots: *const RawSlot,
    count: usize,
    sink: *mut c_void,
    write: Option<WriteSlots>,
    fail: Option<WriteError>,
) -> Status {
    // SAFETY: as for `clone`; the handle is held during this call.
    let Some(sender) = (unsafe { sender.cast::<Sender>().as_ref() }) else { return FAILED };
    let sent = catch_unwind(AssertUnwindSafe(|| {
        let mut returned = |slots: &[Slot<'_>]| {
            if let Some(write) = write {
                // SAFETY: the ABI: `write` takes the `sink` that came with it and slots that are valid while it runs.
                unsafe { write(sink, Slot::as_raw(slots), slots.len()) }
            }
        };
        // SAFETY: the ABI: the slots and what they point at are valid for this call.
        sender.send(connection, unsafe { host::slots("invalid_arguments", slots, count) }?, &mut returned)
    }));
    match sent.unwrap_or_else(|panic| Err(Failure::of_panic(panic))) {
        Ok(()) => OK,
        Err(failure) => {
            let error = failure.as_text();
            if let Some(fail) = fail {
                // SAFETY: the ABI: `fail` takes the same sink; the error's texts live until it returns.
                unsafe { fail(sink, &raw const error) };
            }
            FAILED
        }
    }
}

pub(super) unsafe extern "C" fn should_stop(sender: *const c_void) -> bool {
    // SAFETY: as for `send`.
    unsafe { sender.cast::<Sender>().as_ref() }.is_none_or(Sender::should_stop)
}
