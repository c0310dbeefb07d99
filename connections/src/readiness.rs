//! When a connection is ready: what is waited for after it was made, and for how long.
//!
//! Owns the creation arguments for that. Never reads a clock.

use std::time::Duration;

use service_framework_model::schema::{ArgType, ConnectionModel, Range};

use crate::registry::{Contradiction, CreationArgument};

/// The longest wait, in seconds: an hour.
const LONGEST: f64 = 3600.0;
/// How long subscribers are waited for where a model does not say.
const DEFAULT: Duration = Duration::from_secs(5);

/// `wait_after_creation_s`, which the Python library has.
pub(crate) const PAUSE: CreationArgument = CreationArgument {
    name: "wait_after_creation_s",
    required: false,
    kind: seconds,
    description: "how long the service waits after the connection was made, in seconds; 0 if left out",
};

/// `wait_for_subscribers`.
pub(crate) const SUBSCRIBERS: CreationArgument = CreationArgument {
    name: "wait_for_subscribers",
    required: false,
    kind: || ArgType::int_range(0, 1_000_000),
    description: "how many subscribers the service waits for before `init`; 0 if left out",
};

/// `wait_for_subscribers_s`.
pub(crate) const PATIENCE: CreationArgument = CreationArgument {
    name: "wait_for_subscribers_s",
    required: false,
    kind: seconds,
    description: "how long subscribers are waited for, in seconds; 5 if left out",
};

fn seconds() -> ArgType {
    ArgType::Float(Range { min: Some(0.0), max: Some(LONGEST) })
}

/// What is waited for after a connection was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// This long in any case.
    pub pause: Duration,
    /// This many subscribers, of a publisher.
    pub subscribers: usize,
    /// How long they are waited for at most.
    pub patience: Duration,
}

/// What a model asks to be waited for.
pub(crate) fn of(model: &ConnectionModel) -> Readiness {
    let time = |argument: &CreationArgument| {
        let seconds = model.creation_argument(argument.name).and_then(serde_json::Value::as_f64)?;
        Duration::try_from_secs_f64(seconds).ok()
    };
    let subscribers = model.creation_argument(SUBSCRIBERS.name).and_then(serde_json::Value::as_u64);
    Readiness {
        pause: time(&PAUSE).unwrap_or_default(),
        subscribers: subscribers.and_then(|count| usize::try_from(count).ok()).unwrap_or(0),
        patience: time(&PATIENCE).unwrap_or(DEFAULT),
    }
}

/// A time for subscribers that nobody waits for.
pub(crate) fn contradiction(model: &ConnectionModel) -> Option<Contradiction> {
    let waits = model.creation_argument(SUBSCRIBERS.name).is_some();
    (model.creation_argument(PATIENCE.name).is_some() && !waits).then(|| Contradiction {
        argument: PATIENCE.name,
        message: "a time is given for subscribers, and none are waited for".into(),
        help: "say how many with `wait_for_subscribers`, or remove `wait_for_subscribers_s`",
    })
}
