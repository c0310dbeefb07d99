//! Addresses as they were written: by group, side, name and key, each with its place, later documents winning.
//!
//! Owns the two forms of the file. Never knows what a service declares.

use service_framework_model::json::{Member, Node};
use service_framework_model::nearest::{nearest, suggestion};
use service_framework_model::problem::{Path, Problem, Span, path_text};
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
    pub(super) const ALL: [Self; 2] = [Self::Connections, Self::States];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::States => "states",
        }
    }
}

/// The sides, in the order in which they are told.
pub(super) const SIDES: [Side; 2] = [Side::In, Side::Out];

/// The names that may stand at the top.
const TOP: [&str; 4] = ["connections", "states", "in", "out"];

/// What stands under one name.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) group: Group,
    pub(super) side: Side,
    pub(super) name: String,
    pub(super) keys: Vec<Key>,
    /// What stands there instead of an object of keys.
    pub(super) bare: Option<Key>,
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
    /// Which of the documents it stands in.
    document: usize,
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

/// Where the names of a group are written.
#[derive(Debug)]
pub(super) struct Around {
    pub(super) source: Source,
    pub(super) span: Option<Span>,
    /// Whether names stand in it, rather than sides.
    pub(super) has_names: bool,
}

/// Everything that was written.
#[derive(Debug, Default)]
pub(super) struct Written {
    places: Vec<Place>,
    documents: usize,
    /// Where what is of each group and side stands, and the key of each group itself.
    around: Vec<(Group, Option<Side>, Around)>,
    /// What is written in a way that could not be read. Whatever seems to be missing there may stand in it.
    unread: Vec<(Group, Side)>,
}

impl Written {
    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    pub(super) fn place(&self, group: Group, side: Side, name: &str) -> Option<&Place> {
        self.places.iter().find(|place| place.group == group && place.side == side && place.name == name)
    }

    /// Where what is of this group and side stands, if any does in a text.
    pub(super) fn around_side(&self, group: Group, side: Side) -> Option<&Around> {
        self.around(group, Some(side))
    }

    /// Where the sides of this group stand, if any do in a text.
    pub(super) fn around_group(&self, group: Group) -> Option<&Around> {
        self.around(group, None)
    }

    fn around(&self, group: Group, side: Option<Side>) -> Option<&Around> {
        let is_it =
            |(of, at, around): &&(Group, Option<Side>, Around)| *of == group && *at == side && around.span.is_some();
        self.around.iter().rev().find(is_it).map(|(_, _, around)| around)
    }

    /// Whether all that was written for this group and side could be read.
    pub(super) fn is_whole(&self, group: Group, side: Side) -> bool {
        !self.unread.contains(&(group, side))
    }

    /// Takes a document in either form: with `connections` and `states` at the top, or with the sides of the
    /// connections at the top and `states` beside them.
    pub(super) fn read(&mut self, document: &Document, diagnostics: &mut Diagnostics) {
        self.documents += 1;
        let mut reading = Reading { written: self, source: &document.source, problems: Vec::new() };
        reading.document(&document.node);
        diagnostics.add(&document.source, reading.problems);
    }

