//! Records, from the wire to slots in the model's order.
//!
//! Owns keys: the one that the model has next is tried first, so that a peer that sends them in order costs no look-up;
//! any other order leads to the same slots.

use super::decode::{marker_instead, slots, unexpected};
use super::plan::RecordPlan;
use crate::dynamic::Arena;
use crate::error::{Code, Refusal};
use crate::slot::Slot;
use crate::wire::extras::Extras;
use crate::wire::{Reader, decode_dynamic, distinct, marker};

impl RecordPlan {
    /// Reads a map into slots in the model's order.
    #[inline]
    pub(crate) fn decode<'a>(&'a self, reader: &mut Reader<'a>, arena: &'a Arena) -> Result<&'a [Slot<'a>], Refusal> {
        let start = reader.rest();
        let Some(count) = reader.map_head()? else { return Err(unexpected(reader, "Record")) };
        reader.enter(count.saturating_mul(2))?;
        let slots = slots(self.slot_count(), Slot::ABSENT, arena)?;
        let mut extras = Extras::default();
        let mut expected = 0;
        for left in (0..count).rev() {
            reader.next_item();
            let place = match self.fields.get(expected) {
                Some(field) if reader.skip_prefix(&field.key) => expected,
                _ => match self.find(reader, start, arena)? {
                    Key::Field(place) => place,
                    Key::Other(key) => {
                        reader.next_item();
                        extras.read(key, left, reader, arena)?;
                        continue;
                    }
                },
            };
            reader.next_item();
            if let (Some(field), Some(slot)) = (self.fields.get(place), slots.get_mut(place)) {
                if !slot.is_absent() {
                    return Err(twice(&field.name));
                }
                if let Err(refusal) = field.plan.decode(reader, arena, slot) {
                    return Err(refusal.under_key(&field.name));
                }
            }
            expected = place + 1;
        }
        reader.leave();
        if count < self.fields.len() + extras.count() {
            self.fill_absent(slots, arena)?;
        }
        if extras.count() > 0
            && let Some(last) = slots.last_mut()
        {
            *last = Slot::map(extras.finish(arena)?);
        }
        Ok(slots)
    }

    /// Reads a key that is not the expected one.
    #[cold]
    fn find<'a>(&self, reader: &mut Reader<'a>, start: &'a [u8], arena: &'a Arena) -> Result<Key<'a>, Refusal> {
        let key = match reader.text()? {
            Some(key) => {
                if let Some(place) = self.place_of(key) {
                    return Ok(Key::Field(place));
                }
                if marker::shape_of_key(key).is_some() {
                    return Err(marker_instead(start, "Record", arena));
                }
                Slot::str(key)
            }
            None => decode_dynamic(reader, arena)?,
        };
        if self.open { Ok(Key::Other(key)) } else { Err(unknown(&distinct::show(&key.view()))) }
    }

    #[cold]
    fn fill_absent<'a>(&'a self, slots: &mut [Slot<'a>], arena: &'a Arena) -> Result<(), Refusal> {
        for (place, (field, slot)) in self.fields.iter().zip(slots).enumerate() {
            if !slot.is_absent() {
                continue;
            }
            if place < self.required {
                return Err(missing(&field.name));
            }
            if let Some(default) = &field.default {
                field.plan.decode(&mut Reader::new(default), arena, slot)?;
            }
        }
        Ok(())
    }
}

enum Key<'a> {
    Field(usize),
    /// A key that the model does not name, and takes.
    Other(Slot<'a>),
}

#[cold]
pub(crate) fn twice(name: &str) -> Refusal {
    Refusal::new(Code::Duplicate, "the key is there twice").under_key(name)
}

#[cold]
pub(crate) fn unknown(name: &str) -> Refusal {
    Refusal::new(Code::UnknownKey, "the model has no such key").under_key(name)
}

#[cold]
pub(crate) fn missing(name: &str) -> Refusal {
    Refusal::new(Code::MissingKey, "it is required, and missing").under_key(name)
}
