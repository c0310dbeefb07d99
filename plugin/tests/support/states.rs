//! The state that the host remembers: one value for all of a service's states.

use std::ffi::c_void;

use service_framework::__private::{Arena, Slot};
use service_framework::abi::*;
use service_framework::prelude::*;

use super::{of, status as outcome, values};

/// What the host has of a service's states, and what it was told to do with them.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) value: Option<Value>,
    pub(crate) status: StateStatus,
    /// State and changes of each call.
    pub(crate) changes: Vec<(u32, Value)>,
    pub(crate) replacements: Vec<(u32, Value)>,
    /// Where entries were asked for: path, first key, whether backward.
    pub(crate) spans: Vec<(Value, Value, bool)>,
}

impl State {
    fn at(&self, path: &Value) -> Option<&Value> {
        let Value::List(keys) = path else { return None };
        keys.iter().try_fold(self.value.as_ref()?, |value, key| {
            let Value::Map(entries) = value else { return None };
            entries.iter().find(|(other, _)| other == key).map(|(_, value)| value)
        })
    }
}

pub(super) unsafe extern "C" fn change(run: *mut c_void, state: u32, changes: *const RawSlot, count: usize) -> Status {
    // SAFETY: the run of the call in progress; a service lends its slots for the call.
    unsafe {
        let run = of(run);
        run.state.changes.push((state, values(changes, count)));
        outcome(run.refusal)
    }
}

pub(super) unsafe extern "C" fn replace(run: *mut c_void, state: u32, value: *const RawSlot) -> Status {
    // SAFETY: the run of the call in progress; a service lends its slot for the call.
    unsafe {
        let run = of(run);
        run.state.replacements.push((state, values(value, 1)));
        outcome(run.refusal)
    }
}

pub(super) unsafe extern "C" fn status(run: *mut c_void, _: u32, status: *mut StateStatus) -> Status {
    // SAFETY: the run of the call in progress; `status` can be written to.
    unsafe {
        let run = of(run);
        status.write(run.state.status);
        outcome(run.refusal)
    }
}

pub(super) unsafe extern "C" fn value(
    run: *mut c_void,
    _: u32,
    path: *const RawSlot,
    count: usize,
    sink: *mut c_void,
    write: Option<WriteSlots>,
) -> Status {
    // SAFETY: the run of the call in progress; slots are lent for the call, and `write` goes with `sink`.
    unsafe {
        let run = of(run);
        let (path, arena) = (values(path, count), Arena::new());
        if let Some(value) = run.state.at(&path) {
            write.unwrap()(sink, Slot::as_raw(&[value.to_slot(&arena)]), 1);
        }
        outcome(run.refusal)
    }
}

pub(super) unsafe extern "C" fn entries(
    run: *mut c_void,
    _: u32,
    path: *const RawSlot,
    count: usize,
    from: *const RawSlot,
    backward: bool,
    sink: *mut c_void,
    write: Option<WriteEntry>,
) -> Status {
    // SAFETY: the run of the call in progress; slots are lent for the call, and `write` goes with `sink`.
    unsafe {
        let run = of(run);
        let path = values(path, count);
        let from = if from.is_null() { Value::Nil } else { Value::from_view(&Slot::from_raw(from, 1)[0]) };
        run.state.spans.push((path.clone(), from, backward));
        let Some(Value::Map(entries)) = run.state.at(&path) else { return outcome(run.refusal) };
        let mut entries: Vec<_> = entries.iter().collect();
        if backward {
            entries.reverse();
        }
        let arena = Arena::new();
        for (key, value) in entries {
            let (key, value) = ([key.to_slot(&arena)], [value.to_slot(&arena)]);
            if !write.unwrap()(sink, Slot::as_raw(&key), Slot::as_raw(&value)) {
                break;
            }
        }
        outcome(run.refusal)
    }
}
