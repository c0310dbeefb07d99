//! The addresses of a service: what was written, checked against what the service declares.
//!
//! Owns the form of the addresses and the rules of what fits together. Never binds or connects.

mod written;

use service_framework_connections::registry::{self, ConnectionType};
use service_framework_model::json::{Json, Node};
use service_framework_model::nearest::suggestion;
use service_framework_model::problem::Span;
use service_framework_model::schema::{ConnectionModel, Function, ServiceModel, Side};

use crate::address::Address;
use crate::diagnostics::{Diagnostic, Diagnostics, Severity, Source};
use crate::document::{Document, Setup};
use crate::running::Mode;
use written::{Group, Key, Written};

/// The addresses of one connection and where they were written.
#[derive(Clone, Debug)]
pub struct ConnectionAddresses {
    /// At least one address; more only where the connection's type allows it.
    pub addresses: Vec<Address>,
    /// Whether the connection binds them, rather than connecting to them.
    pub binds: bool,
    /// Where they were written.
    pub source: Source,
    /// Where in that source.
    pub span: Option<Span>,
    /// The key path, such as `connections.in.order.replyer`.
    pub key_path: String,
}

/// Addresses that fit the service.
#[derive(Clone, Debug, Default)]
pub struct ResolvedAddresses {
    /// Those of each connection, by its place in the model.
    pub connections: Vec<ConnectionAddresses>,
}

/// Resolves the addresses of a service, later documents winning key by key, and last what `setup_addresses` returns;
/// `None` if they do not fit, and then the diagnostics say why.
///
/// `setup` runs only if what was written can be read; it gets it as `{"connections": ..., "states": ...}`.
#[must_use]
pub fn resolve(
    model: &ServiceModel,
    mode: Mode,
    documents: &[Document],
    setup: Option<Setup<'_>>,
    diagnostics: &mut Diagnostics,
) -> Option<ResolvedAddresses> {
    let mut problems = Diagnostics::new();
    let mut written = Written::default();
    for document in documents {
        written.read(document, &mut problems);
    }
    let may_add_more = setup.is_some();
    if let Some(setup) = setup
        && !problems.has_errors()
        && let Some(document) = Document::from_setup(Function::SetupAddresses, setup, &written.to_json(), &mut problems)
    {
        written.read(&document, &mut problems);
    }
    // A function that could not run might have added what is missing.
    let tell_missing = !(may_add_more && problems.has_errors());
    let nowhere = documents.last().map_or(Source::Missing("addresses"), |document| document.source.clone());
    let mut check = Check { model, mode, written: &written, nowhere, tell_missing, problems: &mut problems };
    check.names();
    check.mode();
    let connections: Vec<_> = model.connections.iter().filter_map(|connection| check.connection(connection)).collect();
    check.collisions(&connections);
    let failed = problems.has_errors();
    diagnostics.append(problems);
    (!failed && connections.len() == model.connections.len()).then_some(ResolvedAddresses { connections })
}

/// What is worth knowing about addresses that fit: where a bind reaches this machine alone. The Python library bound
/// all interfaces whatever host was written, so an old file may have meant the network.
#[must_use]
pub fn loopback_note(model: &ServiceModel, resolved: &ResolvedAddresses) -> Option<Diagnostic> {
    let bound = model
        .connections
        .iter()
        .zip(&resolved.connections)
        .filter(|(_, written)| written.binds && written.addresses.iter().any(Address::is_loopback));
    let (names, places): (Vec<String>, Vec<&ConnectionAddresses>) =
        bound.map(|(connection, written)| (format!("`{}`", connection.name), written)).unzip();
    let first = places.first()?;
    let (verb, such) = if names.len() == 1 { ("binds", "its") } else { ("bind", "their") };
    let message = format!("{} {verb} a loopback address, so only this machine can connect", names.join(", "));
    let help = format!("to serve the network, write `*` or an interface as {such} host, such as `*:8001`");
    Some(
        Diagnostic::error(first.source.clone(), message)
            .with_severity(Severity::Note)
            .at(first.key_path.clone())
            .with_span(first.span)
            .with_help(help),
    )
}

struct Check<'a> {
    model: &'a ServiceModel,
    mode: Mode,
    written: &'a Written,
    /// What is named as the source of an address that is missing.
    nowhere: Source,
    tell_missing: bool,
    problems: &'a mut Diagnostics,
}

