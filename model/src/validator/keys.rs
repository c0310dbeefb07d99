//! The keys of typed maps: text on the wire, typed in slots.
//!
//! Owns the canonical text of each key type, so that a value is one key however it was written.

use chrono::{DateTime, Datelike, Utc};
use rust_decimal::Decimal;

use super::decode::unexpected;
use super::encoder::{Encoder, view};
use crate::dynamic::Arena;
use crate::error::{Code, Refusal};
use crate::schema::{KeyType, Peers};
use crate::slot::{ForeignSlot, Slot, View};
use crate::value::Timestamp;
use crate::wire::{Item, Reader, decimal, marker, shown};

/// Reads a key; `None` if it is the key of a marker map.
pub(crate) fn decode<'a>(
    kind: KeyType,
    reader: &mut Reader<'a>,
    arena: &'a Arena,
) -> Result<Option<Slot<'a>>, Refusal> {
    let Some(text) = reader.text()? else {
        return match reader.item_if(super::decode::is_int)? {
            Some(Item::Int(n)) if kind == KeyType::Int => Ok(Some(Slot::int(n))),
            Some(Item::UInt(n)) if kind == KeyType::Int => Ok(Some(Slot::uint(n))),
            Some(_) => Err(Refusal::new(Code::BadKey, format!("expected a key of type {}, got Int", kind.word()))),
            None => Err(match unexpected(reader, kind.word()) {
                refusal if refusal.code() == Code::WrongType => {
                    Refusal::new(Code::BadKey, format!("as a key {}", refusal.detail()))
                }
                structural => structural,
            }),
        };
    };
    if marker::shape_of_key(text).is_some() {
        return Ok(None);
    }
    let slot = match kind {
        KeyType::Str => Some(Slot::str(text)),
        KeyType::Int => whole_number(text),
        KeyType::Decimal => decimal::parse(text).ok().map(|decimal| Slot::decimal(canonical(decimal))),
        KeyType::Uuid => marker::uuid_slot(text.as_bytes(), arena).ok(),
        KeyType::DateTime => time(text).map(Slot::date_time),
    };
    slot.map(Some).ok_or_else(|| bad_key(text, kind))
}

#[cold]
fn bad_key(text: &str, kind: KeyType) -> Refusal {
    Refusal::new(Code::BadKey, format!("the key `{}` is no {}", shown(text), kind.word()))
}

fn whole_number(text: &str) -> Option<Slot<'static>> {
    if text.starts_with('+') {
        return None;
    }
    text.parse().map(Slot::int).or_else(|_| text.parse().map(Slot::uint)).ok()
}

fn time(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| Timestamp::from(time.to_utc()))
}

/// The one decimal for all that are equal.
fn canonical(decimal: Decimal) -> Decimal {
    if decimal.is_zero() { Decimal::ZERO } else { decimal.normalize() }
}

/// Writes a key.
pub(super) fn encode<S>(kind: KeyType, key: &View<'_, S>, encoder: &mut Encoder<'_>) -> Result<(), Refusal> {
    let own = encoder.peers == Peers::Own;
    let out = &mut encoder.out;
    match (kind, key) {
        (KeyType::Str, View::Str(text) | View::OneOf(_, text)) => encoder.text_key(text)?,
        (KeyType::Int, View::Int(n)) if own => out.int(*n),
        (KeyType::Int, View::UInt(n)) if own => out.uint(*n),
        (KeyType::Int, View::Int(n)) => out.short_text(format_args!("{n}")),
        (KeyType::Int, View::UInt(n)) => out.short_text(format_args!("{n}")),
        (KeyType::Decimal, View::Decimal(decimal)) => out.decimal_key(canonical(*decimal)),
        (KeyType::Decimal, View::DecimalText(text)) => {
            out.decimal_key(canonical(decimal::parse(text)?));
        }
        (KeyType::Uuid, View::Uuid(uuid)) => out.uuid_text(uuid),
        (KeyType::DateTime, View::DateTime(time)) => out.short_text(format_args!("{:?}", in_rfc3339(*time)?)),
        (kind, other) => {
            let detail = format!("expected a key of type {}, got {}", kind.word(), other.word());
            return Err(Refusal::new(Code::BadKey, detail));
        }
    }
    Ok(())
}

/// Writes the key that a slot of a service holds.
pub(crate) fn encode_slot(kind: KeyType, key: &ForeignSlot<'_>, encoder: &mut Encoder<'_>) -> Result<(), Refusal> {
    encode(kind, &view(key)?, encoder)
}

/// A time that RFC 3339, whose years have four digits, can write.
fn in_rfc3339(time: Timestamp) -> Result<DateTime<Utc>, Refusal> {
    let chrono = time.to_chrono().filter(|time| (0..=9999).contains(&time.year()));
    chrono.ok_or_else(|| {
        let detail = format!("a time of {} seconds is not in the years 0 to 9999 of RFC 3339", time.seconds);
        Refusal::new(Code::OutOfRange, detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::encode_value;

    fn read(kind: KeyType, text: &str) -> Result<String, Code> {
        let (mut wire, arena) = (Vec::new(), Arena::new());
        encode_value(&text.into(), &mut wire);
        let slot = decode(kind, &mut Reader::new(&wire), &arena).map_err(|refusal| refusal.code())?;
        let mut key = Vec::new();
        let mut encoder = Encoder::new(&mut key, Peers::Any, 1);
        encode(kind, &slot.unwrap().view(), &mut encoder).unwrap();
        drop(encoder);
        Ok(Reader::new(&key).text().unwrap().unwrap().to_owned())
    }

    #[test]
    fn equal_keys_have_one_text() {
        for (kind, written, canonical) in [
            (KeyType::Str, "caf\u{e9}", "caf\u{e9}"),
            (KeyType::Int, "-007", "-7"),
            (KeyType::Int, "18446744073709551615", "18446744073709551615"),
            (KeyType::Decimal, "1.00", "1"),
            (KeyType::Decimal, "-0.0", "0"),
            (KeyType::Decimal, "1E2", "100"),
            (KeyType::Uuid, "ABCDEF00-0000-0000-0000-000000000001", "abcdef00-0000-0000-0000-000000000001"),
            (KeyType::DateTime, "2024-01-02T05:04:05.500+02:00", "2024-01-02T03:04:05.500Z"),
            (KeyType::DateTime, "2024-01-02T03:04:05.000000001Z", "2024-01-02T03:04:05.000000001Z"),
            (KeyType::DateTime, "0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
        ] {
            assert_eq!(read(kind, written).as_deref(), Ok(canonical));
        }
    }

    #[test]
    fn text_that_is_no_such_key_is_refused() {
        for (kind, text) in [
            (KeyType::Int, "1.0"),
            (KeyType::Int, "+1"),
            (KeyType::Int, "18446744073709551616"),
            (KeyType::Decimal, "NaN"),
            (KeyType::Decimal, "1_0"),
            (KeyType::Uuid, "{abcdef00-0000-0000-0000-000000000001}"),
            (KeyType::DateTime, "2024-01-02"),
        ] {
            assert_eq!(read(kind, text), Err(Code::BadKey), "{text}");
        }
    }
}
