//! Who is subscribed to what.
//!
//! Owns the prefixes of each peer, their bound, and what changes of them taken together. Knows no transport, and never sees a message.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use bytes::Bytes;

use super::TopicChange;

/// What a subscription counts for besides its prefix.
const OVERHEAD: usize = 64;

/// The prefixes that one peer has subscribed to.
#[derive(Debug, Default, Clone)]
pub(super) struct Prefixes {
    /// A prefix counts as often as it was subscribed to, and has to be unsubscribed from as often.
    counts: HashMap<Bytes, usize>,
    bytes: usize,
}

/// The subscriptions of all peers of a publisher; each peer goes by a `P`.
#[derive(Debug)]
pub(super) struct Subscriptions<P> {
    most_bytes: usize,
    peers: HashMap<P, Prefixes>,
    /// How many subscriptions there are to each prefix.
    topics: HashMap<Bytes, usize>,
    /// What was told of the topics, from the first time that somebody asks for them.
    told: Option<Told>,
}

#[derive(Debug, Default)]
struct Told {
    known: HashSet<Bytes>,
    touched: HashSet<Bytes>,
}

impl Prefixes {
    /// Adds one subscription, and says whether it is the first to this prefix. The prefix is a copy of its own, where
    /// what was read may hold on to all that was read with it.
    pub(super) fn add(&mut self, prefix: &[u8]) -> bool {
        self.bytes += size(prefix);
        if let Some(count) = self.counts.get_mut(prefix) {
            *count += 1;
            return false;
        }
        self.counts.insert(Bytes::copy_from_slice(prefix), 1);
        true
    }

    /// Whether there is a subscription to this prefix.
    pub(super) fn contains(&self, prefix: &[u8]) -> bool {
        self.counts.contains_key(prefix)
    }

    /// Takes one subscription back. Says whether there was one.
    pub(super) fn remove(&mut self, prefix: &[u8]) -> bool {
        let Some(count) = self.counts.get_mut(prefix) else { return false };
        *count -= 1;
        if *count == 0 {
            self.counts.remove(prefix);
        }
        self.bytes -= size(prefix);
        true
    }

    /// Whether the peer gets a message that begins with `topic`. Looks each beginning of the topic up, or compares each
    /// prefix, whichever is less.
    pub(super) fn gets(&self, topic: &[u8]) -> bool {
        if self.counts.len() <= topic.len() {
            return self.counts.keys().any(|prefix| topic.starts_with(prefix));
        }
        (0..=topic.len()).any(|end| topic.get(..end).is_some_and(|start| self.counts.contains_key(start)))
    }

    /// Each prefix as often as it was subscribed to.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Bytes> {
        self.counts.iter().flat_map(|(prefix, count)| std::iter::repeat_n(prefix, *count))
    }
}

impl<P> Subscriptions<P> {
    /// No subscriptions. Those of one peer may count for `most_bytes`.
    pub(super) fn bounded(most_bytes: usize) -> Self {
        Self { most_bytes, peers: HashMap::new(), topics: HashMap::new(), told: None }
    }
}

impl<P> Default for Subscriptions<P> {
    fn default() -> Self {
        Self::bounded(usize::MAX)
    }
}

impl<P: Eq + Hash + Clone> Subscriptions<P> {
    /// Adds a subscription, unless the peer's would be too many then.
    #[must_use]
    pub(super) fn add(&mut self, peer: &P, prefix: &[u8]) -> bool {
        let taken = self.peers.get(peer).map_or(0, |prefixes| prefixes.bytes);
        if taken.saturating_add(size(prefix)) > self.most_bytes {
            return false;
        }
        self.peers.entry(peer.clone()).or_default().add(prefix);
        *self.topics.entry(Bytes::copy_from_slice(prefix)).or_default() += 1;
        self.touch(prefix);
        true
    }

    /// Takes a subscription back, if there is one.
    pub(super) fn remove(&mut self, peer: &P, prefix: &[u8]) {
        let Some(prefixes) = self.peers.get_mut(peer) else { return };
        if !prefixes.remove(prefix) {
            return;
        }
        if prefixes.counts.is_empty() {
            self.peers.remove(peer);
        }
        self.release(prefix);
    }

    /// Takes back all subscriptions of a peer. Says whether there were any.
    pub(super) fn forget(&mut self, peer: &P) -> bool {
        let Some(prefixes) = self.peers.remove(peer) else { return false };
        for prefix in prefixes.iter() {
            self.release(prefix);
        }
        true
    }

    /// Takes back everything.
    pub(super) fn clear(&mut self) {
        self.peers.clear();
        for prefix in std::mem::take(&mut self.topics).into_keys() {
            self.touch(&prefix);
        }
    }

