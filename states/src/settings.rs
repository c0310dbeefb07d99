//! What a state's model says of its machines.
//!
//! Owns the defaults. Never judges a model: what is wrong with it was said before.

use std::time::Duration;

use service_framework_model::schema::{Merge, Peers, StateModel};

use crate::types::{BUFFER_BYTES, BUFFER_MESSAGES, DELETES, HEARTBEAT, MERGE, ON_STALE, RING_BYTES, STALE_AFTER};
use crate::{Kind, StateType};

/// How an update changes a state.
#[must_use]
pub fn merge(model: &StateModel) -> Merge {
    let deep = model.creation_argument(MERGE.name).is_some_and(|merge| merge == Merge::Deep.word());
    if deep { Merge::Deep } else { Merge::TopLevel }
}

/// What an owner is told by its model.
#[derive(Clone, Debug)]
pub struct OwnerSettings {
    /// What its messages are.
    pub kind: Kind,
    /// Who may have a copy.
    pub peers: Peers,
    /// What each message of the publisher begins with; nothing if it has no topic.
    pub topic: Option<String>,
    /// After how much silence a heartbeat is sent; none if it is zero.
    pub heartbeat: Duration,
    /// Whether a deleted key is told by a snapshot, and not by nil.
    pub deletes_by_snapshot: bool,
    /// How many bytes of the last updates are kept for copies that lack only those.
    pub ring_bytes: usize,
    /// Each so manieth update carries a digest.
    pub digest_every: u64,
}

/// What a copy is told by its model.
#[derive(Clone, Debug)]
pub struct CopySettings {
    /// What its messages are.
    pub kind: Kind,
    /// What each message of the subscriber begins with; nothing if it has no topic.
    pub topic: Option<String>,
    /// After how much silence it is stale; as the owner announces if the model does not say.
    pub stale_after: Option<Duration>,
    /// What it does when it is stale.
    pub on_stale: OnStale,
    /// How many updates it keeps while it waits for a snapshot.
    pub buffer_messages: usize,
    /// How many bytes of updates it keeps while it waits for a snapshot.
    pub buffer_bytes: usize,
    /// How long it listens before it asks for the first snapshot: a subscription needs a moment to take effect.
    pub settle: Duration,
    /// How long an answer to the request for a snapshot may take.
    pub request_timeout: Duration,
    /// How long it waits after a first failed request; twice as long after each further one.
    pub retry_first: Duration,
    /// The longest that it waits after a failed request.
    pub retry_most: Duration,
    /// After how many failed requests in a row it is [`crate::copy::Status::Failed`].
    pub attempts: u32,
    /// How long it may be stale before its sockets are to be made anew.
    pub rebuild_after: Duration,
    /// Whether it keeps which keys have changed, for a function that is told.
    pub keeps_changes: bool,
}

/// What a stale copy does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnStale {
    /// It is read as before.
    #[default]
    Serve,
    /// Who reads it gets an error.
    Refuse,
    /// It stops the service.
    Stop,
}

impl OwnerSettings {
    /// What a model says of an owner.
    #[must_use]
    pub fn new(model: &StateModel, kind: &StateType) -> Self {
        Self {
            kind: kind.kind,
            peers: model.peers,
            topic: topic(model),
            heartbeat: seconds(model, HEARTBEAT.name).unwrap_or(Duration::from_secs(1)),
            deletes_by_snapshot: model.creation_argument(DELETES.name).is_some_and(|deletes| deletes == "snapshot"),
            ring_bytes: number(model, RING_BYTES.name).unwrap_or(4 << 20),
            digest_every: 16,
        }
    }
}

impl CopySettings {
    /// What a model says of a copy.
    #[must_use]
    pub fn new(model: &StateModel, kind: &StateType) -> Self {
        let on_stale = match model.creation_argument(ON_STALE.name).and_then(serde_json::Value::as_str) {
            Some("refuse") => OnStale::Refuse,
            Some("stop") => OnStale::Stop,
            _ => OnStale::Serve,
        };
        Self {
            kind: kind.kind,
            topic: topic(model),
            stale_after: seconds(model, STALE_AFTER.name),
            on_stale,
            buffer_messages: number(model, BUFFER_MESSAGES.name).unwrap_or(10_000),
            buffer_bytes: number(model, BUFFER_BYTES.name).unwrap_or(64 << 20),
            settle: Duration::from_millis(50),
            request_timeout: Duration::from_secs(5),
            retry_first: Duration::from_millis(20),
            retry_most: Duration::from_secs(10),
            attempts: 8,
            rebuild_after: Duration::from_secs(10),
            keeps_changes: true,
        }
    }
}

fn topic(model: &StateModel) -> Option<String> {
    let topic = model.creation_argument("topic").and_then(serde_json::Value::as_str);
    topic.filter(|topic| !topic.is_empty()).map(str::to_owned)
}

fn seconds(model: &StateModel, name: &str) -> Option<Duration> {
    let seconds = model.creation_argument(name).and_then(serde_json::Value::as_f64)?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn number(model: &StateModel, name: &str) -> Option<usize> {
    model.creation_argument(name)?.as_u64().and_then(|number| usize::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use service_framework_model::schema::{Record, Side};

    use super::*;

    #[test]
    fn what_a_model_says_is_what_the_machines_are_told() {
        let mut model = StateModel::new("book", Side::Out, "delta_update_out", Record::new());
        let settings = |model: &StateModel| OwnerSettings::new(model, crate::find(&model.state_type).unwrap());
        assert_eq!((settings(&model).heartbeat, settings(&model).topic), (Duration::from_secs(1), None));
        let given: [(&str, serde_json::Value); 4] = [
            ("heartbeat_s", 0.into()),
            ("topic", "T".into()),
            ("deletes", "snapshot".into()),
            ("ring_bytes", 9.into()),
        ];
        model.optional_creation_arguments = given.map(|(name, value)| (name.to_owned(), value)).into();
        let told = settings(&model);
        assert_eq!((told.heartbeat, told.deletes_by_snapshot, told.ring_bytes), (Duration::ZERO, true, 9));
        let mut model = StateModel::new("book", Side::In, "delta_update_in", Record::new());
        let given: [(&str, serde_json::Value); 2] = [("stale_after_s", 0.5.into()), ("on_stale", "refuse".into())];
        model.optional_creation_arguments = given.map(|(name, value)| (name.to_owned(), value)).into();
        let told = CopySettings::new(&model, crate::find(&model.state_type).unwrap());
        assert_eq!((told.stale_after, told.on_stale), (Some(Duration::from_millis(500)), OnStale::Refuse));
    }
}
