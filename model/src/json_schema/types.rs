//! Argument types as schemas of the JSON that `json` reads.
//!
//! Owns what each type is in JSON Schema. A form that takes a long pattern to say is said once, under `$defs`.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::texts;
use super::tree::Tree;
use crate::schema::{ArgType, Field, KeyType, Length, Range, Record};
use crate::schema_json::JsonForm;
use crate::validator::pattern::for_ecma;
use crate::value::Value;
use crate::wire::marker;

/// Whole numbers beyond this may stand in quotes.
const EXACT_IN_FLOATS: i128 = 1 << 53;
const LEAST_INT: i128 = i64::MIN as i128;
const GREATEST_INT: i128 = u64::MAX as i128;
const I64_MAX: i128 = i64::MAX as i128;
/// 2^96: the least magnitude that a Decimal does not hold.
const BEYOND_DECIMALS: f64 = 79_228_162_514_264_337_593_543_950_336.0;

/// The schemas that were made so far and are referred to by name.
#[derive(Default)]
pub(super) struct Types {
    pub(super) named: BTreeMap<String, Tree>,
}

impl Types {
    /// A record: an object with its names.
    pub(super) fn record(&mut self, record: &Record) -> Result<Tree, serde_json::Error> {
        let mut properties = Vec::new();
        for field in record.fields() {
            properties.push((field.name.clone().into(), self.field(field)?));
        }
        let required: Vec<_> = record.fields().iter().filter(|field| field.required).map(|f| f.name.as_str()).collect();
        let mut schema = Tree::object([("type", "object".into()), ("properties", Tree::Object(properties))]);
        if !required.is_empty() {
            schema = schema.with("required", required);
        }
        Ok(if record.is_open() {
            schema.with("additionalProperties", self.any()).with("propertyNames", no_marker())
        } else {
            schema.with("additionalProperties", false)
        })
    }

    fn field(&mut self, field: &Field) -> Result<Tree, serde_json::Error> {
        let schema = self.of(&field.kind)?;
        let default = field.default.as_ref().map(|default| serde_json::to_value(JsonForm(default))).transpose()?;
        Ok(schema.with_some("default", default))
    }

    pub(super) fn of(&mut self, kind: &ArgType) -> Result<Tree, serde_json::Error> {
        Ok(match kind {
            ArgType::Bool => typed("boolean"),
            ArgType::Int(range) => self.int(range),
            ArgType::Float(range) => {
                let bound = |x: Option<f64>| x.map(|x| serde_json::to_value(JsonForm(&Value::Float(x)))).transpose();
                typed("number").with_some("minimum", bound(range.min)?).with_some("maximum", bound(range.max)?)
            }
            ArgType::Str { length, pattern } => with_length(typed("string"), length, "minLength", "maxLength")
                .with_some("pattern", pattern.as_deref().map(for_ecma)),
            ArgType::Bytes(length) => self.bytes(length),
            ArgType::Decimal(range) => self.decimal(range),
            ArgType::DateTime => self.date_time(),
            ArgType::Uuid => self.uuid(),
            ArgType::List(item, length) => with_items(typed("array").with("items", self.of(item)?), length),
            ArgType::Set(item, length) => {
                with_items(typed("array").with("items", self.of(item)?).with("uniqueItems", true), length)
            }
            ArgType::Tuple(kinds) => self.tuple(kinds)?,
            ArgType::Map(key, value, length) => {
                let schema = typed("object").with("propertyNames", self.key(*key));
                let schema = schema.with("additionalProperties", self.of(value)?);
                with_length(schema, length, "minProperties", "maxProperties")
            }
            ArgType::Record(record) => self.record(record)?,
            ArgType::OneOf(literals) => Tree::object([("enum", literals.clone().into())]),
            ArgType::FloatArray(length) => with_items(typed("array").with("items", typed("number")), length),
            ArgType::Option(of) => any_of([self.of(of)?, typed("null")]),
            ArgType::Any => self.any(),
        })
    }

    /// A reference to a schema that has a name, which is made where it is not there yet.
    fn named(&mut self, name: &str, schema: impl FnOnce() -> Tree) -> Tree {
        let name = format!("types.{name}");
        let reference = Tree::object([("$ref", format!("#/$defs/{name}").into())]);
        self.named.entry(name).or_insert_with(schema);
        reference
    }

    fn int(&mut self, range: &Range<i128>) -> Tree {
        let (min, max) = (range.min.unwrap_or(LEAST_INT).max(LEAST_INT), range.max.unwrap_or(GREATEST_INT));
        let max = max.min(GREATEST_INT);
        let number = || typed("integer").with("minimum", int_bound(min)).with("maximum", int_bound(max));
        let magnitude = |n: i128| n.max(EXACT_IN_FLOATS + 1).unsigned_abs();
        let negative = (magnitude(-max), min.min(0).unsigned_abs());
        let positive = (magnitude(min), max.max(0).unsigned_abs());
        let Some(pattern) = texts::whole_numbers(negative, positive) else { return number() };
        let name = match (min, max) {
            (LEAST_INT, GREATEST_INT) => "Int".to_owned(),
            (LEAST_INT, I64_MAX) => "Int64".to_owned(),
            (0, GREATEST_INT) => "UInt64".to_owned(),
            _ => format!("Int.{min}.{max}"),
        };
        self.named(&name, || {
            let text = typed("string").with("pattern", pattern);
            described("a whole number; beyond 2^53 it may stand in a text", any_of([number(), text]))
        })
    }

