//! The functions about states that a service may call back.
//!
//! Owns that part of the host's table. Checks all that comes from the service; hands out only memory that lives for the
//! call; lets no panic cross.
#![allow(unsafe_code, reason = "plugins call these functions")]

use std::ffi::c_void;

use service_framework_model::slot::{ForeignSlot, RawSlot, Slot};
use service_framework_plugin::abi::{StateStatus, Status, WriteEntry, WriteSlots};

use super::Failure;
use super::host::{guarded, slots};
use crate::states::Span;

pub(super) unsafe extern "C" fn change(run: *mut c_void, state: u32, changes: *const RawSlot, count: usize) -> Status {
    // SAFETY: the ABI: slots and what they point at are valid for this call, `run` is the call's.
    unsafe { guarded(run, |run| run.change_state(state, slots("invalid_arguments", changes, count)?)) }
}

pub(super) unsafe extern "C" fn replace(run: *mut c_void, state: u32, value: *const RawSlot) -> Status {
    // SAFETY: as for `change`.
    unsafe { guarded(run, |run| run.replace_state(state, one(value)?)) }
}

pub(super) unsafe extern "C" fn status(run: *mut c_void, state: u32, status: *mut StateStatus) -> Status {
    // SAFETY: `run` is the call's; `status` points at a place for a status, unless it is null.
    unsafe {
        guarded(run, |run| {
            if status.is_null() {
                return Err(Failure::new("no_place", "there is no place for the status: the pointer to it is null"));
            }
            status.write(run.state_status(state)?);
            Ok(())
        })
    }
}

pub(super) unsafe extern "C" fn value(
    run: *mut c_void,
    state: u32,
    path: *const RawSlot,
    count: usize,
    sink: *mut c_void,
    write: Option<WriteSlots>,
) -> Status {
    // SAFETY: as for `change`; `write` takes the `sink` that came with it and slots that are valid while it runs.
    unsafe {
        guarded(run, |run| {
            run.state_value(state, slots("bad_path", path, count)?, &mut |slot| {
                if let Some(write) = write {
                    write(sink, Slot::as_raw(std::slice::from_ref(slot)), 1);
                }
            })
        })
    }
}

pub(super) unsafe extern "C" fn entries(
    run: *mut c_void,
    state: u32,
    path: *const RawSlot,
    count: usize,
    from: *const RawSlot,
    backward: bool,
    sink: *mut c_void,
    write: Option<WriteEntry>,
) -> Status {
    // SAFETY: as for `value`.
    unsafe {
        guarded(run, |run| {
            let from = if from.is_null() { None } else { Some(one(from)?) };
            let span = Span { path: slots("bad_path", path, count)?, from, is_backward: backward };
            run.state_entries(state, span, &mut |key, value| {
                let raw = |slot| Slot::as_raw(std::slice::from_ref(slot));
                write.is_some_and(|write| write(sink, raw(key), raw(value)))
            })
        })
    }
}

/// The slot from a service.
///
/// # Safety
/// As for [`ForeignSlot::from_raw`], unless the pointer is null.
unsafe fn one<'a>(slot: *const RawSlot) -> Result<&'a ForeignSlot<'a>, Failure> {
    // SAFETY: the caller's promise.
    let slots = unsafe { slots("invalid_arguments", slot, 1)? };
    slots.first().ok_or_else(|| Failure::new("invalid_arguments", "there is no value: the pointer to it is null"))
}
