//! A place in a frame, and the MessagePack items that can be read from it.
//!
//! Owns the bounds: every length is checked against the bytes that are left, nesting against the limit, and the items
//! that containers promise against the bytes that could hold them, before anything is allocated for them. It never
//! allocates, and knows nothing of models or marker maps.

use rmp::Marker;

use crate::error::{Code, Refusal};
use crate::wire::MAX_DEPTH;

/// A place in a frame. Copies of it are places to come back to.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    at: Cursor<'a>,
    depth: usize,
    /// The items that the containers around this place still have to hold after the one in hand.
    owed: usize,
}

/// What has not been read yet.
#[derive(Clone, Copy, Debug)]
struct Cursor<'a>(&'a [u8]);

/// One MessagePack item; of a container, only its head.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Item<'a> {
    Nil,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(f64),
    Str(&'a str),
    Bytes(&'a [u8]),
    Ext(i8, &'a [u8]),
    Array(usize),
    Map(usize),
}

#[cold]
fn truncated() -> Refusal {
    Refusal::new(Code::Truncated, "the frame ends inside a value")
}

#[cold]
fn exceeds(what: &str, claimed: usize, left: usize) -> Refusal {
    Refusal::new(Code::LengthExceedsFrame, format!("{what} of length {claimed} with {left} bytes left in the frame"))
}

#[cold]
fn reserved() -> Refusal {
    Refusal::new(Code::ReservedByte, "the byte 0xc1 is never used")
}

impl<'a> Reader<'a> {
    /// The beginning of a frame.
    #[must_use]
    pub const fn new(frame: &'a [u8]) -> Self {
        Self { at: Cursor(frame), depth: 0, owed: 0 }
    }

    /// What has not been read yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.at.0
    }

    /// Makes sure that the whole frame has been read.
    ///
    /// # Errors
    /// [`Code::TrailingBytes`] if bytes are left.
    pub fn finish(&self) -> Result<(), Refusal> {
        match self.at.0.len() {
            0 => Ok(()),
            left => Err(Refusal::new(Code::TrailingBytes, format!("{left} bytes follow the value"))),
        }
    }

    /// Goes past one whole value, looking only at its structure.
    ///
    /// # Errors
    /// If the bytes are no value, or the frame ends inside of it.
    pub fn skip(&mut self) -> Result<(), Refusal> {
        let mut pending = 1_usize;
        while pending > 0 {
            pending -= 1;
            let inside = match self.at.item(|_| Ok(""))? {
                Item::Array(len) => len,
                Item::Map(len) => len.saturating_mul(2),
                _ => 0,
            };
            pending = pending.saturating_add(inside);
            if pending > self.at.0.len() {
                return Err(exceeds("a container", inside, self.at.0.len()));
            }
        }
        Ok(())
    }

    /// Goes past these bytes if they come next.
    #[inline]
    pub(crate) fn skip_prefix(&mut self, prefix: &[u8]) -> bool {
        match self.at.0.strip_prefix(prefix) {
            Some(rest) => {
                self.at.0 = rest;
                true
            }
            None => false,
        }
    }

    /// As [`Reader::skip_prefix`], of a length that is known when this is compiled, which spares a call.
    #[inline(always)]
    pub(crate) fn skip_exactly<const N: usize>(&mut self, prefix: &[u8; N]) -> Option<()> {
        let (first, rest) = self.at.0.split_first_chunk::<N>()?;
        if first != prefix {
            return None;
        }
        self.at.0 = rest;
        Some(())
    }

    /// Goes past the beginning of a marker map, up to its payload, if it is written the canonical way.
    #[inline]
    pub(crate) fn skip_marker(&mut self, canonical: &[u8]) -> bool {
        self.depth < MAX_DEPTH && self.skip_prefix(canonical)
    }

    /// The format of the next item, without going past it.
    #[inline]
    pub(crate) fn peek(&self) -> Option<Marker> {
        self.at.0.first().copied().map(Marker::from_u8)
    }

    /// The next item; of a container only its head, which is then to be entered.
    pub(crate) fn item(&mut self) -> Result<Item<'a>, Refusal> {
        self.at.item(utf8)
    }

    /// The next item if its format is one of those wanted; else nothing is read.
    #[inline]
    pub(crate) fn item_if(&mut self, wanted: impl FnOnce(Marker) -> bool) -> Result<Option<Item<'a>>, Refusal> {
        match self.peek() {
            Some(marker) if wanted(marker) => self.item().map(Some),
            Some(_) => Ok(None),
            None => Err(truncated()),
        }
    }

    /// The next item if it is text; else nothing is read.
    #[inline]
    pub(crate) fn text(&mut self) -> Result<Option<&'a str>, Refusal> {
        match self.text_bytes()? {
            Some(bytes) => utf8(bytes).map(Some),
            None => Ok(None),
        }
    }

    /// The next item if it is a whole number in a format without sign; else nothing is read.
    #[inline]
    pub(crate) fn unsigned(&mut self) -> Option<u64> {
        let mut ahead = self.at;
        let number = match ahead.marker().ok()? {
            Marker::FixPos(n) => u64::from(n),
            Marker::U8 => u64::from(u8::from_be_bytes(ahead.array().ok()?)),
            Marker::U16 => u64::from(u16::from_be_bytes(ahead.array().ok()?)),
            Marker::U32 => u64::from(u32::from_be_bytes(ahead.array().ok()?)),
            Marker::U64 => u64::from_be_bytes(ahead.array().ok()?),
            _ => return None,
        };
        self.at = ahead;
        Some(number)
    }

    /// The bytes of the next item if it is text, for a reader that takes only some ASCII anyway; else nothing is read.
    #[inline]
    pub(crate) fn text_bytes(&mut self) -> Result<Option<&'a [u8]>, Refusal> {
        let mut ahead = self.at;
        let bytes = ahead.text()?;
        if bytes.is_some() {
            self.at = ahead;
        }
        Ok(bytes)
    }

    /// The text in a marker map, if that comes next and is written the canonical way; else nothing is read.
    #[inline]
    pub(crate) fn marker_text(&mut self, canonical: &[u8]) -> Result<Option<&'a [u8]>, Refusal> {
        let Some(rest) = self.at.0.strip_prefix(canonical) else { return Ok(None) };
        let mut ahead = Cursor(rest);
        let bytes = ahead.text()?;
        if bytes.is_none() || self.depth >= MAX_DEPTH {
            return Ok(None);
        }
        self.at = ahead;
        Ok(bytes)
    }

    /// The number of pairs if the next item is a map; else nothing is read.
    #[inline]
    pub(crate) fn map_head(&mut self) -> Result<Option<usize>, Refusal> {
        let mut ahead = self.at;
        let count = match ahead.marker()? {
            Marker::FixMap(len) => usize::from(len),
            Marker::Map16 => ahead.length::<2>()?,
            Marker::Map32 => ahead.length::<4>()?,
            _ => return Ok(None),
        };
        self.at = ahead;
        Ok(Some(count))
    }

    /// Goes into a container of `items` items (a pair is two), which must be left again.
    #[inline]
    pub(crate) fn enter(&mut self, items: usize) -> Result<(), Refusal> {
        if self.depth >= MAX_DEPTH {
            return Err(Refusal::new(Code::TooDeep, format!("more than {MAX_DEPTH} containers inside each other")));
        }
        let left = self.at.0.len().saturating_sub(self.owed);
        if items > left {
            return Err(exceeds("a container", items, left));
        }
        self.depth += 1;
        self.owed += items;
        Ok(())
    }

    /// Begins one of the items of the container that was entered.
    #[inline]
    pub(crate) fn next_item(&mut self) {
        self.owed = self.owed.saturating_sub(1);
    }

    /// Goes out of the container that was entered.
    #[inline]
    pub(crate) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}

