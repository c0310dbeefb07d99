//! Argument types and fields out of JSON: a plain word, or an object with the word under `type` and the constraints
//! beside it.

use super::{MAX_TYPE_DEPTH, PLAIN_GROUPS, Parser};
use crate::json::{Json, Member, Node, read_value};
use crate::nearest::suggestion;
use crate::problem::{Path, Problem};
use crate::schema::{ArgType, Field, KeyType, Length, Range};
use crate::value::Value;

/// The word of each argument type, and the keys that may stand beside it.
pub const TYPES: [(&str, &[&str]); 17] = [
    ("Bool", &[]),
    ("Int", &["min", "max"]),
    ("Float", &["min", "max"]),
    ("Str", &["min_length", "max_length", "pattern"]),
    ("Bytes", &["min_length", "max_length"]),
    ("Decimal", &["min", "max"]),
    ("DateTime", &[]),
    ("Uuid", &[]),
    ("List", &["item", "min_length", "max_length"]),
    ("Set", &["item", "min_length", "max_length"]),
    ("Tuple", &["items"]),
    ("Map", &["key", "value", "min_length", "max_length"]),
    ("Record", &["required", "optional", "open"]),
    ("OneOf", &["values"]),
    ("FloatArray", &["min_length", "max_length"]),
    ("Option", &["of"]),
    ("Any", &[]),
];

/// Stands for the object of a type that was given as a plain word.
const NO_CONSTRAINTS: Node = Node::new(Json::Object(Vec::new()));

impl Parser {
    /// A field: its type, and beside it the default that an optional one may have.
    pub(super) fn field(&mut self, member: &Member, required: bool, path: &Path<'_>, depth: usize) -> Option<Field> {
        let kind = self.arg_type(&member.node, path, depth, &["default"])?;
        let mut default = None;
        if let Some(written) = member.node.member("default") {
            if required {
                self.add(&written.node, path, "a required argument has no default");
            } else {
                default = read_value(&written.node, &kind, &path.key("default"), &mut self.problems);
            }
        }
        Some(Field { name: member.name.clone(), kind, required, default })
    }

    pub(super) fn arg_type(&mut self, node: &Node, path: &Path<'_>, depth: usize, besides: &[&str]) -> Option<ArgType> {
        if depth > MAX_TYPE_DEPTH {
            self.add(node, path, format!("types are nested deeper than {MAX_TYPE_DEPTH}"));
            return None;
        }
        let (word, constraints) = match &node.json {
            Json::Text(word) => (word.as_str(), &NO_CONSTRAINTS),
            Json::Object(_) => match node.member("type").map(|member| &member.node.json) {
                Some(Json::Text(word)) => (word.as_str(), node),
                _ => {
                    self.add(node, path, "a type needs its word under `type`");
                    return None;
                }
            },
            _ => {
                self.expected("a type", node, path);
                return None;
            }
        };
        let Some((_, keys)) = TYPES.iter().find(|(known, _)| *known == word) else {
            let problem = Problem::new(node.span, path, format!("`{word}` is not an argument type"));
            self.problems.push(problem.with_help(suggestion(word, TYPES.iter().map(|(known, _)| *known))));
            return None;
        };
        let known: Vec<&str> = ["type"].iter().chain(besides).chain(*keys).copied().collect();
        self.object(constraints, &known, path);
        Constraints { parser: self, node: constraints, path, depth }.of(word)
    }
}

/// What stands beside a type's word.
struct Constraints<'a> {
    parser: &'a mut Parser,
    node: &'a Node,
    path: &'a Path<'a>,
    depth: usize,
}

