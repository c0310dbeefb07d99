//! The value of an owner: what the service changes.
//!
//! Owns the check and the normal form of each change. Never knows a number, an epoch or who has a copy.

use std::sync::Arc;

use bytes::Bytes;
use service_framework_model::dynamic::Arena;
use service_framework_model::error::{Code, Refusal};
use service_framework_model::schema::Peers;
use service_framework_model::slot::{ForeignSlot, Slot, View};
use service_framework_model::state::{KeyRef, StateValidator, write_map_head};
use service_framework_model::wire::{Reader, Room};

use crate::tree::{Difference, Tree};

/// How large what a change was written and read in may be to be kept for the next one.
pub(super) const KEPT: usize = 1 << 20;

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
    difference: Difference,
    always: Always,
    /// Which of the keys that are in each update have changed in this one.
    told: Vec<bool>,
    /// Room for updates to come.
    room: Room,
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
        Self {
            is_ready,
            tree: Tree::new(),
            arena: Arena::new(),
            written: Vec::new(),
            difference: Difference::new(validator.peers()),
            always: Always::of(&validator),
            told: Vec::new(),
            room: Room::default(),
            validator,
        }
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
        let changed = self.try_change(slot, whole);
        // One large change is no reason to hold so much for ever.
        give_up_if_large(&mut self.arena);
        for buffer in [&mut self.written, &mut self.difference.pairs] {
            if buffer.capacity() > KEPT {
                *buffer = Vec::new();
            }
        }
        changed
    }

    fn try_change(&mut self, slot: &ForeignSlot<'_>, whole: bool) -> Result<Option<Update>, Refusal> {
        let Self { validator, tree, is_ready, arena, written, difference, always, told, room } = self;
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
        difference.clear();
        told.clear();
        told.resize(always.0.len(), false);
        let count = tree.update(entries, whole, difference, |key| {
            for (told, name) in told.iter_mut().zip(&always.0) {
                *told |= key == KeyRef::Str(name);
            }
        });
        if count == 0 {
            return Ok(None);
        }
        *is_ready = true;
        let pairs = &mut difference.pairs;
        always.complete(tree, count, told, pairs);
        Ok(Some(Update { changes: room.copy(pairs), digest: tree.digest(), deletes: difference.deletes }))
    }
}

/// The keys that are in each update, changed or not: a Python copy checks each against its whole model.
#[derive(Debug)]
pub(super) struct Always(Box<[Box<str>]>);

impl Always {
    pub(super) fn of(validator: &StateValidator) -> Self {
        let is_of_python = validator.peers() == Peers::Any;
        Self(validator.required().filter(|_| is_of_python).map(Into::into).collect())
    }

    /// Makes so many pairs the map of an update, and adds the keys that are in each and are not `told` among them.
    fn complete(&self, tree: &Tree, mut count: usize, told: &[bool], pairs: &mut Vec<u8>) {
        for (place, name) in self.0.iter().enumerate() {
            let is_told = told.get(place).is_some_and(|told| *told);
            count += usize::from(!is_told && tree.encode_pair(KeyRef::Str(name), Peers::Any, pairs));
        }
        let length = pairs.len();
        write_map_head(count, pairs);
        let head = pairs.len() - length;
        pairs.rotate_right(head);
    }

    /// Makes `out` the map of an update that changes nothing.
    pub(super) fn unchanged(&self, tree: &Tree, out: &mut Vec<u8>) {
        out.clear();
        self.complete(tree, 0, &[], out);
    }
}

fn give_up_if_large(arena: &mut Arena) {
    if arena.allocated_bytes() > KEPT {
        *arena = Arena::new();
    }
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
        give_up_if_large(&mut self.arena);
        Ok(())
    }
}
