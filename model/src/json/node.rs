//! A JSON tree that remembers where each part was written and how each number was spelt.

use std::fmt;

use crate::error::Step;
use crate::problem::Span;

/// A JSON value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it was written; `None` if it never was text.
    pub span: Option<Span>,
    /// What it is.
    pub json: Json,
}

/// What a JSON value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was spelt, so that no digit is lost.
    Number(String),
    /// Text, its escapes resolved.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// An object: its members in the order in which they were written, no name twice.
    Object(Vec<Member>),
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Where the name was written.
    pub name_span: Option<Span>,
    /// Its value.
    pub node: Node,
}

impl Node {
    /// A value that never was text.
    #[must_use]
    pub const fn new(json: Json) -> Self {
        Self { span: None, json }
    }

    /// The members, if this is an object.
    #[must_use]
    pub fn members(&self) -> Option<&[Member]> {
        if let Json::Object(members) = &self.json { Some(members) } else { None }
    }

    /// The member of this name, if this is an object that has it.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members()?.iter().find(|member| member.name == name)
    }

    /// The text, if this is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Json::Text(text) = &self.json { Some(text) } else { None }
    }

    /// The place of the part that these steps lead to, or of the nearest one around it that was found.
    #[must_use]
    pub fn nearest_span(&self, steps: &[Step]) -> Option<Span> {
        let mut node = self;
        for step in steps {
            let part = match (step, &node.json) {
                (Step::Key(name), _) => node.member(name).map(|member| &member.node),
                (Step::Index(index), Json::List(items)) => items.get(*index),
                (Step::Index(_), _) => None,
            };
            match part {
                Some(part) => node = part,
                None => break,
            }
        }
        node.span
    }

    /// The same value without places. A number that neither 64 bits nor a float can hold becomes text.
    #[must_use]
    pub fn to_serde(&self) -> serde_json::Value {
        match &self.json {
            Json::Null => serde_json::Value::Null,
            Json::Bool(value) => (*value).into(),
            Json::Number(number) => number
                .parse::<serde_json::Number>()
                .map_or_else(|_| serde_json::Value::String(number.clone()), serde_json::Value::Number),
            Json::Text(text) => text.as_str().into(),
            Json::List(items) => items.iter().map(Self::to_serde).collect(),
            Json::Object(members) => members.iter().map(|m| (m.name.clone(), m.node.to_serde())).collect(),
        }
    }
}

impl From<&serde_json::Value> for Node {
    fn from(value: &serde_json::Value) -> Self {
        Self::new(match value {
            serde_json::Value::Null => Json::Null,
            serde_json::Value::Bool(value) => Json::Bool(*value),
            serde_json::Value::Number(number) => Json::Number(number.to_string()),
            serde_json::Value::String(text) => Json::Text(text.clone()),
            serde_json::Value::Array(items) => Json::List(items.iter().map(Self::from).collect()),
            serde_json::Value::Object(members) => Json::Object(
                members
                    .iter()
                    .map(|(name, value)| Member { name: name.clone(), name_span: None, node: Self::from(value) })
                    .collect(),
            ),
        })
    }
}

/// How a value is named in a message: what it is, and itself if it is short.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.json {
            Json::Null => f.write_str("null"),
            Json::Bool(value) => write!(f, "{value}"),
            Json::Number(number) => write!(f, "the number {}", excerpt(number)),
            Json::Text(text) => write!(f, "the text {:?}", excerpt(text)),
            Json::List(_) => f.write_str("a list"),
            Json::Object(_) => f.write_str("an object"),
        }
    }
}

/// The beginning of a text, short enough for a message.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut chars = text.chars();
    let start: String = chars.by_ref().take(LONGEST).collect();
    if chars.next().is_some() { format!("{start}...") } else { start }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tree_of_serde_comes_back_as_it_was() {
        let value = json!({"a": [1, -2.5, "x", null, true], "b": {"c": u64::MAX}});
        assert_eq!(Node::from(&value).to_serde(), value);
    }

    #[test]
    fn steps_lead_to_the_place_of_a_part_or_of_what_is_around_it() {
        let text = r#"{"a": [1, {"b": 2}]}"#;
        let node = crate::json::read(text).unwrap();
        let written = |steps: &[Step]| {
            let span = node.nearest_span(steps).unwrap();
            &text[span.start..span.end]
        };
        let key = |name: &str| Step::Key(name.to_owned());
        assert_eq!(written(&[key("a"), Step::Index(1), key("b")]), "2");
        assert_eq!(written(&[key("a"), Step::Index(1), key("c")]), r#"{"b": 2}"#);
        assert_eq!(written(&[key("a"), key("x"), key("b")]), r#"[1, {"b": 2}]"#);
        assert_eq!(written(&[]), text);
    }

    #[test]
    fn a_long_text_is_cut_in_messages() {
        let node = Node::new(Json::Text("é".repeat(50)));
        assert_eq!(node.to_string(), format!("the text \"{}...\"", "é".repeat(40)));
    }
}
