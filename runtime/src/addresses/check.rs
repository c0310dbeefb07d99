//! Whether what was written fits what the service declares.
//!
//! Owns the rules and what is said when one is broken, once for each mistake: what is missing only because something
//! else is misspelt is not told. Never reads a document.

use service_framework_model::json::{Json, Node};
use service_framework_model::nearest::{nearest, suggestion};
use service_framework_model::schema::{Function, ServiceModel, Side};

use super::EndAddresses;
use super::form::{AddressKey, Declared, Related, TRANSPORT, TRANSPORTS, contradiction};
use super::written::{Group, Key, Place, SIDES, Written};
use crate::address::Address;
use crate::diagnostics::{Diagnostic, Diagnostics, Source};
use crate::running::Mode;

/// An address for a help text.
const EXAMPLE: &str = "127.0.0.1:8001";

/// Another address for each place: no two sockets bind the same one.
fn example_at(place: usize) -> String {
    format!("127.0.0.1:{}", 8001 + place)
}

pub(super) struct Check<'a> {
    pub(super) model: &'a ServiceModel,
    pub(super) mode: Mode,
    pub(super) declared: &'a [Declared<'a>],
    pub(super) written: &'a Written,
    /// What is named as the source of an address that is missing; `None` if nothing was given at all.
    pub(super) source: Option<Source>,
    /// Whether what is missing is told.
    pub(super) tells_missing: bool,
    pub(super) problems: &'a mut Diagnostics,
}

