//! The other end of an external target: an object of the service that is called on a thread of its own.
//!
//! Owns the life of that object: made on the service's thread, called by one thread at a time, dropped wherever its
//! pool ends.
#![allow(unsafe_code)]

use std::ffi::c_void;

use bytes::Bytes;
use service_framework_connections::Opened;
use service_framework_connections::workflow::Chain;
use service_framework_model::slot::Slot;
use service_framework_plugin::abi::PluginTable;

use super::host::host_table;
use super::instance::outcome;
use super::run::RunCell;
use super::{Failure, Run};
use crate::control::Control;
use crate::dispatch::{answer, as_remote, bounded_arena};
use crate::life::Nowhere;
use crate::logging;
use crate::wiring::Wiring;

/// Why a target cannot do what a function of the service can.
const OUTSIDE: &str = "a target is called outside of its service: it can answer and log, and a Sender can send";

/// One target object.
pub(crate) struct Target {
    table: &'static PluginTable,
    pointer: *mut c_void,
    place: u32,
}

// SAFETY: the ABI has a service promise that its targets may be called and dropped on any thread, one call at a time;
// `call` takes `&mut self`.
unsafe impl Send for Target {}

impl Target {
    pub(super) const fn new(table: &'static PluginTable, pointer: *mut c_void, place: u32) -> Self {
        Self { table, pointer, place }
    }

    /// Reads a call, has it answered, and returns the bytes of the answer.
    pub(crate) fn call(&mut self, wiring: &Wiring, control: &Control, body: Bytes) -> Bytes {
        let mut out = Vec::new();
        let place = self.place as usize;
        // The pool is that of a connection with such an end.
        let end = wiring.outbound(place).and_then(|(_, outbound, _)| outbound.target());
        let Some(end) = end else { return Bytes::new() };
        let (frames, arena) = ([body], bounded_arena());
        match end.open(&frames, &arena) {
            Opened::Call { call, .. } => {
                let _context = logging::workflow(&call.workflow_id);
                let mut nowhere = Nowhere;
                let mut run = Run::new(wiring, control, &mut nowhere, Chain::each_its_own());
                run.closed = Some(OUTSIDE);
                let called = |arguments: &[Slot<'_>], run: &RunCell<'_>| self.enter(arguments, run);
                if let Err(failure) = answer(end, &call, called, run, &mut out, wiring.longest()) {
                    end.write_failure(&failure.to_remote(), &call.workflow_id, &mut out);
                }
            }
            Opened::Refused { refusal, workflow_id, .. } => {
                end.write_failure(&as_remote(&refusal), &workflow_id, &mut out);
            }
            Opened::Unanswerable { refusal, workflow_id, .. } => {
                end.write_failure(&as_remote(&refusal), &workflow_id, &mut out);
            }
        }
        out.into()
    }

    fn enter(&mut self, arguments: &[Slot<'_>], run: &RunCell<'_>) -> Result<(), Failure> {
        // SAFETY: the target was made by this table and is used by one call at a time (`&mut`); arguments and run are
        // borrowed for the call.
        let status = unsafe {
            let cell = std::ptr::from_ref(run).cast_mut().cast();
            let slots = Slot::as_raw(arguments);
            (self.table.call_target)(self.pointer, host_table(), cell, self.place, slots, arguments.len())
        };
        outcome(status, run)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // SAFETY: made by this table's `make_target`, dropped once.
        unsafe { (self.table.drop_target)(self.pointer, self.place) }
    }
}
