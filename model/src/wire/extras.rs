//! The pairs of a map besides the keys that its reader knows.
//!
//! Owns their collection: nothing is taken from the arena before the first one comes.

use crate::dynamic::Arena;
use crate::error::Refusal;
use crate::slot::Slot;
use crate::wire::{Reader, decode_dynamic, distinct, too_large, under};

/// Pairs whose keys no model names.
#[derive(Default)]
pub(crate) struct Extras<'a> {
    pairs: &'a mut [Slot<'a>],
    count: usize,
}

impl<'a> Extras<'a> {
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// Reads the value of a key; at most `left` more will follow.
    #[cold]
    pub(crate) fn read(
        &mut self,
        key: Slot<'a>,
        left: usize,
        reader: &mut Reader<'a>,
        arena: &'a Arena,
    ) -> Result<(), Refusal> {
        if self.pairs.is_empty() {
            let slots = arena.try_alloc_slice_fill_copy(2 * (left + 1), Slot::NIL);
            self.pairs = slots.map_err(|_| too_large())?;
        }
        let value = decode_dynamic(reader, arena).map_err(|refusal| under(refusal, &key))?;
        if let Some(pair) = self.pairs.as_chunks_mut::<2>().0.get_mut(self.count) {
            *pair = [key, value];
        }
        self.count += 1;
        Ok(())
    }

    /// Key, value, key, value, ...; no key twice.
    #[inline]
    pub(crate) fn finish(self, arena: &Arena) -> Result<&'a [Slot<'a>], Refusal> {
        let pairs = self.pairs.get(..2 * self.count).unwrap_or_default();
        distinct::keys(pairs, arena)?;
        Ok(pairs)
    }
}
