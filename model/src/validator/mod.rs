//! Checks messages against their model, once, while they are read or written.
//!
//! Owns the rules of each argument type: which values it takes, its constraints, and the order of slots. The bytes are
//! the wire form's part.

mod carry;
mod constraints;
mod decode;
mod encode;
mod encoder;
mod error;
mod keys;
pub(crate) mod pattern;
mod plan;
mod portable;
mod records;

pub use carry::Carried;
pub use error::ModelError;

use crate::dynamic::Arena;
use crate::error::Refusal;
use crate::schema::{Peers, Record};
use crate::slot::{ForeignSlot, Slot};
use crate::wire::{Reader, Writer};

pub(crate) use decode::{marker_instead as bad_marker_map, unexpected, wrong_type};
pub(crate) use encoder::{Encoder, view as slot_view};
pub(crate) use keys::{decode as map_key, encode_slot as encode_key};
pub(crate) use plan::{FieldPlan, Plan, RecordPlan};
pub(crate) use records::{missing, unknown};

/// A record compiled for the hot path.
#[derive(Clone, Debug)]
pub struct Validator {
    record: Record,
    plan: RecordPlan,
}

impl Validator {
    /// Compiles a record.
    ///
    /// # Errors
    /// If the model itself is wrong: see [`ModelError`].
    pub fn new(record: &Record) -> Result<Self, ModelError> {
        Ok(Self { record: record.clone(), plan: RecordPlan::new(record, "")? })
    }

    /// The record.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// Reads a map into slots in the model's order: required fields, then optional ones, then, of an open record, one
    /// map of the keys that it does not name. What is absent is read as its default, or is [`Slot::ABSENT`].
    ///
    /// # Errors
    /// If what comes next is no well-formed map, or does not fit the model. The path leads to what was refused.
    pub fn decode<'a>(&'a self, reader: &mut Reader<'a>, arena: &'a Arena) -> Result<&'a [Slot<'a>], Refusal> {
        self.plan.decode(reader, arena)
    }

    /// As [`Validator::decode`], for a map that is a whole frame.
    ///
    /// # Errors
    /// As [`Validator::decode`], and if bytes follow the map.
    pub fn decode_frame<'a>(&'a self, frame: &'a [u8], arena: &'a Arena) -> Result<&'a [Slot<'a>], Refusal> {
        let mut reader = Reader::new(frame);
        let slots = self.decode(&mut reader, arena)?;
        reader.finish()?;
        Ok(slots)
    }

    /// Appends the map of these slots, in the model's order, after checking them as [`Validator::decode`] would.
    /// Where a record is expected inside of them, a map with text keys is taken too. Trailing slots may be missing.
    ///
    /// # Errors
    /// If the slots are not what their tags say, do not fit the model, or, for [`Peers::Any`], if the Python library
    /// could not read them. Then `out` is as it was.
    pub fn encode(&self, slots: &[ForeignSlot<'_>], peers: Peers, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let start = out.len();
        let mut encoder = Encoder::new(out, peers, 0);
        let result = self.plan.encode(slots, &mut encoder);
        if result.is_err() {
            encoder.out.truncate(start);
        }
        result
    }

    /// Whether [`Validator::carry`] takes the slots of this record: it has no containers, and names all of its keys.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.plan.is_flat()
    }

    /// Checks slots as [`Validator::encode`] does and gives what [`Validator::decode`] would read of what that writes,
    /// without writing it. Only for a record that [is flat](Validator::is_flat).
    ///
    /// # Errors
    /// If the slots are not what their tags say, or do not fit the model.
    pub fn carry<'a>(&'a self, slots: &[ForeignSlot<'_>], arena: &'a Arena) -> Result<Carried<'a>, Refusal> {
        self.plan.carry(slots, arena)
    }

    /// As [`Validator::encode`], as the body of an envelope.
    pub(crate) fn encode_body<'o>(
        &self,
        slots: &[ForeignSlot<'_>],
        peers: Peers,
        writer: Writer<'o>,
    ) -> (Writer<'o>, Result<(), Refusal>) {
        let mut encoder = Encoder { out: writer, peers, depth: 1 };
        let result = self.plan.encode(slots, &mut encoder);
        (encoder.out, result)
    }
}
