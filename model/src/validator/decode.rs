//! Values, from the wire to slots, checked against their type on the way.
//!
//! Owns what each type accepts; records and map keys have files of their own. The usual form of everything is tried
//! first, such as markers as the Python library writes them; every other valid form takes a slower way to the same slot.

use rmp::Marker;
use rust_decimal::Decimal;

use super::constraints::{self, WHOLE_FLOATS};
use super::keys;
use super::plan::Plan;
use crate::dynamic::Arena;
use crate::error::{Code, Refusal};
use crate::schema::{KeyType, Length, Range};
use crate::slot::{Slot, View};
use crate::value::Timestamp;
use crate::wire::{self, Item, Reader, decimal, decode_dynamic, distinct, marker, too_large};

impl Plan {
    /// Reads one value into its slot. Through a reference: as a result it would be copied before it is whole.
    #[inline]
    pub(crate) fn decode<'a>(
        &'a self,
        reader: &mut Reader<'a>,
        arena: &'a Arena,
        slot: &mut Slot<'a>,
    ) -> Result<(), Refusal> {
        match self {
            Self::Str { length, pattern } => {
                let Some(text) = reader.text()? else { return Err(unexpected(reader, "Str")) };
                constraints::text(text, length, pattern.as_ref())?;
                *slot = Slot::str(text);
            }
            Self::Decimal(range) => *slot = Slot::decimal(decode_decimal(reader, range, arena)?),
            Self::Int(range) => *slot = decode_int(reader, range)?,
            Self::DateTime => *slot = Slot::date_time(decode_date_time(reader)?),
            Self::Bool => match reader.item_if(|marker| matches!(marker, Marker::True | Marker::False))? {
                Some(Item::Bool(value)) => *slot = Slot::bool(value),
                _ => return Err(unexpected(reader, "Bool")),
            },
            Self::Float(range) => *slot = Slot::float(decode_float(reader, range)?),
            Self::Bytes(length) => *slot = Slot::bytes(decode_bytes(reader, length)?),
            Self::Uuid => *slot = decode_uuid(reader, arena)?,
            Self::List(item, length) => *slot = Slot::list(item.decode_items(reader, length, "List", arena)?),
            Self::Set(item, length) => *slot = Slot::set(item.decode_set(reader, length, arena)?),
            Self::Tuple(plans) => *slot = Slot::list(decode_tuple(plans, reader, arena)?),
            Self::Map(key, value, length) => *slot = Slot::map(value.decode_map(*key, reader, length, arena)?),
            Self::Record(record) => *slot = Slot::record(record.decode(reader, arena)?),
            Self::OneOf(literals) => {
                let Some(text) = reader.text()? else { return Err(unexpected(reader, "Str")) };
                let (place, text) = constraints::literal(text, literals)?;
                *slot = Slot::one_of(place, text);
            }
            Self::FloatArray(length) => *slot = Slot::float_array(decode_float_array(reader, length, arena)?),
            Self::Option(of) => match reader.item_if(|marker| marker == Marker::Null)? {
                Some(_) => *slot = Slot::NIL,
                None => return of.decode(reader, arena, slot),
            },
            Self::Any => *slot = decode_dynamic(reader, arena)?,
        }
        Ok(())
    }

    fn decode_items<'a>(
        &'a self,
        reader: &mut Reader<'a>,
        length: &Length,
        word: &str,
        arena: &'a Arena,
    ) -> Result<&'a [Slot<'a>], Refusal> {
        let Some(Item::Array(count)) = reader.item_if(is_array)? else { return Err(unexpected(reader, word)) };
        constraints::of_length(count, length, "items")?;
        reader.enter(count)?;
        let slots = slots(count, Slot::NIL, arena)?;
        for (index, slot) in slots.iter_mut().enumerate() {
            reader.next_item();
            self.decode(reader, arena, slot).map_err(|refusal| refusal.at_index(index))?;
        }
        reader.leave();
        Ok(slots)
    }

    fn decode_set<'a>(
        &'a self,
        reader: &mut Reader<'a>,
        length: &Length,
        arena: &'a Arena,
    ) -> Result<&'a [Slot<'a>], Refusal> {
        let items = if reader.skip_marker(marker::SET.prefix) {
            reader.enter(0)?;
            let items = self.decode_payload(reader, length, arena)?;
            reader.leave();
            items
        } else {
            match marker::payload(reader, marker::SET)? {
                Some(mut payload) => self.decode_payload(&mut payload, length, arena)?,
                None => return Err(unexpected(reader, "Set")),
            }
        };
        distinct::items(items, arena)?;
        Ok(items)
    }

    fn decode_payload<'a>(
        &'a self,
        reader: &mut Reader<'a>,
        length: &Length,
        arena: &'a Arena,
    ) -> Result<&'a [Slot<'a>], Refusal> {
        if reader.peek().is_some_and(is_array) {
            return self.decode_items(reader, length, "Set", arena);
        }
        let word = marker::word_of_next(reader)?;
        Err(Refusal::new(Code::BadMarker, format!("the items of a set are not in a List but of type {word}")))
    }

    fn decode_map<'a>(
        &'a self,
        kind: KeyType,
        reader: &mut Reader<'a>,
        length: &Length,
        arena: &'a Arena,
    ) -> Result<&'a [Slot<'a>], Refusal> {
        let start = reader.rest();
        let Some(count) = reader.map_head()? else { return Err(unexpected(reader, "Map")) };
        reader.enter(count.saturating_mul(2))?;
        let slots = slots(count.saturating_mul(2), Slot::NIL, arena)?;
        for [key, value] in slots.as_chunks_mut::<2>().0 {
            reader.next_item();
            let Some(decoded) = keys::decode(kind, reader, arena)? else {
                return Err(marker_instead(start, "Map", arena));
            };
            *key = decoded;
            reader.next_item();
            self.decode(reader, arena, value).map_err(|refusal| wire::under(refusal, key))?;
        }
        reader.leave();
        // Only now: a marker instead of a map is to be called by its name.
        constraints::of_length(count, length, "entries")?;
        distinct::keys(slots, arena)?;
        Ok(slots)
    }
}

