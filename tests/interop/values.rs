//! What is sent: values of every kind, as both sides have them, and how they are compared.

use fixtures::{Everything, Side, Text};
use peer::typed;
use service_framework::prelude::*;
use service_framework::{Json, Timestamp, json};

use crate::support::messages::bytes;

/// Values of every kind that the Python library can read, at the edges of what they can hold.
pub(crate) fn every_value() -> Vec<Value> {
    let text = |text: &str| Value::from(text);
    let (id, price) = (Value::Uuid(ID), decimal("2.50"));
    let mut values = vec![Value::Nil, Value::Bool(true), Value::Bool(false)];
    values.extend([0, -1, -33, 127, 128, 65_536, i64::MIN, i64::MAX].map(Value::Int));
    values.extend([1 << 63, u64::MAX].map(Value::UInt));
    values.extend([0.1, -0.0, 2.0, 5e-324, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN].map(Value::Float));
    values.extend([
        text(""),
        text("caf\u{e9} \u{2603} \u{1f600} \0"),
        text(&"x".repeat(32)),
        text(&"y".repeat(70_000)),
    ]);
    values.extend([vec![], vec![0, 255], vec![170; 300]].map(Value::Bytes));
    values.extend(["123.321", "0.10", "-0.0010", "0", "-0", "1E+10", "Infinity", "-NaN"].map(decimal));
    values.push(decimal("12345678901234567890123456789012345678901234567890.5"));
    values.extend([(0, 0), (-1, 7), (1_700_000_000, 999_999_999), (1 << 40, 1)].map(time));
    values.extend(
        [vec![], vec![Value::Int(1), Value::Int(2)], vec![price.clone(), id.clone(), Value::Nil, text("a")]]
            .map(Value::Set),
    );
    values.push(id.clone());
    values.extend(
        [vec![], vec![Value::List(vec![Value::List(vec![])])], (0..20).map(Value::Int).collect()].map(Value::List),
    );
    values.push(Value::map([("z", Value::Nil), ("a", Value::map([("b", id)])), ("", price)]));
    values.push(Value::Map(vec![(Value::Bytes(vec![1]), text("bytes")), (text("k"), Value::Map(vec![]))]));
    values.extend([vec![], vec![1.0, 2.5, -3.0]].map(Value::FloatArray));
    values.extend([Value::Ext(5, vec![]), Value::Ext(127, vec![1; 300])]);
    values
}

pub(crate) const ID: Uuid = Uuid::from_u128(0x1234_5678_1234_5678_1234_5678_1234_5678);

pub(crate) fn time((seconds, nanoseconds): (i64, u32)) -> Value {
    Value::DateTime(Timestamp { seconds, nanoseconds })
}

/// The arguments of `Everything`, with an argument of every type.
pub(crate) fn everything() -> Everything {
    Everything {
        text: "caf\u{e9}".into(),
        flag: Some(true),
        count: Some(i64::MIN),
        ratio: Some(2.0),
        bytes: Some(vec![0, 255]),
        price: Some(Decimal::new(10, 2)),
        time: DateTime::from_timestamp(-1, 999_999_999),
        id: Some(ID),
        items: Some(vec![1, -2, 3]),
        tags: Some(["a".into(), "b".into()].into()),
        pair: Some((7, "seven".into())),
        by_name: Some([("one".into(), 1)].into()),
        by_id: Some([(-1, "minus one".into()), (1, "one".into())].into()),
        nested: Some(Text { text: "inside".into() }),
        side: Some(Side::Sell),
        samples: Some(FloatArray(vec![0.5, -0.0])),
        any: Some(Value::map([("set", Value::Set(vec![ID.into()]))])),
    }
}

/// The same arguments as Python has them: without types, and with the keys of `by_id` as text.
pub(crate) fn everything_in_python() -> Vec<(&'static str, Value)> {
    let text = |text: &str| Value::from(text);
    vec![
        ("text", text("caf\u{e9}")),
        ("flag", Value::Bool(true)),
        ("count", Value::Int(i64::MIN)),
        ("ratio", Value::Float(2.0)),
        ("bytes", Value::Bytes(vec![0, 255])),
        ("price", decimal("0.10")),
        ("time", time((-1, 999_999_999))),
        ("id", Value::Uuid(ID)),
        ("items", Value::List(vec![Value::Int(1), Value::Int(-2), Value::Int(3)])),
        ("tags", Value::Set(vec![text("a"), text("b")])),
        ("pair", Value::List(vec![Value::Int(7), text("seven")])),
        ("by_name", Value::map([("one", Value::Int(1))])),
        ("by_id", Value::map([("-1", text("minus one")), ("1", text("one"))])),
        ("nested", Value::map([("text", text("inside"))])),
        ("side", text("Sell")),
        ("samples", Value::FloatArray(vec![0.5, -0.0])),
        ("any", Value::map([("set", Value::Set(vec![ID.into()]))])),
    ]
}

/// The names of the arguments of `Everything`, for a peer that has to declare them.
pub(crate) fn names() -> String {
    let names: Vec<&str> = everything_in_python().iter().map(|(name, _)| *name).collect();
    names.join(",")
}

pub(crate) fn under(key: &str, value: Value) -> Value {
    Value::map([(key, value)])
}

/// The bytes of a request that brings a number, as it leaves a peer that may leave out the workflow id.
pub(crate) fn request(payload: i64, workflow_id: Option<Value>) -> Vec<u8> {
    let mut request = vec![("args", under("payload", Value::Int(payload)))];
    request.extend(workflow_id.map(|id| ("workflow_id", id)));
    bytes(&Value::map(request))
}

fn decimal(text: &str) -> Value {
    typed::from_json(&json!({"t": "decimal", "v": text})).unwrap()
}

/// Typed JSON in which the items of sets, which have no order, are in one order.
pub(crate) fn canonical(json: &Json) -> Json {
    match json {
        Json::Array(items) => items.iter().map(canonical).collect(),
        Json::Object(entries) => {
            let mut entries: service_framework::serde_json::Map<_, _> =
                entries.iter().map(|(key, value)| (key.clone(), canonical(value))).collect();
            if entries.get("t").is_some_and(|t| t == "set")
                && let Some(Json::Array(items)) = entries.get_mut("v")
            {
                items.sort_by_key(Json::to_string);
            }
            Json::Object(entries)
        }
        other => other.clone(),
    }
}

pub(crate) fn canonical_of(value: &Value) -> Json {
    canonical(&typed::to_json(value))
}

/// What a peer told under a key: a list of typed values.
pub(crate) fn list(told: &Json, key: &str) -> Vec<Json> {
    told[key].as_array().unwrap_or_else(|| panic!("no `{key}` in {told}")).iter().map(canonical).collect()
}

/// Asserts one by one, so that a failure shows the two that differ.
#[track_caller]
pub(crate) fn assert_same(found: &[Json], expected: &[Json]) {
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found, expected, "at {place}");
    }
    assert_eq!(found.len(), expected.len());
}

/// The UUID that a workflow id is, which is to be a random one.
#[track_caller]
pub(crate) fn version_4(id: &Json) -> Uuid {
    match typed::from_json(id).unwrap() {
        Value::Uuid(id) if id.get_version_num() == 4 => id,
        other => panic!("expected a random UUID, got {other:?}"),
    }
}