    fn decimal(&mut self, range: &Range<Decimal>) -> Tree {
        let number = typed("number");
        let number = match range.min {
            Some(min) => number.with("minimum", decimal_bound(min)),
            None => number.with("exclusiveMinimum", -BEYOND_DECIMALS),
        };
        let number = match range.max {
            Some(max) => number.with("maximum", decimal_bound(max)),
            None => number.with("exclusiveMaximum", BEYOND_DECIMALS),
        };
        let not_negative = range.min.is_some_and(|min| min >= Decimal::ZERO);
        let pattern = if not_negative { texts::decimal_not_negative() } else { texts::decimal() };
        let schema = any_of([number, typed("string").with("pattern", pattern)]);
        let bounds = match (range.min, range.max) {
            (None, None) => {
                let description = "a decimal of up to 28 digits, as a number or as a text, which keeps its digits";
                return self.named("Decimal", || described(description, schema));
            }
            (Some(min), None) => format!("of at least {min}"),
            (None, Some(max)) => format!("of at most {max}"),
            (Some(min), Some(max)) => format!("from {min} to {max}"),
        };
        described(&format!("a decimal {bounds}, as a number or as a text, which keeps its digits"), schema)
    }

    /// Base64. How many bytes it holds shows in its length and in its padding.
    fn bytes(&mut self, length: &Length) -> Tree {
        let reference = self.named("Bytes", || {
            let text = typed("string").with("contentEncoding", "base64").with("pattern", texts::BASE64);
            described("bytes in base64", text)
        });
        if *length == Length::ANY {
            return reference;
        }
        // How many bytes are left for the last four characters, how many characters these are, and how they end.
        let forms = [(0, 0, "(?:^|[^=])$"), (2, 4, "[^=]=$"), (1, 4, "==$")];
        let form = |(left, last, ending): (u64, u64, &'static str)| {
            let least = u64::from(length.min).saturating_sub(left).div_ceil(3) * 4 + last;
            let schema = Tree::object([("pattern", ending.into())]);
            let schema = schema.with_some("minLength", Some(least).filter(|least| *least > last));
            match length.max {
                None => Some(schema),
                Some(max) => u64::from(max).checked_sub(left).map(|max| schema.with("maxLength", max / 3 * 4 + last)),
            }
        };
        reference.with("anyOf", Tree::List(forms.into_iter().filter_map(form).collect()))
    }

    fn date_time(&mut self) -> Tree {
        self.named("DateTime", || {
            let description = "a time as RFC 3339 writes it, such as 2026-01-31T09:30:00Z";
            described(description, typed("string").with("format", "date-time").with("pattern", texts::DATE_TIME))
        })
    }

    fn uuid(&mut self) -> Tree {
        self.named("Uuid", || typed("string").with("format", "uuid").with("pattern", texts::UUID))
    }

    fn tuple(&mut self, kinds: &[ArgType]) -> Result<Tree, serde_json::Error> {
        let items = kinds.iter().map(|kind| self.of(kind)).collect::<Result<Vec<_>, _>>()?;
        if items.is_empty() {
            return Ok(typed("array").with("maxItems", 0));
        }
        Ok(typed("array").with("prefixItems", Tree::List(items)).with("items", false).with("minItems", kinds.len()))
    }

    fn key(&mut self, key: KeyType) -> Tree {
        match key {
            KeyType::Str => no_marker(),
            KeyType::Int => self.named("IntKey", || {
                let pattern = texts::whole_numbers((0, LEAST_INT.unsigned_abs()), (0, GREATEST_INT.unsigned_abs()));
                typed("string").with_some("pattern", pattern)
            }),
            KeyType::Decimal => self.named("DecimalKey", || typed("string").with("pattern", texts::decimal())),
            KeyType::Uuid => self.uuid(),
            KeyType::DateTime => self.date_time(),
        }
    }

    fn any(&mut self) -> Tree {
        self.named("Any", || {
            let again = || Tree::object([("$ref", "#/$defs/types.Any".into())]);
            described("any value", Tree::object([]))
                .with("propertyNames", no_marker())
                .with("additionalProperties", again())
                .with("items", again())
        })
    }
}

fn typed(word: &'static str) -> Tree {
    Tree::object([("type", word.into())])
}

fn any_of<const N: usize>(schemas: [Tree; N]) -> Tree {
    Tree::object([("anyOf", Tree::List(schemas.into()))])
}

fn described(description: &str, schema: Tree) -> Tree {
    match schema {
        Tree::Object(members) => {
            Tree::Object([("description".into(), description.into())].into_iter().chain(members).collect())
        }
        other => other,
    }
}

fn with_length(schema: Tree, length: &Length, least: &'static str, most: &'static str) -> Tree {
    schema.with_some(least, Some(length.min).filter(|min| *min > 0)).with_some(most, length.max)
}

fn with_items(schema: Tree, length: &Length) -> Tree {
    with_length(schema, length, "minItems", "maxItems")
}

/// A key that does not make its map look like one of the maps that stand for another type.
fn no_marker() -> Tree {
    let keys: Vec<_> = marker::SHAPES.iter().map(|shape| shape.key).collect();
    Tree::object([("not", Tree::object([("enum", keys.into())]))])
}

/// A bound beyond 64 bits, which no whole number reaches, is told roughly.
fn int_bound(bound: i128) -> serde_json::Value {
    let signed = i64::try_from(bound).map(serde_json::Value::from);
    signed.or_else(|_| u64::try_from(bound).map(Into::into)).unwrap_or_else(|_| (bound as f64).into())
}

/// The nearest number that JSON readers hold: rounding keeps the order, so that no good value is beyond it.
fn decimal_bound(bound: Decimal) -> serde_json::Value {
    match i64::try_from(bound) {
        Ok(whole) if bound.fract().is_zero() => whole.into(),
        _ => bound.to_string().parse::<f64>().unwrap_or_default().into(),
    }
}
