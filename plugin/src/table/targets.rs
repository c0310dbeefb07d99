//! The part of the table that external targets go through: made on the service's thread, called and ended on others.
//!
//! Owns the objects between `make_target` and `drop_target`. A call uses its target and its host alone: the service may
//! be in a function of its own meanwhile, or be gone.

use std::ffi::c_void;

use service_framework_model::slot::Slot;

use super::Instance;
use crate::abi::{FAILED, HostTable, RawSlot, Status};
use crate::definition::ServiceDefinition;
use crate::host::Host;
use crate::panics::caught;
use crate::target::TargetObject;

/// # Safety
/// `instance` is what `create` of this service made, and nobody else uses it during the call; `host` is null or a host's
/// table, `run` what came with it; `target` can be written to.
pub(super) unsafe extern "C" fn make_target<T: ServiceDefinition>(
    instance: *mut c_void,
    host: *const HostTable,
    run: *mut c_void,
    connection: u32,
    target: *mut *mut c_void,
) -> Status {
    // SAFETY: the caller's promise; the host is used during this call only.
    let Some(host) = (unsafe { Host::new(host, run) }) else { return FAILED };
    // SAFETY: the caller's promise.
    let Some(instance) = (unsafe { instance.cast::<Instance<T>>().as_mut() }) else { return FAILED };
    host.report(|| {
        let made = instance.functions.make_target(&mut instance.service, connection)?;
        // SAFETY: the caller's promise.
        unsafe { target.write(Box::into_raw(Box::new(made)).cast()) };
        Ok(())
    })
}

/// # Safety
/// `target` is what [`make_target`] made, and nobody else uses it during the call; `host` is null or a host's table,
/// `run` what came with it; the slots are good and valid during the call.
pub(super) unsafe extern "C" fn call_target(
    target: *mut c_void,
    host: *const HostTable,
    run: *mut c_void,
    _connection: u32,
    arguments: *const RawSlot,
    count: usize,
) -> Status {
    // SAFETY: the caller's promise; the host is used during this call only.
    let Some(host) = (unsafe { Host::new(host, run) }) else { return FAILED };
    // SAFETY: the caller's promise. A target may go from thread to thread: it is `Send`.
    let Some(target) = (unsafe { target.cast::<TargetObject>().as_mut() }) else { return FAILED };
    // SAFETY: the caller's promise.
    host.report(|| target.call(unsafe { Slot::from_raw(arguments, count) }, host))
}

/// # Safety
/// `target` is null, or what [`make_target`] made and nobody uses any more.
pub(super) unsafe extern "C" fn drop_target(target: *mut c_void, connection: u32) {
    if target.is_null() {
        return;
    }
    // SAFETY: the caller's promise: it was a box of this type, and it comes back once.
    let target = unsafe { Box::from_raw(target.cast::<TargetObject>()) };
    if let Err(panic) = caught(|| drop(target)) {
        // The subscriber is the program's or the host's; should it panic too, there is nobody left to tell.
        let _ = caught(|| tracing::error!(connection, "a target panicked while it was dropped: {panic}"));
    }
}
