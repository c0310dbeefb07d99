//! The number of a publication: `"seq": [epoch, n]` beside its arguments.
//!
//! Owns its bytes. What is missing between two of them is for the connections to say.

use crate::dynamic::Arena;
use crate::error::Refusal;
use crate::wire::encode::Writer;
use crate::wire::reader::Item;
use crate::wire::{Reader, decode_dynamic};

/// The key as it is written.
pub(crate) const KEY: &[u8] = b"\xa3seq";
/// The head of an array of two.
const PAIR: &[u8] = b"\x92";

/// Which publication of which life of a publisher a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seq {
    /// The life of the publisher: a random number.
    pub epoch: u64,
    /// Grows by one with each publication of that life.
    pub number: u64,
}

impl Seq {
    /// Appends the pair that ends a publication, for which [`write_publication`](super::envelope::write_publication) left
    /// room.
    pub fn append(self, out: &mut Vec<u8>) {
        let mut writer = Writer::new(out);
        writer.raw(KEY);
        writer.raw(PAIR);
        writer.uint(self.epoch);
        writer.uint(self.number);
    }

    /// Reads the value of the key. Anything else than two whole numbers is gone past: no other peer has to number its
    /// messages as this framework does.
    #[inline]
    pub(crate) fn read<'a>(reader: &mut Reader<'a>, arena: &'a Arena) -> Result<Option<Self>, Refusal> {
        let mut ahead = *reader;
        if ahead.skip_prefix(PAIR)
            && let (Some(epoch), Some(number)) = (whole(&mut ahead), whole(&mut ahead))
        {
            *reader = ahead;
            return Ok(Some(Self { epoch, number }));
        }
        decode_dynamic(reader, arena)?;
        Ok(None)
    }
}

fn whole(reader: &mut Reader<'_>) -> Option<u64> {
    match reader.item() {
        Ok(Item::UInt(n)) => Some(n),
        Ok(Item::Int(n)) => u64::try_from(n).ok(),
        _ => None,
    }
}
