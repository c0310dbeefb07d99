//! The last message of an owner that had its whole value in it.
//!
//! Owns how long it is kept: whoever asks next gets the same message, or another one around the same bytes, until the
//! value changes or nobody has needed it for a while. So there is never more than one, and an owner that is left alone
//! has its value once and not twice.

use std::ops::Range;
use std::time::{Duration, Instant};

use bytes::Bytes;

/// For how long it is kept after it was needed.
pub const KEPT_FOR: Duration = Duration::from_secs(1);

/// A message with the whole value in it.
#[derive(Debug)]
pub(super) struct Whole {
    frame: Bytes,
    /// Where in the message the value is.
    state: Range<usize>,
    /// The head at which the message is the answer to a request for a snapshot, if it is one.
    answers: Option<u64>,
    /// When it was needed long ago.
    until: Option<Instant>,
}

impl Whole {
    pub(super) fn new(frame: Bytes, state: Range<usize>, answers: Option<u64>, now: Instant) -> Self {
        Self { frame, state, answers, until: now.checked_add(KEPT_FOR) }
    }

    /// The value in its wire form.
    pub(super) fn state(&self) -> &[u8] {
        self.frame.get(self.state.clone()).unwrap_or_default()
    }

    /// The message, if it is the answer at this head. It is needed then.
    pub(super) fn answer(&mut self, head: u64, now: Instant) -> Option<Bytes> {
        (self.answers == Some(head)).then(|| {
            self.until = now.checked_add(KEPT_FOR);
            self.frame.clone()
        })
    }

    /// When it is to be given up, unless somebody needs it before.
    pub(super) const fn until(&self) -> Option<Instant> {
        self.until
    }
}
