//! The queue of a subscriber: what has arrived and waits for the service.
//!
//! Owns what happens when it is full, and that nothing leaves it uncounted. A queue that conflates keeps one message of
//! each key: a later one takes the place of the earlier, so that no key waits longer for being busy. Never decides what
//! a message's key is.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;

use crate::Frames;

/// What is done with a message for which there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// It is left with its sender, and no other is taken until there is room.
    Block,
    /// The message that has waited longest makes room.
    DropOldest,
    /// It is dropped.
    DropNewest,
    /// It takes the place of the one with the same key; if there is none, the one that has waited longest makes room.
    Conflate,
}

impl Policy {
    /// All of them, with their words.
    pub const ALL: [(&'static str, Self); 4] = [
        ("block", Self::Block),
        ("drop_oldest", Self::DropOldest),
        ("drop_newest", Self::DropNewest),
        ("conflate", Self::Conflate),
    ];
}

/// How much a queue holds, and what it does when it is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// What is done with a message for which there is no room.
    pub policy: Policy,
    /// How many messages it holds.
    pub messages: usize,
    /// How many bytes they may have together. A single message may have more.
    pub bytes: usize,
}

/// What became of messages that did not wait until they were asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Those that had waited longest.
    pub oldest: u64,
    /// Those that had just come.
    pub newest: u64,
    /// Those that a later one with the same key replaced.
    pub conflated: u64,
}

/// Messages that wait.
#[derive(Debug)]
pub struct Queue {
    bounds: Bounds,
    entries: VecDeque<Entry>,
    bytes: usize,
    /// The number of the entry that is first: they are numbered as they come.
    first: u64,
    /// The numbers of the entries that have keys.
    keys: HashMap<Bytes, u64>,
    /// The size of the largest message so far.
    largest: usize,
}

#[derive(Debug)]
struct Entry {
    message: Message,
    key: Option<Bytes>,
}

/// A message in as little room as it takes: thousands may wait, and what does not fit the caches is slow to come back.
#[derive(Debug)]
enum Message {
    /// The usual one.
    Single(Bytes),
    /// One that whoever reads it will refuse.
    Several(Box<Frames>),
}

impl From<Frames> for Message {
    fn from(mut frames: Frames) -> Self {
        match frames.pop() {
            Some(frame) if frames.is_empty() => Self::Single(frame),
            last => {
                frames.extend(last);
                Self::Several(Box::new(frames))
            }
        }
    }
}

impl From<Message> for Frames {
    fn from(message: Message) -> Self {
        match message {
            Message::Single(frame) => Self::from_iter([frame]),
            Message::Several(frames) => *frames,
        }
    }
}

