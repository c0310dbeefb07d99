//! A slot read as the one type that its reader wants: what a service does with every argument of every message.
//!
//! The same content as [`Slot::view`] gives, without going through all the tags. `None` is for any other tag.

use rust_decimal::Decimal;

use super::{Slot, Tag};
use crate::value::Timestamp;

impl<'a> Slot<'a> {
    #[inline]
    const fn is(&self, tag: Tag) -> bool {
        self.raw.tag == tag as u8
    }

    /// The truth value.
    #[inline]
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        // SAFETY: any bits are a valid number.
        self.is(Tag::Bool).then_some(unsafe { self.raw.payload.uint } != 0)
    }

    /// The whole number, if it is not above 2^63-1.
    #[inline]
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        // SAFETY: any bits are a valid number.
        self.is(Tag::Int).then_some(unsafe { self.raw.payload.int })
    }

    /// The float.
    #[inline]
    #[must_use]
    pub fn as_float(&self) -> Option<f64> {
        // SAFETY: any bits are a valid float.
        self.is(Tag::Float).then_some(unsafe { self.raw.payload.float })
    }

    /// The decimal.
    #[inline]
    #[must_use]
    pub fn as_decimal(&self) -> Option<Decimal> {
        self.is(Tag::Decimal).then(|| self.raw.decimal())
    }

    /// The time.
    #[inline]
    #[must_use]
    pub fn as_date_time(&self) -> Option<Timestamp> {
        // SAFETY: any bits are a valid number.
        let seconds = unsafe { self.raw.payload.int };
        self.is(Tag::DateTime).then_some(Timestamp { seconds, nanoseconds: self.raw.len })
    }

    /// The text, be it any or one of a set of literals.
    #[inline]
    #[must_use]
    pub fn as_str(&self) -> Option<&'a str> {
        // SAFETY: the tag says that the payload points at `len` bytes of UTF-8, and a `Slot<'a>` borrows them for 'a.
        (self.is(Tag::Str) || self.is(Tag::OneOf))
            .then(|| unsafe { std::str::from_utf8_unchecked(self.raw.bytes_at()) })
    }

    /// The bytes.
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> Option<&'a [u8]> {
        // SAFETY: the tag says that the payload points at `len` bytes, and a `Slot<'a>` borrows them for 'a.
        self.is(Tag::Bytes).then(|| unsafe { self.raw.bytes_at() })
    }

    /// The fields of a nested record, in the model's order.
    #[inline]
    #[must_use]
    pub fn as_record(&self) -> Option<&'a [Self]> {
        // SAFETY: the tag says that the payload points at `len` slots, and a `Slot<'a>` borrows them for 'a.
        self.is(Tag::Record).then(|| unsafe { self.raw.slots_at(self.raw.len as usize) })
    }

    /// The items of a list or tuple.
    #[inline]
    #[must_use]
    pub fn as_list(&self) -> Option<&'a [Self]> {
        // SAFETY: the tag says that the payload points at `len` slots, and a `Slot<'a>` borrows them for 'a.
        self.is(Tag::List).then(|| unsafe { self.raw.slots_at(self.raw.len as usize) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_accessor_reads_its_own_type_and_no_other() {
        let items = [Slot::int(1)];
        let time = Timestamp { seconds: -1, nanoseconds: 5 };
        let slots = [
            Slot::bool(true),
            Slot::int(-7),
            Slot::float(0.5),
            Slot::decimal(Decimal::new(-150, 2)),
            Slot::date_time(time),
            Slot::str("text"),
            Slot::bytes(&[1, 2]),
            Slot::record(&items),
            Slot::list(&items),
            Slot::uint(u64::MAX),
            Slot::ABSENT,
            Slot::NIL,
        ];
        let read = |slot: &Slot<'_>| {
            [
                slot.as_bool() == Some(true),
                slot.as_int() == Some(-7),
                slot.as_float() == Some(0.5),
                slot.as_decimal().map(|decimal| decimal.to_string()) == Some("-1.50".into()),
                slot.as_date_time() == Some(time),
                slot.as_str() == Some("text"),
                slot.as_bytes() == Some(&[1, 2]),
                slot.as_record().and_then(|fields| fields.first()?.as_int()) == Some(1),
                slot.as_list().and_then(|items| items.first()?.as_int()) == Some(1),
            ]
        };
        for (i, slot) in slots.iter().enumerate() {
            let expected: [bool; 9] = std::array::from_fn(|accessor| accessor == i);
            assert_eq!(read(slot), expected, "{slot:?}");
        }
        assert_eq!(Slot::one_of(3, "literal").as_str(), Some("literal"));
        assert_eq!(Slot::str("").as_str(), Some(""));
    }
}
