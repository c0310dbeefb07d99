//! Values of a type known only at run time, to slots and back: how the untyped API crosses the boundary.
//!
//! Owns the conversion between [`Value`] and [`Slot`]. It never checks a model: that is what the validator does.

use crate::slot::{Slot, View};
use crate::value::Value;

/// Where decoded slots and what they cannot borrow live. Its owner resets it between messages, so that in steady state
/// nothing is allocated. A limit set on it (`set_allocation_limit`) bounds what one message may take.
pub type Arena = bumpalo::Bump;

impl Value {
    /// The same value as a slot that borrows from this one; what has to be laid out anew is put into `arena`.
    #[must_use]
    pub fn to_slot<'a>(&'a self, arena: &'a Arena) -> Slot<'a> {
        match self {
            Self::Nil => Slot::NIL,
            Self::Bool(value) => Slot::bool(*value),
            Self::Int(n) => Slot::int(*n),
            Self::UInt(n) => Slot::uint(*n),
            Self::Float(x) => Slot::float(*x),
            Self::Str(text) => Slot::str(text),
            Self::Bytes(bytes) => Slot::bytes(bytes),
            Self::Decimal(decimal) => Slot::decimal(*decimal),
            Self::DecimalText(text) => Slot::decimal_text(text),
            Self::DateTime(time) => Slot::date_time(*time),
            Self::Uuid(uuid) => Slot::uuid(uuid),
            Self::List(items) => Slot::list(Self::to_slots(items, arena)),
            Self::Set(items) => Slot::set(Self::to_slots(items, arena)),
            Self::Map(entries) => Slot::map(Self::to_pairs(entries, arena)),
            Self::FloatArray(floats) => Slot::float_array(float_bytes(floats, arena)),
            Self::Ext(code, bytes) => Slot::ext(*code, bytes),
        }
    }

    fn to_slots<'a>(values: &'a [Self], arena: &'a Arena) -> &'a [Slot<'a>] {
        let slots = arena.alloc_slice_fill_copy(values.len(), Slot::NIL);
        for (slot, value) in slots.iter_mut().zip(values) {
            *slot = value.to_slot(arena);
        }
        slots
    }

    fn to_pairs<'a>(entries: &'a [(Self, Self)], arena: &'a Arena) -> &'a [Slot<'a>] {
        let slots = arena.alloc_slice_fill_copy(2 * entries.len(), Slot::NIL);
        for ([key_slot, slot], (key, value)) in slots.as_chunks_mut::<2>().0.iter_mut().zip(entries) {
            *key_slot = key.to_slot(arena);
            *slot = value.to_slot(arena);
        }
        slots
    }

    /// The value that a slot holds. A literal becomes its text. A record, whose names the slot does not know, becomes
    /// the list of its fields' values, in which what is absent is nil.
    #[must_use]
    pub fn from_view<'a>(slot: &Slot<'a>) -> Self {
        let values = |slots: &'a [Slot<'a>]| slots.iter().map(Self::from_view).collect();
        match slot.view() {
            View::Absent | View::Nil => Self::Nil,
            View::Bool(value) => Self::Bool(value),
            View::Int(n) => Self::Int(n),
            View::UInt(n) => Self::from(n),
            View::Float(x) => Self::Float(x),
            View::Str(text) | View::OneOf(_, text) => Self::Str(text.to_owned()),
            View::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
            View::Decimal(decimal) => Self::Decimal(decimal),
            View::DecimalText(text) => Self::DecimalText(text.to_owned()),
            View::DateTime(time) => Self::DateTime(time),
            View::Uuid(uuid) => Self::Uuid(uuid),
            View::List(items) | View::Record(items) => Self::List(values(items)),
            View::Set(items) => Self::Set(values(items)),
            View::Map(pairs) => {
                let pairs = pairs.as_chunks::<2>().0;
                Self::Map(pairs.iter().map(|[key, value]| (Self::from_view(key), Self::from_view(value))).collect())
            }
            View::FloatArray(bytes) => {
                let floats = bytes.as_chunks::<8>().0;
                Self::FloatArray(floats.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect())
            }
            View::Ext(code, bytes) => Self::Ext(code, bytes.to_vec()),
        }
    }
}

