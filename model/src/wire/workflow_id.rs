//! The id that ties the messages of one workflow together, as it is carried.
//!
//! Owns its reading and writing. How ids are made and continued is the connections' part.

use std::borrow::Cow;

use uuid::Uuid;

use crate::dynamic::Arena;
use crate::error::Refusal;
use crate::schema_json::JsonForm;
use crate::slot::View;
use crate::value::Value;
use crate::wire::{Reader, Writer, decode_dynamic, marker};

/// A workflow id. The two usual forms, a UUID and text, are kept without an allocation; any other value is passed on
/// as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum WorkflowId<'a> {
    /// None: the key was not there, or nil.
    #[default]
    Nil,
    /// A UUID.
    Uuid(Uuid),
    /// Text, such as a UUID with `_1` after it.
    Str(&'a str),
    /// Anything else, and text that is owned.
    Other(Value),
}

impl<'a> WorkflowId<'a> {
    /// The same id, for as long as it is needed.
    #[must_use]
    pub fn into_owned(self) -> WorkflowId<'static> {
        match self {
            Self::Nil => WorkflowId::Nil,
            Self::Uuid(uuid) => WorkflowId::Uuid(uuid),
            Self::Str(text) => WorkflowId::Other(Value::from(text)),
            Self::Other(value) => WorkflowId::Other(value),
        }
    }

    /// The id as text: a UUID with hyphens, text as it is, any other value as its JSON (or, where it has none, as Rust
    /// shows it). No id is empty text.
    #[must_use]
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Nil => Cow::Borrowed(""),
            Self::Uuid(uuid) => Cow::Owned(uuid.to_string()),
            Self::Str(text) => Cow::Borrowed(text),
            Self::Other(Value::Str(text)) => Cow::Borrowed(text),
            Self::Other(value) => {
                Cow::Owned(serde_json::to_string(&JsonForm(value)).unwrap_or_else(|_| format!("{value:?}")))
            }
        }
    }

    /// Reads an id into its place. Through a reference: as a result it would be copied before it is whole.
    #[inline]
    pub(crate) fn read(&mut self, reader: &mut Reader<'a>, arena: &'a Arena) -> Result<(), Refusal> {
        *self = match reader.marker_text(marker::UUID.prefix)? {
            Some(text) => Self::Uuid(marker::uuid(text)?),
            None => Self::read_other(reader, arena)?,
        };
        Ok(())
    }

    fn read_other(reader: &mut Reader<'a>, arena: &'a Arena) -> Result<Self, Refusal> {
        let slot = decode_dynamic(reader, arena)?;
        Ok(match slot.view() {
            View::Nil => Self::Nil,
            View::Uuid(uuid) => Self::Uuid(uuid),
            View::Str(text) => Self::Str(text),
            _ => Self::Other(Value::from_view(&slot)),
        })
    }

    #[inline]
    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Nil => writer.nil(),
            Self::Uuid(uuid) => writer.uuid(uuid),
            Self::Str(text) => writer.str(text),
            Self::Other(value) => writer.value(value),
        }
    }
}
