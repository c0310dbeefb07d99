//! A value as slots: how a service reads it.
//!
//! Owns the order of a record's slots and what stands for what is absent. Decodes only what it is asked for.

use service_framework_model::dynamic::Arena;
use service_framework_model::error::Refusal;
use service_framework_model::slot::Slot;
use service_framework_model::state::{KeyRef, Node};

use super::{Branch, Found};

impl<'a> Found<'a> {
    /// The value as a slot, which borrows from the tree.
    ///
    /// # Errors
    /// If it is not what the model says.
    pub fn to_slot(self, node: Node<'a>, arena: &'a Arena) -> Result<Slot<'a>, Refusal> {
        match self {
            Self::Leaf(leaf) => node.read_leaf(leaf, arena),
            Self::Map(branch) => branch.to_slot(node, arena),
        }
    }
}

impl<'a> Branch<'a> {
    /// The value under a key as a slot; absent if there is none.
    ///
    /// # Errors
    /// If it is not what the model says.
    pub fn slot_of(self, key: KeyRef<'_>, node: Node<'a>, arena: &'a Arena) -> Result<Slot<'a>, Refusal> {
        match (self.get(key), node.child(key)) {
            (Some(found), Some(node)) => found.to_slot(node, arena),
            (None, Some(node)) => node.absent(arena),
            (_, None) => Ok(Slot::ABSENT),
        }
    }

    /// All of it as a slot: a record in the order of its fields, or a map in the order of its keys.
    ///
    /// # Errors
    /// If it is not what the model says.
    pub fn to_slot(self, node: Node<'a>, arena: &'a Arena) -> Result<Slot<'a>, Refusal> {
        if !node.is_record() {
            return Ok(Slot::map(self.pairs(node, |_| true, arena)?));
        }
        let mut slots = Vec::new();
        for (name, _) in node.fields() {
            slots.push(self.slot_of(KeyRef::Str(name), node, arena)?);
        }
        if node.is_open() {
            let is_named = |key| node.fields().any(|(name, _)| KeyRef::Str(name) == key);
            let others = self.pairs(node, |key| !is_named(key), arena)?;
            slots.push(if others.is_empty() { Slot::ABSENT } else { Slot::map(others) });
        }
        Ok(Slot::record(arena.alloc_slice_copy(&slots)))
    }

    fn pairs(
        self,
        node: Node<'a>,
        wanted: impl Fn(KeyRef<'a>) -> bool,
        arena: &'a Arena,
    ) -> Result<&'a [Slot<'a>], Refusal> {
        let mut slots = Vec::with_capacity(2 * self.len());
        for (key, found) in self.iter().filter(|(key, _)| wanted(*key)) {
            if let Some(node) = node.child(key) {
                slots.extend([key.to_slot(arena), found.to_slot(node, arena)?]);
            }
        }
        Ok(arena.alloc_slice_copy(&slots))
    }
}
