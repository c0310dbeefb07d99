//! What is wrong with how a service is configured: every problem of one start, each with its source and its place,
//! and the picture of them for people.
//!
//! Owns the sources and the rendering. Never decides what is wrong: who reads a source does.
//!
//! The pictures are those of `annotate-snippets`, the renderer of rustc and cargo: it is the one that people who
//! build services read every day, and it brings nothing along but `anstyle` and `unicode-width`.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use service_framework_model::problem::{Problem, Span, path_text};
use service_framework_model::schema::Function;

/// How many problems are shown; the rest is only counted.
const MOST_SHOWN: usize = 50;

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

/// A file that was read, kept for the pictures of its problems.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path, as it was given.
    pub path: PathBuf,
    /// What it holds.
    pub text: String,
}

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In a file.
    File(Arc<SourceFile>),
    /// In the program that embeds the service: its `config` or its `addresses`.
    Embedded(&'static str),
    /// In an environment variable of this name.
    Environment(String),
    /// On the command line.
    CommandLine,
    /// By a function of the service, which returned it.
    Function(Function),
    /// In the service's model.
    Model,
    /// Nowhere: it is the default that the model gives.
    Default,
    /// Nowhere: no `config`, or no `addresses`, were given.
    Missing(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(f, "{}", file.path.display()),
            Self::Embedded(what) => write!(f, "embedded {what}"),
            Self::Environment(variable) => write!(f, "environment variable {variable}"),
            Self::CommandLine => f.write_str("command line"),
            Self::Function(function) => write!(f, "what {} returned", function.word()),
            Self::Model => f.write_str("the service's model"),
            Self::Default => f.write_str("the default in the service's model"),
            Self::Missing(what) => write!(f, "no {what} given"),
        }
    }
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

    /// The key path, unless the message begins with the same words, then the message.
    fn title(&self) -> String {
        if self.key_path.is_empty() || self.message.starts_with(&format!("`{}`", self.key_path)) {
            self.message.clone()
        } else {
            format!("`{}`: {}", self.key_path, self.message)
        }
    }

    fn picture(&self) -> Group<'_> {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let group = Group::with_title(level.primary_title(self.title()));
        let group = match (&self.source, self.span) {
            (Source::File(file), Some(span)) => {
                let span = within(&file.text, span);
                let snippet = Snippet::source(file.text.as_str()).path(file.path.to_string_lossy());
                group.element(snippet.annotation(AnnotationKind::Primary.span(span)))
            }
            (source, _) => group.element(Origin::path(source.to_string())),
        };
        match &self.help {
            Some(help) => group.element(Level::HELP.message(help.as_str())),
            None => group,
        }
    }
}

/// The span as a range that can be cut out of the text whatever it says.
fn within(text: &str, span: Span) -> std::ops::Range<usize> {
    let start = text.floor_char_boundary(span.start);
    start..text.ceil_char_boundary(span.end.max(start))
}

/// All that there is to say about one start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Nothing to say yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds the problems of one source, as errors.
    pub fn add(&mut self, source: &Source, problems: impl IntoIterator<Item = Problem>) {
        self.0.extend(problems.into_iter().map(|problem| Diagnostic::of(source.clone(), problem)));
    }

    /// Adds all of another list.
    pub fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Every diagnostic, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// How many errors there are.
    #[must_use]
    pub fn error_count(&self) -> usize {
        self.0.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count()
    }

    /// Whether the service cannot start.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.error_count() > 0
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything for people: errors before warnings before notes, those of one source together, in the order of
    /// the text, none twice, and at the end how many errors there are. `coloured` is for terminals only.
    #[must_use]
    pub fn render(&self, coloured: bool) -> String {
        let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
        let sorted = self.sorted();
        let mut text = String::new();
        for diagnostic in sorted.iter().take(MOST_SHOWN) {
            text.push_str(&renderer.render(&[diagnostic.picture()]));
            text.push_str("\n\n");
        }
        if let Some(hidden @ 1..) = sorted.len().checked_sub(MOST_SHOWN) {
            text.push_str(&format!("and {hidden} more\n\n"));
        }
        let errors = sorted.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
        match errors {
            0 => {}
            1 => text.push_str("1 problem; nothing was bound or started\n"),
            _ => text.push_str(&format!("{errors} problems; nothing was bound or started\n")),
        }
        text
    }

    fn sorted(&self) -> Vec<&Diagnostic> {
        let mut ranks = HashMap::new();
        for diagnostic in &self.0 {
            let next = ranks.len();
            ranks.entry(diagnostic.source.to_string()).or_insert(next);
        }
        let mut sorted: Vec<_> = self.0.iter().collect();
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
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> Source {
        Source::File(Arc::new(SourceFile { path: path.into(), text: text.into() }))
    }

    fn span(start: usize, end: usize) -> Option<Span> {
        Some(Span { start, end })
    }

    #[test]
    fn each_problem_is_drawn_at_its_place_and_counted_once() {
        let config = file("config.json", "{\n  \"depth\": \"ten\"\n}\n");
        let wrong = Diagnostic::error(config, "expected Int, got the text \"ten\"").at("depth").with_span(span(13, 18));
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(
            Diagnostic::error(Source::CommandLine, "`dept` is not known here")
                .at("dept")
                .with_help("did you mean `depth`?".to_owned()),
        );
        diagnostics.push(wrong.clone());
        diagnostics.push(wrong);
        diagnostics.push(Diagnostic::error(Source::Model, "worth knowing").with_severity(Severity::Note));
        assert_eq!(
            diagnostics.to_string(),
            r#"error: `dept` is not known here
--> command line
 = help: did you mean `depth`?

error: `depth`: expected Int, got the text "ten"
 --> config.json:2:12
  |
2 |   "depth": "ten"
  |            ^^^^^

note: worth knowing
--> the service's model

2 problems; nothing was bound or started
"#
        );
    }

    #[test]
    fn problems_of_one_file_stand_in_the_order_of_its_text() {
        let config = file("c.json", "abc");
        let mut diagnostics = Diagnostics::new();
        for (at, message) in [(2, "third"), (0, "first"), (1, "second")] {
            diagnostics.push(Diagnostic::error(config.clone(), message).with_span(span(at, at + 1)));
        }
        let text = diagnostics.to_string();
        let places = ["first", "second", "third"].map(|message| text.find(message).unwrap());
        assert!(places.is_sorted(), "{text}");
    }

    #[test]
    fn a_span_beside_the_text_is_drawn_all_the_same() {
        for (start, end) in [(1, 2), (3, 90), (90, 91), (3, 1)] {
            let mut diagnostics = Diagnostics::new();
            diagnostics.push(Diagnostic::error(file("c.json", "éé"), "wrong").with_span(span(start, end)));
            assert!(diagnostics.to_string().starts_with("error: wrong"));
        }
    }

    #[test]
    fn colours_are_drawn_only_when_asked_for() {
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(Diagnostic::error(Source::CommandLine, "wrong"));
        assert!(!diagnostics.render(false).contains('\u{1b}'));
        assert!(diagnostics.render(true).contains('\u{1b}'));
    }

    #[test]
    fn a_flood_of_problems_is_cut_and_counted() {
        let mut diagnostics = Diagnostics::new();
        for i in 0..60 {
            diagnostics.push(Diagnostic::error(Source::CommandLine, format!("wrong {i}")));
        }
        let text = diagnostics.to_string();
        assert_eq!(text.matches("error: ").count(), 50);
        assert!(text.ends_with("and 10 more\n\n60 problems; nothing was bound or started\n"), "{text}");
    }
}
