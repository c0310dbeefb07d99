//! The host's handle by which any thread sends.
//!
//! Owns the handle: it is given back once, when this value is dropped. Never keeps a pointer of a call in progress.

use std::ffi::c_void;

use service_framework_model::slot::Slot;

use super::Carry;
use super::sink::Sink;
use crate::abi::{HostTable, OK, RawSlot, Status, WriteError, WriteSlots};
use crate::error::{Error, Result};

/// A handle of the host, with the functions that take it.
pub(crate) struct SenderHandle {
    handle: *const c_void,
    send: unsafe extern "C" fn(
        sender: *const c_void,
        connection: u32,
        slots: *const RawSlot,
        count: usize,
        sink: *mut c_void,
        write: Option<WriteSlots>,
        fail: Option<WriteError>,
    ) -> Status,
    should_stop: unsafe extern "C" fn(sender: *const c_void) -> bool,
    drop: unsafe extern "C" fn(sender: *const c_void),
}

// SAFETY: the ABI lets any thread use and drop a handle, and several threads use it at once.
unsafe impl Send for SenderHandle {}
// SAFETY: as above.
unsafe impl Sync for SenderHandle {}

impl SenderHandle {
    /// Takes over a handle.
    ///
    /// # Safety
    /// `handle` is one that the host of this table made, and nobody else gives it back.
    pub(super) const unsafe fn new(table: &HostTable, handle: *const c_void) -> Self {
        Self { handle, send: table.sender_send, should_stop: table.sender_should_stop, drop: table.sender_drop }
    }

    /// Whether the service of this handle has been asked to stop, or has ended.
    pub(crate) fn should_stop(&self) -> bool {
        // SAFETY: the handle was not given back.
        unsafe { (self.should_stop)(self.handle) }
    }
}

impl Carry for SenderHandle {
    /// Blocks until its turn has come and it is done.
    fn carry<F, T>(&self, connection: u32, slots: &[Slot<'_>], read: F) -> Result<Option<T>>
    where
        F: for<'a> FnOnce(&'a [Slot<'a>]) -> T,
    {
        let mut sink = Sink::new(read);
        let pointer = sink.as_pointer();
        // SAFETY: the handle was not given back; the slots and the sink live until the host returns, and both functions
        // are those for a sink of this type.
        let status = unsafe {
            let (write, fail) = (Sink::<F, T>::WRITE, Sink::<F, T>::FAIL);
            (self.send)(self.handle, connection, Slot::as_raw(slots), slots.len(), pointer, write, fail)
        };
        let error = sink.take_error();
        let value = sink.read();
        match status {
            OK => Ok(value),
            _ => Err(error.unwrap_or_else(|| Error::new("the host refused to send and did not say why"))),
        }
    }
}

impl Drop for SenderHandle {
    fn drop(&mut self) {
        // SAFETY: the handle was not given back, and it is not used again.
        unsafe { (self.drop)(self.handle) }
    }
}
