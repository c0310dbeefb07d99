//! The keys of states, typed.
//!
//! Owns their order, which is that of their type: prices ascend as numbers, not as text.

use std::cmp::Ordering;

use rust_decimal::Decimal;
use uuid::Uuid;

use crate::slot::{Slot, View};
use crate::value::{Timestamp, Value};
use crate::wire::Writer;

/// A key, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyRef<'a> {
    /// Text; the name of a field too.
    Str(&'a str),
    /// A whole number.
    Int(i64),
    /// A whole number above 2^63-1; smaller ones are always [`KeyRef::Int`].
    UInt(u64),
    /// A decimal, normalised.
    Decimal(Decimal),
    /// A UUID.
    Uuid(Uuid),
    /// A time.
    DateTime(Timestamp),
}

/// A key, owned.
#[derive(Clone, Debug)]
pub enum Key {
    /// Text; the name of a field too.
    Str(Box<str>),
    /// A whole number.
    Int(i64),
    /// A whole number above 2^63-1.
    UInt(u64),
    /// A decimal, normalised.
    Decimal(Decimal),
    /// A UUID.
    Uuid(Uuid),
    /// A time.
    DateTime(Timestamp),
}

impl Key {
    /// The key, borrowed.
    #[inline]
    #[must_use]
    pub fn as_key(&self) -> KeyRef<'_> {
        match self {
            Self::Str(text) => KeyRef::Str(text),
            Self::Int(n) => KeyRef::Int(*n),
            Self::UInt(n) => KeyRef::UInt(*n),
            Self::Decimal(decimal) => KeyRef::Decimal(*decimal),
            Self::Uuid(uuid) => KeyRef::Uuid(*uuid),
            Self::DateTime(time) => KeyRef::DateTime(*time),
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.as_key() == other.as_key()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_key().cmp(&other.as_key())
    }
}

impl From<KeyRef<'_>> for Key {
    fn from(key: KeyRef<'_>) -> Self {
        match key {
            KeyRef::Str(text) => Self::Str(text.into()),
            KeyRef::Int(n) => Self::Int(n),
            KeyRef::UInt(n) => Self::UInt(n),
            KeyRef::Decimal(decimal) => Self::Decimal(decimal),
            KeyRef::Uuid(uuid) => Self::Uuid(uuid),
            KeyRef::DateTime(time) => Self::DateTime(time),
        }
    }
}

impl<'a> KeyRef<'a> {
    /// The key that a slot holds; `None` if it holds no key.
    #[must_use]
    pub fn of<S>(view: &View<'a, S>) -> Option<Self> {
        Some(match view {
            View::Str(text) | View::OneOf(_, text) => Self::Str(text),
            View::Int(n) => Self::Int(*n),
            View::UInt(n) => Self::UInt(*n),
            View::Decimal(decimal) => Self::Decimal(*decimal),
            View::Uuid(uuid) => Self::Uuid(*uuid),
            View::DateTime(time) => Self::DateTime(*time),
            _ => return None,
        })
    }

    /// The key as a slot.
    #[must_use]
    pub fn to_slot<'b>(self, arena: &'b crate::dynamic::Arena) -> Slot<'b>
    where
        'a: 'b,
    {
        match self {
            Self::Str(text) => Slot::str(text),
            Self::Int(n) => Slot::int(n),
            Self::UInt(n) => Slot::uint(n),
            Self::Decimal(decimal) => Slot::decimal(decimal),
            Self::Uuid(uuid) => Slot::uuid(arena.alloc(uuid)),
            Self::DateTime(time) => Slot::date_time(time),
        }
    }

    /// The key as a value.
    #[must_use]
    pub fn to_value(self) -> Value {
        match self {
            Self::Str(text) => Value::from(text),
            Self::Int(n) => Value::Int(n),
            Self::UInt(n) => Value::UInt(n),
            Self::Decimal(decimal) => Value::Decimal(decimal),
            Self::Uuid(uuid) => Value::Uuid(uuid),
            Self::DateTime(time) => Value::DateTime(time),
        }
    }

    /// Writes the canonical form: text, but whole numbers as such where `native`.
    pub(crate) fn write(self, native: bool, out: &mut Writer<'_>) {
        match self {
            Self::Str(text) => out.str(text),
            Self::Int(n) if native => out.int(n),
            Self::UInt(n) if native => out.uint(n),
            Self::Int(n) => out.short_text(format_args!("{n}")),
            Self::UInt(n) => out.short_text(format_args!("{n}")),
            Self::Decimal(decimal) => out.decimal_key(decimal),
            Self::Uuid(uuid) => out.uuid_text(&uuid),
            // A time that has no text in RFC 3339 is refused where keys are read.
            Self::DateTime(time) => match time.to_chrono() {
                Some(time) => out.short_text(format_args!("{time:?}")),
                None => out.nil(),
            },
        }
    }
}

impl std::fmt::Display for KeyRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Str(text) => f.write_str(&crate::wire::shown(text)),
            Self::Int(n) => n.fmt(f),
            Self::UInt(n) => n.fmt(f),
            Self::Decimal(decimal) => decimal.fmt(f),
            Self::Uuid(uuid) => uuid.fmt(f),
            Self::DateTime(time) => match time.to_chrono() {
                Some(time) => write!(f, "{time:?}"),
                None => write!(f, "{} s", time.seconds),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_their_type() {
        let decimal = |text: &str| KeyRef::Decimal(text.parse().unwrap());
        assert!(decimal("9.5") < decimal("10"));
        assert!(KeyRef::Int(-1) < KeyRef::Int(0));
        assert!(KeyRef::Int(i64::MAX) < KeyRef::UInt(1 << 63));
        assert!(KeyRef::Str("a") < KeyRef::Str("ab"));
    }
}
