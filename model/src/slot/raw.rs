//! The layout of a slot, as C sees it, and the reading of its bits.
//!
//! Owns the numbers of the tags and what each of them makes of the other fields. Nothing outside of this folder reads
//! the payload.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::View;
use crate::value::Timestamp;

/// What a slot holds. The numbers are part of the C ABI.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// An optional field that was left out.
    Absent = 0,
    /// Nil.
    Nil = 1,
    /// A truth value in the payload's integer.
    Bool = 2,
    /// A signed whole number.
    Int = 3,
    /// A whole number above 2^63-1.
    UInt = 4,
    /// A 64-bit float.
    Float = 5,
    /// Text: pointer and length in bytes.
    Str = 6,
    /// Bytes: pointer and length.
    Bytes = 7,
    /// A decimal: scale in `detail`, sign in `small`, the high 32 bits in `len`, the low 64 in the payload.
    Decimal = 8,
    /// The text of a decimal that does not fit a `Decimal`.
    DecimalText = 9,
    /// A time: nanoseconds in `len`, seconds in the payload.
    DateTime = 10,
    /// A UUID: pointer to 16 bytes.
    Uuid = 11,
    /// A list or tuple: pointer to its items, their number in `len`.
    List = 12,
    /// A set: pointer to its items, their number in `len`.
    Set = 13,
    /// A map: pointer to key, value, key, value, ...; the number of pairs in `len`.
    Map = 14,
    /// A nested record: pointer to its slots in the model's order, their number in `len`.
    Record = 15,
    /// One of a set of literals: the text, and its place among them in `small`.
    OneOf = 16,
    /// Raw little-endian 64-bit floats: pointer and length in bytes. Not aligned.
    FloatArray = 17,
    /// A MessagePack extension: pointer and length, its type in `detail`.
    Ext = 18,
}

impl Tag {
    const ALL: [Self; 19] = [
        Self::Absent,
        Self::Nil,
        Self::Bool,
        Self::Int,
        Self::UInt,
        Self::Float,
        Self::Str,
        Self::Bytes,
        Self::Decimal,
        Self::DecimalText,
        Self::DateTime,
        Self::Uuid,
        Self::List,
        Self::Set,
        Self::Map,
        Self::Record,
        Self::OneOf,
        Self::FloatArray,
        Self::Ext,
    ];

    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }
}

/// The eight bytes of a slot that hold a number or point at what it borrows.
#[repr(C)]
#[derive(Clone, Copy)]
pub union Payload {
    /// A signed number.
    pub int: i64,
    /// An unsigned number.
    pub uint: u64,
    /// A float.
    pub float: f64,
    /// Borrowed memory.
    pub pointer: *const u8,
}

/// The layout of a slot, as C sees it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct RawSlot {
    /// A [`Tag`].
    pub tag: u8,
    /// See [`Tag`].
    pub detail: u8,
    /// See [`Tag`].
    pub small: u16,
    /// A length, a count, or see [`Tag`].
    pub len: u32,
    /// The value, or where it is.
    pub payload: Payload,
}

/// The greatest length of a slot that came over the boundary. No message is as long; a negative length and one that did
/// not fit the slot's 32 bits are beyond it.
const LONGEST: u32 = i32::MAX.cast_unsigned();

/// What is wrong with a slot that came over the boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSlot {
    /// The tag is not one of [`Tag`].
    #[error("a slot has the unknown tag {0}")]
    Tag(u8),
    /// A pointer is null, or not aligned, although the length is not zero.
    #[error("a {0:?} slot of length {1} has a null or misaligned pointer")]
    Pointer(Tag, u32),
    /// A length is one that no message can have.
    #[error("a {0:?} slot has the length {1}, which is more than a message can have")]
    Length(Tag, u32),
    /// Text is not UTF-8.
    #[error("a {0:?} slot holds text that is not UTF-8")]
    Utf8(Tag),
    /// A number is out of the range that its tag allows.
    #[error("a {0:?} slot holds a value that its tag does not allow")]
    Value(Tag),
}

impl RawSlot {
    pub(super) const fn new(tag: Tag, len: u32, payload: Payload) -> Self {
        Self { tag: tag as u8, detail: 0, small: 0, len, payload }
    }
}

