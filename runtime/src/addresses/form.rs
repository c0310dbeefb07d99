//! What the type of a connection asks of its addresses, and what may stand beside them.
//!
//! Owns the option `transport`: its names and what contradicts an address. Never knows where something was written.

use service_framework_connections::registry;
use service_framework_model::schema::ConnectionModel;

use crate::address::Address;
use crate::transport::{self, IN_PROCESS};

/// The key beside an address that chooses what carries the connection.
pub(super) const TRANSPORT: &str = "transport";

/// The names of the transports.
pub(super) const TRANSPORTS: &[&str] = transport::NAMES;

/// What the type of a connection asks of its addresses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// The word of the type.
    pub(super) word: &'static str,
    /// The key of the address; `None` for a type that has none.
    pub(super) key: Option<&'static str>,
    /// Whether the address is bound.
    pub(super) binds: bool,
    /// Whether there may be a list of addresses.
    pub(super) several: bool,
}

impl Form {
    /// That of a connection; `None` if its type is not known, which the registry says.
    pub(super) fn of(connection: &ConnectionModel) -> Option<Self> {
        let kind = registry::find(&connection.connection_type)?;
        Some(Self {
            word: kind.word,
            key: kind.address_key(),
            binds: (kind.binds)(connection),
            several: kind.several_addresses,
        })
    }
}

/// The forms and names that addresses are checked by.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) form: fn(&ConnectionModel) -> Option<Form>,
    pub(super) transports: &'static [&'static str],
}

impl Rules {
    /// Those of the registry.
    pub(super) const REGISTRY: Self = Self { form: Form::of, transports: TRANSPORTS };
}

/// Why this transport cannot carry these endpoints, and what to do.
pub(super) fn contradiction(transport: Option<&str>, endpoints: &[Address]) -> Option<(String, &'static str)> {
    let outside = endpoints.iter().find(|endpoint| !endpoint.is_inproc());
    let inside = endpoints.iter().find(|endpoint| endpoint.is_inproc());
    match (transport, inside, outside) {
        (Some(IN_PROCESS), _, Some(outside)) => Some((
            format!("the transport `{IN_PROCESS}` stays within the process and cannot carry `{outside}`"),
            "write an address like `inproc://orders`, or remove `transport`",
        )),
        (Some(transport), Some(inside), _) if transport != IN_PROCESS => Some((
            format!("the transport `{transport}` cannot carry `{inside}`, which stays within the process"),
            "remove `transport`: an `inproc://` address needs none",
        )),
        (None, Some(inside), Some(outside)) => Some((
            format!("`{inside}` stays within the process and `{outside}` does not: one connection cannot have both"),
            "keep the addresses of one kind",
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_inproc_carries_what_stays_within_the_process() {
        for (transport, endpoints, fits) in [
            (None, &["inproc://a"][..], true),
            (None, &["ipc:///tmp/a"], true),
            (None, &["inproc://a", "ipc:///tmp/a"], false),
            (Some("inproc"), &["inproc://a"], true),
            (Some("inproc"), &["ipc:///tmp/a"], false),
            (Some("zeromq"), &["inproc://a"], false),
            (Some("zeromq"), &["ipc:///tmp/a"], true),
            (Some("omq"), &["ipc:///tmp/a", "inproc://a"], false),
        ] {
            let read: Vec<Address> = endpoints.iter().map(|text| text.parse().unwrap()).collect();
            assert_eq!(contradiction(transport, &read).is_none(), fits, "{transport:?} {endpoints:?}");
        }
    }
}
