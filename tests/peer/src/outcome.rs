//! How a role went, as the program tells it.

use serde_json::{Map, Value as Json};

/// What a role saw, and whether that is all that it was to see.
#[derive(Debug)]
pub struct Outcome {
    ok: bool,
    told: Map<String, Json>,
}

impl Outcome {
    /// A role that saw nothing yet.
    pub(crate) fn of_role(role: &str) -> Self {
        Self { ok: false, told: Map::from_iter([("role".to_owned(), role.into())]) }
    }

    /// The same, telling of something.
    pub(crate) fn with(mut self, key: &str, value: impl Into<Json>) -> Self {
        self.told.insert(key.to_owned(), value.into());
        self
    }

    /// The same, judged: it went well if it is `complete` and there was no error.
    pub(crate) fn judged(mut self, complete: bool, error: Option<String>) -> Self {
        self.ok = complete && error.is_none();
        match error {
            Some(error) => self.with("error", error),
            None if !complete => self.with("error", "timeout"),
            None => self,
        }
    }

    /// Whether the role did all that it was to do.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        self.ok
    }

    /// The JSON object that the program prints.
    #[must_use]
    pub fn into_json(mut self) -> Json {
        self.told.insert("ok".to_owned(), self.ok.into());
        Json::Object(self.told)
    }
}
