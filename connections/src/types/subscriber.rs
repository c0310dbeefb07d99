//! What a `subscriber` is. Its protocol is `crate::subscriber`'s and `crate::intake`'s.

use service_framework_model::schema::{ArgType, ConnectionModel, Length, Side};

use crate::queue::Policy;
use crate::registry::{Carrier, ConnectionType, Contradiction, CreationArgument, Made, SocketRole};
use crate::subscriber::Subscriber;
use crate::{readiness, topic};

/// The most arguments that make a key.
const MOST_NAMES: u32 = 16;

/// Hands what publishers send to a function.
pub const SUBSCRIBER: ConnectionType = ConnectionType {
    word: "subscriber",
    side: Side::In,
    carrier: Carrier::Socket { role: SocketRole::Subscriber, address_key: "subscriber" },
    binds,
    several_addresses: true,
    creation_arguments: &[
        CreationArgument {
            name: "function",
            required: false,
            kind: ArgType::str,
            description: "the name of the function that is called with each message",
        },
        topic::ARGUMENT,
        CreationArgument {
            name: "is_binder",
            required: false,
            kind: || ArgType::Bool,
            description: "whether it binds, for publishers that connect; false if left out",
        },
        CreationArgument {
            name: "queue",
            required: false,
            kind: || ArgType::one_of(Policy::ALL.map(|(word, _)| word)),
            description: "what is done with a message for which there is no room; `block` if left out",
        },
        CreationArgument {
            name: "conflate_by",
            required: false,
            kind: || ArgType::List(Box::new(ArgType::str()), Length { min: 1, max: Some(MOST_NAMES) }),
            description: "the names of the arguments that make the key of a message",
        },
        CreationArgument {
            name: "queue_messages",
            required: false,
            kind: || ArgType::int_range(1, 1_000_000_000),
            description: "how many messages wait for the service; 100000 if left out",
        },
        CreationArgument {
            name: "queue_bytes",
            required: false,
            kind: || ArgType::int_range(1, 1 << 40),
            description: "how many bytes the messages that wait may have together; 268435456 if left out",
        },
        readiness::PAUSE,
    ],
    contradiction,
    returns: false,
    compatible_with: &["publisher"],
    description: "hands what publishers send to a function that returns nothing",
    make: |model| Ok(Made::In(Box::new(Subscriber::new(model)?))),
};

fn binds(model: &ConnectionModel) -> bool {
    model.creation_argument("is_binder").and_then(serde_json::Value::as_bool) == Some(true)
}

fn contradiction(model: &ConnectionModel) -> Option<Contradiction> {
    let conflates = model.creation_argument("queue").and_then(serde_json::Value::as_str) == Some("conflate");
    let Some(names) = model.creation_argument("conflate_by") else {
        return conflates.then(|| Contradiction {
            argument: "queue",
            message: "messages can be conflated only by a key, and none is given".into(),
            help: "name the arguments that make it with `conflate_by`",
        });
    };
    if !conflates {
        return Some(Contradiction {
            argument: "conflate_by",
            message: "there is a key, and the queue does not conflate".into(),
            help: "set `queue` to \"conflate\", or remove `conflate_by`",
        });
    }
    let names: Vec<&str> = names.as_array()?.iter().filter_map(serde_json::Value::as_str).collect();
    let fields = model.arguments.fields();
    if let Some(unknown) = names.iter().find(|name| !fields.iter().any(|field| field.name == **name)) {
        let known: Vec<String> = fields.iter().map(|field| format!("`{}`", field.name)).collect();
        return Some(Contradiction {
            argument: "conflate_by",
            message: format!("the messages have no argument `{unknown}`, only {}", known.join(", ")).into(),
            help: "name arguments that the model declares",
        });
    }
    let twice =
        names.iter().enumerate().find(|(place, name)| names.iter().take(*place).any(|before| before == *name))?;
    Some(Contradiction {
        argument: "conflate_by",
        message: format!("`{}` is named twice", twice.1).into(),
        help: "remove one of them",
    })
}
