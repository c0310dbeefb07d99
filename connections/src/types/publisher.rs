//! What a `publisher` is. Its protocol is `crate::publisher`'s.

use service_framework_model::schema::{ArgType, ConnectionModel, Side};

use crate::publisher::Publisher;
use crate::registry::{Carrier, ConnectionType, CreationArgument, Made, SocketRole};
use crate::{readiness, topic};

/// Sends to all that subscribe.
pub const PUBLISHER: ConnectionType = ConnectionType {
    word: "publisher",
    side: Side::Out,
    carrier: Carrier::Socket { role: SocketRole::Publisher, address_key: "publisher" },
    binds: |model| !connects(model),
    several_addresses: false,
    creation_arguments: &[
        topic::ARGUMENT,
        CreationArgument {
            name: "is_x_pub",
            required: false,
            kind: || ArgType::Bool,
            description: "whether it connects, to a bus or a subscriber that binds; false if left out",
        },
        CreationArgument {
            name: "seq",
            required: false,
            kind: || ArgType::Bool,
            description: "whether messages carry numbers, by which subscribers know what they missed; true if left out",
        },
        readiness::PAUSE,
        readiness::SUBSCRIBERS,
        readiness::PATIENCE,
    ],
    contradiction: readiness::contradiction,
    returns: false,
    compatible_with: &["subscriber"],
    description: "sends to all that subscribe, and waits for none",
    make: |model| Ok(Made::Out(Box::new(Publisher::new(model)?))),
};

fn connects(model: &ConnectionModel) -> bool {
    model.creation_argument("is_x_pub").and_then(serde_json::Value::as_bool) == Some(true)
}
