//! A state's model, compiled.
//!
//! Owns which parts of a value are changed key by key, and which are leaves that are replaced whole. In a state a nil
//! deletes, so what may be nil cannot be a value that has a key.

use crate::dynamic::Arena;
use crate::error::Refusal;
use crate::schema::{ArgType, Field, KeyType, Length, Merge, Peers, Record, StateValue};
use crate::slot::Slot;
use crate::state::KeyRef;
use crate::validator::{FieldPlan, ModelError, Plan, RecordPlan};
use crate::wire::Reader;

/// A state's model, compiled for the hot path.
#[derive(Clone, Debug)]
pub struct StateValidator {
    pub(super) top: NodePlan,
    pub(super) peers: Peers,
}

/// One part of a value.
#[derive(Clone, Debug)]
pub(super) enum NodePlan {
    /// Replaced whole.
    Leaf(Plan),
    Map(KeyType, Box<NodePlan>, Length),
    Record(RecordNode),
}

#[derive(Clone, Debug)]
pub(super) struct RecordNode {
    pub(super) fields: Vec<FieldNode>,
    /// How many of the fields, which come first, must be there.
    pub(super) required: usize,
    pub(super) open: bool,
}

#[derive(Clone, Debug)]
pub(super) struct FieldNode {
    pub(super) field: FieldPlan,
    /// What the field is, if it is changed key by key.
    pub(super) inside: Option<NodePlan>,
}

impl StateValidator {
    /// Compiles a state's model.
    ///
    /// # Errors
    /// If the model itself is wrong: see [`ModelError`].
    pub fn new(value: &StateValue, merge: Merge, peers: Peers) -> Result<Self, ModelError> {
        let deep = merge == Merge::Deep;
        let top = match value {
            StateValue::Record(record) => NodePlan::Record(RecordNode::new(record, "", deep)?),
            StateValue::Map(key, of, length) => NodePlan::map(*key, of, *length, "value", deep)?,
        };
        Ok(Self { top, peers })
    }

    /// Who may be at the other end.
    #[must_use]
    pub const fn peers(&self) -> Peers {
        self.peers
    }

    /// The value as a whole.
    #[must_use]
    pub const fn top(&self) -> Node<'_> {
        Node(Part::Node(&self.top))
    }

    /// The keys at the top that must be there: none of a map.
    pub fn required(&self) -> impl Iterator<Item = &str> {
        let record = if let NodePlan::Record(record) = &self.top { Some(record) } else { None };
        record.into_iter().flat_map(|record| record.fields.iter().take(record.required)).map(|f| f.field.name.as_str())
    }

    /// How many entries a map at the top may have.
    #[must_use]
    pub const fn length(&self) -> Length {
        if let NodePlan::Map(_, _, length) = &self.top { *length } else { Length::ANY }
    }
}

impl NodePlan {
    fn new(kind: &ArgType, path: &str, deep: bool) -> Result<Self, ModelError> {
        match kind {
            ArgType::Option(_) => Err(ModelError::NilDeletes { path: path.to_owned() }),
            ArgType::Map(key, of, length) if deep => Self::map(*key, of, *length, path, deep),
            ArgType::Record(record) if deep => Ok(Self::Record(RecordNode::new(record, path, deep)?)),
            leaf => Plan::new(leaf, path).map(Self::Leaf),
        }
    }

    fn map(key: KeyType, of: &ArgType, length: Length, path: &str, deep: bool) -> Result<Self, ModelError> {
        // For the check of the bounds.
        Plan::new(&ArgType::Map(key, Box::new(ArgType::Any), length), path)?;
        Ok(Self::Map(key, Box::new(Self::new(of, &format!("{path}[]"), deep)?), length))
    }
}

impl RecordNode {
    fn new(record: &Record, path: &str, deep: bool) -> Result<Self, ModelError> {
        let record = &as_left_out(record);
        let plan = RecordPlan::new(record, path)?;
        let node = |(field, of): (FieldPlan, &crate::schema::Field)| {
            let path = if path.is_empty() { of.name.clone() } else { format!("{path}.{}", of.name) };
            let inside = match NodePlan::new(&of.kind, &path, deep)? {
                NodePlan::Leaf(_) => None,
                inside => Some(inside),
            };
            Ok(FieldNode { field, inside })
        };
        let fields = plan.fields.into_iter().zip(record.fields()).map(node).collect::<Result<_, _>>()?;
        Ok(Self { fields, required: plan.required, open: plan.open })
    }

