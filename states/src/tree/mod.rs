//! The value of a state: keys with leaves, which are kept in their wire form, and a digest of it all.
//!
//! Owns how a value changes and what a change is. An update of one key costs that key and a logarithm: nothing is copied
//! that does not change, and a leaf is decoded only where somebody reads it. What comes in was checked by the validator.

mod diff;
mod digest;
mod nodes;
mod view;

use service_framework_model::error::{Code, Refusal};
use service_framework_model::schema::{Length, Peers};
use service_framework_model::state::{Change, Entry, KeyRef, write_key, write_map_head};
use smallvec::SmallVec;

use diff::Notes;
use nodes::Nodes;

pub use diff::Difference;
pub use digest::of_whole;

/// A leaf in its wire form. A number, a price or a short text has room in it without an allocation.
type Leaf = SmallVec<[u8; 36]>;

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Leaf(Leaf),
    /// What is changed key by key.
    Map(Box<Nodes>),
}

/// What a tree has under a key.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// A value in its wire form.
    Leaf(&'a [u8]),
    /// What is changed key by key.
    Map(Branch<'a>),
}

/// The keys of a tree, or of what is changed key by key inside of it.
#[derive(Clone, Copy, Debug)]
pub struct Branch<'a>(&'a Nodes);

/// The value of a state.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    nodes: Nodes,
    digest: u64,
    /// Room for the path and leaf in hand, kept between changes.
    scratch: Vec<u8>,
}

impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        self.nodes == other.nodes
    }
}

impl Tree {
    /// A value without keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The digest: a wrapping sum over the leaves, so that the order in which they came does not matter.
    #[must_use]
    pub const fn digest(&self) -> u64 {
        self.digest
    }

