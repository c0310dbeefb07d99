//! What a `replyer` is. Its protocol is `crate::replyer`'s.

use service_framework_model::schema::{ArgType, Side};

use crate::registry::{Carrier, ConnectionType, CreationArgument, Made, SocketRole};
use crate::replyer::Replyer;

/// Answers one request at a time with what a function returns.
pub const REPLYER: ConnectionType = ConnectionType {
    word: "replyer",
    side: Side::In,
    carrier: Carrier::Socket { role: SocketRole::Router, address_key: "replyer" },
    binds: |_| true,
    several_addresses: false,
    creation_arguments: &[CreationArgument {
        name: "function",
        required: false,
        kind: ArgType::str,
        description: "the name of the function that answers",
    }],
    contradiction: |_| None,
    returns: true,
    compatible_with: &["requester"],
    description: "answers one request at a time with what a function returns",
    make: |model| Ok(Made::In(Box::new(Replyer::new(model)?))),
};
