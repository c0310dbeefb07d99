//! A JSON tree to a value of a known type: shape and basic type only. Ranges, lengths and patterns are the
//! validator's.

use super::node::{Json, Node};
use super::scalar::{self, DATE_TIME_EXAMPLE, EXACT_IN_FLOATS, UUID_EXAMPLE};
use crate::nearest::suggestion;
use crate::problem::{Path, Problem};
use crate::schema::{ArgType, KeyType, Record};
use crate::value::Value;

/// Reads `node`, which stands at `path`, as a value of this type; `None` if it is not one, and then `problems` says
/// why, for every part of it that is wrong.
pub fn read_value(node: &Node, kind: &ArgType, path: &Path<'_>, problems: &mut Vec<Problem>) -> Option<Value> {
    Reading { problems }.value(node, kind, path)
}

/// Reads `node`, which stands at `path`, as a map of the fields of this record, in the record's order; fields that
/// are left out get their default, if they have one. `None` as in [`read_value`].
pub fn read_record(node: &Node, record: &Record, path: &Path<'_>, problems: &mut Vec<Problem>) -> Option<Value> {
    Reading { problems }.record(node, record, path)
}

struct Reading<'p> {
    problems: &'p mut Vec<Problem>,
}

impl Reading<'_> {
    fn value(&mut self, node: &Node, kind: &ArgType, path: &Path<'_>) -> Option<Value> {
        match (kind, &node.json) {
            (ArgType::Any, _) => self.any(node, path),
            (ArgType::Option(_), Json::Null) => Some(Value::Nil),
            (ArgType::Option(of), _) => self.value(node, of, path),
            (ArgType::Bool, Json::Bool(value)) => Some(Value::Bool(*value)),
            (ArgType::Int(_), Json::Number(text)) => self.scalar(node, path, scalar::int_of_number(text), None),
            (ArgType::Int(_), Json::Text(text)) => self.int_in_text(node, text, path),
            (ArgType::Float(_), Json::Number(text)) => self.scalar(node, path, scalar::float(text), None),
            (ArgType::Str { .. }, Json::Text(text)) => Some(Value::from(text.as_str())),
            (ArgType::Bytes(_), Json::Text(text)) => {
                let bytes = scalar::bytes(text).map(Value::Bytes);
                self.scalar(node, path, bytes, Some("write bytes in base64, such as `aGVsbG8=`"))
            }
            (ArgType::Decimal(_), Json::Number(text) | Json::Text(text)) => self.scalar(
                node,
                path,
                scalar::decimal(text),
                Some("write a decimal of at most 28 digits, like `0.10`"),
            ),
            (ArgType::DateTime, Json::Text(text)) => {
                self.scalar(node, path, scalar::date_time(text), Some(DATE_TIME_EXAMPLE))
            }
            (ArgType::Uuid, Json::Text(text)) => self.scalar(node, path, scalar::uuid(text), Some(UUID_EXAMPLE)),
            (ArgType::OneOf(literals), Json::Text(text)) => self.one_of(node, literals, text, path),
            (ArgType::List(item, _), Json::List(nodes)) => self.items(nodes, item, path).map(Value::List),
            (ArgType::Set(item, _), Json::List(nodes)) => self.set(nodes, item, path),
            (ArgType::Tuple(kinds), Json::List(nodes)) => self.tuple(node, nodes, kinds, path),
            (ArgType::FloatArray(_), Json::List(nodes)) => self.float_array(nodes, path),
            (ArgType::Map(key, value, _), Json::Object(_)) => self.map(node, *key, value, path),
            (ArgType::Record(record), Json::Object(_)) => self.record(node, record, path),
            _ => self.wrong_type(node, kind, path),
        }
    }

    fn add(&mut self, problem: Problem) -> Option<Value> {
        self.problems.push(problem);
        None
    }

    fn wrong_type(&mut self, node: &Node, kind: &ArgType, path: &Path<'_>) -> Option<Value> {
        let help = match (kind, &node.json) {
            (ArgType::Bool, Json::Text(text)) if matches!(&*text.to_lowercase(), "true" | "false") => {
                Some("write it without quotes, in lower case".to_owned())
            }
            (ArgType::Int(_) | ArgType::Float(_), Json::Text(text)) if scalar::float(text).is_ok() => {
                Some("write the number without quotes".to_owned())
            }
            (ArgType::Str { .. } | ArgType::OneOf(_), Json::Number(text)) => Some(format!("write it as `\"{text}\"`")),
            (ArgType::DateTime, Json::Number(_)) => Some(scalar::DATE_TIME_EXAMPLE.to_owned()),
            (ArgType::Uuid, Json::Number(_)) => Some(scalar::UUID_EXAMPLE.to_owned()),
            (_, Json::Null) => Some("only an Option can be null; what is optional may be left out".to_owned()),
            _ => None,
        };
        let message = format!("expected {}, got {node}", expectation(kind));
        self.add(Problem::new(node.span, path, message).with_help(help))
    }

    fn scalar<T: Into<Value>>(
        &mut self,
        node: &Node,
        path: &Path<'_>,
        read: Result<T, scalar::Why>,
        help: Option<&str>,
    ) -> Option<Value> {
        match read {
            Ok(value) => Some(value.into()),
            Err(why) => {
                let help = help.map(str::to_owned);
                self.add(Problem::new(node.span, path, format!("{node} {why}")).with_help(help))
            }
        }
    }

    /// A number that other JSON readers would round may stand in quotes; smaller ones may not, so that a number
    /// is written in one way.
    fn int_in_text(&mut self, node: &Node, text: &str, path: &Path<'_>) -> Option<Value> {
        match scalar::int(text) {
            Ok(value) if value.as_int().is_some_and(|n| n.abs() > EXACT_IN_FLOATS) => Some(value),
            _ => self.wrong_type(node, &ArgType::int(), path),
        }
    }

    fn one_of(&mut self, node: &Node, literals: &[String], text: &str, path: &Path<'_>) -> Option<Value> {
        if literals.iter().any(|literal| literal == text) {
            return Some(Value::from(text));
        }
        let words = literals.iter().map(String::as_str);
        let message = format!("expected one of {}, got {node}", quoted(words.clone()));
        let help = crate::nearest::nearest(text, words).map(|near| format!("did you mean `{near}`?"));
        self.add(Problem::new(node.span, path, message).with_help(help))
    }

    fn items(&mut self, nodes: &[Node], kind: &ArgType, path: &Path<'_>) -> Option<Vec<Value>> {
        // Every item is read even after a bad one, so that all problems are found.
        let read: Vec<_> = nodes.iter().enumerate().map(|(i, node)| self.value(node, kind, &path.index(i))).collect();
        read.into_iter().collect()
    }

    fn set(&mut self, nodes: &[Node], kind: &ArgType, path: &Path<'_>) -> Option<Value> {
        let items = self.items(nodes, kind, path)?;
        let before = self.problems.len();
        for (i, (node, item)) in nodes.iter().zip(&items).enumerate() {
            if items.iter().take(i).any(|earlier| earlier == item) {
                let message = format!("{node} is in the set twice");
                self.problems.push(Problem::new(node.span, &path.index(i), message));
            }
        }
        (self.problems.len() == before).then_some(Value::Set(items))
    }

    fn tuple(&mut self, node: &Node, nodes: &[Node], kinds: &[ArgType], path: &Path<'_>) -> Option<Value> {
        if nodes.len() != kinds.len() {
            let message = format!("expected {} items, got {}", kinds.len(), nodes.len());
            return self.add(Problem::new(node.span, path, message));
        }
        let pairs = nodes.iter().zip(kinds).enumerate();
        let read: Vec<_> = pairs.map(|(i, (node, kind))| self.value(node, kind, &path.index(i))).collect();
        read.into_iter().collect::<Option<Vec<_>>>().map(Value::List)
    }

    fn float_array(&mut self, nodes: &[Node], path: &Path<'_>) -> Option<Value> {
        let items = self.items(nodes, &ArgType::float(), path)?;
        let floats = items.iter().filter_map(|item| if let Value::Float(n) = item { Some(*n) } else { None });
        Some(Value::FloatArray(floats.collect()))
    }

    fn map(&mut self, node: &Node, key_kind: KeyType, kind: &ArgType, path: &Path<'_>) -> Option<Value> {
        let before = self.problems.len();
        let mut entries: Vec<(Value, Value)> = Vec::new();
        for member in node.members().unwrap_or_default() {
            let at = path.key(&member.name);
            match scalar::key(key_kind, &member.name) {
                Ok(key) if entries.iter().any(|(earlier, _)| *earlier == key) => {
                    let message = format!("the key {:?} means the same as an earlier one", member.name);
                    self.problems.push(Problem::new(member.name_span, &at, message));
                }
                Ok(key) => entries.extend(self.value(&member.node, kind, &at).map(|value| (key, value))),
                Err(why) => {
                    let message = format!("expected a key of type {}, but {:?} {why}", key_kind.word(), member.name);
                    self.problems.push(Problem::new(member.name_span, &at, message));
                }
            }
        }
        (self.problems.len() == before).then_some(Value::Map(entries))
    }

    fn record(&mut self, node: &Node, record: &Record, path: &Path<'_>) -> Option<Value> {
        let Some(members) = node.members() else {
            return self.wrong_type(node, &ArgType::Record(record.clone()), path);
        };
        let before = self.problems.len();
        let mut entries = Vec::with_capacity(record.slot_count());
        for field in record.fields() {
            let value = match node.member(&field.name) {
                Some(member) => self.value(&member.node, &field.kind, &path.key(&field.name)),
                None if field.required => {
                    let message = format!("`{}` is required, but not set", field.name);
                    let help = format!("add `{:?}: ...`, a value of type {}", field.name, field.kind.word());
                    self.add(Problem::new(node.span, &path.key(&field.name), message).with_help(help))
                }
                None => field.default.clone(),
            };
            entries.extend(value.map(|value| (Value::from(field.name.as_str()), value)));
        }
        let is_known = |name: &str| record.fields().iter().any(|field| field.name == name);
        for member in members.iter().filter(|member| !is_known(&member.name)) {
            let at = path.key(&member.name);
            if record.is_open() {
                let value = self.any(&member.node, &at);
                entries.extend(value.map(|value| (Value::from(member.name.as_str()), value)));
            } else {
                let names = record.fields().iter().map(|field| field.name.as_str());
                let problem = Problem::new(member.name_span, &at, format!("`{}` is not known here", member.name));
                self.problems.push(problem.with_help(suggestion(&member.name, names)));
            }
        }
        (self.problems.len() == before).then_some(Value::Map(entries))
    }

    fn any(&mut self, node: &Node, path: &Path<'_>) -> Option<Value> {
        match &node.json {
            Json::Null => Some(Value::Nil),
            Json::Bool(value) => Some(Value::Bool(*value)),
            Json::Text(text) => Some(Value::from(text.as_str())),
            Json::Number(text) if text.contains(['.', 'e', 'E']) => self.scalar(node, path, scalar::float(text), None),
            Json::Number(text) => self.scalar(node, path, scalar::int(text), Some("write a longer number as text")),
            Json::List(nodes) => self.items(nodes, &ArgType::Any, path).map(Value::List),
            Json::Object(_) => self.map(node, KeyType::Str, &ArgType::Any, path),
        }
    }
}

