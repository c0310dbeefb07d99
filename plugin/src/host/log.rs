//! The host's log.
//!
//! Owns the way of a line to it. Never formats one.

use crate::abi::{HostTable, Text};

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
        unsafe { super::is_complete(table).then(|| Self { enabled: (*table).log_enabled, log: (*table).log }) }
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
