//! Updates and whole values of a service, from slots to the wire, checked on the way.
//!
//! Owns what a service may say of a state. What is written here is read like a peer's update before it changes anything.

use super::plan::{FieldNode, NodePlan, RecordNode, StateValidator};
use crate::error::{Code, Refusal};
use crate::slot::{ForeignSlot, View};
use crate::validator::{Encoder, encode_key, missing, slot_view, unknown, wrong_type};
use crate::wire::shown;

/// The containers around the map of a state: the message and its arguments.
const DEPTH: usize = 2;

impl StateValidator {
    /// Appends the map of an update: a map of what changes, in which nil deletes, or a record with only what changes.
    ///
    /// # Errors
    /// If it does not fit the model, or, for peers of any kind, if the Python library could not read it. Then `out` is
    /// as it was.
    pub fn write_update(&self, update: &ForeignSlot<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        self.write(update, false, out)
    }

    /// Appends the map of a whole value.
    ///
    /// # Errors
    /// As [`StateValidator::write_update`], and if a required key is missing or something is nil.
    pub fn write_whole(&self, value: &ForeignSlot<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        self.write(value, true, out)
    }

    fn write(&self, slot: &ForeignSlot<'_>, whole: bool, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let start = out.len();
        let mut encoder = Encoder::new(out, self.peers, DEPTH);
        let result = self.top.write(slot, whole, &mut encoder);
        drop(encoder);
        if result.is_err() {
            out.truncate(start);
        }
        result
    }
}

impl NodePlan {
    fn write(&self, slot: &ForeignSlot<'_>, whole: bool, encoder: &mut Encoder<'_>) -> Result<(), Refusal> {
        match (self, slot_view(slot)?) {
            (_, View::Nil) if whole => Err(Refusal::new(Code::WrongType, "nil: leave the key out instead")),
            (_, View::Nil) => {
                encoder.nil();
                Ok(())
            }
            (Self::Leaf(plan), _) => plan.encode(slot, encoder),
            (Self::Map(kind, of, _), View::Map(pairs)) => {
                encoder.enter()?;
                encoder.map_head(pairs.len() / 2);
                let key = |key: &ForeignSlot<'_>, encoder: &mut Encoder<'_>| encode_key(*kind, key, encoder);
                encoder.pairs(pairs, key, |value, encoder| of.write(value, whole, encoder))?;
                encoder.leave();
                Ok(())
            }
            (Self::Record(record), View::Record(slots)) => record.write_slots(slots, whole, encoder),
            (Self::Record(record), View::Map(pairs)) => record.write_pairs(pairs, whole, encoder),
            (Self::Map(..), other) => Err(wrong_type("Map", other.word())),
            (Self::Record(_), other) => Err(wrong_type("Record", other.word())),
        }
    }
}

impl RecordNode {
    fn write_slots(&self, slots: &[ForeignSlot<'_>], whole: bool, encoder: &mut Encoder<'_>) -> Result<(), Refusal> {
        let extras = match slots.get(self.fields.len()).map(slot_view).transpose()? {
            None | Some(View::Absent) => &[],
            Some(View::Map(pairs)) if self.open => pairs,
            Some(other) => return Err(wrong_type("a Map of the unnamed keys", other.word())),
        };
        let fields = self.fields.iter().zip(slots).filter(|(_, slot)| !slot.is_absent());
        let is_absent = |place: usize| slots.get(place).is_none_or(ForeignSlot::is_absent);
        if let Some(node) = self.fields.iter().take(self.required).enumerate().find(|(place, _)| is_absent(*place))
            && whole
        {
            return Err(missing(&node.1.field.name));
        }
        encoder.enter()?;
        encoder.map_head(fields.clone().count() + extras.len() / 2);
        for (node, slot) in fields {
            encoder.raw(&node.field.key);
            node.write(slot, whole, encoder)?;
        }
        self.write_extras(extras, encoder)?;
        encoder.leave();
        Ok(())
    }

    fn write_pairs(&self, pairs: &[ForeignSlot<'_>], whole: bool, encoder: &mut Encoder<'_>) -> Result<(), Refusal> {
        encoder.enter()?;
        encoder.map_head(pairs.len() / 2);
        let key = |key: &ForeignSlot<'_>, encoder: &mut Encoder<'_>| match slot_view(key)? {
            View::Str(name) | View::OneOf(_, name) if self.open || self.place_of(name).is_some() => {
                encoder.text_key(name)
            }
            View::Str(name) | View::OneOf(_, name) => Err(unknown(&shown(name))),
            other => Err(Refusal::new(Code::BadKey, format!("the keys of a state are text, got {}", other.word()))),
        };
        // Each value is written after its key, which says what it has to be.
        let mut keys = pairs.iter().step_by(2);
        encoder.pairs(pairs, key, |value, encoder| {
            let name = keys.next().map(slot_view).transpose()?;
            let node = match name {
                Some(View::Str(name) | View::OneOf(_, name)) => self.place_of(name),
                _ => None,
            };
            match node.and_then(|place| self.fields.get(place)) {
                Some(node) => node.write_value(value, whole, encoder),
                None => encoder.any(value),
            }
        })?;
        encoder.leave();
        Ok(())
    }

    fn write_extras(&self, pairs: &[ForeignSlot<'_>], encoder: &mut Encoder<'_>) -> Result<(), Refusal> {
        let key = |key: &ForeignSlot<'_>, encoder: &mut Encoder<'_>| match slot_view(key)? {
            View::Str(name) if self.place_of(name).is_some() => {
                Err(Refusal::new(Code::Duplicate, "the key is there twice").under_key(name))
            }
            View::Str(name) => encoder.text_key(name),
            other => Err(Refusal::new(Code::BadKey, format!("the keys of a state are text, got {}", other.word()))),
        };
        encoder.pairs(pairs, key, |value, encoder| encoder.any(value))
    }
}

impl FieldNode {
    fn write(&self, slot: &ForeignSlot<'_>, whole: bool, encoder: &mut Encoder<'_>) -> Result<(), Refusal> {
        self.write_value(slot, whole, encoder).map_err(|refusal| refusal.under_key(&self.field.name))
    }

    fn write_value(&self, slot: &ForeignSlot<'_>, whole: bool, encoder: &mut Encoder<'_>) -> Result<(), Refusal> {
        match &self.inside {
            Some(inside) => inside.write(slot, whole, encoder),
            None if matches!(slot_view(slot)?, View::Nil) && !whole => {
                encoder.nil();
                Ok(())
            }
            None if matches!(slot_view(slot)?, View::Nil) => {
                Err(Refusal::new(Code::WrongType, "nil: leave the key out instead"))
            }
            None => self.field.plan.encode(slot, encoder),
        }
    }
}
