//! From slots to the wire, checked against the model on the way.
//!
//! Owns what each type takes from a service. What is written here, the other side's validator reads.

use super::constraints::{self, WHOLE_FLOATS};
use super::decode::wrong_type;
use super::encoder::{Encoder, view};
use super::keys;
use super::plan::{Plan, RecordPlan};
use super::records::{missing, twice, unknown};
use crate::error::{Code, Refusal};
use crate::schema::{KeyType, Length, Range};
use crate::slot::{ForeignSlot, View};
use crate::wire::{decimal, shown};

impl RecordPlan {
    /// Writes a record from slots in the model's order.
    pub(crate) fn encode(&self, slots: &[ForeignSlot<'_>], encoder: &mut Encoder<'_>) -> Result<(), Refusal> {
        if slots.len() > self.slot_count() {
            let detail = format!("{} slots for a record of {}", slots.len(), self.slot_count());
            return Err(Refusal::new(Code::BadSlot, detail));
        }
        encoder.enter()?;
        let extras = match slots.get(self.fields.len()).map(view).transpose()? {
            None | Some(View::Absent) => &[],
            Some(View::Map(pairs)) => pairs,
            Some(other) => return Err(wrong_type("a Map of the unnamed keys", other.word())),
        };
        let present = slots.iter().take(self.fields.len()).filter(|slot| !slot.is_absent()).count();
        encoder.out.map(present + extras.len() / 2);
        let mut slots = slots.iter();
        for (place, field) in self.fields.iter().enumerate() {
            match slots.next() {
                Some(slot) if !slot.is_absent() => {
                    encoder.out.raw(&field.key);
                    if let Err(refusal) = field.plan.encode(slot, encoder) {
                        return Err(refusal.under_key(&field.name));
                    }
                }
                _ if place < self.required => return Err(missing(&field.name)),
                _ => {}
            }
        }
        if !extras.is_empty() {
            self.encode_extras(extras, encoder)?;
        }
        encoder.leave();
        Ok(())
    }

    /// Writes the keys of an open record that it does not name.
    #[cold]
    fn encode_extras(&self, pairs: &[ForeignSlot<'_>], encoder: &mut Encoder<'_>) -> Result<(), Refusal> {
        for [key, _] in pairs.as_chunks::<2>().0 {
            if let View::Str(key) = view(key)?
                && self.place_of(key).is_some()
            {
                return Err(twice(key));
            }
        }
        encoder.any_pairs(pairs)
    }

    /// Writes a record from a map with text keys, in the model's order.
    #[cold]
    fn encode_map(&self, pairs: &[ForeignSlot<'_>], encoder: &mut Encoder<'_>) -> Result<(), Refusal> {
        let pairs = pairs.as_chunks::<2>().0;
        let mut places: Vec<Option<&ForeignSlot<'_>>> = vec![None; self.fields.len()];
        let mut extras = Vec::new();
        for [key, value] in pairs {
            let name = match view(key)? {
                View::Str(name) => name,
                other if !self.open => return Err(unknown(other.word())),
                _ => {
                    extras.extend([*key, *value]);
                    continue;
                }
            };
            match self.place_of(name).and_then(|place| places.get_mut(place)) {
                Some(place) if place.is_some() => return Err(twice(name)),
                Some(place) => *place = Some(value),
                None if self.open => extras.extend([*key, *value]),
                None => return Err(unknown(&shown(name))),
            }
        }
        encoder.enter()?;
        encoder.out.map(pairs.len());
        for (number, (field, slot)) in self.fields.iter().zip(places).enumerate() {
            match slot {
                Some(slot) => {
                    encoder.out.raw(&field.key);
                    field.plan.encode(slot, encoder).map_err(|refusal| refusal.under_key(&field.name))?;
                }
                None if number < self.required => return Err(missing(&field.name)),
                None => {}
            }
        }
        encoder.any_pairs(&extras)?;
        encoder.leave();
        Ok(())
    }
}

impl Plan {
    /// Writes one value.
    #[inline]
    pub(crate) fn encode(&self, slot: &ForeignSlot<'_>, encoder: &mut Encoder<'_>) -> Result<(), Refusal> {
        let value = view(slot)?;
        match (self, value) {
            (Self::Str { length, pattern }, View::Str(text) | View::OneOf(_, text)) => {
                constraints::text(text, length, pattern.as_ref())?;
                encoder.out.str(text);
            }
            (Self::Decimal(range), View::Decimal(decimal)) => {
                constraints::within(&decimal, range)?;
                encoder.room_for_container()?;
                encoder.out.decimal(decimal);
            }
            (Self::Decimal(range), View::DecimalText(text)) => {
                let decimal = decimal::parse(text)?;
                constraints::within(&decimal, range)?;
                encoder.room_for_container()?;
                encoder.out.decimal(decimal);
            }
            (Self::Int(range), View::Int(n)) => {
                constraints::within(&i128::from(n), range)?;
                encoder.out.int(n);
            }
            (Self::Int(range), View::UInt(n)) => {
                constraints::within(&i128::from(n), range)?;
                encoder.out.uint(n);
            }
            (Self::DateTime, View::DateTime(time)) => {
                constraints::representable(time)?;
                encoder.out.date_time(time);
            }
            (Self::Bool, View::Bool(value)) => encoder.out.bool(value),
            (Self::Float(range), View::Float(x)) => encode_float(x, range, encoder)?,
            (Self::Float(range), View::Int(n)) if n.unsigned_abs() <= WHOLE_FLOATS => {
                encode_float(n as f64, range, encoder)?;
            }
            (Self::Float(_), View::Int(n)) => return Err(constraints::beyond_floats(n)),
            (Self::Float(_), View::UInt(n)) => return Err(constraints::beyond_floats(n)),
            (Self::Bytes(length), View::Bytes(bytes)) => {
                constraints::of_length(bytes.len(), length, "bytes")?;
                encoder.out.bytes(bytes);
            }
            (Self::Uuid, View::Uuid(uuid)) => {
                encoder.room_for_container()?;
                encoder.out.uuid(&uuid);
            }
            (Self::OneOf(literals), View::Str(text) | View::OneOf(_, text)) => {
                constraints::literal(text, literals)?;
                encoder.out.str(text);
            }
            (Self::List(item, length), View::List(items)) => {
                constraints::of_length(items.len(), length, "items")?;
                encoder.items(items, |slot, encoder| item.encode(slot, encoder))?;
            }
            (Self::Set(item, length), View::Set(items)) => {
                constraints::of_length(items.len(), length, "items")?;
                encoder.set(items, |slot, encoder| item.encode(slot, encoder))?;
            }
            (Self::Tuple(plans), View::List(items)) => {
                constraints::of_tuple(items.len(), plans.len())?;
                let mut plans = plans.iter();
                encoder.items(items, |slot, encoder| plans.next().map_or(Ok(()), |plan| plan.encode(slot, encoder)))?;
            }
            (Self::Map(key, of, length), View::Map(pairs)) => of.encode_map(*key, pairs, length, encoder)?,
            (Self::Record(record), View::Record(slots)) => record.encode(slots, encoder)?,
            (Self::Record(record), View::Map(pairs)) => record.encode_map(pairs, encoder)?,
            (Self::FloatArray(length), View::FloatArray(bytes)) => {
                constraints::of_length(bytes.len() / 8, length, "floats")?;
                encoder.float_array(bytes)?;
            }
            (Self::Option(_), View::Nil) => encoder.out.nil(),
            (Self::Option(of), _) => of.encode(slot, encoder)?,
            (Self::Any, _) => encoder.any(slot)?,
            (plan, other) => return Err(wrong_type(plan.word(), other.word())),
        }
        Ok(())
    }

    fn encode_map(
        &self,
        kind: KeyType,
        pairs: &[ForeignSlot<'_>],
        length: &Length,
        encoder: &mut Encoder<'_>,
    ) -> Result<(), Refusal> {
        constraints::of_length(pairs.len() / 2, length, "entries")?;
        encoder.enter()?;
        encoder.out.map(pairs.len() / 2);
        let key = |key: &ForeignSlot<'_>, encoder: &mut Encoder<'_>| keys::encode(kind, &view(key)?, encoder);
        encoder.pairs(pairs, key, |value, encoder| self.encode(value, encoder))?;
        encoder.leave();
        Ok(())
    }
}

fn encode_float(x: f64, range: &Range<f64>, encoder: &mut Encoder<'_>) -> Result<(), Refusal> {
    constraints::within(&x, range)?;
    encoder.out.float(x);
    Ok(())
}