impl<'a> Cursor<'a> {
    fn item(&mut self, text: impl FnOnce(&'a [u8]) -> Result<&'a str, Refusal>) -> Result<Item<'a>, Refusal> {
        Ok(match self.marker()? {
            Marker::Null => Item::Nil,
            Marker::False => Item::Bool(false),
            Marker::True => Item::Bool(true),
            Marker::FixPos(n) => Item::Int(i64::from(n)),
            Marker::FixNeg(n) => Item::Int(i64::from(n)),
            Marker::U8 => Item::Int(i64::from(u8::from_be_bytes(self.array()?))),
            Marker::U16 => Item::Int(i64::from(u16::from_be_bytes(self.array()?))),
            Marker::U32 => Item::Int(i64::from(u32::from_be_bytes(self.array()?))),
            Marker::U64 => {
                let n = u64::from_be_bytes(self.array()?);
                i64::try_from(n).map_or(Item::UInt(n), Item::Int)
            }
            Marker::I8 => Item::Int(i64::from(i8::from_be_bytes(self.array()?))),
            Marker::I16 => Item::Int(i64::from(i16::from_be_bytes(self.array()?))),
            Marker::I32 => Item::Int(i64::from(i32::from_be_bytes(self.array()?))),
            Marker::I64 => Item::Int(i64::from_be_bytes(self.array()?)),
            Marker::F32 => Item::Float(f64::from(f32::from_be_bytes(self.array()?))),
            Marker::F64 => Item::Float(f64::from_be_bytes(self.array()?)),
            Marker::FixStr(len) => Item::Str(text(self.bytes("text", usize::from(len))?)?),
            Marker::Str8 => Item::Str(text(self.sized::<1>("text")?)?),
            Marker::Str16 => Item::Str(text(self.sized::<2>("text")?)?),
            Marker::Str32 => Item::Str(text(self.sized::<4>("text")?)?),
            Marker::Bin8 => Item::Bytes(self.sized::<1>("bytes")?),
            Marker::Bin16 => Item::Bytes(self.sized::<2>("bytes")?),
            Marker::Bin32 => Item::Bytes(self.sized::<4>("bytes")?),
            Marker::FixArray(len) => Item::Array(usize::from(len)),
            Marker::Array16 => Item::Array(self.length::<2>()?),
            Marker::Array32 => Item::Array(self.length::<4>()?),
            Marker::FixMap(len) => Item::Map(usize::from(len)),
            Marker::Map16 => Item::Map(self.length::<2>()?),
            Marker::Map32 => Item::Map(self.length::<4>()?),
            Marker::FixExt1 => self.extension(1)?,
            Marker::FixExt2 => self.extension(2)?,
            Marker::FixExt4 => self.extension(4)?,
            Marker::FixExt8 => self.extension(8)?,
            Marker::FixExt16 => self.extension(16)?,
            Marker::Ext8 => self.length::<1>().and_then(|len| self.extension(len))?,
            Marker::Ext16 => self.length::<2>().and_then(|len| self.extension(len))?,
            Marker::Ext32 => self.length::<4>().and_then(|len| self.extension(len))?,
            Marker::Reserved => return Err(reserved()),
        })
    }

