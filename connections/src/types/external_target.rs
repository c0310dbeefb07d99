//! What an `external_target` is. Its protocol is `crate::external_target`'s and `crate::calls`'.

use service_framework_model::schema::{ArgType, Side};

use crate::external_target::{ExternalTarget, MOST_CALLS_IN_FLIGHT};
use crate::registry::{Carrier, ConnectionType, CreationArgument, Made};
use crate::timeout;

/// Calls something outside, such as a database or an exchange's client, on threads of its own.
pub const EXTERNAL_TARGET: ConnectionType = ConnectionType {
    word: "external_target",
    side: Side::Out,
    carrier: Carrier::Pool,
    binds: |_| false,
    several_addresses: false,
    creation_arguments: &[
        timeout::ARGUMENT,
        CreationArgument {
            name: "calls_in_flight",
            required: false,
            kind: || ArgType::int_range(1, MOST_CALLS_IN_FLIGHT.into()),
            description: "how many calls may be made at once, each on a thread of its own; 1 if left out",
        },
    ],
    contradiction: |_| None,
    returns: true,
    compatible_with: &[],
    description: "calls something outside, on threads of its own, and waits for what it returns",
    make: |model| Ok(Made::Out(Box::new(ExternalTarget::new(model)?))),
};
