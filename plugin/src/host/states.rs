//! The calls of a service into its host that are about states.
//!
//! Owns the reading of those members of the host's table. What the host lends is read inside of the call.

use std::ffi::c_void;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use service_framework_model::slot::Slot;

use super::Host;
use super::sink::Sink;
use crate::abi::{RawSlot, StateStatus, WriteEntry};
use crate::error::Result;

/// Where the entries of a state are looked for.
#[derive(Clone, Copy)]
pub(crate) struct Span<'s> {
    /// The keys that lead to the map.
    pub(crate) path: &'s [Slot<'s>],
    /// The first key, if not all of them are wanted.
    pub(crate) from: Option<&'s Slot<'s>>,
    /// Whether the last key comes first.
    pub(crate) is_backward: bool,
}

impl Host {
    /// Changes an `out` state: each change is a list of keys and what is put there.
    pub(crate) fn change_state(self, state: u32, changes: &[Slot<'_>]) -> Result<()> {
        // SAFETY: `run` belongs to the call in hand; the slots live until the host returns.
        self.outcome(unsafe { (self.table().change_state)(self.run, state, Slot::as_raw(changes), changes.len()) })
    }

    /// Makes an `out` state be this value.
    pub(crate) fn replace_state(self, state: u32, value: &Slot<'_>) -> Result<()> {
        let value = Slot::as_raw(std::slice::from_ref(value));
        // SAFETY: `run` belongs to the call in hand; the slot lives until the host returns.
        self.outcome(unsafe { (self.table().replace_state)(self.run, state, value) })
    }

    /// How good a state is.
    pub(crate) fn state_status(self, state: u32) -> Result<StateStatus> {
        let mut status = StateStatus::default();
        // SAFETY: `run` belongs to the call in hand; `status` can be written to.
        self.outcome(unsafe { (self.table().state_status)(self.run, state, &raw mut status) })?;
        Ok(status)
    }

    /// What a path leads to in a state, if anything is there.
    pub(crate) fn state_value<F, T>(self, state: u32, path: &[Slot<'_>], read: F) -> Result<Option<T>>
    where
        F: for<'a> FnOnce(&'a [Slot<'a>]) -> T,
    {
        let mut sink = Sink::new(read);
        let (pointer, write) = (sink.as_pointer(), Sink::<F, T>::WRITE);
        // SAFETY: `run` belongs to the call in hand; the slots and the sink live until the host returns, and `write` is the
        // function for a sink of this type.
        let status =
            unsafe { (self.table().state_value)(self.run, state, Slot::as_raw(path), path.len(), pointer, write) };
        let value = sink.read();
        self.outcome(status).map(|()| value)
    }

    /// Goes through the entries of a map in a state until `read` breaks off.
    pub(crate) fn state_entries<F>(self, state: u32, span: Span<'_>, read: F) -> Result<()>
    where
        F: for<'a> FnMut(&Slot<'a>, &Slot<'a>) -> ControlFlow<()>,
    {
        let mut entries = Entries { read, panic: None };
        let from = span.from.map_or(std::ptr::null(), |from| Slot::as_raw(std::slice::from_ref(from)));
        let (path, count, sink) = (Slot::as_raw(span.path), span.path.len(), (&raw mut entries).cast());
        let (backward, write) = (span.is_backward, Entries::<F>::WRITE);
        // SAFETY: `run` belongs to the call in hand; the slots and the sink live until the host returns, and `write` is the
        // function for a sink of this type.
        let status = unsafe { (self.table().state_entries)(self.run, state, path, count, from, backward, sink, write) };
        if let Some(panic) = entries.panic {
            resume_unwind(panic);
        }
        self.outcome(status)
    }
}

/// Where the entries of a state go.
struct Entries<F> {
    read: F,
    panic: Option<Box<dyn std::any::Any + Send>>,
}

impl<F> Entries<F>
where
    F: for<'a> FnMut(&Slot<'a>, &Slot<'a>) -> ControlFlow<()>,
{
    const WRITE: Option<WriteEntry> = Some(Self::write);

    /// # Safety
    /// `sink` points at a sink of this type that nobody else uses during the call; both slots are good and valid for it.
    unsafe extern "C" fn write(sink: *mut c_void, key: *const RawSlot, value: *const RawSlot) -> bool {
        // SAFETY: the caller's promise: the host hands back the sink that came with this function.
        let sink = unsafe { &mut *sink.cast::<Self>() };
        // SAFETY: the caller's promise: the host's slots are good and valid for this call.
        let (key, value) = unsafe { (Slot::from_raw(key, 1), Slot::from_raw(value, 1)) };
        let ([key], [value]) = (key, value) else { return false };
        match catch_unwind(AssertUnwindSafe(|| (sink.read)(key, value))) {
            Ok(flow) => flow.is_continue(),
            Err(panic) => {
                sink.panic = Some(panic);
                false
            }
        }
    }
}