    pub(super) fn place_of(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|node| node.field.name == name)
    }
}

/// The same record, in which an optional field that may be nil, too, may only be left out: both are read as the same.
fn as_left_out(record: &Record) -> Record {
    let own = if record.is_open() { Record::new().open() } else { Record::new() };
    record.fields().iter().fold(own, |own, field| {
        let kind = match &field.kind {
            ArgType::Option(of) if !field.required && field.default.is_none() => (**of).clone(),
            kind => kind.clone(),
        };
        own.field(Field { kind, ..field.clone() })
    })
}

/// One part of a state's model: how what is stored under a key is read.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a>(Part<'a>);

#[derive(Clone, Copy, Debug)]
enum Part<'a> {
    Node(&'a NodePlan),
    Field(&'a FieldNode),
    /// Under a key that an open record does not name.
    Any,
}

impl<'a> Node<'a> {
    const fn plan(self) -> Option<&'a NodePlan> {
        match self.0 {
            Part::Node(plan) => Some(plan),
            Part::Field(field) => field.inside.as_ref(),
            Part::Any => None,
        }
    }

    /// The part under this key; `None` if the model has none there.
    #[must_use]
    pub fn child(self, key: KeyRef<'_>) -> Option<Self> {
        match (self.plan()?, key) {
            (NodePlan::Map(_, of, _), _) => Some(Self(Part::Node(of))),
            (NodePlan::Record(record), KeyRef::Str(name)) => {
                let field = record.fields.iter().find(|node| node.field.name == name);
                field.map(|field| Self(Part::Field(field))).or(record.open.then_some(Self(Part::Any)))
            }
            _ => None,
        }
    }

    /// Whether what is here is changed key by key, and not replaced whole.
    #[must_use]
    pub fn is_merged(self) -> bool {
        matches!(self.plan(), Some(NodePlan::Map(..) | NodePlan::Record(_)))
    }

    /// Whether this is a record, whose slots are in the order of its fields.
    #[must_use]
    pub fn is_record(self) -> bool {
        matches!(self.plan(), Some(NodePlan::Record(_)))
    }

    /// The fields, in the order of slots, if this is a record.
    pub fn fields(self) -> impl Iterator<Item = (&'a str, Self)> {
        let record = if let Some(NodePlan::Record(record)) = self.plan() { Some(record) } else { None };
        let fields = record.into_iter().flat_map(|record| &record.fields);
        fields.map(|node| (node.field.name.as_str(), Self(Part::Field(node))))
    }

    /// Whether this is a record with a slot for what it does not name.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self.plan(), Some(NodePlan::Record(record)) if record.open)
    }

    /// Reads a leaf that was checked when it came.
    ///
    /// # Errors
    /// If it is not what the model says.
    pub fn read_leaf(self, leaf: &'a [u8], arena: &'a Arena) -> Result<Slot<'a>, Refusal> {
        let mut reader = Reader::new(leaf);
        let mut slot = Slot::ABSENT;
        match self.0 {
            Part::Node(NodePlan::Leaf(plan)) => plan.decode(&mut reader, arena, &mut slot)?,
            Part::Field(node) => node.field.plan.decode(&mut reader, arena, &mut slot)?,
            Part::Node(_) | Part::Any => slot = crate::wire::decode_dynamic(&mut reader, arena)?,
        }
        Ok(slot)
    }

    /// What the field is read as where it is absent: its default, or nothing.
    ///
    /// # Errors
    /// Never, for a default that was checked with the model.
    pub fn absent(self, arena: &'a Arena) -> Result<Slot<'a>, Refusal> {
        let mut slot = Slot::ABSENT;
        if let Part::Field(FieldNode { field: FieldPlan { plan, default: Some(default), .. }, .. }) = self.0 {
            plan.decode(&mut Reader::new(default), arena, &mut slot)?;
        }
        Ok(slot)
    }
}