    /// The bytes of text, if that comes next; else it is not known what has been read.
    #[inline]
    fn text(&mut self) -> Result<Option<&'a [u8]>, Refusal> {
        Ok(Some(match self.marker()? {
            Marker::FixStr(len) => self.bytes("text", usize::from(len))?,
            Marker::Str8 => self.sized::<1>("text")?,
            Marker::Str16 => self.sized::<2>("text")?,
            Marker::Str32 => self.sized::<4>("text")?,
            _ => return Ok(None),
        }))
    }

    #[inline]
    fn marker(&mut self) -> Result<Marker, Refusal> {
        let Some((byte, rest)) = self.0.split_first() else { return Err(truncated()) };
        self.0 = rest;
        Ok(Marker::from_u8(*byte))
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Refusal> {
        let Some((bytes, rest)) = self.0.split_first_chunk() else { return Err(truncated()) };
        self.0 = rest;
        Ok(*bytes)
    }

    #[inline]
    fn bytes(&mut self, what: &str, len: usize) -> Result<&'a [u8], Refusal> {
        let Some((bytes, rest)) = self.0.split_at_checked(len) else {
            return Err(exceeds(what, len, self.0.len()));
        };
        self.0 = rest;
        Ok(bytes)
    }

    /// A length of `N` bytes.
    #[inline]
    fn length<const N: usize>(&mut self) -> Result<usize, Refusal> {
        let bytes: [u8; N] = self.array()?;
        Ok(bytes.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte)))
    }

    #[inline]
    fn sized<const N: usize>(&mut self, what: &str) -> Result<&'a [u8], Refusal> {
        let len = self.length::<N>()?;
        self.bytes(what, len)
    }

    fn extension(&mut self, len: usize) -> Result<Item<'a>, Refusal> {
        let code = i8::from_be_bytes(self.array()?);
        Ok(Item::Ext(code, self.bytes("an extension", len)?))
    }
}

/// Text of these bytes.
#[inline]
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(bytes).map_err(|error| Refusal::new(Code::BadUtf8, format!("text is not UTF-8: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_promises_only_what_its_surroundings_leave() {
        // Three levels that each promise as many items as there are bytes left.
        let frame = [&[0xdd, 0, 0, 0, 10][..], &[0xdd, 0, 0, 0, 5], &[0xc0; 5]].concat();
        let mut reader = Reader::new(&frame);
        let Ok(Item::Array(10)) = reader.item() else { panic!("an array of 10") };
        reader.enter(10).unwrap();
        reader.next_item();
        let Ok(Item::Array(5)) = reader.item() else { panic!("an array of 5") };
        assert_eq!(reader.enter(5).unwrap_err().code(), Code::LengthExceedsFrame);
    }

    #[test]
    fn skipping_goes_past_exactly_one_value() {
        let frame = [0x82, 0xa1, b'a', 0x92, 0x01, 0xc4, 0x01, 0xff, 0xa1, b'b', 0xd4, 0x05, 0x00, 0x07];
        let mut reader = Reader::new(&frame);
        reader.skip().unwrap();
        assert_eq!(reader.rest(), [0x07]);
    }

    #[test]
    fn what_is_not_text_is_left_where_it_is() {
        let mut reader = Reader::new(&[0x05]);
        assert_eq!(reader.text().unwrap(), None);
        assert_eq!(reader.item().unwrap(), Item::Int(5));
    }
}
