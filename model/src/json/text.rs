//! Text typed by a model: what stands in an environment variable or on a command line, where everything is text.

use super::node::{Json, Node, excerpt};
use super::read::read;
use super::scalar;
use super::typed::read_value;
use crate::problem::{Path, Problem};
use crate::schema::ArgType;
use crate::value::Value;

/// What is wrong with a text; places in it count from its start.
pub type TextProblems = Vec<Problem>;

/// Reads a text as a value of this type. `Str` takes it as it is, an `Option` takes `null` for nil, what has parts
/// (lists, maps, records, ...) is JSON, and `Any` is JSON where it can be and else the text itself.
///
/// # Errors
/// Everything that is wrong with it, the key paths going on from `path`.
pub fn value_from_text(text: &str, kind: &ArgType, path: &Path<'_>) -> Result<Value, TextProblems> {
    let node = match kind {
        ArgType::Option(_) if text == "null" => return Ok(Value::Nil),
        ArgType::Option(of) => return value_from_text(text, of, path),
        ArgType::Bool => match text {
            "true" => Node::new(Json::Bool(true)),
            "false" => Node::new(Json::Bool(false)),
            _ => {
                let problem = Problem::new(None, path, format!("expected `true` or `false`, got the text {text:?}"));
                return Err(vec![problem]);
            }
        },
        ArgType::Int(_) => return scalar::int(text).map_err(|why| no_number(text, why, path)),
        ArgType::Float(_) => {
            return scalar::float(text).map(Value::Float).map_err(|why| no_number(text, why, path));
        }
        ArgType::Str { .. }
        | ArgType::Bytes(_)
        | ArgType::Decimal(_)
        | ArgType::DateTime
        | ArgType::Uuid
        | ArgType::OneOf(_) => Node::new(Json::Text(text.to_owned())),
        ArgType::Any => read(text).unwrap_or_else(|_| Node::new(Json::Text(text.to_owned()))),
        ArgType::List(..)
        | ArgType::Set(..)
        | ArgType::Tuple(_)
        | ArgType::Map(..)
        | ArgType::Record(_)
        | ArgType::FloatArray(_) => read(text).map_err(|problems| as_json_of(kind, path, problems))?,
    };
    let mut problems = Vec::new();
    let value = read_value(&node, kind, path, &mut problems);
    value.ok_or(problems)
}

fn no_number(text: &str, why: &str, path: &Path<'_>) -> Vec<Problem> {
    vec![Problem::new(None, path, format!("the text {:?} {why}", excerpt(text)))]
}

fn as_json_of(kind: &ArgType, path: &Path<'_>, mut problems: Vec<Problem>) -> Vec<Problem> {
    for problem in &mut problems {
        problem.steps.splice(0..0, path.steps());
        problem.message = format!("expected {} in JSON: {}", kind.word(), problem.message);
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str, kind: &ArgType) -> Result<Value, String> {
        let root = Path::Root;
        value_from_text(text, kind, &root.key("x"))
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn a_str_is_taken_as_it_is() {
        for text in ["", "12", "null", "\"quoted\"", "{"] {
            assert_eq!(typed(text, &ArgType::str()).unwrap(), Value::from(text));
        }
    }

    #[test]
    fn numbers_and_truth_values_are_read_by_their_type() {
        assert_eq!(typed("12", &ArgType::int()).unwrap(), Value::Int(12));
        assert_eq!(typed("12", &ArgType::float()).unwrap(), Value::Float(12.0));
        assert_eq!(typed("0.10", &ArgType::decimal()).unwrap(), Value::Decimal("0.10".parse().unwrap()));
        assert_eq!(typed("true", &ArgType::Bool).unwrap(), Value::Bool(true));
        assert_eq!(typed("ten", &ArgType::int()).unwrap_err(), "`x`: the text \"ten\" is not a whole number");
        assert_eq!(typed("yes", &ArgType::Bool).unwrap_err(), "`x`: expected `true` or `false`, got the text \"yes\"");
    }

    #[test]
    fn an_option_takes_null_and_what_it_is_of() {
        let kind = ArgType::option(ArgType::int());
        assert_eq!(typed("null", &kind).unwrap(), Value::Nil);
        assert_eq!(typed("3", &kind).unwrap(), Value::Int(3));
    }

    #[test]
    fn what_has_parts_is_json() {
        let kind = ArgType::list(ArgType::int());
        assert_eq!(typed("[1, 2]", &kind).unwrap(), Value::List(vec![Value::Int(1), Value::Int(2)]));
        assert_eq!(typed("[1, true]", &kind).unwrap_err(), "`x[1]`: expected Int, got true");
        assert_eq!(
            typed("1, 2", &kind).unwrap_err(),
            "`x`: expected List in JSON: text after the end of the JSON value"
        );
    }

    #[test]
    fn any_is_json_where_it_can_be() {
        assert_eq!(typed("[1]", &ArgType::Any).unwrap(), Value::List(vec![Value::Int(1)]));
        assert_eq!(typed("hello there", &ArgType::Any).unwrap(), Value::from("hello there"));
    }
}
