//! Requests and replies as bytes, with nothing between a test and the wire.

use service_framework::Value;
use service_framework_model::wire::{decode_value, encode_value};

/// The bytes of a value.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_value(value, &mut bytes);
    bytes
}

/// A good request with one text.
pub(crate) fn request(text: &str, workflow_id: &str) -> Vec<u8> {
    request_with(Value::map([("text", Value::from(text))]), workflow_id)
}

/// A request with any arguments.
pub(crate) fn request_with(arguments: Value, workflow_id: &str) -> Vec<u8> {
    bytes(&Value::map([("args", arguments), ("workflow_id", workflow_id.into())]))
}

/// A reply as it came over the wire.
#[derive(Debug, PartialEq)]
pub(crate) struct Reply(Value);

impl Reply {
    pub(crate) fn read(body: &[u8]) -> Self {
        Self(decode_value(body).expect("a reply that can be read"))
    }

    /// The text that came back.
    pub(crate) fn text(&self) -> &str {
        self.returned().get("text").and_then(Value::as_str).unwrap_or_else(|| panic!("no text in {self:?}"))
    }

    /// The return arguments.
    pub(crate) fn returned(&self) -> &Value {
        self.part("return_args")
    }

    pub(crate) fn workflow_id(&self) -> &Value {
        self.part("workflow_id")
    }

    /// The code of the error, or that there is none.
    pub(crate) fn code(&self) -> &str {
        self.0.get("error").map_or("no error", |error| error.get("code").and_then(Value::as_str).expect("a code"))
    }

    /// A part of the error.
    pub(crate) fn of_error(&self, key: &str) -> Option<&Value> {
        self.part("error").get(key)
    }

    fn part(&self, key: &str) -> &Value {
        self.0.get(key).unwrap_or_else(|| panic!("no `{key}` in {self:?}"))
    }
}

/// A publication behind its topic, with its number if it has one.
pub(crate) fn publication(topic: &str, arguments: Value, workflow_id: &str, seq: Option<(u64, u64)>) -> Vec<u8> {
    let seq = seq.map(|(epoch, number)| ("seq", Value::List(vec![Value::UInt(epoch), Value::UInt(number)])));
    let entries = [("args", arguments), ("workflow_id", workflow_id.into())].into_iter().chain(seq);
    let topic = if topic.is_empty() { Vec::new() } else { bytes(&topic.into()) };
    [topic, bytes(&Value::map(entries))].concat()
}