impl RawSlot {
    /// # Safety
    /// Pointer and length describe readable memory for `'a`.
    #[inline]
    pub(super) unsafe fn bytes_at<'a>(&self) -> &'a [u8] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: the tag says that the payload is a pointer; the caller promises the memory behind it.
        unsafe { std::slice::from_raw_parts(self.payload.pointer, self.len as usize) }
    }

    /// # Safety
    /// The pointer describes `count` readable, aligned slots for `'a`. `S` is transparent over `RawSlot`.
    pub(super) unsafe fn slots_at<'a, S>(&self, count: usize) -> &'a [S] {
        if count == 0 {
            return &[];
        }
        // SAFETY: the tag says that the payload is a pointer; the caller promises the slots behind it.
        unsafe { std::slice::from_raw_parts(self.payload.pointer.cast(), count) }
    }

    /// # Safety
    /// The content is what the tag says, as for [`Slot`].
    #[inline]
    pub(super) unsafe fn read_trusting<'a, S>(&self) -> Option<View<'a, S>> {
        let tag = Tag::from_byte(self.tag)?;
        // SAFETY: the caller promises that the content fits the tag; text in it is UTF-8.
        unsafe {
            Some(match tag {
                Tag::Str => View::Str(std::str::from_utf8_unchecked(self.bytes_at())),
                Tag::DecimalText => View::DecimalText(std::str::from_utf8_unchecked(self.bytes_at())),
                Tag::OneOf => View::OneOf(self.small, std::str::from_utf8_unchecked(self.bytes_at())),
                other => self.read_other(other),
            })
        }
    }

    /// Makes sure that what a slot points at can be there, and be part of a message.
    #[inline]
    const fn check_pointer(&self, tag: Tag, is_bad: bool) -> Result<(), BadSlot> {
        match self.len {
            0 => Ok(()),
            len if is_bad => Err(BadSlot::Pointer(tag, len)),
            len if len > LONGEST => Err(BadSlot::Length(tag, len)),
            _ => Ok(()),
        }
    }

    /// # Safety
    /// Pointers with their lengths describe memory that is valid for `'a`, as for [`ForeignSlot`].
    #[inline]
    pub(super) unsafe fn read_checking<'a, S>(&self, tag: Tag) -> Result<View<'a, S>, BadSlot> {
        // SAFETY: the union's fields are plain numbers or a pointer; any bits are valid for each.
        let (number, pointer) = unsafe { (self.payload.uint, self.payload.pointer) };
        let good = match tag {
            Tag::Absent | Tag::Nil | Tag::Int | Tag::Float => true,
            Tag::Bool => number <= 1,
            Tag::UInt => number > i64::MAX.cast_unsigned(),
            Tag::Decimal => self.detail <= 28 && self.small <= 1,
            Tag::DateTime => self.len < 1_000_000_000,
            Tag::Uuid if pointer.is_null() => return Err(BadSlot::Pointer(tag, self.len)),
            Tag::Uuid => self.len == 16,
            Tag::Str | Tag::Bytes | Tag::DecimalText | Tag::OneOf | Tag::FloatArray | Tag::Ext => {
                self.check_pointer(tag, pointer.is_null())?;
                tag != Tag::FloatArray || self.len.is_multiple_of(8)
            }
            Tag::List | Tag::Set | Tag::Map | Tag::Record => {
                self.check_pointer(tag, pointer.is_null() || !pointer.addr().is_multiple_of(align_of::<Self>()))?;
                true
            }
        };
        if !good {
            return Err(BadSlot::Value(tag));
        }
        // SAFETY: null and alignment are ruled out above, the caller promises the memory; UTF-8 is checked here.
        unsafe {
            let text = || std::str::from_utf8(self.bytes_at()).map_err(|_| BadSlot::Utf8(tag));
            Ok(match tag {
                Tag::Str => View::Str(text()?),
                Tag::DecimalText => View::DecimalText(text()?),
                Tag::OneOf => View::OneOf(self.small, text()?),
                other => self.read_other(other),
            })
        }
    }

    /// Reads everything that is not text.
    ///
    /// # Safety
    /// Pointers with their lengths describe memory that is valid for `'a` and aligned for what is in it.
    #[inline]
    unsafe fn read_other<'a, S>(&self, tag: Tag) -> View<'a, S> {
        let count = self.len as usize;
        // SAFETY: the caller's promise; the union's numbers are valid for any bits.
        unsafe {
            match tag {
                Tag::Absent | Tag::Str | Tag::DecimalText | Tag::OneOf => View::Absent,
                Tag::Nil => View::Nil,
                Tag::Bool => View::Bool(self.payload.uint != 0),
                Tag::Int => View::Int(self.payload.int),
                Tag::UInt => View::UInt(self.payload.uint),
                Tag::Float => View::Float(self.payload.float),
                Tag::Bytes => View::Bytes(self.bytes_at()),
                Tag::Decimal => View::Decimal(self.decimal()),
                Tag::DateTime => View::DateTime(Timestamp { seconds: self.payload.int, nanoseconds: self.len }),
                Tag::Uuid => View::Uuid(Uuid::from_slice(self.bytes_at()).unwrap_or_default()),
                Tag::List => View::List(self.slots_at(count)),
                Tag::Set => View::Set(self.slots_at(count)),
                Tag::Map => View::Map(self.slots_at(count.saturating_mul(2))),
                Tag::Record => View::Record(self.slots_at(count)),
                Tag::FloatArray => View::FloatArray(self.bytes_at()),
                Tag::Ext => View::Ext(self.detail.cast_signed(), self.bytes_at()),
            }
        }
    }

    #[inline]
    pub(super) fn decimal(&self) -> Decimal {
        // SAFETY: any bits are a valid number.
        let low = unsafe { self.payload.uint };
        // Truncation is meant: the low and the middle 32 bits.
        Decimal::from_parts(low as u32, (low >> 32) as u32, self.len, self.small != 0, u32::from(self.detail))
    }
}