impl Check<'_> {
    fn declared(&self, group: Group, side: Side) -> Vec<&str> {
        match group {
            Group::Connections => {
                self.model.connections.iter().filter(|c| c.side == side).map(|c| c.name.as_str()).collect()
            }
            Group::States => self.model.states.iter().filter(|s| s.side == side).map(|s| s.name.as_str()).collect(),
        }
    }

    /// Every written name is declared, on that side.
    fn names(&mut self) {
        for place in self.written.places() {
            let known = self.declared(place.group, place.side);
            if known.contains(&place.name.as_str()) {
                continue;
            }
            let elsewhere = [Group::Connections, Group::States]
                .into_iter()
                .flat_map(|group| [(group, Side::In), (group, Side::Out)])
                .find(|(group, side)| self.declared(*group, *side).contains(&place.name.as_str()));
            let help = match elsewhere {
                Some((group, side)) => {
                    let there = format!("{}.{}", group.word(), side.word());
                    Some(format!("`{}` is declared in `{there}`: move its addresses there", place.name))
                }
                None => suggestion(&place.name, known.iter().copied()),
            };
            let message =
                format!("the service declares no `{}` in `{}.{}`", place.name, place.group.word(), place.side.word());
            self.problems.push(place.diagnostic(message).with_help(help));
        }
    }

    /// In main mode nothing comes in.
    fn mode(&mut self) {
        if self.mode == Mode::Service {
            return;
        }
        for group in [Group::Connections, Group::States] {
            let inbound: Vec<String> = self.declared(group, Side::In).into_iter().map(str::to_owned).collect();
            for name in inbound {
                let message = format!("nothing comes in in main mode, but the service declares `{name}`");
                let help = format!("run it without -m (--main-mode), or remove `{name}` from the service");
                let path = format!("{}.in.{name}", group.word());
                self.problems.push(Diagnostic::error(Source::Model, message).at(path).with_help(help));
            }
        }
    }

    /// The addresses of a connection; `None` if they are wrong or missing, or if its type is not known, which the
    /// registry says.
    fn connection(&mut self, connection: &ConnectionModel) -> Option<ConnectionAddresses> {
        let kind = registry::find(&connection.connection_type)?;
        let place = self.written.place(Group::Connections, connection.side, &connection.name);
        for key in place.iter().flat_map(|place| &place.keys) {
            if key.name != kind.address_key {
                let message = format!("a `{}` has no address `{}`", kind.word, key.name);
                let help = suggestion(&key.name, [kind.address_key]);
                self.problems.push(key.diagnostic(message).with_span(key.name_span).with_help(help));
            }
        }
        let Some(key) = place.and_then(|place| place.key(kind.address_key)) else {
            self.missing(connection, kind);
            return None;
        };
        let addresses = self.addresses(key, kind)?;
        Some(ConnectionAddresses {
            addresses,
            binds: kind.binds,
            source: key.source.clone(),
            span: key.node.span,
            key_path: key.path.clone(),
        })
    }

    fn missing(&mut self, connection: &ConnectionModel, kind: &ConnectionType) {
        let refused_anyway = self.mode == Mode::Main && connection.side == Side::In;
        if !self.tell_missing || refused_anyway {
            return;
        }
        let (name, side, key) = (&connection.name, connection.side.word(), kind.address_key);
        let message = format!("the {} `{name}` has no address", kind.word);
        let help = format!(
            "add it to the addresses: `{{\"connections\": {{\"{side}\": {{{name:?}: {{\"{key}\": \"127.0.0.1:8001\"}}}}}}}}`"
        );
        let path = format!("connections.{side}.{name}.{key}");
        self.problems.push(Diagnostic::error(self.nowhere.clone(), message).at(path).with_help(help));
    }

    fn addresses(&mut self, key: &Key, kind: &ConnectionType) -> Option<Vec<Address>> {
        let nodes = match &key.node.json {
            Json::List(nodes) if kind.several_addresses && !nodes.is_empty() => nodes.as_slice(),
            Json::List(_) if kind.several_addresses => {
                self.problems.push(key.diagnostic("expected at least one address, got an empty list"));
                return None;
            }
            Json::List(_) => {
                let message = format!("a `{}` has one address, got a list", kind.word);
                let help = "write the address without the brackets around it".to_owned();
                self.problems.push(key.diagnostic(message).with_help(help));
                return None;
            }
            _ => std::slice::from_ref(&key.node),
        };
        let read: Vec<_> = nodes.iter().map(|node| self.address(key, node, kind)).collect();
        read.into_iter().collect()
    }

    fn address(&mut self, key: &Key, node: &Node, kind: &ConnectionType) -> Option<Address> {
        let problem = |message: String| key.diagnostic(message).with_span(node.span);
        let Some(text) = node.as_text() else {
            let help = "write an address like `\"127.0.0.1:8001\"`".to_owned();
            self.problems.push(problem(format!("expected an address, got {node}")).with_help(help));
            return None;
        };
        let read = text.parse::<Address>().and_then(|address| address.check(kind.binds).map(|()| address));
        match read {
            Ok(address) => Some(address),
            Err(e) => {
                self.problems
                    .push(problem(format!("{text:?} is not an address here: {e}")).with_help(e.help().to_owned()));
                None
            }
        }
    }

    /// No two connections of the service bind one address.
    fn collisions(&mut self, connections: &[ConnectionAddresses]) {
        let bound: Vec<_> = connections.iter().filter(|written| written.binds).collect();
        for (i, later) in bound.iter().enumerate() {
            let earlier = bound.iter().take(i).find(|earlier| {
                earlier.addresses.iter().any(|one| later.addresses.iter().any(|other| one.collides_with(other)))
            });
            if let Some(earlier) = earlier {
                let message = format!("`{}` binds this address too", earlier.key_path);
                self.problems.push(
                    Diagnostic::error(later.source.clone(), message)
                        .at(later.key_path.clone())
                        .with_span(later.span)
                        .with_help("give one of them another port".to_owned()),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests;
