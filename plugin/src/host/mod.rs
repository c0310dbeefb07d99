//! The calls from a service into its host.
//!
//! Owns the reading of the host's table: whatever the rest of the crate asks of the host goes through here, in safe
//! terms. Copies what the host lends before the call ends.
#![allow(unsafe_code, reason = "the host's table is called here")]

mod log;
mod sender;
mod sink;
mod states;

use std::ffi::c_void;
use std::time::Duration;

use service_framework_model::slot::Slot;

use crate::abi::{ABI_MAJOR, ErrorText, FAILED, HostTable, MAGIC, OK, PANICKED, Status, Text};
use crate::error::{Error, Result};
use crate::panics::caught;
pub(crate) use log::HostLog;
pub(crate) use sender::SenderHandle;
use sink::{COLLECT, Sink};
pub(crate) use states::Span;

/// The host, for the call in hand.
#[derive(Clone, Copy)]
pub(crate) struct Host {
    table: *const HostTable,
    run: *mut c_void,
}

/// The ways in which a send gets to the host.
pub(crate) trait Carry {
    /// Sends to an `out` connection, by its place. `read` gets what comes back; nothing may.
    fn carry<F, T>(&self, connection: u32, slots: &[Slot<'_>], read: F) -> Result<Option<T>>
    where
        F: for<'a> FnOnce(&'a [Slot<'a>]) -> T;
}

/// Whether a pointer is the table of a host that has all the members known here.
///
/// # Safety
/// `table` is null, or points at a table whose first four members can be read.
unsafe fn is_complete(table: *const HostTable) -> bool {
    if table.is_null() {
        return false;
    }
    // SAFETY: the caller's promise; only the head of the table is read, for the rest may not be there.
    let (magic, size, major) = unsafe { ((*table).magic, (*table).size, (*table).major) };
    magic == MAGIC && major == ABI_MAJOR && size as usize >= size_of::<HostTable>()
}

impl Host {
    /// The host behind a table and the pointer that came with it; `None` if the table is not one of this ABI.
    ///
    /// # Safety
    /// `table` is null, or a host's table that stays where it is while this value is used; `run` is what the host
    /// handed over with it, and this value is used only during the call in which it did, on its thread.
    pub(crate) unsafe fn new(table: *const HostTable, run: *mut c_void) -> Option<Self> {
        // SAFETY: the caller's promise.
        unsafe { is_complete(table) }.then_some(Self { table, run })
    }

    fn table(&self) -> &HostTable {
        // SAFETY: `new` saw that the table has all its members; its caller promised that it stays.
        unsafe { &*self.table }
    }

    fn outcome(self, status: Status) -> Result<()> {
        if status == OK { Ok(()) } else { Err(self.last_error()) }
    }

    /// Answers the request in hand.
    pub(crate) fn reply(self, slots: &[Slot<'_>]) -> Result<()> {
        // SAFETY: `run` belongs to the call in hand; the slots live until the host returns.
        self.outcome(unsafe { (self.table().reply)(self.run, Slot::as_raw(slots), slots.len()) })
    }

    /// Lets what was sent leave now.
    pub(crate) fn flush(self) -> Result<()> {
        // SAFETY: `run` belongs to the call in hand.
        self.outcome(unsafe { (self.table().flush)(self.run) })
    }

    /// The counters of all connections, as JSON.
    pub(crate) fn stats(self) -> Result<String> {
        let mut json = String::new();
        // SAFETY: `run` belongs to the call in hand; the sink is a string, as `COLLECT` expects, and lives until the
        // host returns.
        self.outcome(unsafe { (self.table().stats)(self.run, (&raw mut json).cast(), COLLECT) })?;
        Ok(json)
    }

    /// Sets a timer; it rings just once if there is no period.
    pub(crate) fn set_timer(self, timer: u32, first: Duration, period: Option<Duration>) -> Result<()> {
        let (first, period) = (nanoseconds(first), period.map_or(0, nanoseconds));
        // SAFETY: `run` belongs to the call in hand.
        self.outcome(unsafe { (self.table().set_timer)(self.run, timer, first, period) })
    }

    /// Lets a timer be.
    pub(crate) fn cancel_timer(self, timer: u32) -> Result<()> {
        // SAFETY: `run` belongs to the call in hand.
        self.outcome(unsafe { (self.table().cancel_timer)(self.run, timer) })
    }

    /// A handle by which any thread may send.
    pub(crate) fn sender(self) -> Result<SenderHandle> {
        let mut handle = std::ptr::null();
        // SAFETY: `run` belongs to the call in hand; `handle` can be written to.
        self.outcome(unsafe { (self.table().sender)(self.run, &raw mut handle) })?;
        if handle.is_null() {
            return Err(Error::new("the host gave no handle to send by"));
        }
        // SAFETY: the host of this table has just made the handle, for this call alone.
        Ok(unsafe { SenderHandle::new(self.table(), handle) })
    }

    /// The workflow id of the message in hand, if it has one.
    pub(crate) fn workflow_id<F, T>(self, read: F) -> Option<T>
    where
        F: for<'a> FnOnce(&'a [Slot<'a>]) -> T,
    {
        let mut sink = Sink::new(read);
        // SAFETY: `run` belongs to the call in hand; the sink lives until the host returns, and the function is the one for
        // a sink of this type.
        unsafe { (self.table().workflow_id)(self.run, sink.as_pointer(), Sink::<F, T>::WRITE) };
        sink.read()
    }

    /// Whether the service has been asked to stop.
    pub(crate) fn should_stop(self) -> bool {
        // SAFETY: `run` belongs to the call in hand.
        unsafe { (self.table().should_stop)(self.run) }
    }

    /// Waits.
    pub(crate) fn wait(self, duration: Duration) -> Result<()> {
        // SAFETY: `run` belongs to the call in hand.
        self.outcome(unsafe { (self.table().wait)(self.run, nanoseconds(duration)) })
    }

    /// Waits for subscribers of the publisher at this place.
    pub(crate) fn wait_for_subscribers(self, connection: u32, count: u32, patience: Duration) -> Result<()> {
        let patience = nanoseconds(patience);
        // SAFETY: `run` belongs to the call in hand.
        self.outcome(unsafe { (self.table().wait_for_subscribers)(self.run, connection, count, patience) })
    }

    /// Runs what a call of the host asks for; an error or a panic is handed over, and the status says which.
    pub(crate) fn report(self, act: impl FnOnce() -> Result<()>) -> Status {
        match caught(act) {
            Ok(Ok(())) => OK,
            Ok(Err(error)) => {
                self.fail(&error);
                FAILED
            }
            Err(panic) => {
                self.fail(&Error::with_code("panicked", panic));
                PANICKED
            }
        }
    }

    #[cold]
    fn fail(self, error: &Error) {
        let text = ErrorText {
            code: Text::new(error.code()),
            message: Text::new(error.message()),
            field: Text::new(error.field().unwrap_or_default()),
            flags: error.flags(),
        };
        // SAFETY: `run` belongs to the call in hand; the texts live until the host returns.
        unsafe { (self.table().fail)(self.run, &raw const text) }
    }

    #[cold]
    fn last_error(self) -> Error {
        let empty = Text::new("");
        let mut text = ErrorText { code: empty, message: empty, field: empty, flags: 0 };
        // SAFETY: `run` belongs to the call in hand; the host's texts are valid until the next host call, and they are
        // copied before.
        unsafe {
            (self.table().last_error)(self.run, &raw mut text);
            text.copied()
        }
    }
}

impl Carry for Host {
    fn carry<F, T>(&self, connection: u32, slots: &[Slot<'_>], read: F) -> Result<Option<T>>
    where
        F: for<'a> FnOnce(&'a [Slot<'a>]) -> T,
    {
        let mut sink = Sink::new(read);
        let (pointer, write) = (sink.as_pointer(), Sink::<F, T>::WRITE);
        // SAFETY: `run` belongs to the call in hand; the slots and the sink live until the host returns, and `write`
        // is the function for a sink of this type.
        let status =
            unsafe { (self.table().send)(self.run, connection, Slot::as_raw(slots), slots.len(), pointer, write) };
        let value = sink.read();
        self.outcome(status).map(|()| value)
    }
}

/// A duration as it crosses; what is longer than about 584 years is that long.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
