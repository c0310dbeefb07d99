//! The topic of a publisher and of its subscribers.
//!
//! Owns the creation argument `topic` and the bytes that stand for it before each message: a subscription is for all
//! that begins with them, and since a text says its length first, `"a"` never stands for `"ab"`.

use service_framework_model::schema::{ArgType, ConnectionModel, Length};
use service_framework_model::value::Value;
use service_framework_model::wire::encode_value;

use crate::registry::CreationArgument;

/// The longest topic, in characters: it travels before each message.
const LONGEST: u32 = 1024;

/// `topic`.
pub(crate) const ARGUMENT: CreationArgument = CreationArgument {
    name: "topic",
    required: false,
    kind: || ArgType::Str { length: Length { min: 0, max: Some(LONGEST) }, pattern: None },
    description: "the text by which subscribers choose; none if left out or empty",
};

/// The bytes before each message of the topic that a model names; none if it names none.
pub(crate) fn prefix(model: &ConnectionModel) -> Vec<u8> {
    bytes(topic(model))
}

/// The bytes before each message of a topic; none if there is none.
#[must_use]
pub fn bytes(topic: Option<&str>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(topic) = topic {
        encode_value(&Value::from(topic), &mut bytes);
    }
    bytes
}

/// The topic that a model names.
#[must_use]
pub fn topic(model: &ConnectionModel) -> Option<&str> {
    let topic = model.creation_argument(ARGUMENT.name).and_then(serde_json::Value::as_str);
    topic.filter(|topic| !topic.is_empty())
}
