//! How long what comes back may take.
//!
//! Owns the creation argument `timeout_s`, which every type has that waits for something. Never reads a clock.

use std::time::Duration;

use service_framework_model::schema::{ArgType, ConnectionModel, Range};

use crate::registry::CreationArgument;

/// What it is where a model does not say: as long as a person waits for an answer.
pub const DEFAULT: Duration = Duration::from_secs(5);

/// `timeout_s`. Timers tell milliseconds, so a shorter one could not be kept. A day is longer than any call should hold
/// its service.
pub(crate) const ARGUMENT: CreationArgument = CreationArgument {
    name: "timeout_s",
    required: false,
    kind: || ArgType::Float(Range { min: Some(0.001), max: Some(86_400.0) }),
    description: "how long what comes back may take, in seconds; 5 if left out",
};

/// The timeout that a model asks for.
pub(crate) fn of(model: &ConnectionModel) -> Duration {
    let seconds = model.creation_argument(ARGUMENT.name).and_then(serde_json::Value::as_f64);
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(DEFAULT)
}
