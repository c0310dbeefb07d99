//! From slots of one service to slots of another on the same thread, checked on the way, without the wire between them.
//!
//! Owns which records can go that way: those without containers, of which what arrives is plainly what was sent. What it
//! takes, and what arrives, is to the letter what writing the slots and reading them again would give.

use uuid::Uuid;

use super::constraints::{self, WHOLE_FLOATS};
use super::decode::wrong_type;
use super::encoder::view;
use super::plan::{Plan, RecordPlan};
use super::records::missing;
use crate::dynamic::Arena;
use crate::error::{Code, Refusal};
use crate::slot::{ForeignSlot, Slot, View};
use crate::wire::{Reader, decimal, too_large};

/// Slots that were carried over.
#[derive(Clone, Copy, Debug)]
pub struct Carried<'a> {
    /// In the model's order, as [`Validator::decode`](super::Validator::decode) gives them.
    pub slots: &'a [Slot<'a>],
    /// How many bytes of text and others are in them.
    pub bytes: usize,
}

impl RecordPlan {
    /// Whether its slots can be carried over.
    pub(super) fn is_flat(&self) -> bool {
        !self.open && self.fields.iter().all(|field| field.plan.is_scalar())
    }

    pub(super) fn carry<'a>(&'a self, slots: &[ForeignSlot<'_>], arena: &'a Arena) -> Result<Carried<'a>, Refusal> {
        if slots.len() > self.fields.len() {
            let detail = format!("{} slots for a record of {}", slots.len(), self.fields.len());
            return Err(Refusal::new(Code::BadSlot, detail));
        }
        let carried = arena.try_alloc_slice_fill_copy(self.fields.len(), Slot::ABSENT).map_err(|_| too_large())?;
        let (mut bytes, mut given) = (0, slots.iter());
        for (place, (field, carried)) in self.fields.iter().zip(&mut *carried).enumerate() {
            match given.next() {
                Some(slot) if !slot.is_absent() => {
                    *carried =
                        field.plan.carry(slot, arena, &mut bytes).map_err(|refusal| refusal.under_key(&field.name))?;
                }
                _ if place < self.required => return Err(missing(&field.name)),
                _ => {
                    if let Some(default) = &field.default {
                        field.plan.decode(&mut Reader::new(default), arena, carried)?;
                    }
                }
            }
        }
        Ok(Carried { slots: carried, bytes })
    }
}

impl Plan {
    fn is_scalar(&self) -> bool {
        match self {
            Self::Bool
            | Self::Int(_)
            | Self::Float(_)
            | Self::Str { .. }
            | Self::Bytes(_)
            | Self::Decimal(_)
            | Self::DateTime
            | Self::Uuid
            | Self::OneOf(_) => true,
            Self::Option(of) => of.is_scalar(),
            _ => false,
        }
    }

    #[inline]
    fn carry<'a>(&'a self, slot: &ForeignSlot<'_>, arena: &'a Arena, bytes: &mut usize) -> Result<Slot<'a>, Refusal> {
        let value = view(slot)?;
        Ok(match (self, value) {
            (Self::Str { length, pattern }, View::Str(text) | View::OneOf(_, text)) => {
                constraints::text(text, length, pattern.as_ref())?;
                *bytes += text.len();
                Slot::str(arena.try_alloc_str(text).map_err(|_| too_large())?)
            }
            (Self::Decimal(range), View::Decimal(decimal)) => {
                constraints::within(&decimal, range)?;
                Slot::decimal(decimal)
            }
            (Self::Decimal(range), View::DecimalText(text)) => {
                let decimal = decimal::parse(text)?;
                constraints::within(&decimal, range)?;
                Slot::decimal(decimal)
            }
            (Self::Int(range), View::Int(n)) => {
                constraints::within(&i128::from(n), range)?;
                Slot::int(n)
            }
            (Self::Int(range), View::UInt(n)) => {
                constraints::within(&i128::from(n), range)?;
                Slot::uint(n)
            }
            (Self::DateTime, View::DateTime(time)) => {
                constraints::representable(time)?;
                Slot::date_time(time)
            }
            (Self::Bool, View::Bool(value)) => Slot::bool(value),
            (Self::Float(range), View::Float(x)) => {
                constraints::within(&x, range)?;
                Slot::float(x)
            }
            (Self::Float(range), View::Int(n)) if n.unsigned_abs() <= WHOLE_FLOATS => {
                constraints::within(&(n as f64), range)?;
                Slot::float(n as f64)
            }
            (Self::Float(_), View::Int(n)) => return Err(constraints::beyond_floats(n)),
            (Self::Float(_), View::UInt(n)) => return Err(constraints::beyond_floats(n)),
            (Self::Bytes(length), View::Bytes(given)) => {
                constraints::of_length(given.len(), length, "bytes")?;
                *bytes += given.len();
                Slot::bytes(arena.try_alloc_slice_copy(given).map_err(|_| too_large())?)
            }
            (Self::Uuid, View::Uuid(uuid)) => {
                let uuid: &'a Uuid = arena.try_alloc(uuid).map_err(|_| too_large())?;
                Slot::uuid(uuid)
            }
            (Self::OneOf(literals), View::Str(text) | View::OneOf(_, text)) => {
                let (place, text) = constraints::literal(text, literals)?;
                Slot::one_of(place, text)
            }
            (Self::Option(_), View::Nil) => Slot::NIL,
            (Self::Option(of), _) => of.carry(slot, arena, bytes)?,
            (plan, other) => return Err(wrong_type(plan.word(), other.word())),
        })
    }
}
