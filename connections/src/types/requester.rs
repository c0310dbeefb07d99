//! What a `requester` is. Its protocol is `crate::requester`'s and `crate::requests`'.

use service_framework_model::schema::{ArgType, ConnectionModel, Side};

use crate::registry::{Carrier, ConnectionType, Contradiction, CreationArgument, Made, SocketRole};
use crate::requester::Requester;
use crate::timeout;

/// Sends a request and waits for its reply.
pub const REQUESTER: ConnectionType = ConnectionType {
    word: "requester",
    side: Side::Out,
    carrier: Carrier::Socket { role: SocketRole::Dealer, address_key: "requester" },
    binds: |_| false,
    several_addresses: true,
    creation_arguments: &[
        timeout::ARGUMENT,
        CreationArgument {
            name: "idempotent",
            required: false,
            kind: || ArgType::Bool,
            description: "whether executing a request twice does what executing it once does; false if left out",
        },
        CreationArgument {
            name: "retries",
            required: false,
            kind: || ArgType::int_range(0, 100),
            description: "how often a request that its peer may have executed is sent once more; 0 if left out",
        },
    ],
    contradiction: retries_without_idempotent,
    returns: true,
    compatible_with: &["replyer"],
    description: "sends a request and waits for its reply",
    make: |model| Ok(Made::Out(Box::new(Requester::new(model)?))),
};

fn retries_without_idempotent(model: &ConnectionModel) -> Option<Contradiction> {
    let retries = model.creation_argument("retries").and_then(serde_json::Value::as_u64).unwrap_or(0);
    // One of a wrong type is another problem.
    let idempotent = model.creation_argument("idempotent").is_some_and(|value| *value != false);
    (retries > 0 && !idempotent).then(|| Contradiction {
        argument: "retries",
        message: "a request may be sent once more only if executing it twice does no harm".into(),
        help: "set `idempotent` to true if that is so, or remove `retries`",
    })
}
