//! Values to MessagePack, in the forms that the Python library writes: integers in the fewest bytes, floats in eight,
//! decimals, sets, UUIDs and float arrays as marker maps, times as the timestamp extension.
//!
//! Owns the bytes of each kind of value. It encodes what it is given: whether a peer could read it is asked elsewhere.

use std::convert::Infallible;
use std::fmt;

use rmp::Marker;
use rmp::encode::{self, ByteBuf, RmpWrite, ValueWriteError};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::value::{Timestamp, Value};
use crate::wire::decimal::Digits;
use crate::wire::marker::{self, Shape};

/// Appends the wire form of a value.
pub fn encode_value(value: &Value, out: &mut Vec<u8>) {
    Writer::new(out).value(value);
}

/// Appends MessagePack to a buffer, which it holds as long as it lives.
pub(crate) struct Writer<'o> {
    bytes: ByteBuf,
    out: &'o mut Vec<u8>,
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        *self.out = std::mem::take(&mut self.bytes).into_vec();
    }
}

/// What a buffer in memory answers to a write.
trait Done {
    fn done(self);
}

impl<T> Done for Result<T, ValueWriteError<Infallible>> {
    #[inline]
    fn done(self) {}
}

impl Done for Result<(), Infallible> {
    #[inline]
    fn done(self) {
        let Ok(()) = self;
    }
}

/// A length as the wire's 32 bits. A frame is bounded far below 4 GiB.
fn len32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

impl<'o> Writer<'o> {
    #[inline]
    pub(crate) fn new(out: &'o mut Vec<u8>) -> Self {
        Self { bytes: ByteBuf::from_vec(std::mem::take(out)), out }
    }

    /// Everything in the buffer, what was there before included.
    #[inline]
    pub(crate) fn written(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// Takes back what was written after the buffer had this length.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.bytes.as_mut_vec().truncate(len);
    }

