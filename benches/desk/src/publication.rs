//! Publications of orders, written and heard by a loop by hand with `rmp`.
//!
//! Owns the topic before the message and the number behind it. Like [`by_hand`](crate::by_hand) it validates nothing;
//! it compares the topic and counts what is missing between two numbers, so that losses are seen on either side.

use rmp::decode;
use rmp::encode::{self, ByteBuf, RmpWrite as _};

use crate::Order;
use crate::by_hand::{map, marker, read_arguments, read_marker, read_text, text, write_arguments};

/// The topic of the publications.
pub const TOPIC: &str = "ORDER";
/// The topic as it stands before a message: a MessagePack text.
pub const PREFIX: &[u8] = b"\xa5ORDER";

/// Appends a publication with the number `[epoch, number]`.
pub fn write(order: &Order<'_>, workflow_id: &str, (epoch, number): (u64, u64), out: &mut ByteBuf) {
    // Writing to memory does not fail: the error of these is a type without values.
    let _ = out.write_bytes(PREFIX);
    map(3, out);
    text("args", out);
    write_arguments(order, out);
    text("workflow_id", out);
    marker("__uuid__", workflow_id, out);
    text("seq", out);
    let _ = encode::write_array_len(out, 2);
    let _ = encode::write_uint(out, epoch);
    let _ = encode::write_uint(out, number);
}

/// Hears one publisher.
#[derive(Debug, Default)]
pub struct Listener {
    last: u64,
    /// How many publications never came, between the first and the last that did.
    pub missed: u64,
}

impl Listener {
    /// Reads a publication. `None` if it is none, or of another topic.
    pub fn hear<'a>(&mut self, frame: &'a [u8]) -> Option<Order<'a>> {
        let mut frame = frame.strip_prefix(PREFIX)?;
        let (mut order, mut number) = (None, None);
        for _ in 0..decode::read_map_len(&mut frame).ok()? {
            match read_text(&mut frame)? {
                "args" => order = Some(read_arguments(&mut frame)?),
                "workflow_id" => drop(read_marker(&mut frame)?),
                "seq" => number = Some(read_number(&mut frame)?),
                _ => return None,
            }
        }
        let number = number?;
        if self.last != 0 {
            self.missed += number.wrapping_sub(self.last).wrapping_sub(1);
        }
        self.last = number;
        order
    }
}

/// The second of the two numbers; there is one publisher only.
fn read_number(frame: &mut &[u8]) -> Option<u64> {
    decode::read_array_len(frame).ok()?;
    decode::read_int::<u64, _>(frame).ok()?;
    decode::read_int(frame).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message;

    #[test]
    fn what_is_published_by_hand_is_heard_by_hand_and_what_is_missing_is_counted() {
        let (order, mut listener) = (message::order(message::SEQUENCE), Listener::default());
        for number in [1, 2, 5, 6] {
            let mut frame = ByteBuf::new();
            write(&order, message::WORKFLOW_ID, (u64::MAX, number), &mut frame);
            assert_eq!(listener.hear(frame.as_slice()), Some(order));
            assert_eq!(listener.hear(&frame.as_slice()[1..]), None);
        }
        assert_eq!(listener.missed, 2);
    }
}