impl<'a> Constraints<'a> {
    fn of(&mut self, word: &str) -> Option<ArgType> {
        Some(match word {
            "Bool" => ArgType::Bool,
            "Int" => ArgType::Int(self.range(&ArgType::int(), Value::as_int)),
            "Float" => {
                ArgType::Float(self.range(&ArgType::float(), |v| if let Value::Float(n) = v { Some(*n) } else { None }))
            }
            "Str" => ArgType::Str { length: self.length(), pattern: self.pattern() },
            "Bytes" => ArgType::Bytes(self.length()),
            "Decimal" => ArgType::Decimal(
                self.range(&ArgType::decimal(), |v| if let Value::Decimal(n) = v { Some(*n) } else { None }),
            ),
            "DateTime" => ArgType::DateTime,
            "Uuid" => ArgType::Uuid,
            "List" => ArgType::List(self.inner("List", "item")?, self.length()),
            "Set" => ArgType::Set(self.inner("Set", "item")?, self.length()),
            "Tuple" => ArgType::Tuple(self.items()?),
            "Map" => ArgType::Map(self.key()?, self.inner("Map", "value")?, self.length()),
            "Record" => ArgType::Record(self.parser.record(self.node, &PLAIN_GROUPS, self.path, self.depth + 1)),
            "OneOf" => ArgType::OneOf(self.literals()?),
            "FloatArray" => ArgType::FloatArray(self.length()),
            "Option" => ArgType::Option(self.inner("Option", "of")?),
            _ => ArgType::Any,
        })
    }

    fn missing(&mut self, word: &str, key: &str) {
        self.parser.add(self.node, self.path, format!("a {word} needs `{key}`"));
    }

    fn inner(&mut self, word: &str, key: &str) -> Option<Box<ArgType>> {
        let Some(member) = self.node.member(key) else {
            self.missing(word, key);
            return None;
        };
        self.parser.arg_type(&member.node, &self.path.key(key), self.depth + 1, &[]).map(Box::new)
    }

    fn items(&mut self) -> Option<Vec<ArgType>> {
        let nodes = self.list("Tuple", "items")?;
        let path = self.path.key("items");
        let read: Vec<_> = nodes
            .iter()
            .enumerate()
            .map(|(i, node)| self.parser.arg_type(node, &path.index(i), self.depth + 1, &[]))
            .collect();
        read.into_iter().collect()
    }

    fn literals(&mut self) -> Option<Vec<String>> {
        let nodes = self.list("OneOf", "values")?;
        let path = self.path.key("values");
        let mut literals = Vec::with_capacity(nodes.len());
        for (i, node) in nodes.iter().enumerate() {
            match node.as_text() {
                Some(text) => literals.push(text.to_owned()),
                None => self.parser.expected("a text", node, &path.index(i)),
            }
        }
        Some(literals)
    }

    fn list(&mut self, word: &str, key: &str) -> Option<&'a [Node]> {
        let node = self.node;
        let Some(member) = node.member(key) else {
            self.missing(word, key);
            return None;
        };
        let Json::List(nodes) = &member.node.json else {
            self.parser.expected("a list", &member.node, &self.path.key(key));
            return None;
        };
        Some(nodes)
    }

    fn key(&mut self) -> Option<KeyType> {
        let Some(member) = self.node.member("key") else {
            self.missing("Map", "key");
            return None;
        };
        let word = member.node.as_text().unwrap_or_default();
        let found = KeyType::ALL.into_iter().find(|key| key.word() == word);
        if found.is_none() {
            let message = format!("expected the type of a key, got {}", member.node);
            let problem = Problem::new(member.node.span, &self.path.key("key"), message);
            let known = KeyType::ALL.iter().map(|key| key.word());
            self.parser.problems.push(problem.with_help(suggestion(word, known)));
        }
        found
    }

    fn range<T>(&mut self, kind: &ArgType, of: impl Fn(&Value) -> Option<T>) -> Range<T> {
        let mut bound = |key| {
            let member = self.node.member(key)?;
            let value = read_value(&member.node, kind, &self.path.key(key), &mut self.parser.problems)?;
            of(&value)
        };
        Range { min: bound("min"), max: bound("max") }
    }

    fn length(&mut self) -> Length {
        let mut bound = |key| {
            let member = self.node.member(key)?;
            let path = self.path.key(key);
            let value = read_value(&member.node, &ArgType::int(), &path, &mut self.parser.problems)?;
            let length = value.as_int().and_then(|n| u32::try_from(n).ok());
            if length.is_none() {
                self.parser.expected("a length from 0 to 2^32-1", &member.node, &path);
            }
            length
        };
        Length { min: bound("min_length").unwrap_or(0), max: bound("max_length") }
    }

    fn pattern(&mut self) -> Option<String> {
        let member = self.node.member("pattern")?;
        Some(self.parser.text(&member.node, &self.path.key("pattern")))
    }
}