impl Queue {
    /// An empty queue.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, entries: VecDeque::new(), bytes: 0, first: 0, keys: HashMap::new(), largest: 1 }
    }

    /// How many messages may be taken from their senders: as many as there is room for if they are no larger than those
    /// before. One is always enough to go on with, unless the queue blocks.
    #[must_use]
    pub fn room(&self) -> usize {
        if self.bounds.policy != Policy::Block {
            return usize::MAX;
        }
        let messages = self.bounds.messages.saturating_sub(self.entries.len());
        let bytes = self.bounds.bytes.saturating_sub(self.bytes);
        let of_largest = (bytes / self.largest).max(usize::from(bytes > 0));
        messages.min(of_largest)
    }

    /// A message has come.
    pub fn push(&mut self, frames: Frames, key: Option<Bytes>) -> Dropped {
        let mut dropped = Dropped::default();
        let size = size(&frames);
        let message = Message::from(frames);
        self.largest = self.largest.max(size);
        if let Some(entry) = key.as_ref().and_then(|key| self.keys.get(key)).and_then(|at| at.checked_sub(self.first))
            && let Some(entry) = usize::try_from(entry).ok().and_then(|place| self.entries.get_mut(place))
        {
            let before = Frames::from(std::mem::replace(&mut entry.message, message));
            self.bytes = self.bytes - self::size(&before) + size;
            dropped.conflated = 1;
        } else {
            if self.bounds.policy == Policy::DropNewest && !self.fits(1, size) {
                return Dropped { newest: 1, ..dropped };
            }
            if let Some(key) = &key {
                self.keys.insert(key.clone(), self.first + self.entries.len() as u64);
            }
            self.entries.push_back(Entry { message, key });
            self.bytes += size;
        }
        if self.bounds.policy != Policy::Block {
            while self.entries.len() > 1 && !self.fits(0, 0) {
                self.pop();
                dropped.oldest += 1;
            }
        }
        dropped
    }

    /// The message that has waited longest.
    pub fn pop(&mut self) -> Option<Frames> {
        let Entry { message, key } = self.entries.pop_front()?;
        let frames = Frames::from(message);
        if let Some(key) = key {
            self.keys.remove(&key);
        }
        self.first += 1;
        self.bytes -= size(&frames);
        Some(frames)
    }

    /// How many messages wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many bytes they take.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    fn fits(&self, messages: usize, bytes: usize) -> bool {
        self.entries.len() + messages <= self.bounds.messages
            && (self.entries.is_empty() || self.bytes + bytes <= self.bounds.bytes)
    }
}

