//! What a service sent, as a test looks at it.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value as Json;
use service_framework_model::value::Value;
use service_framework_plugin::OwnedModel;

use super::error::TestError;
use super::message::{self, Part};

/// A message that the service sent.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Sent {
    /// The name of the `out` connection.
    pub connection: String,
    /// What the message carries, in the form of config files. Arguments that have no form in JSON, such as a float that
    /// is not finite, are a text that shows them; [`Sent::arguments_as`] reads those too.
    pub arguments: Json,
    /// Its workflow id: text, a UUID, or whatever the message that led to it carried.
    pub workflow_id: Value,
    /// When it was sent, on the clock of [`TestService::elapsed`](super::TestService::elapsed).
    pub at: Duration,
    /// The message as it left; a publication's begins with its topic.
    pub bytes: Bytes,
    /// Where the message begins behind its topic.
    begins: usize,
}

impl Sent {
    pub(super) fn new(connection: &str, bytes: Bytes, at: Duration) -> Self {
        Self {
            connection: connection.to_owned(),
            arguments: message::to_shown_json(Part::Arguments, &bytes),
            workflow_id: message::workflow_id(&bytes),
            at,
            bytes,
            begins: 0,
        }
    }

    /// A publication, whose bytes begin with its topic.
    pub(super) fn of_publication(connection: &str, topic: &[u8], bytes: Bytes, at: Duration) -> Self {
        let begins = topic.len().min(bytes.len());
        let message = bytes.slice(begins..);
        Self { begins, bytes, ..Self::new(connection, message, at) }
    }

    /// What the message carries, as a model of Rust.
    ///
    /// # Errors
    /// If it is none.
    pub fn arguments_as<A: OwnedModel>(&self) -> Result<A, TestError> {
        message::to_model(&self.connection, self.bytes.get(self.begins..).unwrap_or_default())
    }
}
