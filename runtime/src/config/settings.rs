//! The settings while they are gathered: for each name the value that won and where it was written.

use std::collections::{HashMap, HashSet};

use service_framework_model::json::{Member, Node, check_field, read_value, value_from_text};
use service_framework_model::nearest::{nearest, suggestion};
use service_framework_model::problem::{Path, Problem, Span, path_text};
use service_framework_model::schema::{ArgType, Field, Record};
use service_framework_model::value::Value;

use super::{ResolvedConfig, VARIABLE_PREFIX, json_of, variable};
use crate::diagnostics::{Diagnostic, Diagnostics, Severity, Source};
use crate::document::Document;

/// The groups in which a config may be written.
const GROUPS: [&str; 2] = ["required", "optional"];

/// The value that won for one name. A value that could not be read is kept as `None`: the name is set all the same.
struct Setting {
    value: Option<Value>,
    source: Source,
    /// The key path within the source.
    path: String,
    /// Its tree, to find the place of a part of it.
    node: Option<Node>,
}

pub(super) struct Settings<'a> {
    record: &'a Record,
    set: HashMap<String, Setting>,
    /// The names that an open config does not name, in the order in which they came.
    unnamed: Vec<String>,
    /// The names for which a name that the config does not have was most likely meant.
    meant: Vec<&'a str>,
    /// Whether something could not be read that may set any name.
    has_unread: bool,
    pub(super) diagnostics: &'a mut Diagnostics,
}

impl<'a> Settings<'a> {
    pub(super) fn new(record: &'a Record, diagnostics: &'a mut Diagnostics) -> Self {
        let (set, unnamed, meant) = (HashMap::new(), Vec::new(), Vec::new());
        Self { record, set, unnamed, meant, has_unread: false, diagnostics }
    }

