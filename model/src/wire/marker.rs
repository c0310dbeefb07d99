//! The types that MessagePack does not have and the Python library writes as maps: decimals, sets, UUIDs and arrays of
//! floats; and the timestamps, which are an extension.
//!
//! Owns how they look. A map with one of the keys is such a marker, or wrong: it is never a plain map, because the
//! Python library would take it for the marker.

use rmp::Marker;
use uuid::Uuid;

use crate::dynamic::Arena;
use crate::error::{Code, Refusal};
use crate::slot::{Slot, View};
use crate::value::Timestamp;
use crate::wire::reader::{Item, Reader};
use crate::wire::{decimal, distinct, shown, too_large};

/// The type of the timestamp extension.
pub(crate) const TIMESTAMP: i8 = -1;

/// One kind of marker map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The key whose value is `true`.
    pub(crate) key: &'static str,
    /// The key of what it carries.
    pub(crate) payload: &'static str,
    /// The type that it stands for, as in models and messages.
    pub(crate) word: &'static str,
    /// All that comes before the payload where it is written as the Python library does.
    pub(crate) prefix: &'static [u8],
}

pub(crate) const DECIMAL: Shape =
    Shape { key: "__decimal__", payload: "as_str", word: "Decimal", prefix: b"\x82\xab__decimal__\xc3\xa6as_str" };
pub(crate) const SET: Shape =
    Shape { key: "__set__", payload: "value", word: "Set", prefix: b"\x82\xa7__set__\xc3\xa5value" };
pub(crate) const UUID: Shape =
    Shape { key: "__uuid__", payload: "as_str", word: "Uuid", prefix: b"\x82\xa8__uuid__\xc3\xa6as_str" };
pub(crate) const FLOAT_ARRAY: Shape = Shape {
    key: "__numpy.ndarray__",
    payload: "as_bytes",
    word: "FloatArray",
    prefix: b"\x82\xb1__numpy.ndarray__\xc3\xa8as_bytes",
};
pub(crate) const SHAPES: [Shape; 4] = [DECIMAL, SET, UUID, FLOAT_ARRAY];

/// The marker that a map with this key is.
#[inline]
pub(crate) fn shape_of_key(key: &str) -> Option<Shape> {
    if !key.starts_with("__") {
        return None;
    }
    SHAPES.into_iter().find(|shape| shape.key == key)
}

#[cold]
fn bad(shape: Shape, problem: &str) -> Refusal {
    let Shape { key, payload, .. } = shape;
    let detail = format!("a map with the key `{key}` must be {{`{key}`: true, `{payload}`: ...}}: {problem}");
    Refusal::new(Code::BadMarker, detail)
}

/// What a decoded map stands for: itself, or what its marker says. `pairs` holds key, value, key, value, ...
pub(crate) fn resolve<'a>(pairs: &'a [Slot<'a>], arena: &'a Arena) -> Result<Slot<'a>, Refusal> {
    let text_keys =
        pairs.iter().step_by(2).filter_map(|key| if let View::Str(key) = key.view() { Some(key) } else { None });
    let Some(shape) = text_keys.filter_map(shape_of_key).next() else { return Ok(Slot::map(pairs)) };
    let value_of = |wanted: &str| {
        let mut pairs = pairs.as_chunks::<2>().0.iter();
        pairs.find(|[key, _]| matches!(key.view(), View::Str(key) if key == wanted)).map(|[_, value]| value.view())
    };
    if pairs.len() != 4 {
        return Err(bad(shape, "it has other keys too"));
    }
    if !matches!(value_of(shape.key), Some(View::Bool(true))) {
        return Err(bad(shape, "it is not `true`"));
    }
    let Some(payload) = value_of(shape.payload) else {
        return Err(bad(shape, "the second key is another"));
    };
    match (shape, payload) {
        (DECIMAL, View::Str(text)) => decimal_slot(text),
        (UUID, View::Str(text)) => uuid_slot(text.as_bytes(), arena),
        (SET, View::List(items)) => {
            distinct::items(items, arena)?;
            Ok(Slot::set(items))
        }
        (FLOAT_ARRAY, View::Bytes(bytes)) => float_array(bytes),
        (_, other) => Err(bad(shape, &format!("`{}` is of type {}", shape.payload, other.word()))),
    }
}

/// A decimal of any size: exact where a `Decimal` writes the same text again, else its text.
pub(crate) fn decimal_slot(text: &str) -> Result<Slot<'_>, Refusal> {
    if let Some(exact) = decimal::parse_lossless(text) {
        return Ok(Slot::decimal(exact));
    }
    if decimal::is_decimal(text) {
        return Ok(Slot::decimal_text(text));
    }
    Err(Refusal::new(Code::BadDecimal, format!("`{}` is not a decimal number", shown(text))))
}

/// Reads the one form of a UUID that is written: 36 characters with hyphens; upper case is accepted.
#[inline]
pub(crate) fn uuid(text: &[u8]) -> Result<Uuid, Refusal> {
    match Uuid::try_parse_ascii(text) {
        Ok(uuid) if text.len() == 36 => Ok(uuid),
        _ => Err(bad_uuid(text)),
    }
}

#[cold]
fn bad_uuid(text: &[u8]) -> Refusal {
    let text = String::from_utf8_lossy(text);
    Refusal::new(Code::BadUuid, format!("`{}` is not a UUID of 36 characters", shown(&text)))
}

#[inline]
pub(crate) fn uuid_slot<'a>(text: &[u8], arena: &'a Arena) -> Result<Slot<'a>, Refusal> {
    arena.try_alloc(uuid(text)?).map(|uuid| Slot::uuid(uuid)).map_err(|_| too_large())
}

