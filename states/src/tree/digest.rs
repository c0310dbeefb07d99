//! The digest of a value.
//!
//! Owns what is summed up: for each leaf the XXH3-64 of the keys that lead to it, as MessagePack text in their canonical
//! form, followed by the leaf as it is on the wire. What is changed key by key counts with an empty map of its own, so
//! that an empty one is told from none. The sum wraps. Both sides see the bytes that are sent, so that it does not matter
//! how each would write them.

use service_framework_model::schema::Peers;
use service_framework_model::state::{Change, Entry, write_key};
use twox_hash::XxHash3_64;

use super::{Changes, Node, Notes};

/// What stands for a map that is changed key by key, beside its entries.
pub(super) const MAP: &[u8] = &[0x80];

impl<N: Notes> Changes<'_, N> {
    fn term(&mut self, leaf: &[u8]) -> u64 {
        let length = self.path.len();
        self.path.extend_from_slice(leaf);
        let term = XxHash3_64::oneshot(&self.path);
        self.path.truncate(length);
        term
    }

    pub(super) fn add_leaf(&mut self, leaf: &[u8]) {
        self.digest = self.digest.wrapping_add(self.term(leaf));
    }

    pub(super) fn subtract_leaf(&mut self, leaf: &[u8]) {
        self.digest = self.digest.wrapping_sub(self.term(leaf));
    }

    pub(super) fn subtract(&mut self, node: &Node) {
        match node {
            Node::Leaf(leaf) => self.subtract_leaf(leaf),
            Node::Map(inside) => {
                self.subtract_leaf(MAP);
                for (key, node) in inside.iter() {
                    self.within(key, |changes| changes.subtract(node));
                }
            }
        }
    }

    fn add_entries(&mut self, entries: &[Entry<'_>]) {
        for Entry { key, change } in entries {
            let length = self.path.len();
            write_key(*key, Peers::Any, &mut self.path);
            match change {
                Change::Remove => {}
                Change::Leaf(leaf) => self.add_leaf(leaf),
                Change::Merge { entries, .. } => {
                    self.add_leaf(MAP);
                    self.add_entries(entries);
                }
            }
            self.path.truncate(length);
        }
    }
}

/// The digest of a whole value that is in no tree yet.
#[must_use]
pub fn of_whole(entries: &[Entry<'_>]) -> u64 {
    let mut nothing = ();
    let mut changes = Changes::new(0, Vec::new(), &mut nothing);
    changes.add_entries(entries);
    changes.digest
}
