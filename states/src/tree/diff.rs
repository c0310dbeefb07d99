//! What an update has changed.
//!
//! Owns the normal form of an update: no delete of a key that is not there (a Python copy raises on it), nothing that is
//! so already.

use service_framework_model::schema::Peers;
use service_framework_model::state::{Change, Entry, Key, KeyRef, write_key, write_map_head};
use smallvec::SmallVec;

use super::Nodes;

const NIL: u8 = 0xc0;

/// Hears what is changed while a value changes.
pub(super) trait Notes {
    /// Nothing is under a key any more. `text` is the key as text on the wire.
    fn removed(&mut self, key: KeyRef<'_>, text: &[u8]);

    /// This leaf is under a key.
    fn put(&mut self, key: KeyRef<'_>, text: &[u8], leaf: &[u8]);

    /// What comes next is inside of a map. Returned is where it begins.
    fn begin(&self) -> usize;

    /// So many pairs have changed inside of the map under a key since then; none of them if only the map is new.
    fn end(&mut self, began: usize, count: usize, key: KeyRef<'_>, text: &[u8]);
}

/// Of no interest.
impl Notes for () {
    #[inline]
    fn removed(&mut self, _: KeyRef<'_>, _: &[u8]) {}

    #[inline]
    fn put(&mut self, _: KeyRef<'_>, _: &[u8], _: &[u8]) {}

    #[inline]
    fn begin(&self) -> usize {
        0
    }

    #[inline]
    fn end(&mut self, _: usize, _: usize, _: KeyRef<'_>, _: &[u8]) {}
}

/// The pairs of an update in its normal form.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The pairs in their wire form, one after the other.
    pub pairs: Vec<u8>,
    /// Whether something is deleted.
    pub deletes: bool,
    peers: Peers,
}

impl Difference {
    /// No pairs yet.
    #[must_use]
    pub const fn new(peers: Peers) -> Self {
        Self { pairs: Vec::new(), deletes: false, peers }
    }

    /// Forgets the pairs, and keeps the room that they took.
    pub fn clear(&mut self) {
        self.pairs.clear();
        self.deletes = false;
    }

    fn add_key(&mut self, key: KeyRef<'_>, text: &[u8]) {
        match self.peers {
            Peers::Any => self.pairs.extend_from_slice(text),
            Peers::Own => write_key(key, Peers::Own, &mut self.pairs),
        }
    }
}

impl Notes for Difference {
    fn removed(&mut self, key: KeyRef<'_>, text: &[u8]) {
        self.add_key(key, text);
        self.pairs.push(NIL);
        self.deletes = true;
    }

    #[inline]
    fn put(&mut self, key: KeyRef<'_>, text: &[u8], leaf: &[u8]) {
        self.add_key(key, text);
        self.pairs.extend_from_slice(leaf);
    }

    fn begin(&self) -> usize {
        self.pairs.len()
    }

    fn end(&mut self, began: usize, count: usize, key: KeyRef<'_>, text: &[u8]) {
        // Only now it is known how many pairs there are.
        let inside = self.pairs.len();
        self.add_key(key, text);
        write_map_head(count, &mut self.pairs);
        let head = self.pairs.len() - inside;
        self.pairs.get_mut(began..).unwrap_or_default().rotate_right(head);
    }
}

/// The keys that a whole value does not have.
pub(super) fn gone(nodes: &Nodes, entries: &[Entry<'_>]) -> Vec<Key> {
    if nodes.is_empty() {
        return Vec::new();
    }
    // The keys of most records have room here without an allocation.
    let mut kept: SmallVec<[KeyRef<'_>; 16]> =
        entries.iter().filter(|e| !matches!(e.change, Change::Remove)).map(|e| e.key).collect();
    if !kept.is_sorted() {
        kept.sort_unstable();
    }
    let mut at = 0;
    let is_gone = |key: &KeyRef<'_>| {
        while kept.get(at).is_some_and(|next| next < key) {
            at += 1;
        }
        kept.get(at) != Some(key)
    };
    nodes.iter().map(|(key, _)| key).filter(is_gone).map(Key::from).collect()
}