fn decode_tuple<'a>(plans: &'a [Plan], reader: &mut Reader<'a>, arena: &'a Arena) -> Result<&'a [Slot<'a>], Refusal> {
    let Some(Item::Array(count)) = reader.item_if(is_array)? else { return Err(unexpected(reader, "Tuple")) };
    constraints::of_tuple(count, plans.len())?;
    reader.enter(count)?;
    let slots = slots(count, Slot::NIL, arena)?;
    for (index, (slot, plan)) in slots.iter_mut().zip(plans).enumerate() {
        reader.next_item();
        plan.decode(reader, arena, slot).map_err(|refusal| refusal.at_index(index))?;
    }
    reader.leave();
    Ok(slots)
}

#[inline]
fn decode_int<'a>(reader: &mut Reader<'a>, range: &Range<i128>) -> Result<Slot<'a>, Refusal> {
    match reader.item_if(is_int)? {
        Some(Item::Int(n)) => {
            constraints::within(&i128::from(n), range)?;
            Ok(Slot::int(n))
        }
        Some(Item::UInt(n)) => {
            constraints::within(&i128::from(n), range)?;
            Ok(Slot::uint(n))
        }
        _ => Err(unexpected(reader, "Int")),
    }
}

fn decode_float(reader: &mut Reader<'_>, range: &Range<f64>) -> Result<f64, Refusal> {
    let is_number = |marker| is_int(marker) || matches!(marker, Marker::F32 | Marker::F64);
    let x = match reader.item_if(is_number)? {
        Some(Item::Float(x)) => x,
        Some(Item::Int(n)) if n.unsigned_abs() <= WHOLE_FLOATS => n as f64,
        Some(Item::Int(n)) => return Err(constraints::beyond_floats(n)),
        Some(Item::UInt(n)) => return Err(constraints::beyond_floats(n)),
        _ => return Err(unexpected(reader, "Float")),
    };
    constraints::within(&x, range)?;
    Ok(x)
}

fn decode_bytes<'a>(reader: &mut Reader<'a>, length: &Length) -> Result<&'a [u8], Refusal> {
    let is_bytes = |marker| matches!(marker, Marker::Bin8 | Marker::Bin16 | Marker::Bin32);
    let Some(Item::Bytes(bytes)) = reader.item_if(is_bytes)? else { return Err(unexpected(reader, "Bytes")) };
    constraints::of_length(bytes.len(), length, "bytes")?;
    Ok(bytes)
}

