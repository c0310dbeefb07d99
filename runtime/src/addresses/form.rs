//! What the type of a connection or a state asks of its addresses, and what may stand beside them.
//!
//! Owns the option `transport`: its names and what contradicts an address. Never knows where something was written.

use service_framework_connections::registry::{self, SocketRole};
use service_framework_model::schema::{ConnectionModel, ServiceModel, Side, StateModel};
use service_framework_states as states;

use super::written::Group;
use crate::address::Address;
use crate::transport::{self, IN_PROCESS};

/// The key beside an address that chooses what carries the connection.
pub(super) const TRANSPORT: &str = "transport";

/// The names of the transports.
pub(super) const TRANSPORTS: &[&str] = transport::NAMES;

/// Something declared that has addresses, and what its type asks of them.
#[derive(Clone, Debug)]
pub(super) struct Declared<'m> {
    pub(super) group: Group,
    pub(super) side: Side,
    pub(super) name: &'m str,
    /// The word of the type.
    pub(super) word: &'static str,
    /// The keys of the addresses; none for a type that has none.
    pub(super) keys: Vec<AddressKey>,
    pub(super) relation: Related,
}

/// Whether something has its other end in the same group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Related {
    /// It has not, and needs an address.
    No,
    /// It has, and may have others at an address.
    Also,
    /// It has, and that is the only one.
    Instead,
}

/// One address of something declared.
#[derive(Clone, Copy, Debug)]
pub(super) struct AddressKey {
    pub(super) key: &'static str,
    /// Whether the address is bound.
    pub(super) binds: bool,
    /// Whether there may be a list of addresses.
    pub(super) several: bool,
}

/// What a service declares: its connections, then its states, but for those whose type is not known, which the registry
/// says.
pub(super) fn declared<'m>(model: &'m ServiceModel, related: &[(Side, String)]) -> Vec<Declared<'m>> {
    let connections = model.connections.iter().filter_map(|connection| {
        let mut declared = of_connection(connection)?;
        if related.iter().any(|(side, name)| (*side, name.as_str()) == (declared.side, declared.name)) {
            let asks = registry::find(&connection.connection_type)?.socket() == Some(SocketRole::Dealer);
            declared.relation = if asks { Related::Instead } else { Related::Also };
        }
        Some(declared)
    });
    connections.chain(model.states.iter().filter_map(of_state)).collect()
}

fn of_connection(model: &ConnectionModel) -> Option<Declared<'_>> {
    let kind = registry::find(&model.connection_type)?;
    let key = kind.address_key();
    let key = key.map(|key| AddressKey { key, binds: (kind.binds)(model), several: kind.several_addresses });
    let (group, keys) = (Group::Connections, key.into_iter().collect());
    Some(Declared { group, side: model.side, name: &model.name, word: kind.word, keys, relation: Related::No })
}

fn of_state(model: &StateModel) -> Option<Declared<'_>> {
    let kind = states::find(&model.state_type)?;
    let is_set = |name: &str| model.creation_argument(name).is_some_and(|value| *value == true);
    let key = |written: &states::AddressKey| {
        // A publisher that connects, and a subscriber that binds, change places.
        let is_other_way =
            written.key == "publisher" && is_set("is_x_pub") || written.key == "subscriber" && is_set("is_binder");
        AddressKey { key: written.key, binds: written.binds != is_other_way, several: false }
    };
    let (group, keys) = (Group::States, kind.address_keys.iter().map(key).collect());
    Some(Declared { group, side: model.side, name: &model.name, word: kind.word, keys, relation: Related::No })
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