pub(crate) fn float_array(bytes: &[u8]) -> Result<Slot<'_>, Refusal> {
    if bytes.len().is_multiple_of(8) {
        Ok(Slot::float_array(bytes))
    } else {
        let detail = format!("{} bytes are no whole number of 64-bit floats", bytes.len());
        Err(Refusal::new(Code::BadFloatArray, detail))
    }
}

/// Reads the bytes of the timestamp extension: 4, 8 or 12.
pub(crate) fn timestamp(bytes: &[u8]) -> Result<Timestamp, Refusal> {
    let bad = |detail: String| Refusal::new(Code::BadTimestamp, detail);
    let time = if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        Timestamp { seconds: i64::from(u32::from_be_bytes(bytes)), nanoseconds: 0 }
    } else if let Ok(bytes) = <[u8; 8]>::try_from(bytes) {
        let both = u64::from_be_bytes(bytes);
        let (nanoseconds, seconds) = ((both >> 34) as u32, both & ((1 << 34) - 1));
        Timestamp { seconds: seconds.cast_signed(), nanoseconds }
    } else if let Some((nanoseconds, seconds)) = bytes.split_first_chunk()
        && let Ok(seconds) = seconds.try_into()
    {
        Timestamp { seconds: i64::from_be_bytes(seconds), nanoseconds: u32::from_be_bytes(*nanoseconds) }
    } else {
        return Err(bad(format!("a timestamp of {} bytes", bytes.len())));
    };
    if time.nanoseconds >= 1_000_000_000 {
        return Err(bad(format!("{} nanoseconds are more than a second", time.nanoseconds)));
    }
    Ok(time)
}

/// A place at the payload of the marker map of this shape that comes next, however it is written; `reader` goes past
/// the map. `None`, and nothing is read, if something else comes next.
#[cold]
pub(crate) fn payload<'a>(reader: &mut Reader<'a>, shape: Shape) -> Result<Option<Reader<'a>>, Refusal> {
    if word_of_next(reader)? != shape.word {
        return Ok(None);
    }
    let Some(count) = reader.map_head()? else { return Ok(None) };
    if count != 2 {
        return Err(bad(shape, "it has other keys too"));
    }
    reader.enter(4)?;
    let (mut flagged, mut payload) = (false, None);
    for _ in 0..count {
        reader.next_item();
        let key = reader.text()?;
        reader.next_item();
        if key == Some(shape.payload) {
            payload = Some(*reader);
        } else if key == Some(shape.key) {
            flagged = reader.peek() == Some(Marker::True);
        }
        reader.skip()?;
    }
    reader.leave();
    if !flagged {
        return Err(bad(shape, "it is not `true`"));
    }
    payload.map(Some).ok_or_else(|| bad(shape, "the second key is another"))
}

/// The word of the type of what comes next.
#[cold]
pub(crate) fn word_of_next(reader: &Reader<'_>) -> Result<&'static str, Refusal> {
    let mut ahead = *reader;
    Ok(match ahead.item()? {
        Item::Nil => "nil",
        Item::Bool(_) => "Bool",
        Item::Int(_) | Item::UInt(_) => "Int",
        Item::Float(_) => "Float",
        Item::Str(_) => "Str",
        Item::Bytes(_) => "Bytes",
        Item::Ext(TIMESTAMP, _) => "DateTime",
        Item::Ext(..) => "extension",
        Item::Array(_) => "List",
        Item::Map(count) => word_of_map(&mut ahead, count)?,
    })
}

fn word_of_map(reader: &mut Reader<'_>, count: usize) -> Result<&'static str, Refusal> {
    for _ in 0..count {
        match reader.text()? {
            Some(key) if let Some(shape) = shape_of_key(key) => return Ok(shape.word),
            Some(_) => {}
            None => reader.skip()?,
        }
        reader.skip()?;
    }
    Ok("Map")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefixes_are_what_they_say() {
        for shape in SHAPES {
            let mut reader = Reader::new(shape.prefix);
            assert_eq!(reader.map_head().unwrap(), Some(2));
            assert_eq!(reader.text().unwrap(), Some(shape.key));
            assert_eq!(reader.item().unwrap(), Item::Bool(true));
            assert_eq!(reader.text().unwrap(), Some(shape.payload));
            reader.finish().unwrap();
        }
    }

    #[test]
    fn the_payload_is_found_in_either_order() {
        let frame = b"\x82\xa5value\x91\x07\xd9\x07__set__\xc3";
        let mut reader = Reader::new(frame);
        assert!(payload(&mut reader, DECIMAL).unwrap().is_none());
        let mut inside = payload(&mut reader, SET).unwrap().unwrap();
        assert_eq!(inside.item().unwrap(), Item::Array(1));
        reader.finish().unwrap();
    }

    #[test]
    fn timestamps_have_three_lengths() {
        let read = |bytes: &[u8]| timestamp(bytes).map_err(|refusal| refusal.code());
        assert_eq!(read(&[0, 0, 0, 1]), Ok(Timestamp { seconds: 1, nanoseconds: 0 }));
        assert_eq!(read(&[0, 0, 0, 8, 0, 0, 0, 1]), Ok(Timestamp { seconds: 1, nanoseconds: 2 }));
        let long = [0, 0, 0, 3, 255, 255, 255, 255, 255, 255, 255, 255];
        assert_eq!(read(&long), Ok(Timestamp { seconds: -1, nanoseconds: 3 }));
        assert_eq!(read(&[0, 0, 1]), Err(Code::BadTimestamp));
        assert_eq!(read(&[0xff; 8]), Err(Code::BadTimestamp));
    }
}
