//! The settings while they are gathered: for each name the value that won and where it was written.

use std::collections::HashMap;

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
    pub(super) diagnostics: &'a mut Diagnostics,
}

impl<'a> Settings<'a> {
    pub(super) fn new(record: &'a Record, diagnostics: &'a mut Diagnostics) -> Self {
        Self { record, set: HashMap::new(), unnamed: Vec::new(), diagnostics }
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

    fn unknown(&self, name: &str) -> (String, Option<String>) {
        let names = self.record.fields().iter().map(|field| field.name.as_str());
        (format!("`{name}` is not a name of this config"), suggestion(name, names))
    }

    /// Takes the names of a document: flat ones, and those in the groups `required` and `optional`.
    pub(super) fn read_document(&mut self, document: &Document) {
        let root = Path::Root;
        let Some(members) = document.node.members() else {
            let message = format!("expected an object, got {}", document.node);
            self.diagnostics.add(&document.source, [Problem::new(document.node.span, &root, message)]);
            return;
        };
        let mut seen = HashMap::new();
        for member in members {
            let is_group = GROUPS.contains(&member.name.as_str()) && self.field(&member.name).is_none();
            match member.node.members() {
                Some(inner) if is_group => {
                    let group = root.key(&member.name);
                    for member in inner {
                        self.read_member(member, &group.key(&member.name), &document.source, &mut seen);
                    }
                }
                _ => self.read_member(member, &root.key(&member.name), &document.source, &mut seen),
            }
        }
    }

    fn read_member<'d>(
        &mut self,
        member: &'d Member,
        path: &Path<'_>,
        source: &Source,
        seen: &mut HashMap<&'d str, ()>,
    ) {
        let mut problems = Vec::new();
        if seen.insert(&member.name, ()).is_some() {
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
        for (name, text) in environment.iter().filter(|(name, _)| name.starts_with(VARIABLE_PREFIX)) {
            let source = Source::Environment(name.clone());
            let fields = self.record.fields();
            match fields.iter().find(|field| variable(&field.name) == *name) {
                Some(field) => self.read_text(&field.name, &field.kind, text, source),
                None => {
                    let suffix = name.trim_start_matches(VARIABLE_PREFIX);
                    let near = nearest(suffix, fields.iter().map(|field| field.name.as_str()));
                    let severity = if near.is_some() { Severity::Warning } else { Severity::Note };
                    let message = format!("`{name}` sets no name of this config");
                    let help = near.map(|near| format!("did you mean `{}`?", variable(near)));
                    self.diagnostics.push(Diagnostic::error(source, message).with_help(help).with_severity(severity));
                }
            }
        }
    }

    pub(super) fn read_command_line(&mut self, pairs: &[(String, String)]) {
        for (name, text) in pairs {
            match self.kind(name) {
                Some(kind) => self.read_text(name, kind, text, Source::CommandLine),
                None => {
                    let (message, help) = self.unknown(name);
                    let diagnostic = Diagnostic::error(Source::CommandLine, message).at(name).with_help(help);
                    self.diagnostics.push(diagnostic);
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

    /// Reports every required name that is not set.
    pub(super) fn require(&mut self, documents: &[Document]) {
        let source = documents.last().map_or(Source::Missing("config"), |document| document.source.clone());
        for field in self.record.fields().iter().filter(|field| field.required && !self.set.contains_key(&field.name)) {
            let name = &field.name;
            let message = format!("`{name}` ({}) is required, but nothing sets it", field.kind.word());
            let help = format!(
                "set it in the config file as `{name:?}: ...`, in the environment as `{}`, on the command line as \
                 `--{name} ...`, or let `setup_config` return it",
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
