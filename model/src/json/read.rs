//! JSON text to a tree with places. Plain JSON only: what editors and other languages tolerate beyond it is refused
//! with what to write instead.

use std::collections::HashSet;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::node::{Json, Member, Node};
use super::syntax::syntax_problem;
use crate::problem::{Path, Problem, Span};

/// RFC 8259 and nothing more.
const PLAIN: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Reads one JSON value. A byte order mark in front of it is passed over.
///
/// # Errors
/// The first place where the text is no JSON; or, where it is, every name that an object has twice and every raw
/// control character within a text.
pub fn read(text: &str) -> Result<Node, Vec<Problem>> {
    let (offset, text) = text.strip_prefix('\u{feff}').map_or((0, text), |rest| ('\u{feff}'.len_utf8(), rest));
    let parsed = parse_to_ast(text, &CollectOptions::default(), &PLAIN)
        .map_err(|error| vec![syntax_problem(text, offset, &error)])?;
    let Some(value) = parsed.value else {
        let help = "an empty object is written `{}`".to_owned();
        return Err(vec![Problem::new(None, &Path::Root, "expected a JSON value, got nothing").with_help(help)]);
    };
    let mut tree = Tree { text, offset, problems: Vec::new() };
    let node = tree.node(value, &Path::Root);
    if tree.problems.is_empty() { Ok(node) } else { Err(tree.problems) }
}

struct Tree<'a> {
    text: &'a str,
    offset: usize,
    problems: Vec<Problem>,
}

impl Tree<'_> {
    fn span(&self, part: &impl Ranged) -> Option<Span> {
        let range = part.range();
        Some(Span { start: range.start + self.offset, end: range.end + self.offset })
    }

    fn node(&mut self, value: ast::Value<'_>, path: &Path<'_>) -> Node {
        let span = self.span(&value);
        let json = match value {
            ast::Value::NullKeyword(_) => Json::Null,
            ast::Value::BooleanLit(literal) => Json::Bool(literal.value),
            ast::Value::NumberLit(literal) => Json::Number(literal.value.to_owned()),
            ast::Value::StringLit(literal) => {
                self.refuse_control_characters(&literal, path);
                Json::Text(literal.value.into_owned())
            }
            ast::Value::Array(array) => Json::List(
                array.elements.into_iter().enumerate().map(|(i, item)| self.node(item, &path.index(i))).collect(),
            ),
            ast::Value::Object(object) => Json::Object(self.members(object, path)),
        };
        Node { span, json }
    }

    fn members(&mut self, object: ast::Object<'_>, path: &Path<'_>) -> Vec<Member> {
        let mut seen = HashSet::new();
        let mut members = Vec::with_capacity(object.properties.len());
        for property in object.properties {
            let name_span = self.span(&property.name);
            if let ast::ObjectPropName::String(literal) = &property.name {
                self.refuse_control_characters(literal, path);
            }
            let name = property.name.into_string();
            if !seen.insert(name.clone()) {
                let problem = Problem::new(name_span, &path.key(&name), format!("`{name}` is written twice"));
                self.problems.push(problem.with_help("keep one of them".to_owned()));
            }
            let node = self.node(property.value, &path.key(&name));
            members.push(Member { name, name_span, node });
        }
        members
    }

    fn refuse_control_characters(&mut self, literal: &ast::StringLit<'_>, path: &Path<'_>) {
        let written = self.text.get(literal.range.start..literal.range.end).unwrap_or_default();
        if let Some((at, character)) = written.char_indices().find(|(_, c)| *c < ' ') {
            let start = self.offset + literal.range.start + at;
            let (message, help) = match character {
                '\n' => ("a line break within a text", "write it as `\\n`, or close the text".to_owned()),
                '\r' => ("a carriage return within a text", "write it as `\\r`, or close the text".to_owned()),
                '\t' => ("a tabulator within a text", "write it as `\\t`".to_owned()),
                other => ("a control character within a text", format!("write it as `\\u{:04x}`", u32::from(other))),
            };
            self.problems.push(Problem::new(Some(Span { start, end: start + 1 }), path, message).with_help(help));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn first_problem(text: &str) -> Problem {
        read(text).expect_err("this is no plain JSON").remove(0)
    }

    #[test]
    fn every_part_knows_where_it_was_written() {
        let text = r#"{"a": [1, "zwei"]}"#;
        let node = read(text).unwrap();
        let member = node.member("a").unwrap();
        let written = |span: Option<Span>| &text[span.unwrap().start..span.unwrap().end];
        assert_eq!(written(member.name_span), r#""a""#);
        assert_eq!(written(member.node.span), r#"[1, "zwei"]"#);
        let Json::List(items) = &member.node.json else { panic!("a list") };
        assert_eq!(written(items[1].span), r#""zwei""#);
    }

    #[test]
    fn numbers_keep_their_digits() {
        let node = read("[0.10, 18446744073709551615, 1e400]").unwrap();
        let Json::List(items) = node.json else { panic!("a list") };
        let spelt: Vec<Json> = items.into_iter().map(|item| item.json).collect();
        assert_eq!(spelt, ["0.10", "18446744073709551615", "1e400"].map(|number| Json::Number(number.to_owned())));
    }

    #[test]
    fn a_byte_order_mark_moves_no_place() {
        let text = "\u{feff}{\"a\": 1, \"a\": 2}";
        let span = first_problem(text).span.unwrap();
        assert_eq!(&text[span.start..span.end], "\"a\"");
        assert_eq!(span.start, 12);
    }

    #[test]
    fn all_names_written_twice_are_found() {
        let problems = read(r#"{"a": 1, "b": {"c": 1, "c": 2}, "a": 3}"#).unwrap_err();
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(said, ["`b.c`: `c` is written twice", "`a`: `a` is written twice"]);
    }

    #[test]
    fn what_is_beyond_plain_json_is_refused_with_what_to_do() {
        for (text, message) in [
            ("// depth\n1", "comments are not part of JSON"),
            ("[1,]", "a comma after the last item"),
            ("{'a': 1}", "text in single quotes"),
            ("{a: 1}", "expected a name in double quotes"),
            ("[1 2]", "expected a comma"),
            ("007", "a number with a zero in front"),
            ("{} {}", "text after the end of the JSON value"),
            ("None", "expected a JSON value, got a bare word"),
            ("", "expected a JSON value, got nothing"),
            ("\"a\tb\"", "a tabulator within a text"),
        ] {
            let problem = first_problem(text);
            assert_eq!(problem.message, message, "{text}");
            assert!(problem.help.is_some(), "{text}");
        }
        for text in ["NaN", "+1", ".5", "0x1f", "\"\\x41\"", "{", "[", "\"\\ud800\"", &"[".repeat(100_000)] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in ".*") {
            let _outcome = read(&text);
        }

        #[test]
        fn text_like_json_never_panics_and_spans_lie_within_it(text in r#"([\[\]{}:,"'/*\\0-9.eE+\-a-z \n\u{feff}é]|null|"a":){0,30}"#) {
            if let Err(problems) = read(&text) {
                for span in problems.iter().filter_map(|problem| problem.span) {
                    prop_assert!(span.start <= span.end && span.end <= text.len());
                }
            }
        }
    }
}
