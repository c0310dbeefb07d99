//! The desk as a loop written by hand with `rmp`: what the framework is measured against.
//!
//! Owns the reading and writing of exactly these messages. It finds the fields by their keys and parses the decimals;
//! it validates nothing else, and takes every way out that code for one message has: texts are borrowed, buffers are
//! used again.

use std::fmt::Write as _;

use rmp::decode;
use rmp::encode::{self, ByteBuf, RmpWrite as _};
use service_framework::{DateTime, Decimal, Utc};

use crate::{Ack, Order, acknowledge};

/// A desk, with the buffer that it writes decimals into.
#[derive(Debug, Default)]
pub struct Desk {
    digits: String,
}

impl Desk {
    /// From the bytes of a request to those of its reply, appended to `out`. `None` if it is no such request.
    pub fn answer(&mut self, request: &[u8], out: &mut ByteBuf) -> Option<()> {
        let (order, workflow_id) = read_call(request)?;
        self.write_answer(&acknowledge(&order), workflow_id, out);
        Some(())
    }

    /// Appends a reply.
    pub fn write_answer(&mut self, ack: &Ack<'_>, workflow_id: &str, out: &mut ByteBuf) {
        map(2, out);
        text("return_args", out);
        map(3, out);
        text("symbol", out);
        text(ack.symbol, out);
        text("notional", out);
        self.digits.clear();
        // Writing to a string does not fail.
        let _ = write!(self.digits, "{}", ack.notional);
        marker("__decimal__", &self.digits, out);
        text("sequence", out);
        int(ack.sequence, out);
        text("workflow_id", out);
        marker("__uuid__", workflow_id, out);
    }
}

/// Reads a request and the text of its workflow id.
#[must_use]
pub fn read_call(mut frame: &[u8]) -> Option<(Order<'_>, &str)> {
    let (mut order, mut workflow_id) = (None, None);
    for _ in 0..decode::read_map_len(&mut frame).ok()? {
        match read_text(&mut frame)? {
            "args" => order = Some(read_arguments(&mut frame)?),
            "workflow_id" => workflow_id = Some(read_marker(&mut frame)?),
            _ => return None,
        }
    }
    Some((order?, workflow_id?))
}

pub(crate) fn read_arguments<'a>(frame: &mut &'a [u8]) -> Option<Order<'a>> {
    let (mut price, mut quantity, mut symbol, mut order_id, mut sequence, mut time) =
        (None, None, None, None, None, None);
    for _ in 0..decode::read_map_len(frame).ok()? {
        match read_text(frame)? {
            "price" => price = Some(read_decimal(frame)?),
            "quantity" => quantity = Some(read_decimal(frame)?),
            "symbol" => symbol = Some(read_text(frame)?),
            "order_id" => order_id = Some(read_text(frame)?),
            "sequence" => sequence = Some(decode::read_int(frame).ok()?),
            "time" => time = Some(read_time(frame)?),
            _ => return None,
        }
    }
    let (price, quantity, symbol) = (price?, quantity?, symbol?);
    Some(Order { price, quantity, symbol, order_id: order_id?, sequence: sequence?, time: time? })
}

/// Reads a reply.
#[must_use]
pub fn read_answer(mut frame: &[u8]) -> Option<Ack<'_>> {
    let mut ack = None;
    for _ in 0..decode::read_map_len(&mut frame).ok()? {
        match read_text(&mut frame)? {
            "return_args" => ack = Some(read_returned(&mut frame)?),
            "workflow_id" => drop(read_marker(&mut frame)?),
            _ => return None,
        }
    }
    ack
}

fn read_returned<'a>(frame: &mut &'a [u8]) -> Option<Ack<'a>> {
    let (mut symbol, mut notional, mut sequence) = (None, None, None);
    for _ in 0..decode::read_map_len(frame).ok()? {
        match read_text(frame)? {
            "symbol" => symbol = Some(read_text(frame)?),
            "notional" => notional = Some(read_decimal(frame)?),
            "sequence" => sequence = Some(decode::read_int(frame).ok()?),
            _ => return None,
        }
    }
    Some(Ack { symbol: symbol?, notional: notional?, sequence: sequence? })
}

pub(crate) fn read_text<'a>(frame: &mut &'a [u8]) -> Option<&'a str> {
    let (text, rest) = decode::read_str_from_slice(*frame).ok()?;
    *frame = rest;
    Some(text)
}

/// The text in a marker map.
pub(crate) fn read_marker<'a>(frame: &mut &'a [u8]) -> Option<&'a str> {
    decode::read_map_len(frame).ok()?;
    read_text(frame)?;
    decode::read_bool(frame).ok()?;
    read_text(frame)?;
    read_text(frame)
}

fn read_decimal(frame: &mut &[u8]) -> Option<Decimal> {
    Decimal::from_str_exact(read_marker(frame)?).ok()
}

/// A timestamp with nanoseconds, in 64 bits.
fn read_time(frame: &mut &[u8]) -> Option<DateTime<Utc>> {
    decode::read_ext_meta(frame).ok()?;
    let (bytes, rest) = frame.split_first_chunk()?;
    *frame = rest;
    let packed = u64::from_be_bytes(*bytes);
    // 34 bits of seconds, 30 of nanoseconds.
    DateTime::from_timestamp((packed & ((1 << 34) - 1)).cast_signed(), (packed >> 34) as u32)
}

/// Appends a request.
pub fn write_call(order: &Order<'_>, workflow_id: &str, out: &mut ByteBuf) {
    map(2, out);
    text("args", out);
    write_arguments(order, out);
    text("workflow_id", out);
    marker("__uuid__", workflow_id, out);
}

/// Appends the arguments of a request.
pub fn write_arguments(order: &Order<'_>, out: &mut ByteBuf) {
    map(6, out);
    text("price", out);
    marker("__decimal__", &order.price.to_string(), out);
    text("quantity", out);
    marker("__decimal__", &order.quantity.to_string(), out);
    text("symbol", out);
    text(order.symbol, out);
    text("order_id", out);
    text(order.order_id, out);
    text("sequence", out);
    int(order.sequence, out);
    text("time", out);
    let (seconds, nanoseconds) = (order.time.timestamp().cast_unsigned(), order.time.timestamp_subsec_nanos());
    let packed = (u64::from(nanoseconds) << 34) | seconds;
    let _ = encode::write_ext_meta(out, 8, -1);
    let _ = out.write_bytes(&packed.to_be_bytes());
}

// Writing to memory does not fail: the error of these is a type without values.

pub(crate) fn map(len: u32, out: &mut ByteBuf) {
    let _ = encode::write_map_len(out, len);
}

pub(crate) fn text(text: &str, out: &mut ByteBuf) {
    let _ = encode::write_str(out, text);
}

fn int(number: i64, out: &mut ByteBuf) {
    let _ = encode::write_sint(out, number);
}

pub(crate) fn marker(key: &str, payload: &str, out: &mut ByteBuf) {
    map(2, out);
    text(key, out);
    let _ = encode::write_bool(out, true);
    text("as_str", out);
    text(payload, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message;

    #[test]
    fn what_is_written_by_hand_is_read_by_hand() {
        let (order, mut request, mut reply) = (message::order(message::SEQUENCE), ByteBuf::new(), ByteBuf::new());
        write_call(&order, message::WORKFLOW_ID, &mut request);
        assert_eq!(read_call(request.as_slice()), Some((order, message::WORKFLOW_ID)));
        Desk::default().answer(request.as_slice(), &mut reply).unwrap();
        assert_eq!(read_answer(reply.as_slice()), Some(acknowledge(&order)));
    }
}
