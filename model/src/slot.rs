//! The form in which values cross between the host and a service: flat arrays of borrowed 16-byte slots.
//!
//! Owns the layout and every `unsafe` block that reads it. A [`Slot`] is made only from borrows, so what it points
//! at lives as long as its lifetime says, and reading one is safe. A [`ForeignSlot`] came from the other side of the
//! boundary: its memory is promised to be there, its content (tag, UTF-8, lengths) is checked at every read. It never
//! allocates and never frees.
#![allow(unsafe_code, reason = "slots of both sides of the C boundary are read here")]

mod raw;
mod typed;

use std::marker::PhantomData;

use rust_decimal::Decimal;
use uuid::Uuid;

use crate::value::Timestamp;
pub use raw::{BadSlot, Payload, RawSlot, Tag};

/// A value borrowed for `'a`, of known good content.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Slot<'a> {
    raw: RawSlot,
    borrows: PhantomData<&'a [u8]>,
}

/// A value borrowed for `'a` from the other side of the boundary: read through [`ForeignSlot::view`], which checks it.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct ForeignSlot<'a> {
    raw: RawSlot,
    borrows: PhantomData<&'a [u8]>,
}

/// A slot read: what it holds, `S` being the kind of slot of nested values.
#[derive(Clone, Copy, Debug)]
pub enum View<'a, S> {
    /// Left out.
    Absent,
    /// Nil.
    Nil,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number above 2^63-1.
    UInt(u64),
    /// A float.
    Float(f64),
    /// Text.
    Str(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A decimal.
    Decimal(Decimal),
    /// The text of a decimal that does not fit.
    DecimalText(&'a str),
    /// A time.
    DateTime(Timestamp),
    /// A UUID.
    Uuid(Uuid),
    /// Items.
    List(&'a [S]),
    /// Items.
    Set(&'a [S]),
    /// Key, value, key, value, ...
    Map(&'a [S]),
    /// Fields in the model's order.
    Record(&'a [S]),
    /// A literal and its place among those of its type.
    OneOf(u16, &'a str),
    /// Little-endian 64-bit floats, as bytes.
    FloatArray(&'a [u8]),
    /// An extension's type and bytes.
    Ext(i8, &'a [u8]),
}

impl<S> View<'_, S> {
    /// The word of this value's type, as in models and messages.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Absent => "nothing",
            Self::Nil => "nil",
            Self::Bool(_) => "Bool",
            Self::Int(_) | Self::UInt(_) => "Int",
            Self::Float(_) => "Float",
            Self::Str(_) | Self::OneOf(..) => "Str",
            Self::Bytes(_) => "Bytes",
            Self::Decimal(_) | Self::DecimalText(_) => "Decimal",
            Self::DateTime(_) => "DateTime",
            Self::Uuid(_) => "Uuid",
            Self::List(_) => "List",
            Self::Set(_) => "Set",
            Self::Map(_) => "Map",
            Self::Record(_) => "Record",
            Self::FloatArray(_) => "FloatArray",
            Self::Ext(..) => "extension",
        }
    }
}

/// A length as the slot's 32 bits. Messages are bounded far below 4 GiB, so a longer borrow cannot be part of one.
fn len32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

impl<'a> Slot<'a> {
    /// A field that is left out.
    pub const ABSENT: Self = Self::scalar(Tag::Absent, Payload { uint: 0 });
    /// Nil.
    pub const NIL: Self = Self::scalar(Tag::Nil, Payload { uint: 0 });

    const fn scalar(tag: Tag, payload: Payload) -> Self {
        Self { raw: RawSlot::new(tag, 0, payload), borrows: PhantomData }
    }

    fn borrowed(tag: Tag, bytes: &'a [u8]) -> Self {
        let len = len32(bytes.len());
        Self { raw: RawSlot::new(tag, len, Payload { pointer: bytes.as_ptr() }), borrows: PhantomData }
    }

    fn children(tag: Tag, items: &'a [Self], len: usize) -> Self {
        let pointer = items.as_ptr().cast();
        Self { raw: RawSlot::new(tag, len32(len), Payload { pointer }), borrows: PhantomData }
    }

    /// A truth value.
    #[must_use]
    pub const fn bool(value: bool) -> Self {
        Self::scalar(Tag::Bool, Payload { uint: value as u64 })
    }

    /// A signed whole number.
    #[must_use]
    pub const fn int(value: i64) -> Self {
        Self::scalar(Tag::Int, Payload { int: value })
    }

    /// An unsigned whole number.
    #[must_use]
    pub fn uint(value: u64) -> Self {
        i64::try_from(value).map_or(Self::scalar(Tag::UInt, Payload { uint: value }), Self::int)
    }

    /// A float.
    #[must_use]
    pub const fn float(value: f64) -> Self {
        Self::scalar(Tag::Float, Payload { float: value })
    }

    /// Text.
    #[must_use]
    pub fn str(text: &'a str) -> Self {
        Self::borrowed(Tag::Str, text.as_bytes())
    }

    /// Bytes.
    #[must_use]
    pub fn bytes(bytes: &'a [u8]) -> Self {
        Self::borrowed(Tag::Bytes, bytes)
    }

    /// A decimal, its scale kept.
    #[must_use]
    pub fn decimal(value: Decimal) -> Self {
        let parts = value.unpack();
        let low = u64::from(parts.lo) | (u64::from(parts.mid) << 32);
        let mut raw = RawSlot::new(Tag::Decimal, parts.hi, Payload { uint: low });
        // The scale of a Decimal is at most 28.
        raw.detail = parts.scale as u8;
        raw.small = u16::from(parts.negative);
        Self { raw, borrows: PhantomData }
    }

    /// A decimal that [`Decimal`] cannot hold as it was written.
    #[must_use]
    pub fn decimal_text(text: &'a str) -> Self {
        Self::borrowed(Tag::DecimalText, text.as_bytes())
    }

    /// A time.
    #[must_use]
    pub const fn date_time(time: Timestamp) -> Self {
        let raw = RawSlot::new(Tag::DateTime, time.nanoseconds, Payload { int: time.seconds });
        Self { raw, borrows: PhantomData }
    }

    /// A UUID.
    #[must_use]
    pub fn uuid(uuid: &'a Uuid) -> Self {
        Self::borrowed(Tag::Uuid, uuid.as_bytes())
    }

    /// A list or tuple.
    #[must_use]
    pub fn list(items: &'a [Self]) -> Self {
        Self::children(Tag::List, items, items.len())
    }

    /// A set.
    #[must_use]
    pub fn set(items: &'a [Self]) -> Self {
        Self::children(Tag::Set, items, items.len())
    }

    /// A map of key, value, key, value, ...; a last key without a value is left out.
    #[must_use]
    pub fn map(pairs: &'a [Self]) -> Self {
        Self::children(Tag::Map, pairs, pairs.len() / 2)
    }

    /// A nested record: its slots in the model's order.
    #[must_use]
    pub fn record(fields: &'a [Self]) -> Self {
        Self::children(Tag::Record, fields, fields.len())
    }

    /// A literal and its place among those of its type.
    #[must_use]
    pub fn one_of(place: u16, text: &'a str) -> Self {
        let mut slot = Self::borrowed(Tag::OneOf, text.as_bytes());
        slot.raw.small = place;
        slot
    }

    /// Floats, as their little-endian bytes.
    #[must_use]
    pub fn float_array(bytes: &'a [u8]) -> Self {
        Self::borrowed(Tag::FloatArray, bytes)
    }

    /// A MessagePack extension.
    #[must_use]
    pub fn ext(code: i8, bytes: &'a [u8]) -> Self {
        let mut slot = Self::borrowed(Tag::Ext, bytes);
        slot.raw.detail = code.cast_unsigned();
        slot
    }

    /// Whether this is a field that was left out.
    #[must_use]
    pub const fn is_absent(&self) -> bool {
        self.raw.tag == Tag::Absent as u8
    }

    /// What the slot holds.
    #[must_use]
    pub fn view(&self) -> View<'a, Self> {
        // SAFETY: a `Slot<'a>` is made by the constructors above, from borrows of 'a whose content has the type that
        // the tag says, or by `from_raw`, whose caller promises the same.
        unsafe { self.raw.read_trusting() }.unwrap_or(View::Absent)
    }

    /// The slots of an array that crossed the boundary, trusted.
    ///
    /// # Safety
    /// `pointer` and `count` describe slots that are valid for `'a` with everything that they point at, and their
    /// content is what their tags say: text is UTF-8, nested slots likewise. The host promises this to a service.
    #[must_use]
    pub unsafe fn from_raw(pointer: *const RawSlot, count: usize) -> &'a [Self] {
        if count == 0 || pointer.is_null() {
            return &[];
        }
        // SAFETY: the caller's promise; `Slot` is transparent over `RawSlot`.
        unsafe { std::slice::from_raw_parts(pointer.cast(), count) }
    }

    /// The same slots as the other side sees them.
    #[must_use]
    pub const fn as_raw(slots: &[Self]) -> *const RawSlot {
        slots.as_ptr().cast()
    }

    /// The same slots, to be checked at every read: what is known to be good is a special case of what is not.
    #[must_use]
    pub const fn as_foreign(slots: &'a [Self]) -> &'a [ForeignSlot<'a>] {
        // SAFETY: both types are transparent over `RawSlot` and borrow for the same lifetime.
        unsafe { std::slice::from_raw_parts(slots.as_ptr().cast(), slots.len()) }
    }
}

impl<'a> ForeignSlot<'a> {
    /// The slots of an array that crossed the boundary, not trusted.
    ///
    /// # Safety
    /// `pointer` and `count` describe slots that are valid for `'a`, and every pointer in them with its length (nested
    /// ones too) describes memory that is valid for `'a`. Their content need not be good.
    #[must_use]
    pub unsafe fn from_raw(pointer: *const RawSlot, count: usize) -> &'a [Self] {
        if count == 0 || pointer.is_null() {
            return &[];
        }
        // SAFETY: the caller's promise; `ForeignSlot` is transparent over `RawSlot`.
        unsafe { std::slice::from_raw_parts(pointer.cast(), count) }
    }

    /// A map of key, value, key, value, ... out of slots that are as little trusted.
    #[must_use]
    pub fn map(pairs: &'a [Self]) -> Self {
        let raw = RawSlot::new(Tag::Map, len32(pairs.len() / 2), Payload { pointer: pairs.as_ptr().cast() });
        Self { raw, borrows: PhantomData }
    }

    /// Whether this is a field that was left out.
    #[must_use]
    pub const fn is_absent(&self) -> bool {
        self.raw.tag == Tag::Absent as u8
    }

    /// What the slot holds, checked.
    ///
    /// # Errors
    /// If the tag is unknown, a pointer is null or misaligned, or the content is not what the tag says.
    #[inline]
    pub fn view(&self) -> Result<View<'a, Self>, BadSlot> {
        let tag = Tag::from_byte(self.raw.tag).ok_or(BadSlot::Tag(self.raw.tag))?;
        // SAFETY: the maker of this slot promised that its memory is there for 'a (`from_raw`).
        unsafe { self.raw.read_checking(tag) }
    }
}

impl std::fmt::Debug for Slot<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.view().fmt(f)
    }
}

