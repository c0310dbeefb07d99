//! The value of an owner: what the service changes.
//!
//! Owns the check and the normal form of each change. Never knows a number, an epoch or who has a copy.

use std::sync::Arc;

use bytes::Bytes;
use service_framework_model::dynamic::Arena;
use service_framework_model::error::{Code, Refusal};
use service_framework_model::schema::Peers;
use service_framework_model::slot::{ForeignSlot, Slot, View};
use service_framework_model::state::{Key, KeyRef, StateValidator, write_map_head};
use service_framework_model::wire::Reader;

use crate::tree::Tree;

/// One change of a value, however many keys it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The map of what changed, in its wire form. Where a Python copy may be, it has the required keys too.
    pub changes: Bytes,
    /// The digest of the value after it.
    pub digest: u64,
    /// Whether it deletes a key.
    pub deletes: bool,
}

/// The value of an owner.
///
/// A record is nothing until its required keys are there: the first change of it is the whole record.
#[derive(Debug)]
pub struct OwnedValue {
    validator: Arc<StateValidator>,
    tree: Tree,
    is_ready: bool,
    arena: Arena,
    written: Vec<u8>,
}

/// A value that follows the [`Update`]s of another.
#[derive(Debug)]
pub struct Mirror {
    validator: Arc<StateValidator>,
    tree: Tree,
    arena: Arena,
}

impl OwnedValue {
    /// A value without keys.
    #[must_use]
    pub fn new(validator: Arc<StateValidator>) -> Self {
        let is_ready = validator.required().next().is_none();
        Self { validator, tree: Tree::new(), is_ready, arena: Arena::new(), written: Vec::new() }
    }

    /// The value.
    #[must_use]
    pub const fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The state's model.
    #[must_use]
    pub const fn validator(&self) -> &Arc<StateValidator> {
        &self.validator
    }

    /// Whether all required keys are there, so that it can be published.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// Sets what is under a key at the top. `None` if it is so already.
    ///
    /// # Errors
    /// If it does not fit the model. The value is then as it was.
    pub fn set(&mut self, key: KeyRef<'_>, value: &ForeignSlot<'_>) -> Result<Option<Update>, Refusal> {
        if value.is_absent() || matches!(value.view(), Ok(View::Nil)) {
            return Err(Refusal::new(Code::WrongType, "nil would delete the key: remove it instead"));
        }
        self.change_one(key, value)
    }

    /// Deletes a key at the top. `None` if it is not there.
    ///
    /// # Errors
    /// If it is required. The value is then as it was.
    pub fn remove(&mut self, key: KeyRef<'_>) -> Result<Option<Update>, Refusal> {
        let nil = Slot::NIL;
        let nil = Slot::as_foreign(std::slice::from_ref(&nil));
        nil.first().map_or(Ok(None), |nil| self.change_one(key, nil))
    }

    fn change_one(&mut self, key: KeyRef<'_>, value: &ForeignSlot<'_>) -> Result<Option<Update>, Refusal> {
        let arena = Arena::new();
        let key = key.to_slot(&arena);
        let Some(key) = Slot::as_foreign(std::slice::from_ref(&key)).first() else { return Ok(None) };
        self.apply(&ForeignSlot::map(&[*key, *value]))
    }

    /// Applies a map of what changes, in which nil deletes. `None` if all of it is so already.
    ///
    /// # Errors
    /// If it does not fit the model. The value is then as it was.
    pub fn apply(&mut self, changes: &ForeignSlot<'_>) -> Result<Option<Update>, Refusal> {
        self.change(changes, false)
    }

    /// Becomes this value. What goes out is only how it differs. `None` if it does not.
    ///
    /// # Errors
    /// If it does not fit the model. The value is then as it was.
    pub fn replace(&mut self, value: &ForeignSlot<'_>) -> Result<Option<Update>, Refusal> {
        self.change(value, true)
    }

    fn change(&mut self, slot: &ForeignSlot<'_>, whole: bool) -> Result<Option<Update>, Refusal> {
        let Self { validator, tree, is_ready, arena, written } = self;
        arena.reset();
        written.clear();
        if whole { validator.write_whole(slot, written) } else { validator.write_update(slot, written) }?;
        let mut reader = Reader::new(written);
        let entries = if whole || !*is_ready {
            validator.read_whole(&mut reader, arena)?
        } else {
            validator.read_update(&mut reader, arena)?
        };
        tree.check(entries, validator.length(), whole)?;
        let mut difference = tree.difference(entries, whole, validator.peers());
        if difference.count == 0 {
            return Ok(None);
        }
        let (mut added, wants_added) = (Vec::new(), validator.peers() == Peers::Any);
        let record = |key: KeyRef<'_>| {
            if wants_added {
                added.push(Key::from(key));
            }
        };
        if whole {
            tree.replace(entries, record)
        } else {
            tree.apply(entries, record)
        };
        *is_ready = true;
        difference.count += add_required(validator, tree, &added, &mut difference.pairs);
        let mut changes = Vec::with_capacity(difference.pairs.len() + 5);
        write_map_head(difference.count, &mut changes);
        changes.extend_from_slice(&difference.pairs);
        Ok(Some(Update { changes: changes.into(), digest: tree.digest(), deletes: difference.deletes }))
    }
}

/// Adds the pairs of the required keys that did not change: a Python copy checks each update against its whole model.
fn add_required(validator: &StateValidator, tree: &Tree, changed: &[Key], pairs: &mut Vec<u8>) -> usize {
    if validator.peers() == Peers::Own {
        return 0;
    }
    let unchanged = validator.required().map(KeyRef::Str).filter(|key| !changed.iter().any(|c| c.as_key() == *key));
    unchanged.filter(|key| tree.encode_pair(*key, Peers::Any, pairs)).count()
}

/// The map of an update that changes nothing: empty, or with the required keys where a Python copy may be.
pub(super) fn unchanged(validator: &StateValidator, tree: &Tree) -> Vec<u8> {
    let (mut pairs, mut map) = (Vec::new(), Vec::new());
    let count = add_required(validator, tree, &[], &mut pairs);
    write_map_head(count, &mut map);
    map.extend_from_slice(&pairs);
    map
}

impl Mirror {
    /// A value without keys.
    #[must_use]
    pub fn new(validator: Arc<StateValidator>) -> Self {
        Self { validator, tree: Tree::new(), arena: Arena::new() }
    }

    /// The value.
    #[must_use]
    pub const fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Follows an update.
    ///
    /// # Errors
    /// Never, for the updates of an [`OwnedValue`] of the same model, each once and in order.
    pub fn apply(&mut self, update: &Update) -> Result<(), Refusal> {
        self.arena.reset();
        let entries = self.validator.read_update(&mut Reader::new(&update.changes), &self.arena)?;
        self.tree.apply(entries, |_| ());
        Ok(())
    }
}
