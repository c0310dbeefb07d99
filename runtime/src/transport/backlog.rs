//! How many bytes wait for each peer of a router: a bound in bytes beside the transport's own bound in messages.
//!
//! Owns the sums. A counted frame carries its share of a sum, and gives it back when the transport lets go of the frame:
//! when it was written, or discarded with its connection. Never sends anything.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use super::Frames;

/// Shorter frames are not counted: the bound in messages bounds them well enough, and most frames are short.
const COUNTED: usize = 16 << 10;

/// How many peers are remembered before those are forgotten for whom nothing waits.
const REMEMBERED: usize = 64;

/// What waits for each peer.
#[derive(Debug)]
pub(super) struct Backlog {
    most: usize,
    waiting: HashMap<Bytes, Arc<AtomicUsize>>,
}

impl Backlog {
    /// A backlog of at most `most` bytes for each peer.
    pub(super) fn new(most: usize) -> Self {
        Self { most, waiting: HashMap::new() }
    }

    /// Counts a message for `peer`, unless too much waits for it already. Where nothing waits, any message passes.
    #[must_use]
    pub(super) fn admits(&mut self, peer: &Bytes, frames: &mut Frames) -> bool {
        let counted = |frame: &&mut Bytes| frame.len() >= COUNTED;
        let size: usize = frames.iter_mut().filter(counted).map(|frame| frame.len()).sum();
        if size == 0 {
            return true;
        }
        if self.waiting.len() >= REMEMBERED {
            self.waiting.retain(|_, waiting| Arc::strong_count(waiting) > 1);
        }
        let waiting = self.waiting.entry(peer.clone()).or_default();
        let before = waiting.load(Ordering::Relaxed);
        if before > 0 && before.saturating_add(size) > self.most {
            return false;
        }
        waiting.fetch_add(size, Ordering::Relaxed);
        for frame in frames.iter_mut().filter(counted) {
            *frame = Bytes::from_owner(Share { frame: std::mem::take(frame), of: Arc::clone(waiting) });
        }
        true
    }
}

/// A frame that is counted as long as it lives.
struct Share {
    frame: Bytes,
    of: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for Share {
    fn as_ref(&self) -> &[u8] {
        &self.frame
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.of.fetch_sub(self.frame.len(), Ordering::Relaxed);
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
        let mut backlog = Backlog::new(MOST);
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
        let mut backlog = Backlog::new(MOST);
        let mut large = message(MOST * 3);
        assert!(backlog.admits(&peer(1), &mut large));
        assert!(!backlog.admits(&peer(1), &mut message(COUNTED)));
        assert!(backlog.admits(&peer(1), &mut message(COUNTED - 1)));
    }

    #[test]
    fn a_refused_message_leaves_no_trace() {
        let mut backlog = Backlog::new(MOST);
        let mut kept = message(MOST);
        assert!(backlog.admits(&peer(1), &mut kept));
        for _ in 0..1_000 {
            assert!(!backlog.admits(&peer(1), &mut message(MOST)));
        }
        drop(kept);
        assert!(backlog.admits(&peer(1), &mut message(MOST)));
    }

    #[test]
    fn peers_for_whom_nothing_waits_are_forgotten() {
        let mut backlog = Backlog::new(MOST);
        let mut kept = message(MOST);
        assert!(backlog.admits(&peer(0), &mut kept));
        for number in 1..10_000 {
            assert!(backlog.admits(&peer(number), &mut message(COUNTED)));
        }
        assert!(backlog.waiting.len() <= REMEMBERED);
        assert!(!backlog.admits(&peer(0), &mut message(MOST)), "what waits is not forgotten");
    }
}
