//! What a `requester` is. Its protocol is `crate::requester`'s and `crate::requests`'.

use service_framework_model::schema::{ArgType, Range, Side};

use crate::registry::{ConnectionType, CreationArgument, Made, SocketRole};
use crate::requester::Requester;

/// Sends a request and waits for its reply.
pub const REQUESTER: ConnectionType = ConnectionType {
    word: "requester",
    side: Side::Out,
    socket: SocketRole::Dealer,
    address_key: "requester",
    binds: false,
    several_addresses: false,
    creation_arguments: &[CreationArgument {
        name: "timeout_s",
        required: false,
        kind: timeout,
        description: "how long a request may take, in seconds; 5 if left out",
    }],
    returns: true,
    compatible_with: &["replyer"],
    description: "sends a request and waits for its reply",
    make: |model| Ok(Made::Out(Box::new(Requester::new(model)?))),
};

/// Timers tell milliseconds, so a shorter timeout could not be kept. A day is longer than any request should hold its
/// service.
fn timeout() -> ArgType {
    ArgType::Float(Range { min: Some(0.001), max: Some(86_400.0) })
}