    /// The same without places, in the form with `connections` and `states` at the top.
    pub(super) fn to_json(&self) -> serde_json::Value {
        let mut json = serde_json::json!({"connections": {"in": {}, "out": {}}, "states": {"in": {}, "out": {}}});
        for place in &self.places {
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
    fn document(&mut self, node: &Node) {
        let root = Path::Root;
        let Some(members) = self.members(node, &root) else {
            return self.leave_unread(&Group::ALL, &SIDES);
        };
        for member in members {
            let path = root.key(&member.name);
            match member.name.as_str() {
                "connections" => self.sides(member, Group::Connections, &path),
                "states" => self.sides(member, Group::States, &path),
                "in" => self.names(member, Group::Connections, Side::In, &path),
                "out" => self.names(member, Group::Connections, Side::Out, &path),
                _ => match self.unknown(member, &TOP, &path) {
                    Some("connections") => self.leave_unread(&[Group::Connections], &SIDES),
                    Some("states") => self.leave_unread(&[Group::States], &SIDES),
                    Some("in") => self.leave_unread(&[Group::Connections], &[Side::In]),
                    Some("out") => self.leave_unread(&[Group::Connections], &[Side::Out]),
                    _ => self.leave_unread(&Group::ALL, &SIDES),
                },
            }
        }
    }

    fn sides(&mut self, group_member: &Member, group: Group, path: &Path<'_>) {
        let Some(members) = self.members(&group_member.node, path) else {
            return self.leave_unread(&[group], &SIDES);
        };
        self.note_around(group, None, group_member);
        for member in members {
            let path = path.key(&member.name);
            match SIDES.into_iter().find(|side| side.word() == member.name) {
                Some(side) => self.names(member, group, side, &path),
                None => {
                    let near = self.unknown(member, &SIDES.map(Side::word), &path);
                    let meant = SIDES.into_iter().filter(|side| near.is_none_or(|near| near == side.word()));
                    self.leave_unread(&[group], &meant.collect::<Vec<_>>());
                }
            }
        }
    }

    fn names(&mut self, side_member: &Member, group: Group, side: Side, path: &Path<'_>) {
        let Some(members) = self.members(&side_member.node, path) else {
            return self.leave_unread(&[group], &[side]);
        };
        self.note_around(group, Some(side), side_member);
        for member in members {
            let path = path.key(&member.name);
            let place = self.place(member, group, side, &path);
            self.put(place);
        }
    }

    fn note_around(&mut self, group: Group, side: Option<Side>, member: &Member) {
        let (source, span) = (self.source.clone(), member.name_span);
        self.written.around.push((group, side, Around { source, span, has_names: side.is_some() }));
    }

    fn members<'n>(&mut self, node: &'n Node, path: &Path<'_>) -> Option<&'n [Member]> {
        let members = node.members();
        if members.is_none() {
            let problem = Problem::new(node.span, path, format!("expected an object, got {node}"));
            let whole = r#"addresses are written `{"connections": {"in": {...}, "out": {...}}}`"#;
            self.problems.push(problem.with_help(whole.to_owned()));
        }
        members
    }

    /// Reports a name that is none of the known ones, and says which of them it is near to.
    fn unknown<'k>(&mut self, member: &Member, known: &[&'k str], path: &Path<'_>) -> Option<&'k str> {
        let message = format!("`{}` is not known here", member.name);
        let help = suggestion(&member.name, known.iter().copied());
        self.problems.push(Problem::new(member.name_span, path, message).with_help(help));
        nearest(&member.name, known.iter().copied())
    }

    fn leave_unread(&mut self, groups: &[Group], sides: &[Side]) {
        let all = groups.iter().flat_map(|group| sides.iter().map(|side| (*group, *side)));
        self.written.unread.extend(all);
    }

    fn place(&self, member: &Member, group: Group, side: Side, path: &Path<'_>) -> Place {
        let keys = member.node.members();
        Place {
            group,
            side,
            name: member.name.clone(),
            keys: keys.iter().flat_map(|keys| keys.iter()).map(|key| self.key(key, &path.key(&key.name))).collect(),
            bare: keys.is_none().then(|| self.key(member, path)),
            source: self.source.clone(),
            name_span: member.name_span,
            path: path_text(&path.steps()),
        }
    }

    fn key(&self, member: &Member, path: &Path<'_>) -> Key {
        Key {
            name: member.name.clone(),
            name_span: member.name_span,
            node: member.node.clone(),
            source: self.source.clone(),
            path: path_text(&path.steps()),
            document: self.written.documents,
        }
    }

    fn put(&mut self, read: Place) {
        let same = |place: &&mut Place| place.group == read.group && place.side == read.side && place.name == read.name;
        let Some(place) = self.written.places.iter_mut().find(same) else {
            return self.written.places.push(read);
        };
        for key in read.keys {
            let earlier = place.keys.iter().position(|earlier| earlier.name == key.name);
            if let Some(earlier) = earlier.map(|at| place.keys.remove(at))
                && earlier.document == key.document
            {
                let root = Path::Root;
                let message = format!("`{}` is set here and as `{}`", key.path, earlier.path);
                self.problems
                    .push(Problem::new(key.name_span, &root, message).with_help("keep one of them".to_owned()));
            }
            place.keys.push(key);
        }
        place.bare = read.bare.or(place.bare.take());
    }
}
