//! Which sockets a service will have: from its models and its validated addresses.
//!
//! Owns the choice of the transport for each address. Opens nothing.

use service_framework_connections::registry::{self, SocketRole};
use service_framework_model::schema::{ConnectionModel, ServiceModel};
use service_framework_states as states;

use crate::address::Address;
use crate::addresses::{EndAddresses, ResolvedAddresses};
use crate::diagnostics::{Diagnostic, Diagnostics, Source};
use crate::io::{End, Plan, Role};
use crate::transport::{ChoiceError, for_endpoint};
use crate::wiring::Wiring;

/// The sockets of a service. `general` is the transport chosen for all connections that choose none.
pub(crate) fn plans(
    model: &ServiceModel,
    addresses: &ResolvedAddresses,
    wiring: &Wiring,
    general: Option<&str>,
    problems: &mut Diagnostics,
) -> Vec<Plan> {
    let mut plans = Vec::new();
    for (place, (connection, written)) in model.connections.iter().zip(&addresses.connections).enumerate() {
        let (Some(role), Some(written)) = (role(place, connection, wiring), written) else { continue };
        match ends(written, general) {
            Ok(ends) => plans.push(Plan { place, name: connection.name.clone(), role, ends }),
            // It holds for every connection alike, so it is said once.
            Err(error @ ChoiceError::Unknown(_)) => {
                problems.push(Diagnostic::error(Source::Embedded("transport"), error.to_string()));
                return plans;
            }
            Err(error) => {
                problems.push(Diagnostic::error(written.source.clone(), error.to_string()).at(&*written.key_path));
            }
        }
    }
    let states = model.states.iter().zip(&addresses.states);
    for (place, (state, written)) in (model.connections.len()..).zip(states) {
        let Some(kind) = states::find(&state.state_type) else { continue };
        for (key, written) in kind.address_keys.iter().zip(written) {
            let Some(role) = role_of_key(key.key, written.binds) else { continue };
            match ends(written, general) {
                Ok(ends) => plans.push(Plan { place, name: state.name.clone(), role, ends }),
                Err(error @ ChoiceError::Unknown(_)) => {
                    problems.push(Diagnostic::error(Source::Embedded("transport"), error.to_string()));
                    return plans;
                }
                Err(error) => {
                    problems.push(Diagnostic::error(written.source.clone(), error.to_string()).at(&*written.key_path));
                }
            }
        }
    }
    plans
}

/// What the socket of a state does that has this key.
fn role_of_key(key: &str, binds: bool) -> Option<Role> {
    match key {
        "publisher" => Some(Role::Updates { binds }),
        "replyer" => Some(Role::GivesSnapshots),
        "subscriber" => Some(Role::Follows { binds }),
        "requester" => Some(Role::AsksForSnapshots),
        _ => None,
    }
}

fn role(place: usize, connection: &ConnectionModel, wiring: &Wiring) -> Option<Role> {
    let kind = registry::find(&connection.connection_type)?;
    let binds = (kind.binds)(connection);
    match kind.socket()? {
        SocketRole::Router => Some(Role::Answers),
        SocketRole::Dealer => {
            let retries = wiring.outbound(place).map_or(0, |(_, outbound, _)| outbound.retries());
            Some(Role::Asks { retries })
        }
        SocketRole::Publisher => Some(Role::Publishes { binds }),
        SocketRole::Subscriber => Some(Role::Subscribes { binds }),
    }
}

fn ends(written: &EndAddresses, general: Option<&str>) -> Result<Vec<End>, ChoiceError> {
    let end = |address: &Address| {
        let endpoint = address.to_string();
        let transport = for_endpoint(&endpoint, written.transport, general)?;
        Ok(End { transport, endpoint })
    };
    written.endpoints.iter().map(end).collect()
}