/// What a value of this type is in JSON.
fn expectation(kind: &ArgType) -> String {
    let form = match kind {
        ArgType::Bytes(_) => "base64 in a text",
        ArgType::Decimal(_) => "a number, or a text with one",
        ArgType::DateTime => "a time in a text",
        ArgType::Uuid => "a UUID in a text",
        ArgType::Set(..) | ArgType::Tuple(_) => "a list",
        ArgType::FloatArray(_) => "a list of numbers",
        ArgType::Map(..) | ArgType::Record(_) => "an object",
        ArgType::OneOf(literals) => return format!("one of {}", quoted(literals.iter().map(String::as_str))),
        ArgType::Option(of) => return format!("{} or null", expectation(of)),
        _ => return kind.word().to_owned(),
    };
    format!("{} ({form})", kind.word())
}

fn quoted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::read;

    fn value(text: &str, kind: &ArgType) -> Result<Value, Vec<String>> {
        let mut problems = Vec::new();
        let value = read_value(&read(text).unwrap(), kind, &Path::Root, &mut problems);
        assert_eq!(value.is_none(), !problems.is_empty(), "a value or problems, never both and never neither");
        value.ok_or_else(|| problems.iter().map(ToString::to_string).collect())
    }

    fn refusal(text: &str, kind: &ArgType) -> String {
        value(text, kind).unwrap_err().join("; ")
    }

    #[test]
    fn a_decimal_keeps_the_digits_of_a_number_and_of_a_text() {
        for text in ["0.10", "\"0.10\""] {
            assert_eq!(value(text, &ArgType::decimal()).unwrap(), Value::Decimal("0.10".parse().unwrap()));
        }
    }

    #[test]
    fn whole_numbers_are_exact_to_64_bits_and_stand_in_quotes_only_where_others_would_round() {
        let int = ArgType::int();
        assert_eq!(value("18446744073709551615", &int).unwrap(), Value::UInt(u64::MAX));
        assert_eq!(value("\"18446744073709551615\"", &int).unwrap(), Value::UInt(u64::MAX));
        assert_eq!(value("\"-9007199254740993\"", &int).unwrap(), Value::Int(-9_007_199_254_740_993));
        assert_eq!(refusal("\"10\"", &int), "expected Int, got the text \"10\"");
        assert_eq!(value("1.0", &int).unwrap(), Value::Int(1));
        assert_eq!(refusal("1.5", &int), "the number 1.5 is not a whole number");
        assert_eq!(refusal("true", &int), "expected Int, got true");
    }

    #[test]
    fn every_bad_part_of_a_value_is_named() {
        let kind = ArgType::Record(
            Record::new()
                .required("levels", ArgType::list(ArgType::int()))
                .required("side", ArgType::one_of(["buy", "sell"]))
                .optional("note", ArgType::str()),
        );
        assert_eq!(
            value(r#"{"levels": [1, "x", null], "sied": "buy"}"#, &kind).unwrap_err(),
            [
                "`levels[1]`: expected Int, got the text \"x\"",
                "`levels[2]`: expected Int, got null",
                "`side`: `side` is required, but not set",
                "`sied`: `sied` is not known here",
            ]
        );
        assert_eq!(
            value(r#"{"levels": [], "side": "bye"}"#, &kind).unwrap_err(),
            ["`side`: expected one of \"buy\", \"sell\", got the text \"bye\""]
        );
    }

    #[test]
    fn a_misspelt_name_finds_the_right_one() {
        let record = Record::new().optional("depth", ArgType::int());
        let mut problems = Vec::new();
        read_record(&read(r#"{"dpeth": 1}"#).unwrap(), &record, &Path::Root, &mut problems);
        assert_eq!(problems[0].help.as_deref(), Some("did you mean `depth`?"));
    }

    #[test]
    fn left_out_fields_get_their_defaults_also_inside() {
        let inner = Record::new().optional_with_default("depth", ArgType::int(), 10_i64);
        let record = Record::new().required("book", ArgType::Record(inner)).optional("note", ArgType::str());
        let mut problems = Vec::new();
        let value = read_record(&read(r#"{"book": {}}"#).unwrap(), &record, &Path::Root, &mut problems);
        assert_eq!(value, Some(Value::map([("book", Value::map([("depth", Value::Int(10))]))])));
    }

    #[test]
    fn an_open_record_keeps_what_it_does_not_name_behind_what_it_names() {
        let record = Record::new().required("a", ArgType::int()).open();
        let mut problems = Vec::new();
        let value = read_record(&read(r#"{"z": [1.5], "a": 1}"#).unwrap(), &record, &Path::Root, &mut problems);
        let rest = Value::List(vec![Value::Float(1.5)]);
        assert_eq!(value, Some(Value::map([("a", Value::Int(1)), ("z", rest)])));
    }

    #[test]
    fn sets_tuples_and_typed_keys_are_read_from_lists_and_objects() {
        let set = ArgType::Set(Box::new(ArgType::str()), crate::schema::Length::ANY);
        assert_eq!(value(r#"["a"]"#, &set).unwrap(), Value::Set(vec![Value::from("a")]));
        assert_eq!(refusal(r#"["a", "a"]"#, &set), "`[1]`: the text \"a\" is in the set twice");

        let tuple = ArgType::Tuple(vec![ArgType::int(), ArgType::option(ArgType::str())]);
        assert_eq!(value("[1, null]", &tuple).unwrap(), Value::List(vec![Value::Int(1), Value::Nil]));
        assert_eq!(refusal("[1]", &tuple), "expected 2 items, got 1");

        let levels = ArgType::map(KeyType::Decimal, ArgType::int());
        let key = Value::Decimal("1.5".parse().unwrap());
        assert_eq!(value(r#"{"1.50": 3}"#, &levels).unwrap(), Value::Map(vec![(key, Value::Int(3))]));
        assert_eq!(
            refusal(r#"{"1.50": 3, "1.5": 4}"#, &levels),
            "`1.5`: the key \"1.5\" means the same as an earlier one"
        );
        assert_eq!(
            refusal(r#"{"x": 3}"#, &levels),
            "`x`: expected a key of type Decimal, but \"x\" is not a decimal number"
        );
    }

    #[test]
    fn null_is_for_options_alone() {
        assert_eq!(value("null", &ArgType::option(ArgType::int())).unwrap(), Value::Nil);
        assert_eq!(refusal("null", &ArgType::str()), "expected Str, got null");
        assert_eq!(refusal("true", &ArgType::option(ArgType::int())), "expected Int, got true");
    }
}
