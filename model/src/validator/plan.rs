//! Models compiled for the hot path.
//!
//! Owns the compiled form and what a model must be to have one. A default is kept in its wire form, so that it is read
//! like a value that was sent, and checked by being read once.

use rust_decimal::Decimal;

use super::ModelError;
use super::encoder::Encoder;
use super::pattern::{self, Pattern};
use crate::dynamic::Arena;
use crate::error::Refusal;
use crate::schema::{ArgType, Field, KeyType, Length, Peers, Range, Record};
use crate::slot::Slot;
use crate::wire::{Reader, Writer, marker};

/// A type, compiled.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    Bool,
    Int(Range<i128>),
    Float(Range<f64>),
    Str { length: Length, pattern: Option<Pattern> },
    Bytes(Length),
    Decimal(Range<Decimal>),
    DateTime,
    Uuid,
    List(Box<Plan>, Length),
    Set(Box<Plan>, Length),
    Tuple(Vec<Plan>),
    Map(KeyType, Box<Plan>, Length),
    Record(RecordPlan),
    OneOf(Vec<String>),
    FloatArray(Length),
    Option(Box<Plan>),
    Any,
}

/// A record, compiled.
#[derive(Clone, Debug)]
pub(crate) struct RecordPlan {
    pub(crate) fields: Vec<FieldPlan>,
    /// How many of the fields, which come first, must be there.
    pub(crate) required: usize,
    pub(crate) open: bool,
}

/// A field, compiled.
#[derive(Clone, Debug)]
pub(crate) struct FieldPlan {
    pub(crate) name: String,
    /// The name as it is written on the wire.
    pub(crate) key: Vec<u8>,
    pub(crate) plan: Plan,
    /// The wire form of what an absent field is read as.
    pub(crate) default: Option<Vec<u8>>,
}

impl RecordPlan {
    pub(crate) fn new(record: &Record, path: &str) -> Result<Self, ModelError> {
        let mut fields: Vec<FieldPlan> = Vec::with_capacity(record.fields().len());
        for field in record.fields() {
            let path = if path.is_empty() { field.name.clone() } else { format!("{path}.{}", field.name) };
            if fields.iter().any(|other| other.name == field.name) {
                return Err(ModelError::DuplicateField { path });
            }
            if marker::shape_of_key(&field.name).is_some() {
                return Err(ModelError::MarkerKey { path });
            }
            fields.push(FieldPlan::new(field, &path)?);
        }
        let required = record.fields().iter().filter(|field| field.required).count();
        Ok(Self { fields, required, open: record.is_open() })
    }

    pub(crate) const fn slot_count(&self) -> usize {
        self.fields.len() + self.open as usize
    }

    pub(crate) fn place_of(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }
}

impl FieldPlan {
    fn new(field: &Field, path: &str) -> Result<Self, ModelError> {
        let plan = Plan::new(&field.kind, path)?;
        let mut key = Vec::new();
        Writer::new(&mut key).str(&field.name);
        let mut default = None;
        if let Some(value) = &field.default {
            let arena = Arena::new();
            let wire = plan.wire_of(&value.to_slot(&arena));
            default = Some(wire.map_err(|refusal| ModelError::BadDefault { path: path.to_owned(), refusal })?);
        }
        Ok(Self { name: field.name.clone(), key, plan, default })
    }
}