    /// Its keys.
    #[must_use]
    pub const fn top(&self) -> Branch<'_> {
        Branch(&self.nodes)
    }

    /// Makes sure that an update fits this value: no record appears without its required keys, and no map has fewer or
    /// more entries than it may. For a `whole` value nothing that is here counts.
    ///
    /// # Errors
    /// With the path of what does not fit.
    pub fn check(&self, entries: &[Entry<'_>], length: Length, whole: bool) -> Result<(), Refusal> {
        check(if whole { None } else { Some(&self.nodes) }, entries, length)
    }

    /// Applies an update, and tells each key at the top that it changed. Whether anything did is returned.
    pub fn apply(&mut self, entries: &[Entry<'_>], changed: impl FnMut(KeyRef<'_>)) -> bool {
        self.change(entries, false, &mut (), changed) > 0
    }

    /// Becomes a whole value, and tells each key at the top that changed. Whether anything did is returned.
    pub fn replace(&mut self, entries: &[Entry<'_>], changed: impl FnMut(KeyRef<'_>)) -> bool {
        self.change(entries, true, &mut (), changed) > 0
    }

    /// Applies an update, or becomes a `whole` value, and adds the pairs that changed to a difference. How many pairs at
    /// the top those are is returned.
    pub fn update(
        &mut self,
        entries: &[Entry<'_>],
        whole: bool,
        difference: &mut Difference,
        changed: impl FnMut(KeyRef<'_>),
    ) -> usize {
        self.change(entries, whole, difference, changed)
    }

    fn change(
        &mut self,
        entries: &[Entry<'_>],
        whole: bool,
        notes: &mut impl Notes,
        mut changed: impl FnMut(KeyRef<'_>),
    ) -> usize {
        let mut writer = Changes::new(self.digest, std::mem::take(&mut self.scratch), notes);
        let mut count = 0;
        if whole {
            for key in diff::gone(&self.nodes, entries) {
                count += 1;
                writer.remove(&mut self.nodes, key.as_key());
                changed(key.as_key());
            }
        }
        for entry in entries {
            if writer.change(&mut self.nodes, entry, whole) {
                count += 1;
                changed(entry.key);
            }
        }
        (self.digest, self.scratch) = (writer.digest, writer.path);
        count
    }

    /// Appends the whole value in its wire form.
    pub fn encode(&self, peers: Peers, out: &mut Vec<u8>) {
        encode(&self.nodes, peers, out);
    }

    /// Appends the pair of a key at the top, if it is there. Whether it is, is returned.
    pub fn encode_pair(&self, key: KeyRef<'_>, peers: Peers, out: &mut Vec<u8>) -> bool {
        let Some(node) = self.nodes.get(key) else { return false };
        write_key(key, peers, out);
        encode_node(node, peers, out);
        true
    }
}

impl<'a> Branch<'a> {
    /// How many keys there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// What is under a key.
    #[must_use]
    pub fn get(self, key: KeyRef<'_>) -> Option<Found<'a>> {
        self.0.get(key).map(Node::found)
    }

    /// The keys from this one on, in the order of their type, or backward from it, and what is under them.
    pub fn range(self, from: Option<KeyRef<'_>>, is_backward: bool) -> impl Iterator<Item = (KeyRef<'a>, Found<'a>)> {
        let mut entries = self.0.range(from, is_backward).map(|(key, node)| (key, node.found()));
        std::iter::from_fn(move || if is_backward { entries.next_back() } else { entries.next() })
    }

    /// The keys in the order of their type, and what is under them.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = (KeyRef<'a>, Found<'a>)> {
        self.0.iter().map(|(key, node)| (key, node.found()))
    }
}

impl Node {
    fn found(&self) -> Found<'_> {
        match self {
            Self::Leaf(leaf) => Found::Leaf(leaf),
            Self::Map(nodes) => Found::Map(Branch(nodes)),
        }
    }
}

fn check(nodes: Option<&Nodes>, entries: &[Entry<'_>], length: Length) -> Result<(), Refusal> {
    let there = |key: KeyRef<'_>| nodes.and_then(|nodes| nodes.get(key));
    for Entry { key, change } in entries {
        let Change::Merge { entries, missing, length } = change else { continue };
        let inside = if let Some(Node::Map(inside)) = there(*key) { Some(&**inside) } else { None };
        if let (None, Some(name)) = (inside, missing) {
            let detail = "it is required, and missing in what was not there before";
            return Err(Refusal::new(Code::MissingKey, detail).under_key(name).under_key(&key.to_string()));
        }
        check(inside, entries, *length).map_err(|refusal| refusal.under_key(&key.to_string()))?;
    }
    if length == Length::ANY {
        return Ok(());
    }
    let mut count = nodes.map_or(0, Nodes::len);
    for Entry { key, change } in entries {
        match (there(*key).is_some(), change) {
            (true, Change::Remove) => count -= 1,
            (false, Change::Leaf(_) | Change::Merge { .. }) => count += 1,
            _ => {}
        }
    }
    if length.admits(count) {
        return Ok(());
    }
    let most = length.max.map(|max| format!(" to {max}")).unwrap_or_default();
    Err(Refusal::new(Code::BadLength, format!("expected {}{most} entries, got {count}", length.min)))
}

fn encode(nodes: &Nodes, peers: Peers, out: &mut Vec<u8>) {
    write_map_head(nodes.len(), out);
    for (key, node) in nodes.iter() {
        write_key(key, peers, out);
        encode_node(node, peers, out);
    }
}

fn encode_node(node: &Node, peers: Peers, out: &mut Vec<u8>) {
    match node {
        Node::Leaf(leaf) => out.extend_from_slice(leaf),
        Node::Map(inside) => encode(inside, peers, out),
    }
}

/// A change on its way through the tree.
struct Changes<'n, N> {
    digest: u64,
    /// The keys that lead to where it is, as text on the wire.
    path: Vec<u8>,
    /// Where in the path the innermost key begins.
    key_at: usize,
    notes: &'n mut N,
}

impl<'n, N: Notes> Changes<'n, N> {
    const fn new(digest: u64, path: Vec<u8>, notes: &'n mut N) -> Self {
        Self { digest, path, key_at: 0, notes }
    }

    /// Changes what is under one key. A `whole` value loses what it does not name.
    fn change(&mut self, nodes: &mut Nodes, entry: &Entry<'_>, whole: bool) -> bool {
        match entry.change {
            Change::Remove => self.remove(nodes, entry.key),
            Change::Leaf(leaf) => self.within(entry.key, |changes| changes.set(nodes, entry.key, leaf)),
            Change::Merge { entries, .. } => {
                self.within(entry.key, |changes| changes.merge(nodes, entry.key, entries, whole))
            }
        }
    }

    fn within<T>(&mut self, key: KeyRef<'_>, inside: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.key_at;
        self.key_at = self.path.len();
        write_key(key, Peers::Any, &mut self.path);
        let result = inside(self);
        self.path.truncate(self.key_at);
        self.key_at = outer;
        result
    }

    fn remove(&mut self, nodes: &mut Nodes, key: KeyRef<'_>) -> bool {
        let Some(gone) = nodes.remove(key) else { return false };
        self.within(key, |changes| {
            changes.subtract(&gone);
            changes.notes.removed(key, changes.path.get(changes.key_at..).unwrap_or_default());
        });
        true
    }

    fn set(&mut self, nodes: &mut Nodes, key: KeyRef<'_>, leaf: &[u8]) -> bool {
        match nodes.get_mut(key) {
            Some(Node::Leaf(old)) if **old == *leaf => return false,
            Some(Node::Leaf(old)) => {
                self.subtract_leaf(old);
                old.clear();
                old.extend_from_slice(leaf);
            }
            Some(node) => {
                self.subtract(node);
                *node = Node::Leaf(leaf.into());
            }
            None => {
                nodes.insert(key, Node::Leaf(leaf.into()));
            }
        }
        self.add_leaf(leaf);
        self.notes.put(key, self.path.get(self.key_at..).unwrap_or_default(), leaf);
        true
    }

    fn merge(&mut self, nodes: &mut Nodes, key: KeyRef<'_>, entries: &[Entry<'_>], whole: bool) -> bool {
        let (mut is_new, mut count) = (false, 0);
        if !matches!(nodes.get(key), Some(Node::Map(_))) {
            if let Some(leaf) = nodes.insert(key, Node::Map(Box::default())) {
                self.subtract(&leaf);
            }
            self.add_leaf(digest::MAP);
            is_new = true;
        }
        let Some(Node::Map(inside)) = nodes.get_mut(key) else { return is_new };
        let began = self.notes.begin();
        if whole {
            for gone in diff::gone(inside, entries) {
                count += usize::from(self.remove(inside, gone.as_key()));
            }
        }
        for entry in entries {
            count += usize::from(self.change(inside, entry, whole));
        }
        if count == 0 && !is_new {
            return false;
        }
        self.notes.end(began, count, key, self.path.get(self.key_at..).unwrap_or_default());
        true
    }
}

#[cfg(test)]
mod tests;
