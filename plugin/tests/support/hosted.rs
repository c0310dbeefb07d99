//! A service in the hands of the host that remembers.

use std::ffi::c_void;

use service_framework::__private::Slot;
use service_framework::abi::*;
use service_framework::prelude::*;
use service_framework::{Json, service_table};

use super::{HOST, Run, text};

/// A service in the hands of the host.
pub(crate) struct Hosted {
    table: &'static PluginTable,
    instance: *mut c_void,
}

impl Hosted {
    pub(crate) fn new<T: ServiceDefinition>(config: &[Slot<'_>], run: &mut Run) -> Result<Self, Status> {
        let table = service_table::<T>();
        let mut instance = std::ptr::null_mut();
        let host = &raw const HOST;
        // SAFETY: everything lent lives during the call.
        let status = unsafe {
            (table.create)(host, (&raw mut *run).cast(), Slot::as_raw(config), config.len(), &raw mut instance)
        };
        if status == OK { Ok(Self { table, instance }) } else { Err(status) }
    }

    pub(crate) fn call(&mut self, function: u32, slots: &[Slot<'_>], run: &mut Run) -> Status {
        self.call_from(&raw const HOST, function, slots, run)
    }

    pub(crate) fn call_from(
        &mut self,
        host: *const HostTable,
        function: u32,
        slots: &[Slot<'_>],
        run: &mut Run,
    ) -> Status {
        // SAFETY: everything lent lives during the call; the instance is of this table.
        unsafe {
            let run = (&raw mut *run).cast();
            (self.table.call)(self.instance, host, run, function, Slot::as_raw(slots), slots.len())
        }
    }

    /// Makes a target of the external target at this place.
    pub(crate) fn make_target(&mut self, connection: u32, run: &mut Run) -> Result<HostedTarget, Status> {
        let mut target = std::ptr::null_mut();
        // SAFETY: everything lent lives during the call; the instance is of this table.
        let status = unsafe {
            let run = (&raw mut *run).cast();
            (self.table.make_target)(self.instance, &raw const HOST, run, connection, &raw mut target)
        };
        if status == OK { Ok(HostedTarget { table: self.table, target, connection }) } else { Err(status) }
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        // SAFETY: the instance is of this table, and not used again.
        unsafe { (self.table.destroy)(self.instance) }
    }
}

/// A target in the hands of the host.
pub(crate) struct HostedTarget {
    table: &'static PluginTable,
    target: *mut c_void,
    connection: u32,
}

// SAFETY: the ABI lets a target be called and dropped on any thread, one call at a time.
unsafe impl Send for HostedTarget {}

impl HostedTarget {
    pub(crate) fn call(&mut self, slots: &[Slot<'_>], run: &mut Run) -> Status {
        // SAFETY: everything lent lives during the call; the target is of this table.
        unsafe {
            let run = (&raw mut *run).cast();
            let slots = (Slot::as_raw(slots), slots.len());
            (self.table.call_target)(self.target, &raw const HOST, run, self.connection, slots.0, slots.1)
        }
    }
}

impl Drop for HostedTarget {
    fn drop(&mut self) {
        // SAFETY: the target is of this table, and not used again.
        unsafe { (self.table.drop_target)(self.target, self.connection) }
    }
}

unsafe extern "C" fn collect(sink: *mut c_void, written: Text) {
    // SAFETY: the sink is the string that goes with this function.
    unsafe { &mut *sink.cast::<String>() }.push_str(&text(written));
}

/// The models of a service as they cross.
pub(crate) fn describe<T: ServiceDefinition>() -> (Status, String) {
    let mut json = String::new();
    // SAFETY: the sink is a string, as `collect` expects.
    let status = unsafe { (service_table::<T>().describe)((&raw mut json).cast(), collect) };
    (status, json)
}

/// Runs a `setup_*` function.
pub(crate) fn setup<T: ServiceDefinition>(hook: u32, input: &Json, run: &mut Run) -> (Status, String) {
    let (mut output, input) = (String::new(), input.to_string());
    // SAFETY: everything lent lives during the call, and the sink is a string.
    let status = unsafe {
        let (host, run) = (&raw const HOST, (&raw mut *run).cast());
        (service_table::<T>().setup)(host, run, hook, Text::new(&input), (&raw mut output).cast(), collect)
    };
    (status, output)
}