/// What a message takes: its bytes, and the place that it has in the queue.
fn size(frames: &Frames) -> usize {
    size_of::<Entry>() + frames.iter().map(Bytes::len).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn queue(policy: Policy, messages: usize, bytes: usize) -> Queue {
        Queue::new(Bounds { policy, messages, bytes })
    }

    fn message(text: &str) -> Frames {
        [Bytes::copy_from_slice(text.as_bytes())].into_iter().collect()
    }

    fn key(text: &str) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(text.as_bytes()))
    }

    fn drain(queue: &mut Queue) -> Vec<String> {
        std::iter::from_fn(|| queue.pop()).map(|frames| String::from_utf8(frames[0].to_vec()).unwrap()).collect()
    }

    fn push_all(queue: &mut Queue, texts: &[&str]) -> Dropped {
        texts.iter().fold(Dropped::default(), |sum, text| {
            let dropped = queue.push(message(text), None);
            Dropped { oldest: sum.oldest + dropped.oldest, newest: sum.newest + dropped.newest, ..sum }
        })
    }

    const ROOMY: usize = 1 << 20;

    #[test]
    fn when_it_is_full_the_oldest_the_newest_or_none_goes() {
        let texts = ["1", "2", "3", "4"];
        for (policy, kept, dropped) in [
            (Policy::DropOldest, vec!["3", "4"], Dropped { oldest: 2, ..Dropped::default() }),
            (Policy::DropNewest, vec!["1", "2"], Dropped { newest: 2, ..Dropped::default() }),
            (Policy::Block, vec!["1", "2", "3", "4"], Dropped::default()),
        ] {
            let mut queue = queue(policy, 2, ROOMY);
            assert_eq!(push_all(&mut queue, &texts), dropped);
            assert_eq!(drain(&mut queue), kept);
        }
    }

    #[test]
    fn a_queue_that_blocks_says_how_many_it_can_take() {
        let mut blocking = queue(Policy::Block, 3, ROOMY);
        assert_eq!(blocking.room(), 3);
        push_all(&mut blocking, &["1", "2"]);
        assert_eq!(blocking.room(), 1);
        push_all(&mut blocking, &["3"]);
        assert_eq!(blocking.room(), 0);
        blocking.pop();
        assert_eq!(blocking.room(), 1);
        let mut by_bytes = queue(Policy::Block, 1_000, 10_000);
        push_all(&mut by_bytes, &["x".repeat(3_000).as_str()]);
        assert_eq!(by_bytes.room(), 2);
        push_all(&mut by_bytes, &["x".repeat(9_000).as_str()]);
        assert_eq!(by_bytes.room(), 0);
        assert_eq!(queue(Policy::DropOldest, 1, 1).room(), usize::MAX);
    }

    #[test]
    fn a_message_larger_than_the_whole_queue_waits_alone() {
        for policy in [Policy::DropOldest, Policy::DropNewest, Policy::Conflate] {
            let mut queue = queue(policy, 10, 10);
            let large = "x".repeat(100);
            assert_eq!(queue.push(message(&large), key("a")), Dropped::default());
            assert_eq!(drain(&mut queue), [large]);
            assert_eq!(queue.bytes(), 0);
        }
    }

    #[test]
    fn a_later_message_of_a_key_takes_the_place_of_the_earlier() {
        let mut queue = queue(Policy::Conflate, 3, ROOMY);
        for (text, of) in [("a1", "a"), ("b1", "b"), ("a2", "a"), ("c1", "c"), ("b2", "b")] {
            queue.push(message(text), key(of));
        }
        assert_eq!(queue.push(message("d1"), key("d")), Dropped { oldest: 1, ..Dropped::default() });
        assert_eq!(queue.push(message("a3"), key("a")), Dropped { oldest: 1, ..Dropped::default() });
        assert_eq!(drain(&mut queue), ["c1", "d1", "a3"]);
        queue.push(message("a4"), key("a"));
        assert_eq!(queue.push(message("a5"), key("a")), Dropped { conflated: 1, ..Dropped::default() });
        assert_eq!(drain(&mut queue), ["a5"]);
    }

    #[test]
    fn a_message_without_a_key_is_merged_with_none() {
        let mut queue = queue(Policy::Conflate, 9, ROOMY);
        push_all(&mut queue, &["?", "?"]);
        assert_eq!(queue.len(), 2);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Push { key: u8, length: usize },
        Pop,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let push = (0_u8..6, 0_usize..400).prop_map(|(key, length)| Step::Push { key, length });
        prop::collection::vec(prop_oneof![3 => push, 1 => Just(Step::Pop)], 0..200)
    }

    proptest! {
        /// Whatever comes and goes: the bounds hold, the order of each key is kept, the last of a key is never older than
        /// one that was handed out, and each message is handed out, waits, or is counted.
        #[test]
        fn nothing_is_lost_uncounted(place in 0_usize..4, messages in 1_usize..9, bytes in 1_usize..2_000, steps in steps()) {
            let (_, policy) = Policy::ALL[place];
            let mut queue = queue(policy, messages, bytes);
            let (mut pushed, mut popped, mut dropped) = (0_u64, 0_u64, 0_u64);
            let mut last_popped = [None; 6];
            for step in steps {
                match step {
                    Step::Push { .. } if queue.room() == 0 => {}
                    Step::Push { key, length } => {
                        pushed += 1;
                        let body: Vec<u8> = pushed.to_be_bytes().into_iter().chain([key]).chain(vec![0; length]).collect();
                        let key = (policy == Policy::Conflate).then(|| Bytes::from(vec![key]));
                        let lost = queue.push([Bytes::from(body)].into_iter().collect(), key);
                        dropped += lost.oldest + lost.newest + lost.conflated;
                    }
                    Step::Pop => {
                        if let Some(frames) = queue.pop() {
                            popped += 1;
                            let number = u64::from_be_bytes(frames[0][..8].try_into().unwrap());
                            let last = &mut last_popped[usize::from(frames[0][8])];
                            prop_assert!(last.is_none_or(|last| last < number));
                            *last = Some(number);
                        }
                    }
                }
                prop_assert!(queue.len() <= messages);
                prop_assert!(queue.len() <= 1 || policy == Policy::Block || queue.bytes() <= bytes);
                prop_assert_eq!(pushed, popped + dropped + queue.len() as u64);
                prop_assert_eq!(queue.is_empty(), queue.bytes() == 0);
                prop_assert!(queue.keys.len() <= queue.len());
            }
        }
    }
}
