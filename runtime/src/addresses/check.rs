//! Whether what was written fits what the service declares.
//!
//! Owns the rules and what is said when one is broken, once for each mistake: what is missing only because something
//! else is misspelt is not told. Never reads a document.

use service_framework_model::json::{Json, Node};
use service_framework_model::nearest::{nearest, suggestion};
use service_framework_model::schema::{ConnectionModel, Function, ServiceModel, Side};

use super::ConnectionAddresses;
use super::form::{Form, Rules, TRANSPORT, contradiction};
use super::written::{Group, Key, Place, SIDES, Written};
use crate::address::Address;
use crate::diagnostics::{Diagnostic, Diagnostics, Source};
use crate::running::Mode;

/// An address for a help text.
const EXAMPLE: &str = "127.0.0.1:8001";

pub(super) struct Check<'a> {
    pub(super) model: &'a ServiceModel,
    pub(super) mode: Mode,
    pub(super) rules: Rules,
    pub(super) written: &'a Written,
    /// What is named as the source of an address that is missing; `None` if nothing was given at all.
    pub(super) source: Option<Source>,
    /// Whether what is missing is told.
    pub(super) tells_missing: bool,
    pub(super) problems: &'a mut Diagnostics,
}

impl Check<'_> {
    /// Checks everything. Gives the addresses of each connection for which they are well.
    pub(super) fn all(mut self) -> Vec<ConnectionAddresses> {
        self.names();
        self.mode();
        self.nothing_given();
        let model = self.model;
        let resolved: Vec<_> = model.connections.iter().filter_map(|connection| self.connection(connection)).collect();
        self.collisions(&resolved);
        resolved
    }

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
            let help = match self.elsewhere(&place.name) {
                Some((group, side)) => {
                    let there = format!("{}.{}", group.word(), side.word());
                    Some(format!("`{}` is declared in `{there}`: move its addresses there", place.name))
                }
                None if known.is_empty() => Some("the service declares nothing there: remove it".to_owned()),
                None => suggestion(&place.name, known.iter().copied()),
            };
            let message = match place.group {
                Group::Connections => "the service declares no such connection",
                Group::States => "the service declares no such state",
            };
            self.problems.push(place.diagnostic(message).with_help(help));
        }
    }

    /// Where a name is declared.
    fn elsewhere(&self, name: &str) -> Option<(Group, Side)> {
        let everywhere = Group::ALL.into_iter().flat_map(|group| SIDES.map(|side| (group, side)));
        everywhere.into_iter().find(|(group, side)| self.declared(*group, *side).contains(&name))
    }

    /// In main mode nothing comes in. Of a service without `main`, which cannot run in it at all, that is enough said.
    fn mode(&mut self) {
        if self.mode == Mode::Service || !self.model.defines(Function::Main) {
            return;
        }
        for group in Group::ALL {
            let inbound: Vec<String> =
                self.declared(group, Side::In).into_iter().map(|name| format!("`{name}`")).collect();
            if inbound.is_empty() {
                continue;
            }
            let message = format!("nothing comes in in main mode, but the service declares {}", inbound.join(", "));
            let help = "run it without -m (--main-mode), or declare nothing on the side `in`".to_owned();
            let path = format!("{}.in", group.word());
            self.problems.push(Diagnostic::error(Source::Model, message).at(path).with_help(help));
        }
    }

    /// Without any addresses, all that are missing are one problem.
    fn nothing_given(&mut self) {
        let missing: Vec<_> = self.model.connections.iter().filter(|connection| self.is_missed(connection)).collect();
        if self.source.is_some() || missing.is_empty() {
            return;
        }
        let mut sides = serde_json::Map::new();
        for connection in &missing {
            let Some(key) = (self.rules.form)(connection).and_then(|form| form.key) else { continue };
            let side = sides.entry(connection.side.word()).or_insert_with(|| serde_json::json!({}));
            if let serde_json::Value::Object(names) = side {
                names.insert(connection.name.clone(), serde_json::json!({ key: EXAMPLE }));
            }
        }
        let names: Vec<String> = missing.iter().map(|connection| format!("`{}`", connection.name)).collect();
        let message = format!("no addresses are given, but the service needs those of {}", names.join(", "));
        let help = format!("give them in a file (-a PATH): `{}`", serde_json::json!({ "connections": sides }));
        self.problems.push(Diagnostic::error(Source::Missing("addresses"), message).with_help(help));
    }

    /// Whether a connection's address is to be told missing if it is not there.
    fn is_missed(&self, connection: &ConnectionModel) -> bool {
        let (side, name) = (connection.side, connection.name.as_str());
        let needs_one = (self.rules.form)(connection).is_some_and(|form| form.key.is_some());
        let refused_anyway = self.mode == Mode::Main && side == Side::In;
        let is_misplaced = self.written.places().iter().any(|place| self.means(place, side, name));
        self.tells_missing
            && needs_one
            && !refused_anyway
            && !is_misplaced
            && self.written.is_whole(Group::Connections, side)
    }

    /// Whether what is written under a name that is not declared was meant for this connection.
    fn means(&self, place: &Place, side: Side, name: &str) -> bool {
        let known = self.declared(place.group, place.side);
        if known.contains(&place.name.as_str()) {
            return false;
        }
        match self.elsewhere(&place.name) {
            Some(elsewhere) => elsewhere == (Group::Connections, side) && place.name == name,
            None => {
                (place.group, place.side) == (Group::Connections, side) && nearest(&place.name, known) == Some(name)
            }
        }
    }

    /// The addresses of a connection; `None` if they are wrong or missing, or if its type is not known.
    fn connection(&mut self, connection: &ConnectionModel) -> Option<ConnectionAddresses> {
        let form = (self.rules.form)(connection)?;
        let place = self.written.place(Group::Connections, connection.side, &connection.name);
        let Some(key) = form.key else { return self.without_address(form, place) };
        let Some(place) = place else {
            self.missing(connection, form.word, key, None);
            return None;
        };
        if let Some(bare) = &place.bare {
            let written =
                if bare.node.as_text().is_some() { bare.node.to_serde().to_string() } else { format!("{EXAMPLE:?}") };
            let message = format!("expected an object with the key `{key}`, got {}", bare.node);
            let help = format!("write `{{{key:?}: {written}}}`");
            self.problems.push(bare.diagnostic(message).with_help(help));
            return None;
        }
        let known = [key, TRANSPORT];
        let unknown: Vec<&Key> = place.keys.iter().filter(|key| !known.contains(&key.name.as_str())).collect();
        for unknown in &unknown {
            let message = format!("expected `{key}` or `{TRANSPORT}`, got `{}`", unknown.name);
            let help = nearest(&unknown.name, known).map(|near| format!("did you mean `{near}`?"));
            self.problems.push(unknown.diagnostic(message).with_span(unknown.name_span).with_help(help));
        }
        let transport = place.key(TRANSPORT);
        let chosen = transport.map(|key| self.transport(key));
        let Some(address) = place.key(key) else {
            if unknown.is_empty() {
                self.missing(connection, form.word, key, Some(place));
            }
            return None;
        };
        let endpoints = self.endpoints(address, form)?;
        let chosen = match chosen {
            Some(chosen) => Some(chosen?),
            None => None,
        };
        if let Some((message, help)) = contradiction(chosen, &endpoints) {
            self.problems.push(transport.unwrap_or(address).diagnostic(message).with_help(help.to_owned()));
            return None;
        }
        Some(ConnectionAddresses {
            endpoints,
            transport: chosen,
            binds: form.binds,
            source: address.source.clone(),
            span: address.node.span,
            key_path: address.path.clone(),
        })
    }

    fn without_address(&mut self, form: Form, place: Option<&Place>) -> Option<ConnectionAddresses> {
        if let Some(place) = place {
            let message = format!("the {} `{}` takes no address: no socket carries it", form.word, place.name);
            self.problems.push(place.diagnostic(message).with_help("remove it".to_owned()));
            return None;
        }
        Some(ConnectionAddresses {
            endpoints: Vec::new(),
            transport: None,
            binds: form.binds,
            source: Source::Model,
            span: None,
            key_path: String::new(),
        })
    }

    /// Tells that the address of a connection is missing, at the nearest place at which it should be.
    fn missing(&mut self, connection: &ConnectionModel, word: &str, key: &str, place: Option<&Place>) {
        let Some(source) = self.source.clone().filter(|_| self.is_missed(connection)) else { return };
        let (name, side) = (&connection.name, connection.side);
        let message = format!("the address of the {word} `{name}` is missing");
        let keys = format!("{{{key:?}: {EXAMPLE:?}}}");
        let around = self.written.side(side).or_else(|| self.written.connections());
        let diagnostic = match (place, around) {
            (Some(place), _) => place.diagnostic(message).with_help(format!("add `{key:?}: {EXAMPLE:?}` to it")),
            (None, Some(around)) => {
                let names = format!("{name:?}: {keys}");
                let added = if around.has_names { names } else { format!("{:?}: {{{names}}}", side.word()) };
                Diagnostic::error(around.source.clone(), message)
                    .with_span(around.span)
                    .with_help(format!("add `{added}` to it"))
            }
            (None, None) => Diagnostic::error(source, message)
                .with_help(format!("add `{{\"connections\": {{{:?}: {{{name:?}: {keys}}}}}}}`", side.word())),
        };
        self.problems.push(diagnostic.at(format!("connections.{}.{name}.{key}", side.word())));
    }

    fn transport(&mut self, key: &Key) -> Option<&'static str> {
        let names = self.rules.transports;
        let written = key.node.as_text();
        let found = names.iter().copied().find(|name| Some(*name) == written);
        if found.is_none() {
            let known: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
            let message = format!("expected one of {}, got {}", known.join(", "), key.node);
            let near = written.and_then(|written| nearest(written, names.iter().copied()));
            self.problems.push(key.diagnostic(message).with_help(near.map(|near| format!("did you mean {near:?}?"))));
        }
        found
    }

    fn endpoints(&mut self, key: &Key, form: Form) -> Option<Vec<Address>> {
        let nodes = match &key.node.json {
            Json::List(nodes) if form.several && !nodes.is_empty() => nodes.as_slice(),
            Json::List(_) if form.several => {
                let help = format!("write at least one, such as `[{EXAMPLE:?}]`");
                self.problems.push(key.diagnostic("expected addresses, got an empty list").with_help(help));
                return None;
            }
            Json::List(_) => {
                let message = format!("expected one address, got {}: a {} has no more than one", key.node, form.word);
                let help = "write the address without the brackets around it".to_owned();
                self.problems.push(key.diagnostic(message).with_help(help));
                return None;
            }
            _ => return self.address(key, &key.node, &key.path, form).map(|address| vec![address]),
        };
        let path = |place: usize| format!("{}[{place}]", key.path);
        let read = nodes.iter().enumerate().map(|(place, node)| self.address(key, node, &path(place), form));
        // Every one is read even after a bad one, so that all problems are told.
        let read: Vec<_> = read.collect();
        let endpoints: Vec<Address> = read.into_iter().collect::<Option<_>>()?;
        let mut twice = false;
        for (place, (node, address)) in nodes.iter().zip(&endpoints).enumerate() {
            if endpoints.iter().take(place).any(|earlier| earlier == address) {
                twice = true;
                let help = "remove one of them".to_owned();
                let problem = key.diagnostic(format!("`{address}` is in the list twice")).with_span(node.span);
                self.problems.push(problem.at(path(place)).with_help(help));
            }
        }
        (!twice).then_some(endpoints)
    }

    fn address(&mut self, key: &Key, node: &Node, path: &str, form: Form) -> Option<Address> {
        let problem = |message: String| key.diagnostic(message).at(path).with_span(node.span);
        let (message, help) = match node.as_text() {
            None => (format!("expected an address, got {node}"), format!("write an address like `{EXAMPLE:?}`")),
            Some(text) => match text.parse::<Address>() {
                Err(error) => (format!("{text:?} is not an address: {error}"), error.help()),
                Ok(address) => match address.only_binds().filter(|_| !form.binds) {
                    Some(reason) => (format!("{text:?} cannot be connected to: {reason}"), reason.help().to_owned()),
                    None => return Some(address),
                },
            },
        };
        self.problems.push(problem(message).with_help(help));
        None
    }

    /// No two connections of the service bind one address.
    fn collisions(&mut self, connections: &[ConnectionAddresses]) {
        let bound: Vec<_> = connections.iter().filter(|written| written.binds).collect();
        for (i, later) in bound.iter().enumerate() {
            let earlier = bound.iter().take(i).find(|earlier| {
                earlier.endpoints.iter().any(|one| later.endpoints.iter().any(|other| one.collides_with(other)))
            });
            if let Some(earlier) = earlier {
                let message = format!("`{}` binds this address too", earlier.key_path);
                self.problems.push(
                    Diagnostic::error(later.source.clone(), message)
                        .at(later.key_path.clone())
                        .with_span(later.span)
                        .with_help("give one of them another address".to_owned()),
                );
            }
        }
    }
}