#[inline]
fn decode_decimal<'a>(reader: &mut Reader<'a>, range: &Range<Decimal>, arena: &'a Arena) -> Result<Decimal, Refusal> {
    let decimal = match reader.marker_text(marker::DECIMAL.prefix)? {
        Some(text) => decimal::parse_bytes(text)?,
        None => match decode_marker(reader, "Decimal", arena)? {
            View::Decimal(decimal) => decimal,
            View::DecimalText(text) => decimal::parse(text)?,
            other => return Err(wrong_type("Decimal", other.word())),
        },
    };
    constraints::within(&decimal, range)?;
    Ok(decimal)
}

#[inline]
fn decode_date_time(reader: &mut Reader<'_>) -> Result<Timestamp, Refusal> {
    let time = match reader.item_if(is_extension)? {
        Some(Item::Ext(marker::TIMESTAMP, bytes)) => marker::timestamp(bytes)?,
        Some(_) => return Err(wrong_type("DateTime", "extension")),
        None => return Err(unexpected(reader, "DateTime")),
    };
    constraints::representable(time)?;
    Ok(time)
}

fn decode_uuid<'a>(reader: &mut Reader<'a>, arena: &'a Arena) -> Result<Slot<'a>, Refusal> {
    match reader.marker_text(marker::UUID.prefix)? {
        Some(text) => marker::uuid_slot(text, arena),
        None => match decode_marker(reader, "Uuid", arena)? {
            View::Uuid(uuid) => arena.try_alloc(uuid).map(|uuid| Slot::uuid(uuid)).map_err(|_| too_large()),
            other => Err(wrong_type("Uuid", other.word())),
        },
    }
}

fn decode_float_array<'a>(reader: &mut Reader<'a>, length: &Length, arena: &'a Arena) -> Result<&'a [u8], Refusal> {
    match decode_marker(reader, "FloatArray", arena)? {
        View::FloatArray(bytes) => {
            constraints::of_length(bytes.len() / 8, length, "floats")?;
            Ok(bytes)
        }
        other => Err(wrong_type("FloatArray", other.word())),
    }
}

/// Reads the marker map of this type, in whatever valid way it is written.
#[cold]
fn decode_marker<'a>(reader: &mut Reader<'a>, word: &str, arena: &'a Arena) -> Result<View<'a, Slot<'a>>, Refusal> {
    let got = marker::word_of_next(reader)?;
    if got == word { decode_dynamic(reader, arena).map(|slot| slot.view()) } else { Err(wrong_type(word, got)) }
}

#[inline]
pub(crate) fn is_int(marker: Marker) -> bool {
    matches!(marker, Marker::FixPos(_) | Marker::FixNeg(_))
        || (Marker::U8.to_u8()..=Marker::I64.to_u8()).contains(&marker.to_u8())
}

#[inline]
fn is_array(marker: Marker) -> bool {
    matches!(marker, Marker::FixArray(_) | Marker::Array16 | Marker::Array32)
}

#[inline]
fn is_extension(marker: Marker) -> bool {
    use Marker::{Ext8, Ext16, Ext32, FixExt1, FixExt2, FixExt4, FixExt8, FixExt16};
    matches!(marker, FixExt1 | FixExt2 | FixExt4 | FixExt8 | FixExt16 | Ext8 | Ext16 | Ext32)
}

/// Slots in the arena, all of the same value.
#[inline]
pub(crate) fn slots<'a>(count: usize, of: Slot<'a>, arena: &'a Arena) -> Result<&'a mut [Slot<'a>], Refusal> {
    arena.try_alloc_slice_fill_copy(count, of).map_err(|_| too_large())
}

#[cold]
pub(crate) fn wrong_type(expected: &str, got: &str) -> Refusal {
    Refusal::new(Code::WrongType, format!("expected {expected}, got {got}"))
}

/// The refusal of a value of another type, which comes next.
#[cold]
pub(crate) fn unexpected(reader: &Reader<'_>, expected: &str) -> Refusal {
    marker::word_of_next(reader).map_or_else(|refusal| refusal, |got| wrong_type(expected, got))
}

/// The refusal of a marker map, with which these bytes begin, where a plain map was expected.
#[cold]
pub(crate) fn marker_instead<'a>(bytes: &'a [u8], expected: &str, arena: &'a Arena) -> Refusal {
    match decode_dynamic(&mut Reader::new(bytes), arena) {
        Ok(slot) => wrong_type(expected, slot.view().word()),
        Err(refusal) => refusal,
    }
}