    /// Bytes that are MessagePack already.
    #[inline]
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.write_bytes(bytes).done();
    }

    #[inline]
    pub(crate) fn nil(&mut self) {
        encode::write_nil(&mut self.bytes).done();
    }

    #[inline]
    pub(crate) fn bool(&mut self, value: bool) {
        encode::write_bool(&mut self.bytes, value).done();
    }

    #[inline]
    pub(crate) fn int(&mut self, n: i64) {
        encode::write_sint(&mut self.bytes, n).done();
    }

    #[inline]
    pub(crate) fn uint(&mut self, n: u64) {
        encode::write_uint(&mut self.bytes, n).done();
    }

    #[inline]
    pub(crate) fn float(&mut self, x: f64) {
        encode::write_f64(&mut self.bytes, x).done();
    }

    #[inline]
    pub(crate) fn str(&mut self, text: &str) {
        encode::write_str_len(&mut self.bytes, len32(text.len())).done();
        self.raw(text.as_bytes());
    }

    #[inline]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        encode::write_bin_len(&mut self.bytes, len32(bytes.len())).done();
        self.raw(bytes);
    }

    #[inline]
    pub(crate) fn array(&mut self, count: usize) {
        encode::write_array_len(&mut self.bytes, len32(count)).done();
    }

    #[inline]
    pub(crate) fn map(&mut self, count: usize) {
        encode::write_map_len(&mut self.bytes, len32(count)).done();
    }

    /// Up to the payload of a marker map.
    #[inline]
    pub(crate) fn marker(&mut self, shape: Shape) {
        self.raw(shape.prefix);
    }

    #[inline]
    pub(crate) fn decimal(&mut self, decimal: Decimal) {
        self.marker(marker::DECIMAL);
        self.decimal_key(decimal);
    }

    /// The text of a decimal alone.
    #[inline]
    pub(crate) fn decimal_key(&mut self, decimal: Decimal) {
        let digits = Digits::of(decimal);
        encode::write_str_len(&mut self.bytes, len32(digits.as_bytes().len())).done();
        self.raw(digits.as_bytes());
    }

    pub(crate) fn decimal_text(&mut self, text: &str) {
        self.marker(marker::DECIMAL);
        self.str(text);
    }

    pub(crate) fn uuid(&mut self, uuid: &Uuid) {
        self.marker(marker::UUID);
        self.uuid_text(uuid);
    }

    pub(crate) fn uuid_text(&mut self, uuid: &Uuid) {
        self.str(uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    }

    pub(crate) fn date_time(&mut self, time: Timestamp) {
        let Timestamp { seconds, nanoseconds } = time;
        let head = |bytes: &mut ByteBuf, len| encode::write_ext_meta(bytes, len, marker::TIMESTAMP).done();
        if let Ok(seconds) = u32::try_from(seconds)
            && nanoseconds == 0
        {
            head(&mut self.bytes, 4);
            self.raw(&seconds.to_be_bytes());
        } else if (0..1 << 34).contains(&seconds) {
            head(&mut self.bytes, 8);
            self.raw(&((u64::from(nanoseconds) << 34) | seconds.cast_unsigned()).to_be_bytes());
        } else {
            head(&mut self.bytes, 12);
            self.raw(&nanoseconds.to_be_bytes());
            self.raw(&seconds.to_be_bytes());
        }
    }

    pub(crate) fn ext(&mut self, code: i8, bytes: &[u8]) {
        encode::write_ext_meta(&mut self.bytes, len32(bytes.len()), code).done();
        self.raw(bytes);
    }

    /// Formatted text, without a detour over a `String`.
    pub(crate) fn short_text(&mut self, text: fmt::Arguments<'_>) {
        let start = self.bytes.as_slice().len();
        self.raw(&[Marker::FixStr(0).to_u8()]);
        // A buffer in memory takes any text.
        let _ = fmt::write(self, text);
        let bytes = self.bytes.as_mut_vec();
        let len = bytes.len() - start - 1;
        if let (0..32, Some(head)) = (len, bytes.get_mut(start)) {
            *head = Marker::FixStr(len as u8).to_u8();
        } else {
            let text = bytes.split_off(start + 1);
            bytes.truncate(start);
            encode::write_str_len(&mut self.bytes, len32(len)).done();
            self.raw(&text);
        }
    }

    pub(crate) fn value(&mut self, value: &Value) {
        match value {
            Value::Nil => self.nil(),
            Value::Bool(value) => self.bool(*value),
            Value::Int(n) => self.int(*n),
            Value::UInt(n) => self.uint(*n),
            Value::Float(x) => self.float(*x),
            Value::Str(text) => self.str(text),
            Value::Bytes(bytes) => self.bytes(bytes),
            Value::Decimal(decimal) => self.decimal(*decimal),
            Value::DecimalText(text) => self.decimal_text(text),
            Value::DateTime(time) => self.date_time(*time),
            Value::Uuid(uuid) => self.uuid(uuid),
            Value::List(items) => self.values(items),
            Value::Set(items) => {
                self.marker(marker::SET);
                self.values(items);
            }
            Value::Map(entries) => {
                self.map(entries.len());
                for (key, value) in entries {
                    self.value(key);
                    self.value(value);
                }
            }
            Value::FloatArray(floats) => {
                self.marker(marker::FLOAT_ARRAY);
                encode::write_bin_len(&mut self.bytes, len32(floats.len() * 8)).done();
                floats.iter().for_each(|float| self.raw(&float.to_le_bytes()));
            }
            Value::Ext(code, bytes) => self.ext(*code, bytes),
        }
    }

    fn values(&mut self, items: &[Value]) {
        self.array(items.len());
        items.iter().for_each(|item| self.value(item));
    }
}

impl fmt::Write for Writer<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.raw(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(value: &Value) -> Vec<u8> {
        let mut out = b"before".to_vec();
        encode_value(value, &mut out);
        out.split_off(6)
    }

    #[test]
    fn times_take_the_fewest_bytes() {
        let time = |seconds, nanoseconds| encoded(&Value::DateTime(Timestamp { seconds, nanoseconds }));
        assert_eq!(time(1, 0), [0xd6, 0xff, 0, 0, 0, 1]);
        assert_eq!(time(1, 2), [0xd7, 0xff, 0, 0, 0, 8, 0, 0, 0, 1]);
        assert_eq!(time(1 << 32, 0), [0xd7, 0xff, 0, 0, 0, 1, 0, 0, 0, 0]);
        assert_eq!(time(-1, 3)[..], [&[0xc7, 12, 0xff, 0, 0, 0, 3][..], &[0xff; 8]].concat());
        assert_eq!(time(1 << 34, 0)[..7], [0xc7, 12, 0xff, 0, 0, 0, 0]);
    }

    #[test]
    fn formatted_text_of_any_length_gets_the_right_head() {
        for len in [0, 31, 32, 255, 256] {
            let text = "x".repeat(len);
            let (mut direct, mut formatted) = (Vec::new(), Vec::new());
            Writer::new(&mut direct).str(&text);
            Writer::new(&mut formatted).short_text(format_args!("{text}"));
            assert_eq!(direct, formatted, "{len}");
        }
    }
}
