//! Where the host puts what a call brings back: slots, texts and errors that it lends.
//!
//! Owns the functions that the host calls back. What is lent is read or copied inside of them, and no panic crosses.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use service_framework_model::slot::Slot;

use crate::abi::{ErrorText, RawSlot, Text, WriteError, WriteSlots, WriteText};
use crate::error::Error;

/// Where one call's slots go, or its error.
pub(super) struct Sink<F, T> {
    read: Option<F>,
    outcome: Option<std::thread::Result<T>>,
    error: Option<Error>,
}

impl<F, T> Sink<F, T>
where
    F: for<'a> FnOnce(&'a [Slot<'a>]) -> T,
{
    /// The function that hands slots to this type of sink.
    pub(super) const WRITE: Option<WriteSlots> = Some(Self::write);
    /// The function that hands an error to this type of sink.
    pub(super) const FAIL: Option<WriteError> = Some(Self::fail);

    pub(super) const fn new(read: F) -> Self {
        Self { read: Some(read), outcome: None, error: None }
    }

    /// What the host hands back to the two functions.
    pub(super) const fn as_pointer(&mut self) -> *mut c_void {
        (&raw mut *self).cast()
    }

    /// The error that was handed over.
    pub(super) fn take_error(&mut self) -> Option<Error> {
        self.error.take()
    }

    /// What was made of the slots, if any came. A panic of the reader goes on from here, on its own side.
    pub(super) fn read(self) -> Option<T> {
        match self.outcome? {
            Ok(value) => Some(value),
            Err(panic) => resume_unwind(panic),
        }
    }

    /// # Safety
    /// `sink` points at a sink of this type that nobody else uses during the call; the slots are good and valid for it.
    unsafe extern "C" fn write(sink: *mut c_void, slots: *const RawSlot, count: usize) {
        // SAFETY: the caller's promise: the host hands back the sink that came with this function.
        let sink = unsafe { &mut *sink.cast::<Self>() };
        if let Some(read) = sink.read.take() {
            sink.outcome = Some(catch_unwind(AssertUnwindSafe(|| {
                // SAFETY: the caller's promise: the host's slots are good and valid for this call.
                read(unsafe { Slot::from_raw(slots, count) })
            })));
        }
    }

    /// # Safety
    /// As for `write`; `error` points at an error whose texts are valid for the call.
    unsafe extern "C" fn fail(sink: *mut c_void, error: *const ErrorText) {
        // SAFETY: the caller's promise.
        unsafe { (*sink.cast::<Self>()).error = Some((*error).copied()) }
    }
}

/// The function that appends texts to a sink that is a `String`.
pub(super) const COLLECT: Option<WriteText> = Some(collect);

/// # Safety
/// `sink` points at a `String` that nobody else uses during the call; the text is valid for it.
unsafe extern "C" fn collect(sink: *mut c_void, text: Text) {
    // SAFETY: the caller's promise.
    unsafe { (*sink.cast::<String>()).push_str(&text.copied()) }
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

impl ErrorText {
    /// The error as one of one's own.
    ///
    /// # Safety
    /// Its texts are valid for the call.
    #[cold]
    pub(super) unsafe fn copied(self) -> Error {
        // SAFETY: the caller's promise.
        unsafe { Error::from_host(self.code.copied(), self.message.copied(), self.field.copied(), self.flags) }
    }
}
