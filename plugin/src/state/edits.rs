//! Changes of a state that leave together, as one update.
//!
//! Owns how they are laid out: each is a list of the keys that lead to what changes, and of what is put there.

use service_framework_model::dynamic::Arena;
use service_framework_model::slot::Slot;

use super::path::Path;
use crate::argument::Argument;

/// Collects the changes of an `out` state that leave as one update: see [`Context::edit`](crate::Context::edit). A later
/// one of the same part counts.
pub struct Edits<'e> {
    arena: &'e Arena,
    changes: Vec<Slot<'e>>,
}

impl<'e> Edits<'e> {
    pub(crate) const fn new(arena: &'e Arena) -> Self {
        Self { arena, changes: Vec::new() }
    }

    /// Puts a value where a path leads to, in place of what is there. Maps on the way that are missing are made.
    pub fn set(&mut self, path: impl Path, value: &impl Argument) {
        let local = Arena::new();
        self.push(path, &value.slot(&local));
    }

    /// Removes what a path leads to; does nothing if nothing is there.
    pub fn remove(&mut self, path: impl Path) {
        self.push(path, &Slot::NIL);
    }

    fn push(&mut self, path: impl Path, value: &Slot<'_>) {
        let arena = self.arena;
        let change = path.with_keys(&Arena::new(), |keys| {
            let change = arena.alloc_slice_fill_copy(keys.len() + 1, Slot::NIL);
            for (part, slot) in change.iter_mut().zip(keys.iter().chain([value])) {
                *part = slot.copied_into(arena);
            }
            Slot::list(change)
        });
        self.changes.push(change);
    }

    pub(crate) fn changes(&self) -> &[Slot<'e>] {
        &self.changes
    }
}
