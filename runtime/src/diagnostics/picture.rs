//! Diagnostics as people see them.
//!
//! Owns the drawing: the pictures are those of `annotate-snippets`, the renderer of rustc and cargo, which people who
//! build services read every day. Never decides what is wrong.

use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use service_framework_model::problem::Span;

use super::{Diagnostic, Severity, Source};
use crate::logging::OneLine;

/// How many problems are shown; the rest is only counted.
const MOST_SHOWN: usize = 50;

/// Draws all of these, and says at the end how many errors there are.
pub(super) fn render(diagnostics: &[&Diagnostic], plugin: Option<&Path>, coloured: bool) -> String {
    let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for diagnostic in diagnostics.iter().take(MOST_SHOWN) {
        text.push_str(&renderer.render(&[picture(diagnostic, plugin)]));
        text.push_str("\n\n");
    }
    if let Some(hidden @ 1..) = diagnostics.len().checked_sub(MOST_SHOWN) {
        text.push_str(&format!("and {hidden} more\n\n"));
    }
    match diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count() {
        0 => {}
        1 => text.push_str("1 problem; nothing was bound or started\n"),
        errors => text.push_str(&format!("{errors} problems; nothing was bound or started\n")),
    }
    text
}

fn picture<'a>(diagnostic: &'a Diagnostic, plugin: Option<&Path>) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let group = Group::with_title(level.primary_title(harmless(&title(diagnostic))));
    let group = match (&diagnostic.source, diagnostic.span) {
        (Source::File(file), Some(span)) => {
            let span = within(&file.text, span);
            let snippet = Snippet::source(file.text.as_str()).path(harmless(&file.path.to_string_lossy()));
            group.element(snippet.annotation(AnnotationKind::Primary.span(span)))
        }
        (source, _) => match source.place(plugin) {
            Some(place) => group.element(Origin::path(harmless(&place))),
            None => group,
        },
    };
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(harmless(help))),
        None => group,
    }
}

/// Names, values and paths may hold anything: the renderer lets through what ends a line or drives a terminal. What it
/// cuts out of a source it makes harmless by itself.
fn harmless(text: &str) -> String {
    OneLine(text).to_string()
}

/// The key path, unless the message begins with the same words, then the message.
fn title(diagnostic: &Diagnostic) -> String {
    let Diagnostic { key_path, message, .. } = diagnostic;
    if key_path.is_empty() || message.starts_with(&format!("`{key_path}`")) {
        message.clone()
    } else {
        format!("`{key_path}`: {message}")
    }
}

/// The span as a range that can be cut out of the text whatever it says. Of what takes several lines only the first
/// one is pointed at: a value may be as long as its file. What lies beyond the text is its end.
fn within(text: &str, span: Span) -> Range<usize> {
    let start = text.floor_char_boundary(span.start);
    let end = text.ceil_char_boundary(span.end.max(start));
    let first_line = text.get(start..end).and_then(|part| part.lines().next()).map_or(0, str::len);
    start..start + first_line
}
