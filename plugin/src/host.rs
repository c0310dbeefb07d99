//! The calls from a service into its host.
//!
//! Owns the reading of the host's table: whatever the rest of the crate asks of the host goes through here, in safe
//! terms. Copies what the host lends before the call ends.
#![allow(unsafe_code)]

use std::any::Any;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use service_framework_model::slot::Slot;

use crate::abi::{ABI_MAJOR, ErrorText, FAILED, HostTable, MAGIC, OK, PANICKED, RawSlot, Status, Text};
use crate::error::{Error, Result};
use crate::panics::caught;

/// The host, for the call in hand.
#[derive(Clone, Copy)]
pub(crate) struct Host {
    table: *const HostTable,
    run: *mut c_void,
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

    /// Sends to an `out` connection, by its place. `read` gets what comes back; nothing may.
    pub(crate) fn send<T>(
        self,
        connection: u32,
        slots: &[Slot<'_>],
        read: impl for<'a> FnOnce(&'a [Slot<'a>]) -> T,
    ) -> Result<Option<T>> {
        let mut sink = Sink { read: Some(read), outcome: None };
        let write = receiver(&sink);
        // SAFETY: `run` belongs to the call in hand; the slots and the sink live until the host returns, and `write`
        // is the function for a sink of this type.
        let status = unsafe {
            let sink = (&raw mut sink).cast();
            (self.table().send)(self.run, connection, Slot::as_raw(slots), slots.len(), sink, write)
        };
        match sink.outcome {
            Some(Err(panic)) => resume_unwind(panic),
            Some(Ok(value)) => self.outcome(status).map(|()| Some(value)),
            None => self.outcome(status).map(|()| None),
        }
    }

    /// The workflow id of the message in hand, if it has one.
    pub(crate) fn workflow_id<T>(self, read: impl for<'a> FnOnce(&'a [Slot<'a>]) -> T) -> Option<T> {
        let mut sink = Sink { read: Some(read), outcome: None };
        let write = receiver(&sink);
        // SAFETY: as for `send`.
        unsafe { (self.table().workflow_id)(self.run, (&raw mut sink).cast(), write) };
        match sink.outcome? {
            Ok(value) => Some(value),
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Whether the service has been asked to stop.
    pub(crate) fn should_stop(self) -> bool {
        // SAFETY: `run` belongs to the call in hand.
        unsafe { (self.table().should_stop)(self.run) }
    }

    /// Waits, at most about 584 years.
    pub(crate) fn wait(self, duration: Duration) -> Result<()> {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        // SAFETY: `run` belongs to the call in hand.
        self.outcome(unsafe { (self.table().wait)(self.run, nanoseconds) })
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
            Error::from_host(text.code.copied(), text.message.copied(), text.field.copied(), text.flags)
        }
    }
}

/// Where the host puts what came back.
struct Sink<F, T> {
    read: Option<F>,
    outcome: Option<std::result::Result<T, Box<dyn Any + Send>>>,
}

/// The function that fills this type of sink.
fn receiver<F, T>(_: &Sink<F, T>) -> crate::abi::WriteSlots
where
    F: for<'a> FnOnce(&'a [Slot<'a>]) -> T,
{
    /// # Safety
    /// `sink` points at a `Sink<F, T>` that nobody else uses during the call; the slots are good and valid for it.
    unsafe extern "C" fn receive<F, T>(sink: *mut c_void, slots: *const RawSlot, count: usize)
    where
        F: for<'a> FnOnce(&'a [Slot<'a>]) -> T,
    {
        // SAFETY: the caller's promise: the host hands back the sink that came with this function.
        let sink = unsafe { &mut *sink.cast::<Sink<F, T>>() };
        if let Some(read) = sink.read.take() {
            sink.outcome = Some(catch_unwind(AssertUnwindSafe(|| {
                // SAFETY: the caller's promise: the host's slots are good and valid for this call.
                read(unsafe { Slot::from_raw(slots, count) })
            })));
        }
    }
    receive::<F, T>
}

impl Text {
    /// The text as a string of one's own; what is not UTF-8 is replaced.
    ///
    /// # Safety
    /// Pointer and length describe memory that is valid for the call.
    pub(crate) unsafe fn copied(self) -> String {
        if self.pointer.is_null() || self.len == 0 {
            return String::new();
        }
        // SAFETY: the caller's promise.
        String::from_utf8_lossy(unsafe { std::slice::from_raw_parts(self.pointer, self.len) }).into_owned()
    }
}

/// The host's log, which any thread may use at any time.
#[derive(Clone, Copy)]
pub(crate) struct HostLog {
    enabled: unsafe extern "C" fn(level: u32) -> bool,
    log: unsafe extern "C" fn(level: u32, target: Text, message: Text, file: Text, line: u32),
}

impl HostLog {
    /// The log of the host behind this table; `None` if the table is not one of this ABI.
    ///
    /// # Safety
    /// `table` is null or a host's table; its log functions stay good for as long as the program runs.
    pub(crate) unsafe fn new(table: *const HostTable) -> Option<Self> {
        // SAFETY: the caller's promise; the members are read only if they are there.
        unsafe { is_complete(table).then(|| Self { enabled: (*table).log_enabled, log: (*table).log }) }
    }

    /// Whether a line of this level would be written: 1 error to 5 trace.
    pub(crate) fn enabled(self, level: u32) -> bool {
        // SAFETY: it takes a number, at any time.
        unsafe { (self.enabled)(level) }
    }

    /// Writes a line.
    pub(crate) fn log(self, level: u32, target: &str, message: &str, file: &str, line: u32) {
        // SAFETY: the texts live until the host returns.
        unsafe { (self.log)(level, Text::new(target), Text::new(message), Text::new(file), line) }
    }
}
