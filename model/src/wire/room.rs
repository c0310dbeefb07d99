//! Room for what leaves: small messages share an allocation.
//!
//! Owns no message: it is counted who still has each. When all of an allocation have left, the room is used again, so that
//! a sender who is not far ahead of its sockets allocates nothing.

use bytes::{Bytes, BytesMut};

/// How many bytes of small messages share one allocation. It lives for as long as somebody has yet to get one of them.
const SHARED: usize = 16 << 10;
/// Larger ones have an allocation each: else a few of them would keep much alive.
const LARGE: usize = 2 << 10;
/// How large a buffer is made at most for the message after a large one, which may well be as large.
const NEXT: usize = 1 << 20;

/// Room for messages to come.
#[derive(Debug)]
pub struct Room {
    free: BytesMut,
    /// What was filled before this: nobody may have anything in it any more when this is full, too.
    before: BytesMut,
    shared: usize,
}

impl Default for Room {
    /// Room for messages of which many may wait.
    fn default() -> Self {
        Self { free: BytesMut::new(), before: BytesMut::new(), shared: SHARED }
    }
}

impl Room {
    /// Room for messages each of which has mostly left before the next one is written: so little of it stays in the cache.
    #[must_use]
    pub fn of_few() -> Self {
        Self { shared: LARGE, ..Self::default() }
    }

    /// A message of these bytes.
    pub fn copy(&mut self, bytes: &[u8]) -> Bytes {
        if bytes.len() > LARGE { Bytes::copy_from_slice(bytes) } else { self.share(bytes) }
    }

    /// A message of what was written, which is not copied if it is much. The buffer is empty afterwards, and ready for the
    /// next message.
    pub fn take(&mut self, written: &mut Vec<u8>) -> Bytes {
        let size = written.len();
        if size > LARGE {
            return std::mem::replace(written, Vec::with_capacity(size.min(NEXT))).into();
        }
        let message = self.share(written);
        written.clear();
        message
    }

    fn share(&mut self, bytes: &[u8]) -> Bytes {
        if self.free.capacity() < bytes.len() {
            self.refill();
        }
        self.free.extend_from_slice(bytes);
        self.free.split().freeze()
    }

    /// An allocation in which nobody has anything any more, or else another one.
    #[cold]
    fn refill(&mut self) {
        if self.free.try_reclaim(self.shared) {
            return;
        }
        std::mem::swap(&mut self.free, &mut self.before);
        if !self.free.try_reclaim(self.shared) {
            self.free = BytesMut::with_capacity(self.shared);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_have_left_make_room_for_others() {
        let mut room = Room::default();
        let first = room.copy(&[7; 100]).as_ptr();
        // Nobody has one of them for longer than it takes to make it.
        let places: Vec<_> = (0..2 * SHARED / 100).map(|_| room.copy(&[7; 100]).as_ptr()).collect();
        assert_eq!(places.iter().filter(|place| **place == first).count(), 2);
    }

    #[test]
    fn messages_that_leave_a_few_at_a_time_take_two_allocations_in_turns() {
        let (mut room, mut waiting) = (Room::default(), std::collections::VecDeque::new());
        let mut blocks = std::collections::BTreeSet::new();
        for _ in 0..1_000 {
            waiting.push_back(room.copy(&[7; 1 << 10]));
            if waiting.len() > 10 {
                blocks.extend(waiting.pop_front().map(|message| message.as_ptr()));
            }
        }
        assert_eq!(blocks.len(), 2 * (SHARED >> 10));
    }

    #[test]
    fn what_somebody_has_stays_as_it_is() {
        let mut room = Room::default();
        let kept: Vec<_> = (0..2_000_u32).map(|number| room.copy(&number.to_be_bytes().repeat(9))).collect();
        assert!(kept.iter().zip(0_u32..).all(|(message, number)| **message == *number.to_be_bytes().repeat(9)));
        let large = room.copy(&[3; LARGE + 1]);
        assert_eq!(&*large, [3; LARGE + 1].as_slice());
        for mut room in [room, Room::of_few()] {
            for size in [0, 2, LARGE, LARGE + 1, 1, NEXT + 1] {
                let mut written = vec![5; size];
                assert_eq!((room.take(&mut written), written.len()), (Bytes::from(vec![5; size]), 0));
            }
        }
    }
}