impl Check<'_> {
    /// Checks everything. Gives the addresses of each thing declared for which they are well, by its place among them.
    pub(super) fn all(mut self) -> Vec<Option<Vec<EndAddresses>>> {
        self.names();
        self.mode();
        self.nothing_given();
        let resolved: Vec<_> = self.declared.iter().map(|declared| self.ends(declared)).collect();
        self.collisions(resolved.iter().flatten().flatten());
        resolved
    }

    /// The names that are declared in a group on a side, also those whose type is not known.
    fn known(&self, group: Group, side: Side) -> Vec<&str> {
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
            let known = self.known(place.group, place.side);
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
        everywhere.into_iter().find(|(group, side)| self.known(*group, *side).contains(&name))
    }

    /// In main mode nothing comes in. Of a service without `main`, which cannot run in it at all, that is enough said.
    fn mode(&mut self) {
        if self.mode == Mode::Service || !self.model.defines(Function::Main) {
            return;
        }
        for group in Group::ALL {
            let inbound: Vec<String> =
                self.known(group, Side::In).into_iter().map(|name| format!("`{name}`")).collect();
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
        let missing: Vec<_> = self.declared.iter().filter(|declared| self.is_missed(declared)).collect();
        if self.source.is_some() || missing.is_empty() {
            return;
        }
        let mut example = serde_json::json!({});
        let all = missing.iter().flat_map(|declared| declared.keys.iter().map(move |key| (declared, key)));
        for (place, (Declared { group, side, name, .. }, AddressKey { key, .. })) in all.enumerate() {
            put(&mut example, &[group.word(), side.word(), name, key], example_at(place).into());
        }
        let names: Vec<String> = missing.iter().map(|declared| format!("`{}`", declared.name)).collect();
        let message = format!("no addresses are given, but the service needs those of {}", names.join(", "));
        let help = format!("give them in a file (-a PATH): `{example}`");
        self.problems.push(Diagnostic::error(Source::Missing("addresses"), message).with_help(help));
    }

    /// Whether the addresses of something declared are to be told missing if they are not there.
    fn is_missed(&self, declared: &Declared<'_>) -> bool {
        let refused_anyway = self.mode == Mode::Main && declared.side == Side::In;
        let is_misplaced = self.written.places().iter().any(|place| self.means(place, declared));
        self.tells_missing
            && !declared.keys.is_empty()
            && declared.relation == Related::No
            && !refused_anyway
            && !is_misplaced
            && self.written.is_whole(declared.group, declared.side)
    }

    /// Whether what is written under a name that is not declared was meant for this.
    fn means(&self, place: &Place, declared: &Declared<'_>) -> bool {
        let known = self.known(place.group, place.side);
        if known.contains(&place.name.as_str()) {
            return false;
        }
        let of = (declared.group, declared.side);
        match self.elsewhere(&place.name) {
            Some(elsewhere) => elsewhere == of && place.name == declared.name,
            None => (place.group, place.side) == of && nearest(&place.name, known) == Some(declared.name),
        }
    }

    /// The addresses of something declared, one for each of its keys; `None` if they are wrong or missing.
    fn ends(&mut self, declared: &Declared<'_>) -> Option<Vec<EndAddresses>> {
        let place = self.written.place(declared.group, declared.side, declared.name);
        if declared.keys.is_empty() {
            if let Some(place) = place {
                let message = format!("the {} `{}` takes no address: no socket carries it", declared.word, place.name);
                self.problems.push(place.diagnostic(message).with_help("remove it".to_owned()));
                return None;
            }
            return Some(Vec::new());
        }
        match (declared.relation, place) {
            (Related::Also | Related::Instead, None) => return Some(Vec::new()),
            (Related::Instead, Some(place)) => {
                let message = format!("the {} `{}` has an address, and a relation too", declared.word, place.name);
                let help = "remove one of them: a request goes to one other end".to_owned();
                self.problems.push(place.diagnostic(message).with_help(help));
                return None;
            }
            _ => {}
        }
        let Some(place) = place else {
            self.missing(declared, &declared.keys, None);
            return None;
        };
        if let Some(bare) = &place.bare {
            self.problems.push(instead_of_keys(bare, declared));
            return None;
        }
        let mut known: Vec<&str> = declared.keys.iter().map(|key| key.key).collect();
        known.push(TRANSPORT);
        let unknown: Vec<&Key> = place.keys.iter().filter(|key| !known.contains(&key.name.as_str())).collect();
        for unknown in &unknown {
            let message = format!("expected {}, got `{}`", one_of(&known), unknown.name);
            let help = nearest(&unknown.name, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            self.problems.push(unknown.diagnostic(message).with_span(unknown.name_span).with_help(help));
        }
        let transport = place.key(TRANSPORT);
        let chosen = transport.map(|key| self.transport(key));
        let absent: Vec<_> = declared.keys.iter().copied().filter(|key| place.key(key.key).is_none()).collect();
        if !absent.is_empty() && unknown.is_empty() {
            self.missing(declared, &absent, Some(place));
        }
        let written = declared.keys.iter().filter_map(|form| Some((form, place.key(form.key)?)));
        // Every one is read even after a bad one, so that all problems are told.
        let read: Vec<_> =
            written.map(|(form, key)| Some((form, key, self.endpoints(key, *form, declared.word)?))).collect();
        let read: Vec<_> = read.into_iter().collect::<Option<_>>().filter(|_| absent.is_empty())?;
        let chosen = match chosen {
            Some(chosen) => Some(chosen?),
            None => None,
        };
        let all: Vec<Address> = read.iter().flat_map(|(_, _, endpoints)| endpoints.iter().cloned()).collect();
        if let Some((message, help)) = contradiction(chosen, &all) {
            let at = transport.or(read.first().map(|(_, key, _)| *key))?;
            self.problems.push(at.diagnostic(message).with_help(help.to_owned()));
            return None;
        }
        let end = |(form, key, endpoints): (&AddressKey, &Key, Vec<Address>)| EndAddresses {
            endpoints,
            transport: chosen,
            binds: form.binds,
            source: key.source.clone(),
            span: key.node.span,
            key_path: key.path.clone(),
        };
        Some(read.into_iter().map(end).collect())
    }

    /// Tells which addresses of something declared are missing, at the nearest place at which they should be.
    fn missing(&mut self, declared: &Declared<'_>, absent: &[AddressKey], place: Option<&Place>) {
        let Some(source) = self.source.clone().filter(|_| self.is_missed(declared)) else { return };
        let Declared { group, side, name, word, .. } = declared;
        let place_of = |key: &AddressKey| declared.keys.iter().position(|other| other.key == key.key).unwrap_or(0);
        let pairs = absent.iter().map(|key| format!("{:?}: {:?}", key.key, example_at(place_of(key))));
        let pairs: Vec<String> = pairs.collect();
        let (pairs, path) = (pairs.join(", "), format!("{}.{}.{name}", group.word(), side.word()));
        let (message, path) = match absent {
            [one] if declared.keys.len() == 1 => {
                (format!("the address of the {word} `{name}` is missing"), format!("{path}.{}", one.key))
            }
            [one] => {
                (format!("the address `{}` of the {word} `{name}` is missing", one.key), format!("{path}.{}", one.key))
            }
            _ => (format!("the addresses of the {word} `{name}` are missing"), path),
        };
        let keys = format!("{{{pairs}}}");
        let around = self.written.around_side(*group, *side).or_else(|| self.written.around_group(*group));
        let diagnostic = match (place, around) {
            (Some(place), _) => place.diagnostic(message).with_help(format!("add `{pairs}` to it")),
            (None, Some(around)) => {
                let names = format!("{name:?}: {keys}");
                let added = if around.has_names { names } else { format!("{:?}: {{{names}}}", side.word()) };
                Diagnostic::error(around.source.clone(), message)
                    .with_span(around.span)
                    .with_help(format!("add `{added}` to it"))
            }
            (None, None) => Diagnostic::error(source, message).with_help(format!(
                "add `{{{:?}: {{{:?}: {{{name:?}: {keys}}}}}}}`",
                group.word(),
                side.word()
            )),
        };
        self.problems.push(diagnostic.at(path));
    }

    fn transport(&mut self, key: &Key) -> Option<&'static str> {
        let names = TRANSPORTS;
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

    fn endpoints(&mut self, key: &Key, form: AddressKey, word: &str) -> Option<Vec<Address>> {
        let nodes = match &key.node.json {
            Json::List(nodes) if form.several && !nodes.is_empty() => nodes.as_slice(),
            Json::List(_) if form.several => {
                let help = format!("write at least one, such as `[{EXAMPLE:?}]`");
                self.problems.push(key.diagnostic("expected addresses, got an empty list").with_help(help));
                return None;
            }
            Json::List(_) => {
                let message = format!("expected one address, got {}: a {word} has no more than one", key.node);
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

    fn address(&mut self, key: &Key, node: &Node, path: &str, form: AddressKey) -> Option<Address> {
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

    /// No two of them bind one address.
    fn collisions<'r>(&mut self, ends: impl Iterator<Item = &'r EndAddresses>) {
        let bound: Vec<_> = ends.filter(|written| written.binds).collect();
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

/// Keys for people: `a`, `b` or `c`.
fn one_of(keys: &[&str]) -> String {
    let quoted: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

fn instead_of_keys(bare: &Key, declared: &Declared<'_>) -> Diagnostic {
    let written = if bare.node.as_text().is_some() { bare.node.to_serde().to_string() } else { format!("{EXAMPLE:?}") };
    let keys: Vec<&str> = declared.keys.iter().map(|key| key.key).collect();
    let (word, quoted) = if keys.len() == 1 { ("key", keys.iter()) } else { ("keys", keys.iter()) };
    let quoted: Vec<String> = quoted.map(|key| format!("`{key}`")).collect();
    let message = format!("expected an object with the {word} {}, got {}", quoted.join(" and "), bare.node);
    // The address that is written is that of the first key; others have one of their own.
    let pairs = keys
        .iter()
        .enumerate()
        .map(|(place, key)| if place == 0 { format!("{key:?}: {written}") } else { format!("{key:?}: {EXAMPLE:?}") });
    bare.diagnostic(message).with_help(format!("write `{{{}}}`", pairs.collect::<Vec<_>>().join(", ")))
}

/// Puts a value where a path of names leads to, and makes the objects on the way.
pub(crate) fn put(json: &mut serde_json::Value, path: &[&str], value: serde_json::Value) {
    let ([name, rest @ ..], Some(object)) = (path, json.as_object_mut()) else {
        *json = value;
        return;
    };
    put(object.entry(*name).or_insert_with(|| serde_json::json!({})), rest, value);
}
