//! What is wrong with how a service is configured: every problem of one start, each with its source and its place,
//! and the picture of them for people.
//!
//! Owns the list and its order. Never decides what is wrong: who reads a source does.

mod picture;
mod source;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use service_framework_model::problem::{Problem, Span, path_text};

pub use source::{Source, SourceFile};

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The service cannot start.
    Error,
    /// The service starts, but hardly as it was meant to.
    Warning,
    /// Worth knowing.
    Note,
}

/// One thing to say about how a service is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// Where it was written.
    pub source: Source,
    /// Which part of the file it is about.
    pub span: Option<Span>,
    /// The key path, such as `connections.in.order`; empty for the whole source.
    pub key_path: String,
    /// What was expected and what came.
    pub message: String,
    /// What to do, if that is known.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error about the whole of a source.
    #[must_use]
    pub fn error(source: Source, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            source,
            span: None,
            key_path: String::new(),
            message: message.into(),
            help: None,
        }
    }

    /// The error that a problem in this source is.
    #[must_use]
    pub fn of(source: Source, problem: Problem) -> Self {
        let key_path = path_text(&problem.steps);
        Self { span: problem.span, key_path, help: problem.help, ..Self::error(source, problem.message) }
    }

    /// The same, about this key path.
    #[must_use]
    pub fn at(mut self, key_path: impl Into<String>) -> Self {
        self.key_path = key_path.into();
        self
    }

    /// The same, about this part of the source.
    #[must_use]
    pub fn with_span(mut self, span: Option<Span>) -> Self {
        self.span = span;
        self
    }

    /// The same, with what to do.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }

    /// The same, mattering this much.
    #[must_use]
    pub const fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

/// All that there is to say about one start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    /// The library that the service is in, if it is in one.
    plugin: Option<PathBuf>,
}

impl Diagnostics {
    /// Nothing to say yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { list: Vec::new(), plugin: None }
    }

    /// The same, about the service in the library at `path`, which is named where its models or functions are at fault.
    #[must_use]
    pub fn about_plugin(mut self, path: Option<&Path>) -> Self {
        self.plugin = path.map(Path::to_owned);
        self
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// Adds the problems of one source, as errors.
    pub fn add(&mut self, source: &Source, problems: impl IntoIterator<Item = Problem>) {
        self.list.extend(problems.into_iter().map(|problem| Diagnostic::of(source.clone(), problem)));
    }

    /// Adds all of another list.
    pub fn append(&mut self, other: Self) {
        self.list.extend(other.list);
    }

    /// Every diagnostic, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// How many errors there are.
    #[must_use]
    pub fn error_count(&self) -> usize {
        self.list.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count()
    }

    /// Whether the service cannot start.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.error_count() > 0
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Everything for people: errors before warnings before notes, those of one source together, in the order of
    /// the text, none twice, and at the end how many errors there are. `coloured` is for terminals only.
    #[must_use]
    pub fn render(&self, coloured: bool) -> String {
        picture::render(&self.sorted(), self.plugin.as_deref(), coloured)
    }

    fn sorted(&self) -> Vec<&Diagnostic> {
        let mut ranks = HashMap::new();
        for diagnostic in &self.list {
            let next = ranks.len();
            ranks.entry(diagnostic.source.to_string()).or_insert(next);
        }
        let mut sorted: Vec<_> = self.list.iter().collect();
        sorted.sort_by_cached_key(|diagnostic| {
            let rank = ranks.get(&diagnostic.source.to_string()).copied();
            // What has no place is about the whole text and comes first, as `None` does.
            (diagnostic.severity, rank, diagnostic.span, diagnostic.key_path.clone(), diagnostic.message.clone())
        });
        sorted.dedup();
        sorted
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests;
