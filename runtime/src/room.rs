//! Room for messages that are to leave: small ones share an allocation.
//!
//! Owns what is left of that allocation. Never looks into a message.

use bytes::{Bytes, BytesMut};

/// Larger messages have an allocation each: they are not worth a copy.
const LARGE: usize = 2 << 10;
/// How large a buffer is made at most for the message after a large one, which may well be as large.
const NEXT: usize = 1 << 20;

/// Room for messages to come.
#[derive(Debug)]
pub(crate) struct Room {
    left: BytesMut,
    /// How many bytes share an allocation. It lives for as long as a slow peer has yet to get one of its messages.
    shared: usize,
}

impl Room {
    /// For messages of which many may wait.
    pub(crate) fn of_many() -> Self {
        Self::of(16 << 10)
    }

    /// For messages each of which has mostly left before the next one is written: that little stays in the cache.
    pub(crate) fn of_few() -> Self {
        Self::of(LARGE)
    }

    fn of(shared: usize) -> Self {
        Self { left: BytesMut::new(), shared }
    }

    /// What was written, as something that may leave. The buffer is empty afterwards, and ready for the next message.
    pub(crate) fn take(&mut self, written: &mut Vec<u8>) -> Bytes {
        let size = written.len();
        if size > LARGE {
            return std::mem::replace(written, Vec::with_capacity(size.min(NEXT))).into();
        }
        if !self.left.try_reclaim(size) {
            self.left = BytesMut::with_capacity(self.shared);
        }
        self.left.extend_from_slice(written);
        written.clear();
        self.left.split().freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_any_size_leave_as_they_were_written() {
        let mut room = Room::of_many();
        let sizes = [0, 1, 100, LARGE, LARGE + 1, 1, NEXT, NEXT + 1];
        let leaving: Vec<Bytes> = (0..64_usize)
            .map(|number| {
                let mut written = vec![number as u8; sizes[number % sizes.len()]];
                let message = room.take(&mut written);
                assert!(written.is_empty());
                message
            })
            .collect();
        for (number, message) in leaving.into_iter().enumerate() {
            assert_eq!(message, vec![number as u8; sizes[number % sizes.len()]]);
        }
    }
}
