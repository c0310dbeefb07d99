//! What connections and states need, or may be given, to be made: creation arguments.
//!
//! Owns the check of what a model gives against what its type takes. Knows no type.

use std::borrow::Cow;

use crate::json::{Node, check_field, read_value};
use crate::nearest::suggestion;
use crate::problem::{Path, Problem};
use crate::schema::{ArgType, Field};

/// Something that a connection or state type needs, or may be given, to be made.
#[derive(Debug)]
pub struct CreationArgument {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// Its type.
    pub kind: fn() -> ArgType,
    /// What it means, with its unit and what it is if left out.
    pub description: &'static str,
}

/// A creation argument that another one, or its absence, forbids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The name of the argument.
    pub argument: &'static str,
    /// Why it cannot be.
    pub message: Cow<'static, str>,
    /// What to do.
    pub help: &'static str,
}

/// The creation arguments that one model gives, and what its type takes.
#[derive(Clone, Debug)]
pub struct Creation<'a> {
    /// The word of the type.
    pub word: &'static str,
    /// What the type takes.
    pub known: &'static [CreationArgument],
    /// What contradicts what among arguments that are each good by themselves.
    pub contradiction: Option<Contradiction>,
    /// What is given under `required_creation_arguments`.
    pub required: &'a [(String, serde_json::Value)],
    /// What is given under `optional_creation_arguments`.
    pub optional: &'a [(String, serde_json::Value)],
}

impl Creation<'_> {
    /// Adds what is wrong with them; `path` is the model's.
    pub fn check(&self, path: &Path<'_>, problems: &mut Vec<Problem>) {
        let is_given = |name: &str| self.required.iter().chain(self.optional).any(|(given, _)| given == name);
        for expected in self.known.iter().filter(|argument| argument.required && !is_given(argument.name)) {
            let message = format!("a `{}` needs the creation argument `{}`", self.word, expected.name);
            problems.push(Problem::new(None, path, message).with_help(expected.description.to_owned()));
        }
        let required = path.key("required_creation_arguments");
        let optional = path.key("optional_creation_arguments");
        for (path, arguments) in [(&required, self.required), (&optional, self.optional)] {
            for (name, value) in arguments {
                self.check_argument(name, value, &path.key(name), problems);
            }
        }
    }

    fn check_argument(&self, name: &str, value: &serde_json::Value, path: &Path<'_>, problems: &mut Vec<Problem>) {
        let Some(expected) = self.known.iter().find(|argument| argument.name == name) else {
            let known = self.known.iter().map(|argument| argument.name);
            let message = format!("a `{}` has no creation argument `{name}`", self.word);
            problems.push(Problem::new(None, path, message).with_help(suggestion(name, known)));
            return;
        };
        check_value(expected, value, path, problems);
        if let Some(found) = self.contradiction.as_ref().filter(|found| found.argument == name) {
            problems.push(Problem::new(None, path, found.message.clone()).with_help(found.help.to_owned()));
        }
    }
}

fn check_value(expected: &CreationArgument, value: &serde_json::Value, path: &Path<'_>, problems: &mut Vec<Problem>) {
    let kind = (expected.kind)();
    let Some(value) = read_value(&Node::from(value), &kind, path, problems) else { return };
    let field = Field { name: expected.name.to_owned(), kind, required: true, default: None };
    if let Err(refusal) = check_field(&field, &value) {
        // The refusal's own path begins with the argument's name, with which this one ends.
        problems.push(Problem::new(None, path, refusal.detail()).with_help(expected.description.to_owned()));
    }
}