impl Slot<'_> {
    /// The same value with nothing borrowed but from `arena`.
    #[must_use]
    pub fn copied_into<'a>(&self, arena: &'a Arena) -> Slot<'a> {
        let copied = |slots: &[Slot<'_>]| -> &'a [Slot<'a>] {
            let copies = arena.alloc_slice_fill_copy(slots.len(), Slot::NIL);
            for (copy, slot) in copies.iter_mut().zip(slots) {
                *copy = slot.copied_into(arena);
            }
            copies
        };
        match self.view() {
            View::Absent => Slot::ABSENT,
            View::Nil => Slot::NIL,
            View::Bool(value) => Slot::bool(value),
            View::Int(n) => Slot::int(n),
            View::UInt(n) => Slot::uint(n),
            View::Float(x) => Slot::float(x),
            View::Str(text) => Slot::str(arena.alloc_str(text)),
            View::OneOf(place, text) => Slot::one_of(place, arena.alloc_str(text)),
            View::Bytes(bytes) => Slot::bytes(arena.alloc_slice_copy(bytes)),
            View::Decimal(decimal) => Slot::decimal(decimal),
            View::DecimalText(text) => Slot::decimal_text(arena.alloc_str(text)),
            View::DateTime(time) => Slot::date_time(time),
            View::Uuid(uuid) => Slot::uuid(arena.alloc(uuid)),
            View::List(items) => Slot::list(copied(items)),
            View::Set(items) => Slot::set(copied(items)),
            View::Map(pairs) => Slot::map(copied(pairs)),
            View::Record(fields) => Slot::record(copied(fields)),
            View::FloatArray(bytes) => Slot::float_array(arena.alloc_slice_copy(bytes)),
            View::Ext(code, bytes) => Slot::ext(code, arena.alloc_slice_copy(bytes)),
        }
    }
}

fn float_bytes<'a>(floats: &[f64], arena: &'a Arena) -> &'a [u8] {
    let bytes = arena.alloc_slice_fill_copy(floats.len(), [0; 8]);
    for (place, float) in bytes.iter_mut().zip(floats) {
        *place = float.to_le_bytes();
    }
    bytes.as_flattened()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Timestamp;

    #[test]
    fn every_kind_of_value_survives_the_way_through_slots() {
        let time = Timestamp { seconds: -1, nanoseconds: 999_999_999 };
        let value = Value::List(vec![
            Value::Nil,
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::UInt(u64::MAX),
            Value::Float(-0.5),
            Value::Str("caf\u{e9}".into()),
            Value::Bytes(vec![0, 255]),
            Value::Decimal("-0.0010".parse().unwrap()),
            Value::DecimalText("NaN".into()),
            Value::DateTime(time),
            Value::Uuid(uuid::Uuid::from_u128(7)),
            Value::Set(vec![Value::Int(1)]),
            Value::Map(vec![(Value::Int(1), Value::Nil), (Value::List(vec![]), Value::Bool(false))]),
            Value::FloatArray(vec![1.5, f64::INFINITY]),
            Value::Ext(5, vec![1]),
        ]);
        let (arena, longer) = (Arena::new(), Arena::new());
        let slot = value.to_slot(&arena);
        assert_eq!(Value::from_view(&slot), value);
        let copy = slot.copied_into(&longer);
        drop(arena);
        assert_eq!(Value::from_view(&copy), value);
    }

    #[test]
    fn a_copy_of_a_record_keeps_what_is_absent_and_the_place_of_a_literal() {
        let (fields, arena) = ([Slot::one_of(3, "sell"), Slot::ABSENT], Arena::new());
        let View::Record(copies) = Slot::record(&fields).copied_into(&arena).view() else { panic!("no record") };
        assert!(matches!(copies, [literal, absent] if absent.is_absent()
            && matches!(literal.view(), View::OneOf(3, "sell"))));
    }
}
