//! JSON that is written in the order in which it was made: a schema is read by people too.

use std::borrow::Cow;
use std::fmt;

use serde::ser::{Serialize, Serializer};

/// A part of a schema.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tree {
    Value(serde_json::Value),
    List(Vec<Tree>),
    Object(Vec<(Cow<'static, str>, Tree)>),
}

impl Tree {
    pub(super) fn object<const N: usize>(members: [(&'static str, Tree); N]) -> Self {
        Self::Object(members.map(|(key, value)| (Cow::Borrowed(key), value)).into())
    }

    /// The same object with one member more. What is no object stays as it is.
    pub(super) fn with(mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Tree>) -> Self {
        if let Self::Object(members) = &mut self {
            members.push((key.into(), value.into()));
        }
        self
    }

    pub(super) fn with_some(self, key: &'static str, value: Option<impl Into<Tree>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }
}

impl<T: Into<serde_json::Value>> From<T> for Tree {
    fn from(value: T) -> Self {
        Self::Value(value.into())
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(members) => serializer.collect_map(members.iter().map(|(key, value)| (key, value))),
        }
    }
}

/// The text of it, in lines.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string_pretty(self).map_err(|_| fmt::Error)?)
    }
}
