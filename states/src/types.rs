//! The state types: what they are called, which way they face, where they have their addresses and what they are given.
//!
//! Owns the descriptions and what contradicts what in a state's model.

use service_framework_model::creation::{Contradiction, CreationArgument};
use service_framework_model::schema::{ArgType, Peers, Range, Side, StateModel};

/// What a state type is.
#[derive(Debug)]
pub struct StateType {
    /// Its word in models.
    pub word: &'static str,
    /// The side on which it is declared.
    pub side: Side,
    /// What its messages are.
    pub kind: Kind,
    /// The keys of its addresses.
    pub address_keys: &'static [AddressKey],
    /// What it may be given to be made.
    pub creation_arguments: &'static [CreationArgument],
    /// The word of the type at its other end.
    pub compatible_with: &'static str,
    /// What it does, for people.
    pub description: &'static str,
}

/// What the messages of a state are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Each is the whole value.
    Full,
    /// Each is a numbered change; a snapshot is asked for.
    Delta,
}

/// One address of a state.
#[derive(Debug)]
pub struct AddressKey {
    /// The key in the addresses.
    pub key: &'static str,
    /// Whether the state binds this address, rather than connecting to it.
    pub binds: bool,
}

/// Every state type.
pub const TYPES: &[&StateType] = &[
    &StateType {
        word: "full_update_in",
        side: Side::In,
        kind: Kind::Full,
        address_keys: &[AddressKey { key: "subscriber", binds: false }],
        creation_arguments: &[TOPIC, IS_BINDER, FUNCTION, STALE_AFTER, ON_STALE],
        compatible_with: "full_update_out",
        description: "a copy of which every message is the whole value",
    },
    &StateType {
        word: "full_update_out",
        side: Side::Out,
        kind: Kind::Full,
        address_keys: &[AddressKey { key: "publisher", binds: true }],
        creation_arguments: &[TOPIC, IS_X_PUB, WAIT, HEARTBEAT, HEAD_FILE],
        compatible_with: "full_update_in",
        description: "a value of which every change is sent as a whole",
    },
    &StateType {
        word: "delta_update_in",
        side: Side::In,
        kind: Kind::Delta,
        address_keys: &[AddressKey { key: "subscriber", binds: false }, AddressKey { key: "requester", binds: false }],
        creation_arguments: &[TOPIC, IS_BINDER, FUNCTION, STALE_AFTER, ON_STALE, MERGE, BUFFER_MESSAGES, BUFFER_BYTES],
        compatible_with: "delta_update_out",
        description: "a copy that follows numbered changes, and asks for a snapshot",
    },
    &StateType {
        word: "delta_update_out",
        side: Side::Out,
        kind: Kind::Delta,
        address_keys: &[AddressKey { key: "publisher", binds: true }, AddressKey { key: "replyer", binds: true }],
        creation_arguments: &[TOPIC, IS_X_PUB, WAIT, HEARTBEAT, HEAD_FILE, MERGE, DELETES, RING_BYTES],
        compatible_with: "delta_update_in",
        description: "a value of which numbered changes are sent, and snapshots given",
    },
];

const TOPIC: CreationArgument = CreationArgument {
    name: "topic",
    required: false,
    kind: ArgType::str,
    description: "the topic of its messages; none if left out",
};
const IS_X_PUB: CreationArgument = CreationArgument {
    name: "is_x_pub",
    required: false,
    kind: || ArgType::Bool,
    description: "whether the publisher connects, to a bus, instead of binding; false if left out",
};
const WAIT: CreationArgument = CreationArgument {
    name: "wait_after_creation_s",
    required: false,
    kind: seconds_or_none,
    description: "how long to wait after the publisher is made, in seconds; 0 if left out",
};
const IS_BINDER: CreationArgument = CreationArgument {
    name: "is_binder",
    required: false,
    kind: || ArgType::Bool,
    description: "whether the subscriber binds its address instead of connecting; false if left out",
};
const FUNCTION: CreationArgument = CreationArgument {
    name: "function",
    required: false,
    kind: ArgType::str,
    description: "the function that is called when the copy has changed; none if left out",
};
pub(crate) const HEARTBEAT: CreationArgument = CreationArgument {
    name: "heartbeat_s",
    required: false,
    kind: seconds_or_none,
    description: "after how many seconds of silence a heartbeat is sent, 0 for none; 1 if left out",
};
pub(crate) const STALE_AFTER: CreationArgument = CreationArgument {
    name: "stale_after_s",
    required: false,
    kind: || ArgType::Float(Range { min: Some(0.001), max: Some(86_400.0) }),
    description: "after how many seconds of silence the copy is stale; 3 heartbeats of its owner if left out",
};
pub(crate) const ON_STALE: CreationArgument = CreationArgument {
    name: "on_stale",
    required: false,
    kind: || ArgType::one_of(["serve", "refuse", "stop"]),
    description: "what a stale copy does: `serve` its value, `refuse` to be read, or `stop` the service; `serve` if left out",
};
pub(crate) const MERGE: CreationArgument = CreationArgument {
    name: "merge",
    required: false,
    kind: || ArgType::one_of(["top_level", "deep"]),
    description: "whether an update replaces the value of a key (`top_level`) or goes into maps and records (`deep`); `top_level` if left out",
};
pub(crate) const DELETES: CreationArgument = CreationArgument {
    name: "deletes",
    required: false,
    kind: || ArgType::one_of(["nil", "snapshot"]),
    description: "how a deleted key is told: by a `nil`, or by a `snapshot` for Python copies with typed values; `nil` if left out",
};
const HEAD_FILE: CreationArgument = CreationArgument {
    name: "head_file",
    required: false,
    kind: ArgType::str,
    description: "the file that keeps the last number over restarts; none if left out",
};
pub(crate) const BUFFER_MESSAGES: CreationArgument = CreationArgument {
    name: "buffer_messages",
    required: false,
    kind: || ArgType::int_range(1, 10_000_000),
    description: "how many updates are kept while a snapshot is waited for; 10000 if left out",
};
pub(crate) const BUFFER_BYTES: CreationArgument = CreationArgument {
    name: "buffer_bytes",
    required: false,
    kind: || ArgType::int_range(1, 1 << 40),
    description: "how many bytes of updates are kept while a snapshot is waited for; 64 MiB if left out",
};
pub(crate) const RING_BYTES: CreationArgument = CreationArgument {
    name: "ring_bytes",
    required: false,
    kind: || ArgType::int_range(0, 1 << 40),
    description: "how many bytes of the last updates are kept for copies that lack only those; 4 MiB if left out",
};

fn seconds_or_none() -> ArgType {
    ArgType::Float(Range { min: Some(0.0), max: Some(86_400.0) })
}

/// What contradicts what in a state's model.
pub(crate) fn contradiction(model: &StateModel) -> Option<Contradiction> {
    let deep = model.creation_argument(MERGE.name).is_some_and(|merge| merge == "deep");
    (deep && model.peers != Peers::Own).then_some(Contradiction {
        argument: MERGE.name,
        message: "the Python library replaces the values of keys whole, and would get it wrong".into(),
        help: "set `peers` to `own` if no Python service takes part, or leave `merge` out",
    })
}
