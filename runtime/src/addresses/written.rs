//! Addresses as they were written: by group, side, name and key, each with its place, later ones winning.
//!
//! Owns the two forms of the file. Never knows what a service declares.

use service_framework_model::json::{Member, Node};
use service_framework_model::nearest::suggestion;
use service_framework_model::problem::{Path, Problem, Span};
use service_framework_model::schema::Side;

use crate::diagnostics::{Diagnostic, Diagnostics, Source};
use crate::document::Document;

/// What has addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Connections,
    States,
}

impl Group {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::States => "states",
        }
    }
}

/// The addresses that stand under one name.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) group: Group,
    pub(super) side: Side,
    pub(super) name: String,
    pub(super) keys: Vec<Key>,
    source: Source,
    name_span: Option<Span>,
    path: String,
}

/// What stands under one key of a name.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) name_span: Option<Span>,
    pub(super) node: Node,
    pub(super) source: Source,
    pub(super) path: String,
}

impl Place {
    pub(super) fn key(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// An error about this name.
    pub(super) fn diagnostic(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(self.source.clone(), message).at(self.path.clone()).with_span(self.name_span)
    }
}

impl Key {
    /// An error about what stands under this key.
    pub(super) fn diagnostic(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(self.source.clone(), message).at(self.path.clone()).with_span(self.node.span)
    }
}

/// Everything that was written.
#[derive(Debug, Default)]
pub(super) struct Written(Vec<Place>);

impl Written {
    pub(super) fn places(&self) -> &[Place] {
        &self.0
    }

    pub(super) fn place(&self, group: Group, side: Side, name: &str) -> Option<&Place> {
        self.0.iter().find(|place| place.group == group && place.side == side && place.name == name)
    }

    /// Takes a document in either form: with `connections` and `states` at the top, or with the sides of the
    /// connections at the top and `states` beside them.
    pub(super) fn read(&mut self, document: &Document, diagnostics: &mut Diagnostics) {
        let mut reading = Reading { written: self, source: &document.source, problems: Vec::new() };
        let root = Path::Root;
        let known = ["connections", "states", "in", "out"];
        for member in reading.members(&document.node, &known, &root) {
            let path = root.key(&member.name);
            match member.name.as_str() {
                "connections" => reading.sides(member, Group::Connections, &path),
                "states" => reading.sides(member, Group::States, &path),
                "in" => reading.names(member, Group::Connections, Side::In, &path),
                "out" => reading.names(member, Group::Connections, Side::Out, &path),
                _ => {}
            }
        }
        diagnostics.add(&document.source, reading.problems);
    }

    /// The same without places, in the form with `connections` and `states` at the top.
    pub(super) fn to_json(&self) -> serde_json::Value {
        let mut json = serde_json::json!({"connections": {"in": {}, "out": {}}, "states": {"in": {}, "out": {}}});
        for place in &self.0 {
            let keys: serde_json::Map<_, _> =
                place.keys.iter().map(|key| (key.name.clone(), key.node.to_serde())).collect();
            let side = json.get_mut(place.group.word()).and_then(|group| group.get_mut(place.side.word()));
            if let Some(serde_json::Value::Object(side)) = side {
                side.insert(place.name.clone(), keys.into());
            }
        }
        json
    }
}

struct Reading<'a> {
    written: &'a mut Written,
    source: &'a Source,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    /// The members of an object; with `known` names, unknown ones are reported.
    fn members<'n>(&mut self, node: &'n Node, known: &[&str], path: &Path<'_>) -> &'n [Member] {
        let Some(members) = node.members() else {
            self.problems.push(Problem::new(node.span, path, format!("expected an object, got {node}")));
            return &[];
        };
        for member in members.iter().filter(|member| !known.is_empty() && !known.contains(&member.name.as_str())) {
            let message = format!("`{}` is not known here", member.name);
            let help = suggestion(&member.name, known.iter().copied());
            self.problems.push(Problem::new(member.name_span, &path.key(&member.name), message).with_help(help));
        }
        members
    }

    fn sides(&mut self, group_member: &Member, group: Group, path: &Path<'_>) {
        for member in self.members(&group_member.node, &[Side::In.word(), Side::Out.word()], path) {
            for side in [Side::In, Side::Out].into_iter().filter(|side| side.word() == member.name) {
                self.names(member, group, side, &path.key(&member.name));
            }
        }
    }

    fn names(&mut self, side_member: &Member, group: Group, side: Side, path: &Path<'_>) {
        for member in self.members(&side_member.node, &[], path) {
            let path = path.key(&member.name);
            let keys = self.members(&member.node, &[], &path);
            let keys: Vec<Key> = keys.iter().map(|key| self.key(key, &path)).collect();
            self.put(member, group, side, &path, keys);
        }
    }

    fn key(&self, member: &Member, path: &Path<'_>) -> Key {
        Key {
            name: member.name.clone(),
            name_span: member.name_span,
            node: member.node.clone(),
            source: self.source.clone(),
            path: path_of(&path.key(&member.name)),
        }
    }

    fn put(&mut self, member: &Member, group: Group, side: Side, path: &Path<'_>, keys: Vec<Key>) {
        let same = |place: &&mut Place| place.group == group && place.side == side && place.name == member.name;
        match self.written.0.iter_mut().find(same) {
            Some(place) => {
                for key in keys {
                    place.keys.retain(|earlier| earlier.name != key.name);
                    place.keys.push(key);
                }
            }
            None => self.written.0.push(Place {
                group,
                side,
                name: member.name.clone(),
                keys,
                source: self.source.clone(),
                name_span: member.name_span,
                path: path_of(path),
            }),
        }
    }
}

fn path_of(path: &Path<'_>) -> String {
    service_framework_model::problem::path_text(&path.steps())
}
