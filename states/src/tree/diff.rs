//! What an update would change.
//!
//! Owns the normal form of an update: no delete of a key that is not there (a Python copy raises on it), nothing that is
//! so already.

use service_framework_model::schema::Peers;
use service_framework_model::state::{Change, Entry, Key, KeyRef, write_key, write_map_head};

use super::{Node, Nodes, Tree};

const NIL: u8 = 0xc0;

/// The pairs of an update in its normal form.
#[derive(Clone, Debug, Default)]
pub struct Difference {
    /// How many pairs there are at the top.
    pub count: usize,
    /// The pairs in their wire form, one after the other.
    pub pairs: Vec<u8>,
    /// Whether something is deleted.
    pub deletes: bool,
}

impl Tree {
    /// What of an update would change this value; of a `whole` one also what it does not name.
    #[must_use]
    pub fn difference(&self, entries: &[Entry<'_>], whole: bool, peers: Peers) -> Difference {
        // Room for the usual change of a key or two.
        let mut difference = Difference { pairs: Vec::with_capacity(64), ..Difference::default() };
        difference.count = difference.add(Some(&self.nodes), entries, whole, peers);
        difference
    }
}

impl Difference {
    /// Adds what changes, and tells how many pairs that is.
    fn add(&mut self, nodes: Option<&Nodes>, entries: &[Entry<'_>], whole: bool, peers: Peers) -> usize {
        let mut count = 0;
        if let Some(nodes) = nodes.filter(|_| whole) {
            for key in gone(nodes, entries) {
                self.add_removed(key.as_key(), peers);
                count += 1;
            }
        }
        for Entry { key, change } in entries {
            let node = nodes.and_then(|nodes| nodes.get(*key));
            match (node, change) {
                (None, Change::Remove) => continue,
                (Some(_), Change::Remove) => self.add_removed(*key, peers),
                (Some(Node::Leaf(old)), Change::Leaf(new)) if **old == **new => continue,
                (_, Change::Leaf(leaf)) => {
                    write_key(*key, peers, &mut self.pairs);
                    self.pairs.extend_from_slice(leaf);
                }
                (_, Change::Merge { entries, .. }) => {
                    let inside = if let Some(Node::Map(inside)) = node { Some(&**inside) } else { None };
                    if !self.add_inside(*key, inside, entries, whole, peers) {
                        continue;
                    }
                }
            }
            count += 1;
        }
        count
    }

    fn add_removed(&mut self, key: KeyRef<'_>, peers: Peers) {
        write_key(key, peers, &mut self.pairs);
        self.pairs.push(NIL);
        self.deletes = true;
    }

    /// Adds the pair of a map whose entries change, if any does or it is new.
    fn add_inside(
        &mut self,
        key: KeyRef<'_>,
        inside: Option<&Nodes>,
        entries: &[Entry<'_>],
        whole: bool,
        peers: Peers,
    ) -> bool {
        let outer = std::mem::take(&mut self.pairs);
        let count = self.add(inside, entries, whole, peers);
        let pairs = std::mem::replace(&mut self.pairs, outer);
        if count == 0 && inside.is_some() {
            return false;
        }
        write_key(key, peers, &mut self.pairs);
        write_map_head(count, &mut self.pairs);
        self.pairs.extend_from_slice(&pairs);
        true
    }
}

/// The keys that a whole value does not have.
pub(super) fn gone(nodes: &Nodes, entries: &[Entry<'_>]) -> Vec<Key> {
    if nodes.is_empty() {
        return Vec::new();
    }
    let mut kept: Vec<KeyRef<'_>> =
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
