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
    /// Room for changes, and how many there are.
    room: &'e mut [Slot<'e>],
    count: usize,
}

impl<'e> Edits<'e> {
    pub(crate) const fn new(arena: &'e Arena) -> Self {
        Self { arena, room: &mut [], count: 0 }
    }

    /// Puts a value where a path leads to, in place of what is there. Maps on the way that are missing are made.
    pub fn set(&mut self, path: impl Path, value: &impl Argument) {
        let arena = self.arena;
        self.push(path, &value.slot(arena));
    }

    /// Removes what a path leads to; does nothing if nothing is there.
    pub fn remove(&mut self, path: impl Path) {
        self.push(path, &Slot::NIL);
    }

    fn push(&mut self, path: impl Path, value: &Slot<'_>) {
        let arena = self.arena;
        let change = path.with_keys(arena, |keys| {
            let change = arena.alloc_slice_fill_copy(keys.len() + 1, Slot::NIL);
            for (part, slot) in change.iter_mut().zip(keys.iter().chain([value])) {
                *part = slot.copied_into(arena);
            }
            Slot::list(change)
        });
        if self.count == self.room.len() {
            let more = arena.alloc_slice_fill_copy(2 * self.count + 1, Slot::NIL);
            more.iter_mut().zip(&*self.room).for_each(|(to, from)| *to = *from);
            self.room = more;
        }
        if let Some(place) = self.room.get_mut(self.count) {
            *place = change;
            self.count += 1;
        }
    }

    pub(crate) fn changes(&self) -> &[Slot<'e>] {
        self.room.get(..self.count).unwrap_or_default()
    }
}
