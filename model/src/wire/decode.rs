//! Values of any type, from MessagePack to slots.
//!
//! Owns what an `Any` argument, a dynamic map's key or an unknown key of an envelope is read as. It checks that the
//! value is well formed, and no model.

use rmp::Marker;

use crate::dynamic::Arena;
use crate::error::Refusal;
use crate::slot::Slot;
use crate::value::Value;
use crate::wire::reader::{Item, Reader};
use crate::wire::{distinct, marker, too_large, utf8};

/// Reads a whole frame that holds one value.
///
/// # Errors
/// If the frame is not exactly one well-formed value.
pub fn decode_value(frame: &[u8]) -> Result<Value, Refusal> {
    super::not_empty(frame)?;
    let arena = Arena::new();
    let mut reader = Reader::new(frame);
    let slot = decode_dynamic(&mut reader, &arena)?;
    reader.finish()?;
    Ok(Value::from_view(&slot))
}

/// Reads one value of any type.
///
/// # Errors
/// If what comes next is not a well-formed value: its structure, its text, a marker map, a key or an item twice.
pub fn decode_dynamic<'a>(reader: &mut Reader<'a>, arena: &'a Arena) -> Result<Slot<'a>, Refusal> {
    match reader.peek() {
        Some(Marker::FixMap(2)) => decode_marker_or_map(reader, arena),
        Some(Marker::FixMap(_) | Marker::Map16 | Marker::Map32) => decode_map(reader, arena),
        Some(Marker::FixArray(_) | Marker::Array16 | Marker::Array32) => decode_list(reader, arena),
        _ => decode_scalar(reader),
    }
}

fn decode_scalar<'a>(reader: &mut Reader<'a>) -> Result<Slot<'a>, Refusal> {
    Ok(match reader.item()? {
        Item::Bool(value) => Slot::bool(value),
        Item::Int(n) => Slot::int(n),
        Item::UInt(n) => Slot::uint(n),
        Item::Float(x) => Slot::float(x),
        Item::Str(text) => Slot::str(text),
        Item::Bytes(bytes) => Slot::bytes(bytes),
        Item::Ext(marker::TIMESTAMP, bytes) => Slot::date_time(marker::timestamp(bytes)?),
        Item::Ext(code, bytes) => Slot::ext(code, bytes),
        // Containers are read by the caller.
        Item::Nil | Item::Array(_) | Item::Map(_) => Slot::NIL,
    })
}

fn decode_marker_or_map<'a>(reader: &mut Reader<'a>, arena: &'a Arena) -> Result<Slot<'a>, Refusal> {
    if let Some(text) = reader.marker_text(marker::DECIMAL.prefix)? {
        marker::decimal_slot(utf8(text)?)
    } else if let Some(text) = reader.marker_text(marker::UUID.prefix)? {
        marker::uuid_slot(text, arena)
    } else {
        decode_map(reader, arena)
    }
}

fn decode_list<'a>(reader: &mut Reader<'a>, arena: &'a Arena) -> Result<Slot<'a>, Refusal> {
    let Item::Array(count) = reader.item()? else { return Ok(Slot::NIL) };
    reader.enter(count)?;
    let slots = arena.try_alloc_slice_fill_copy(count, Slot::NIL).map_err(|_| too_large())?;
    for (index, slot) in slots.iter_mut().enumerate() {
        reader.next_item();
        *slot = decode_dynamic(reader, arena).map_err(|refusal| refusal.at_index(index))?;
    }
    reader.leave();
    Ok(Slot::list(slots))
}

fn decode_map<'a>(reader: &mut Reader<'a>, arena: &'a Arena) -> Result<Slot<'a>, Refusal> {
    let Some(count) = reader.map_head()? else { return Ok(Slot::NIL) };
    reader.enter(count.saturating_mul(2))?;
    let slots = arena.try_alloc_slice_fill_copy(count.saturating_mul(2), Slot::NIL).map_err(|_| too_large())?;
    for [key, value] in slots.as_chunks_mut::<2>().0 {
        reader.next_item();
        *key = decode_dynamic(reader, arena)?;
        reader.next_item();
        *value = decode_dynamic(reader, arena).map_err(|refusal| under(refusal, key))?;
    }
    reader.leave();
    distinct::keys(slots, arena)?;
    marker::resolve(slots, arena)
}

/// The refusal of a value, seen from the map that holds it.
#[cold]
pub(crate) fn under(refusal: Refusal, key: &Slot<'_>) -> Refusal {
    refusal.under_key(&distinct::show(&key.view()))
}
