//! What is wrong with something that a person wrote: where, what was expected and what came, and what to do.
//!
//! Owns the place of a problem within one text. Never knows which file that text came from: who read it adds that.

use std::fmt;

use crate::error::{Refusal, Step};

/// A part of a text, in byte offsets; `end` is the first byte that no longer belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

/// The way from the outermost value to one inside of it, grown on the stack while walking down.
#[derive(Clone, Copy, Debug)]
pub enum Path<'a> {
    /// The outermost value.
    Root,
    /// What an object holds under a name.
    Key(&'a Path<'a>, &'a str),
    /// What a list holds at a place, counted from 0.
    Index(&'a Path<'a>, usize),
}

impl<'a> Path<'a> {
    /// What this value holds under `name`.
    #[must_use]
    pub const fn key(&'a self, name: &'a str) -> Self {
        Self::Key(self, name)
    }

    /// What this value holds at `index`.
    #[must_use]
    pub const fn index(&'a self, index: usize) -> Self {
        Self::Index(self, index)
    }

    /// The steps from the outermost value on.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut at = self;
        loop {
            at = match at {
                Self::Root => break,
                Self::Key(parent, name) => {
                    steps.push(Step::Key((*name).to_owned()));
                    parent
                }
                Self::Index(parent, index) => {
                    steps.push(Step::Index(*index));
                    parent
                }
            };
        }
        steps.reverse();
        steps
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where in the text, if it has one.
    pub span: Option<Span>,
    /// The steps from the outermost value to the one that is wrong.
    pub steps: Vec<Step>,
    /// What was expected and what came.
    pub message: String,
    /// What to do about it, if that is known.
    pub help: Option<String>,
}

impl Problem {
    /// A problem with the value at `path`.
    #[must_use]
    pub fn new(span: Option<Span>, path: &Path<'_>, message: impl Into<String>) -> Self {
        Self { span, steps: path.steps(), message: message.into(), help: None }
    }

    /// The same problem with what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }

    /// A refused value that was found at `path`.
    #[must_use]
    pub fn refused(span: Option<Span>, path: &Path<'_>, refusal: &Refusal) -> Self {
        let mut problem = Self::new(span, path, refusal.detail());
        problem.steps.extend(refusal.steps().cloned());
        problem
    }

    /// The key path, such as `orders[3].price`; empty for the whole text.
    #[must_use]
    pub fn path(&self) -> String {
        path_text(&self.steps)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path();
        if path.is_empty() { f.write_str(&self.message) } else { write!(f, "`{path}`: {}", self.message) }
    }
}

/// Steps as people read them: `orders[3].price`.
#[must_use]
pub fn path_text<'a>(steps: impl IntoIterator<Item = &'a Step>) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Key(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
            }
            Step::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn a_problem_names_its_place_from_the_outside_in() {
        let root = Path::Root;
        let orders = root.key("orders");
        let problem = Problem::new(None, &orders.index(3), "expected Int, got null");
        assert_eq!(problem.to_string(), "`orders[3]`: expected Int, got null");
    }

    #[test]
    fn a_refusal_goes_on_from_where_its_value_was_found() {
        let root = Path::Root;
        let refusal = Refusal::new(Code::OutOfRange, "expected at most 9, got 10").at_index(1).under_key("levels");
        let problem = Problem::refused(None, &root.key("book"), &refusal);
        assert_eq!(problem.to_string(), "`book.levels[1]`: expected at most 9, got 10");
    }
}