    fn field(&self, name: &str) -> Option<&'a Field> {
        self.record.fields().iter().find(|field| field.name == name)
    }

    /// The type of a name; `None` if the config has no such name.
    fn kind(&self, name: &str) -> Option<&'a ArgType> {
        match self.field(name) {
            Some(field) => Some(&field.kind),
            None => self.record.is_open().then_some(&ArgType::Any),
        }
    }

    fn set(&mut self, name: &str, setting: Setting) {
        if self.field(name).is_none() && !self.unnamed.iter().any(|unnamed| unnamed == name) {
            self.unnamed.push(name.to_owned());
        }
        self.set.insert(name.to_owned(), setting);
    }

    fn names(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        self.record.fields().iter().map(|field| field.name.as_str())
    }

    /// What to say of a name that the config does not have.
    fn unknown(&mut self, name: &str) -> (String, Option<String>) {
        self.meant.extend(nearest(name, self.names()));
        (format!("`{name}` is not a name of this config"), suggestion(name, self.names()))
    }

    /// Takes the names of a document: flat ones, and those in the groups `required` and `optional`.
    pub(super) fn read_document(&mut self, document: &Document) {
        let root = Path::Root;
        let Some(members) = document.node.members() else {
            let message = format!("expected an object, got {}", document.node);
            let help = self
                .names()
                .next()
                .map(|name| format!("write each name with its value, such as `{{\"{name}\": ...}}`"));
            let problem = Problem::new(document.node.span, &root, message).with_help(help);
            self.diagnostics.add(&document.source, [problem]);
            self.has_unread = true;
            return;
        };
        let mut seen = HashSet::new();
        for member in members {
            match member.node.members().filter(|_| self.is_group(member, &document.source)) {
                Some(inner) => {
                    let group = root.key(&member.name);
                    for member in inner {
                        self.read_member(member, &group.key(&member.name), &document.source, &mut seen);
                    }
                }
                None => self.read_member(member, &root.key(&member.name), &document.source, &mut seen),
            }
        }
    }

    /// Whether an object is a group rather than the value of a name. One whose name is a misspelt group is reported,
    /// and read as that group.
    fn is_group(&mut self, member: &Member, source: &Source) -> bool {
        let name = member.name.as_str();
        if self.field(name).is_some() {
            return false;
        }
        if GROUPS.contains(&name) {
            return true;
        }
        let near = nearest(name, GROUPS).filter(|_| !self.record.is_open() && nearest(name, self.names()).is_none());
        let Some(near) = near else { return false };
        let message = format!("`{name}` is neither a name nor a group of this config");
        let problem = Problem::new(member.name_span, &Path::Root.key(name), message);
        self.diagnostics.add(source, [problem.with_help(format!("did you mean `{near}`?"))]);
        true
    }

    fn read_member<'d>(&mut self, member: &'d Member, path: &Path<'_>, source: &Source, seen: &mut HashSet<&'d str>) {
        let mut problems = Vec::new();
        if !seen.insert(&member.name) {
            let message = format!("`{}` is set twice", member.name);
            problems.push(Problem::new(member.name_span, path, message).with_help("keep one of them".to_owned()));
        } else if let Some(kind) = self.kind(&member.name) {
            let value = read_value(&member.node, kind, path, &mut problems);
            let (source, path, node) = (source.clone(), path_text(&path.steps()), Some(member.node.clone()));
            self.set(&member.name, Setting { value, source, path, node });
        } else {
            let (message, help) = self.unknown(&member.name);
            problems.push(Problem::new(member.name_span, path, message).with_help(help));
        }
        self.diagnostics.add(source, problems);
    }

    /// Takes the variables that are named after the config's names. Another service of the same environment may have
    /// other names, so a variable that this one does not know is no error.
    pub(super) fn read_environment(&mut self, environment: &[(String, String)]) {
        for (name, text) in environment {
            let Some(suffix) = name.strip_prefix(VARIABLE_PREFIX) else { continue };
            let source = |value| Source::Environment { variable: name.clone(), value };
            match self.record.fields().iter().find(|field| variable(&field.name) == *name) {
                Some(field) => self.read_text(&field.name, &field.kind, text, source(Some(text.clone()))),
                None => {
                    let near = nearest(suffix, self.names());
                    self.meant.extend(near);
                    let severity = if near.is_some() { Severity::Warning } else { Severity::Note };
                    let message = format!("`{name}` sets no name of this config");
                    let help = near.map(|near| format!("did you mean `{}`?", variable(near)));
                    let diagnostic = Diagnostic::error(source(None), message).with_help(help);
                    self.diagnostics.push(diagnostic.with_severity(severity));
                }
            }
        }
    }

    /// Takes what the command line sets. `flags` are the names that would have been flags: one of them may be meant.
    pub(super) fn read_command_line(&mut self, pairs: &[(String, String)], flags: &[String]) {
        for (name, text) in pairs {
            let source = Source::Argument { name: name.clone(), value: text.clone() };
            match self.kind(name) {
                Some(kind) => self.read_text(name, kind, text, source),
                None => {
                    let (message, help) = self.unknown(name);
                    let flag = nearest(name, flags.iter().map(String::as_str));
                    let flag = flag.filter(|_| nearest(name, self.names()).is_none());
                    let help = flag.map(|flag| format!("did you mean the flag `--{flag}`?")).or(help);
                    self.diagnostics.push(Diagnostic::error(source, message).at(name).with_help(help));
                }
            }
        }
    }

    fn read_text(&mut self, name: &str, kind: &ArgType, text: &str, source: Source) {
        let root = Path::Root;
        let value = match value_from_text(text, kind, &root.key(name)) {
            Ok(value) => Some(value),
            Err(problems) => {
                self.diagnostics.add(&source, problems);
                None
            }
        };
        self.set(name, Setting { value, source, path: name.to_owned(), node: None });
    }

    /// What is set so far, in JSON form.
    pub(super) fn json(&mut self) -> Option<serde_json::Value> {
        let entries = self.set.iter().filter_map(|(name, setting)| Some((name.as_str(), setting.value.clone()?)));
        match json_of(&Value::map(entries)) {
            Ok(json) => Some(json),
            Err(e) => {
                self.diagnostics.push(Diagnostic::error(Source::Model, format!("the config has no JSON form: {e}")));
                None
            }
        }
    }

    /// Reports every required name that is not set, unless something else that was reported explains why. `has_setup`
    /// says whether the service could set it by itself.
    pub(super) fn require(&mut self, documents: &[Document], has_setup: bool) {
        if self.has_unread {
            return;
        }
        let source = documents.last().map_or(Source::Missing("config"), |document| document.source.clone());
        let explained = |name: &str| self.set.contains_key(name) || self.meant.contains(&name);
        for field in self.record.fields().iter().filter(|field| field.required && !explained(&field.name)) {
            let name = &field.name;
            let message = format!("`{name}` ({}) is required, but nothing sets it", field.kind.word());
            let setup = if has_setup { ", or let `setup_config` return it" } else { "" };
            let help = format!(
                "set it in the config file as `{name:?}: ...`, in the environment as `{}=...`, or on the command line \
                 as `--{name} ...`{setup}",
                variable(name)
            );
            self.diagnostics.push(Diagnostic::error(source.clone(), message).at(name).with_help(help));
        }
    }

    /// Reports every value that its field's constraints refuse.
    pub(super) fn check_constraints(&mut self) {
        for field in self.record.fields() {
            let Some(setting) = self.set.get(&field.name) else { continue };
            let Some(value) = &setting.value else { continue };
            if let Err(refusal) = check_field(field, value) {
                let steps: Vec<_> = refusal.steps().skip(1).cloned().collect();
                let inside = path_text(&steps);
                let dot = if inside.is_empty() || inside.starts_with('[') { "" } else { "." };
                let span: Option<Span> = setting.node.as_ref().and_then(|node| node.nearest_span(&steps));
                self.diagnostics.push(
                    Diagnostic::error(setting.source.clone(), refusal.detail())
                        .at(format!("{}{dot}{inside}", setting.path))
                        .with_span(span),
                );
            }
        }
    }

    /// The config in the model's order, the defaults filled in; `None` if a value could not be read or has no JSON
    /// form, which the diagnostics say.
    pub(super) fn finish(mut self) -> Option<ResolvedConfig> {
        let mut entries = Vec::with_capacity(self.record.slot_count());
        let mut origins = Vec::with_capacity(self.record.slot_count());
        for field in self.record.fields() {
            let (value, source) = match self.set.remove(&field.name) {
                Some(setting) => (setting.value?, setting.source),
                None => match &field.default {
                    Some(default) => (default.clone(), Source::Default),
                    None => continue,
                },
            };
            entries.push((field.name.clone(), value));
            origins.push((field.name.clone(), source));
        }
        for name in std::mem::take(&mut self.unnamed) {
            let setting = self.set.remove(&name)?;
            entries.push((name.clone(), setting.value?));
            origins.push((name, setting.source));
        }
        let value = Value::map(entries);
        match json_of(&value) {
            Ok(json) => Some(ResolvedConfig { value, origins, json }),
            Err(e) => {
                self.diagnostics.push(Diagnostic::error(Source::Model, format!("the config has no JSON form: {e}")));
                None
            }
        }
    }
}
