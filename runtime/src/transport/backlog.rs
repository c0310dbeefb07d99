//! What waits for each peer of a socket: bounds in bytes and, where the transport has none of its own, in messages.
//!
//! Owns the sums. A counted frame carries its share of a sum, and gives it back when the transport lets go of the frame:
//! when it was written, or discarded with its connection. Never sends anything.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use super::Frames;

/// The bytes of shorter frames are not counted: a bound in messages bounds them well enough, and most frames are short.
pub(super) const COUNTED: usize = 16 << 10;

/// How many peers are remembered before those are forgotten for whom nothing waits.
const REMEMBERED: usize = 64;

/// What waits for each peer.
#[derive(Debug)]
pub(super) struct Backlog {
    most_bytes: usize,
    most_messages: Option<usize>,
    waiting: HashMap<Bytes, Arc<Waiting>>,
    remembered: usize,
}

/// What waits for one peer.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    messages: AtomicUsize,
    bytes: AtomicUsize,
}

impl Backlog {
    /// A backlog of at most `most_bytes` for each peer; the messages are the transport's to count.
    pub(super) fn of_bytes(most_bytes: usize) -> Self {
        Self { most_bytes, most_messages: None, waiting: HashMap::new(), remembered: REMEMBERED }
    }

    /// A backlog of at most `most_messages` and `most_bytes` for each peer.
    pub(super) fn of_messages(most_messages: u32, most_bytes: usize) -> Self {
        Self { most_messages: Some(most_messages as usize), ..Self::of_bytes(most_bytes) }
    }

    /// Counts a message for `peer`, unless too much waits for it already. Where nothing waits, any message passes.
    #[must_use]
    pub(super) fn admits(&mut self, peer: &Bytes, frames: &mut Frames) -> bool {
        let size = frames.iter().map(counted).sum();
        if size == 0 && self.most_messages.is_none() {
            return true;
        }
        if self.waiting.len() >= self.remembered {
            self.waiting.retain(|_, waiting| Arc::strong_count(waiting) > 1);
            self.remembered = REMEMBERED.max(self.waiting.len() * 2);
        }
        let waiting = self.waiting.entry(peer.clone()).or_default();
        if !waiting.has_room(size, self.most_messages, self.most_bytes) {
            return false;
        }
        let last = frames.len().saturating_sub(1);
        for (place, frame) in frames.iter_mut().enumerate() {
            let messages = usize::from(place == last && self.most_messages.is_some());
            if messages > 0 || counted(frame) > 0 {
                *frame = waiting.share_of(std::mem::take(frame), messages);
            }
        }
        true
    }
}

impl Waiting {
    /// Whether a message of `size` bytes may wait as well. Where nothing waits, any message may.
    pub(super) fn has_room(&self, size: usize, most_messages: Option<usize>, most_bytes: usize) -> bool {
        let bytes = self.bytes.load(Ordering::Relaxed);
        let messages = self.messages.load(Ordering::Relaxed);
        let too_many = most_messages.is_some_and(|most| messages > 0 && messages >= most);
        let too_much = bytes > 0 && bytes.saturating_add(size) > most_bytes;
        !too_many && !too_much
    }

    pub(super) fn add(&self, messages: usize, bytes: usize) {
        self.messages.fetch_add(messages, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn remove(&self, messages: usize, bytes: usize) {
        self.messages.fetch_sub(messages, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// `frame` with what it counts for, and `messages` besides its bytes.
    fn share_of(self: &Arc<Self>, frame: Bytes, messages: usize) -> Bytes {
        let bytes = counted(&frame);
        self.add(messages, bytes);
        Bytes::from_owner(Share { frame, bytes, messages, of: Arc::clone(self) })
    }
}

/// How many bytes a frame counts for.
fn counted(frame: &Bytes) -> usize {
    if frame.len() >= COUNTED { frame.len() } else { 0 }
}

/// A frame that is counted as long as it lives.
struct Share {
    frame: Bytes,
    bytes: usize,
    messages: usize,
    of: Arc<Waiting>,
}

impl AsRef<[u8]> for Share {
    fn as_ref(&self) -> &[u8] {
        &self.frame
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.of.remove(self.messages, self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 100 << 10;

    fn message(size: usize) -> Frames {
        [Bytes::new(), Bytes::from(vec![7; size])].into_iter().collect()
    }

    fn peer(number: u32) -> Bytes {
        Bytes::copy_from_slice(&number.to_be_bytes())
    }

    #[test]
    fn a_peer_for_whom_too_much_waits_is_refused_until_some_of_it_has_left() {
        let mut backlog = Backlog::of_bytes(MOST);
        let (mut first, mut second) = (message(60 << 10), message(60 << 10));
        assert!(backlog.admits(&peer(1), &mut first));
        assert!(!backlog.admits(&peer(1), &mut second));
        assert!(backlog.admits(&peer(2), &mut second), "another peer has a sum of its own");
        assert_eq!(first[1], vec![7; 60 << 10]);
        drop(first);
        assert!(backlog.admits(&peer(1), &mut message(60 << 10)));
    }

    #[test]
    fn where_nothing_waits_any_message_passes_and_short_frames_always_do() {
        let mut backlog = Backlog::of_bytes(MOST);
        let mut large = message(MOST * 3);
        assert!(backlog.admits(&peer(1), &mut large));
        assert!(!backlog.admits(&peer(1), &mut message(COUNTED)));
        assert!(backlog.admits(&peer(1), &mut message(COUNTED - 1)));
    }

    #[test]
    fn a_refused_message_leaves_no_trace() {
        let mut backlog = Backlog::of_bytes(MOST);
        let mut kept = message(MOST);
        assert!(backlog.admits(&peer(1), &mut kept));
        for _ in 0..1_000 {
            assert!(!backlog.admits(&peer(1), &mut message(MOST)));
        }
        drop(kept);
        assert!(backlog.admits(&peer(1), &mut message(MOST)));
    }

    #[test]
    fn messages_are_counted_where_the_transport_does_not() {
        let mut backlog = Backlog::of_messages(2, MOST);
        let mut waiting = [message(1), message(MOST)];
        assert!(waiting.iter_mut().all(|frames| backlog.admits(&peer(1), frames)));
        assert!(!backlog.admits(&peer(1), &mut message(1)));
        assert!(backlog.admits(&peer(2), &mut message(1)), "another peer has a sum of its own");
        drop(waiting);
        assert!(backlog.admits(&peer(1), &mut message(1)));
    }

    #[test]
    fn a_message_that_waits_twice_over_is_counted_until_its_last_copy_has_left() {
        let mut backlog = Backlog::of_messages(1, MOST);
        let mut frames = message(MOST);
        assert!(backlog.admits(&peer(1), &mut frames));
        let copy = frames.clone();
        drop(frames);
        assert!(!backlog.admits(&peer(1), &mut message(1)));
        drop(copy);
        assert!(backlog.admits(&peer(1), &mut message(1)));
    }

    #[test]
    fn peers_for_whom_nothing_waits_are_forgotten() {
        let mut backlog = Backlog::of_bytes(MOST);
        let mut kept = message(MOST);
        assert!(backlog.admits(&peer(0), &mut kept));
        for number in 1..10_000 {
            assert!(backlog.admits(&peer(number), &mut message(COUNTED)));
        }
        assert!(backlog.waiting.len() <= REMEMBERED);
        assert!(!backlog.admits(&peer(0), &mut message(MOST)), "what waits is not forgotten");
    }
}