impl Plan {
    pub(crate) fn new(kind: &ArgType, path: &str) -> Result<Self, ModelError> {
        let inner = |kind: &ArgType, path: &str| Self::new(kind, path).map(Box::new);
        Ok(match kind {
            ArgType::Bool => Self::Bool,
            ArgType::Int(range) => Self::Int(checked_range(*range, path)?),
            ArgType::Float(range) => {
                if range.min.is_some_and(f64::is_nan) || range.max.is_some_and(f64::is_nan) {
                    return Err(ModelError::NanBound { path: path.to_owned() });
                }
                Self::Float(checked_range(*range, path)?)
            }
            ArgType::Str { length, pattern } => {
                let pattern = pattern.as_deref().map(|pattern| pattern::compile(pattern, path)).transpose()?;
                Self::Str { length: checked_length(*length, path)?, pattern }
            }
            ArgType::Bytes(length) => Self::Bytes(checked_length(*length, path)?),
            ArgType::Decimal(range) => Self::Decimal(checked_range(*range, path)?),
            ArgType::DateTime => Self::DateTime,
            ArgType::Uuid => Self::Uuid,
            ArgType::List(item, length) => {
                Self::List(inner(item, &format!("{path}[]"))?, checked_length(*length, path)?)
            }
            ArgType::Set(item, length) => Self::Set(inner(item, &format!("{path}[]"))?, checked_length(*length, path)?),
            ArgType::Tuple(kinds) => {
                let plan = |(index, kind)| Self::new(kind, &format!("{path}[{index}]"));
                Self::Tuple(kinds.iter().enumerate().map(plan).collect::<Result<_, _>>()?)
            }
            ArgType::Map(key, value, length) => {
                Self::Map(*key, inner(value, &format!("{path}[]"))?, checked_length(*length, path)?)
            }
            ArgType::Record(record) => Self::Record(RecordPlan::new(record, path)?),
            ArgType::OneOf(literals) => Self::OneOf(checked_literals(literals, path)?),
            ArgType::FloatArray(length) => Self::FloatArray(checked_length(*length, path)?),
            ArgType::Option(of) if matches!(**of, ArgType::Option(_)) => {
                return Err(ModelError::OptionOfOption { path: path.to_owned() });
            }
            ArgType::Option(of) => Self::Option(inner(of, path)?),
            ArgType::Any => Self::Any,
        })
    }

    /// The wire form of a value, read back to be sure of it.
    fn wire_of(&self, slot: &Slot<'_>) -> Result<Vec<u8>, Refusal> {
        let mut wire = Vec::new();
        let mut encoder = Encoder::new(&mut wire, Peers::Own, 0);
        let foreign = Slot::as_foreign(std::slice::from_ref(slot));
        foreign.iter().try_for_each(|slot| self.encode(slot, &mut encoder))?;
        drop(encoder);
        let (arena, mut read) = (Arena::new(), Slot::ABSENT);
        self.decode(&mut Reader::new(&wire), &arena, &mut read)?;
        Ok(wire)
    }

    /// The word of the type, as in models and messages.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Bool => "Bool",
            Self::Int(_) => "Int",
            Self::Float(_) => "Float",
            Self::Str { .. } => "Str",
            Self::Bytes(_) => "Bytes",
            Self::Decimal(_) => "Decimal",
            Self::DateTime => "DateTime",
            Self::Uuid => "Uuid",
            Self::List(..) => "List",
            Self::Set(..) => "Set",
            Self::Tuple(_) => "Tuple",
            Self::Map(..) => "Map",
            Self::Record(_) => "Record",
            Self::OneOf(_) => "OneOf",
            Self::FloatArray(_) => "FloatArray",
            Self::Option(_) => "Option",
            Self::Any => "Any",
        }
    }
}

fn checked_range<T: PartialOrd + std::fmt::Display>(range: Range<T>, path: &str) -> Result<Range<T>, ModelError> {
    match (&range.min, &range.max) {
        (Some(min), Some(max)) if min > max => {
            Err(ModelError::EmptyRange { path: path.to_owned(), min: min.to_string(), max: max.to_string() })
        }
        _ => Ok(range),
    }
}

fn checked_length(length: Length, path: &str) -> Result<Length, ModelError> {
    let Length { min, max } = length;
    checked_range(Range { min: Some(min), max }, path).map(|_| length)
}

fn checked_literals(literals: &[String], path: &str) -> Result<Vec<String>, ModelError> {
    let path = path.to_owned();
    if literals.is_empty() {
        return Err(ModelError::EmptyOneOf { path });
    }
    if literals.len() > usize::from(u16::MAX) + 1 {
        return Err(ModelError::TooManyLiterals { path, count: literals.len() });
    }
    let mut seen = std::collections::HashSet::new();
    match literals.iter().find(|literal| !seen.insert(*literal)) {
        Some(literal) => Err(ModelError::DuplicateLiteral { path, literal: literal.clone() }),
        None => Ok(literals.to_vec()),
    }
}