impl std::fmt::Debug for ForeignSlot<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.view().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_sixteen_bytes_aligned_to_eight() {
        assert_eq!((size_of::<RawSlot>(), align_of::<RawSlot>()), (16, 8));
        assert_eq!(size_of::<Slot<'_>>(), 16);
    }

    #[test]
    fn decimals_keep_sign_scale_and_all_96_bits() {
        for text in ["0", "-0.00", "64235.17", "-79228162514264337593543950335", "0.0000000000000000000000000001"] {
            let decimal: Decimal = text.parse().unwrap();
            let View::Decimal(back) = Slot::decimal(decimal).view() else { panic!("not a decimal") };
            assert_eq!(back.to_string(), decimal.to_string());
        }
    }

    #[test]
    fn foreign_slots_are_checked() {
        let bad = |raw: RawSlot| ForeignSlot { raw, borrows: PhantomData }.view().unwrap_err();
        let null = Payload { pointer: std::ptr::null() };
        assert_eq!(bad(RawSlot { tag: 99, detail: 0, small: 0, len: 0, payload: null }), BadSlot::Tag(99));
        assert_eq!(bad(RawSlot::new(Tag::Str, 3, null)), BadSlot::Pointer(Tag::Str, 3));
        let text = [0xff_u8, 0xfe];
        assert_eq!(bad(RawSlot::new(Tag::Str, 2, Payload { pointer: text.as_ptr() })), BadSlot::Utf8(Tag::Str));
        let few = Payload { pointer: text.as_ptr() };
        assert_eq!(bad(RawSlot::new(Tag::Bytes, u32::MAX, few)), BadSlot::Length(Tag::Bytes, u32::MAX));
        assert_eq!(bad(RawSlot::new(Tag::Bool, 0, Payload { uint: 2 })), BadSlot::Value(Tag::Bool));
        let odd = Payload { pointer: std::ptr::without_provenance(1) };
        assert_eq!(bad(RawSlot::new(Tag::List, 1, odd)), BadSlot::Pointer(Tag::List, 1));
    }
}