    /// Peers that get a message that begins with `topic`.
    pub(super) fn subscribers(&self, topic: &[u8]) -> usize {
        self.peers.values().filter(|prefixes| prefixes.gets(topic)).count()
    }

    /// The prefixes that have got their first subscription or lost their last one since this was last asked; the first
    /// time, all that there are.
    pub(super) fn topics_change(&mut self) -> Vec<TopicChange> {
        let told = self
            .told
            .get_or_insert_with(|| Told { known: HashSet::new(), touched: self.topics.keys().cloned().collect() });
        let mut changes = Vec::new();
        for prefix in told.touched.drain() {
            if !self.topics.contains_key(&prefix) {
                if told.known.remove(&prefix) {
                    changes.push(TopicChange::Ended(prefix));
                }
            } else if told.known.insert(prefix.clone()) {
                changes.push(TopicChange::Began(prefix));
            }
        }
        changes
    }

    fn release(&mut self, prefix: &[u8]) {
        if let Some(count) = self.topics.get_mut(prefix) {
            *count -= 1;
            if *count == 0 {
                self.topics.remove(prefix);
            }
        }
        self.touch(prefix);
    }

    fn touch(&mut self, prefix: &[u8]) {
        if let Some(told) = &mut self.told {
            told.touched.insert(Bytes::copy_from_slice(prefix));
        }
    }
}

/// What a subscription counts for.
const fn size(prefix: &[u8]) -> usize {
    prefix.len() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(subscribed: &[(u8, &[u8])]) -> Subscriptions<u8> {
        let mut subscriptions = Subscriptions::default();
        for (peer, prefix) in subscribed {
            assert!(subscriptions.add(peer, prefix));
        }
        subscriptions
    }

    #[test]
    fn a_peer_gets_what_begins_with_one_of_its_prefixes() {
        let subscriptions = with(&[(1, b"news."), (1, b"\xa3abc"), (2, b"")]);
        assert_eq!(subscriptions.subscribers(b"news.sports"), 2);
        assert_eq!(subscriptions.subscribers(b"\xa3abc\x80"), 2);
        assert_eq!(subscriptions.subscribers(b"news"), 1);
        assert_eq!(subscriptions.subscribers(b""), 1);
    }

    #[test]
    fn many_prefixes_are_found_as_few_are() {
        let mut subscriptions = Subscriptions::bounded(1 << 20);
        for number in 0..1_000_u16 {
            assert!(subscriptions.add(&1, &number.to_be_bytes()));
        }
        assert_eq!(subscriptions.subscribers(&[0, 7, 9]), 1);
        assert_eq!(subscriptions.subscribers(&[200, 0, 9]), 0);
        assert_eq!(subscriptions.subscribers(&[0]), 0);
    }

    #[test]
    fn what_was_subscribed_to_twice_is_unsubscribed_from_twice() {
        let topic = Bytes::from_static(b"topic");
        let mut subscriptions = with(&[(1, b"topic"), (1, b"topic")]);
        subscriptions.remove(&1, &topic);
        assert_eq!(subscriptions.subscribers(&topic), 1);
        subscriptions.remove(&1, &topic);
        subscriptions.remove(&1, &topic);
        assert_eq!(subscriptions.subscribers(&topic), 0);
        assert!(subscriptions.peers.is_empty() && subscriptions.topics.is_empty());
    }

    #[test]
    fn the_subscriptions_of_a_peer_are_bounded_and_what_it_takes_back_makes_room() {
        let mut subscriptions = Subscriptions::bounded(OVERHEAD * 2);
        assert!(subscriptions.add(&1, b"") && subscriptions.add(&1, b""));
        assert!(!subscriptions.add(&1, b""));
        assert!(subscriptions.add(&2, b""), "another peer has a bound of its own");
        subscriptions.remove(&1, b"");
        assert!(subscriptions.add(&1, b""));
        assert!(!subscriptions.add(&3, &[0; 1_000]));
        assert_eq!(subscriptions.peers.len(), 2, "who may subscribe to nothing is not remembered");
    }

    #[test]
    fn a_topic_begins_with_its_first_subscription_and_ends_with_its_last() {
        let mut subscriptions = with(&[(1, b"a"), (2, b"a")]);
        let a = Bytes::from_static(b"a");
        assert_eq!(subscriptions.topics_change(), [TopicChange::Began(a.clone())]);
        subscriptions.remove(&1, &a);
        assert_eq!(subscriptions.topics_change(), []);
        assert!(subscriptions.forget(&2));
        assert_eq!(subscriptions.topics_change(), [TopicChange::Ended(a.clone())]);
        assert!(subscriptions.add(&3, &a));
        assert!(subscriptions.forget(&3) && !subscriptions.forget(&3));
        assert_eq!(subscriptions.topics_change(), [], "a topic that has come and gone was never there");
    }
}
