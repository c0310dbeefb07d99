//! A value of any type comes back from its JSON form as it was.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::{read, read_value};
use crate::problem::Path;
use crate::schema::{ArgType, KeyType, Length, Record};
use crate::schema_json::JsonForm;
use crate::value::{Timestamp, Value};

type Typed = (ArgType, Value);

fn scalar() -> impl Strategy<Value = Typed> {
    prop_oneof![
        any::<bool>().prop_map(|b| (ArgType::Bool, Value::Bool(b))),
        any::<i64>().prop_map(|n| (ArgType::int(), Value::Int(n))),
        any::<u64>().prop_map(|n| (ArgType::int(), Value::from(n))),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| (ArgType::float(), Value::Float(n))),
        any::<String>().prop_map(|text| (ArgType::str(), Value::Str(text))),
        any::<Vec<u8>>().prop_map(|bytes| (ArgType::bytes(), Value::Bytes(bytes))),
        decimal().prop_map(|n| (ArgType::decimal(), Value::Decimal(n))),
        time().prop_map(|time| (ArgType::DateTime, Value::DateTime(time))),
        any::<u128>().prop_map(|n| (ArgType::Uuid, Value::Uuid(uuid::Uuid::from_u128(n)))),
        prop_oneof!["buy", "sell"].prop_map(|word| (ArgType::one_of(["buy", "sell"]), Value::Str(word))),
        proptest::collection::vec(any::<f64>().prop_filter("finite", |n| n.is_finite()), 0..4)
            .prop_map(|floats| (ArgType::FloatArray(Length::ANY), Value::FloatArray(floats))),
    ]
}

fn decimal() -> impl Strategy<Value = Decimal> {
    (-(1_i128 << 96) + 1..(1_i128 << 96), 0_u32..=28).prop_map(|(n, scale)| Decimal::from_i128_with_scale(n, scale))
}

/// The years 0 to 9999, which RFC 3339 can write.
fn time() -> impl Strategy<Value = Timestamp> {
    (-62_167_219_200_i64..253_402_300_800, 0_u32..1_000_000_000)
        .prop_map(|(seconds, nanoseconds)| Timestamp { seconds, nanoseconds })
}

fn typed() -> impl Strategy<Value = Typed> {
    scalar().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|(kind, value)| (ArgType::list(kind), Value::List(vec![value.clone(), value]))),
            inner
                .clone()
                .prop_map(|(kind, value)| (ArgType::Set(Box::new(kind), Length::ANY), Value::Set(vec![value]))),
            inner.clone().prop_map(|(kind, value)| (ArgType::option(kind), value)),
            inner.clone().prop_map(|(kind, _)| (ArgType::option(kind), Value::Nil)),
            proptest::collection::vec(inner.clone(), 0..3).prop_map(|items| {
                let (kinds, values) = items.into_iter().unzip();
                (ArgType::Tuple(kinds), Value::List(values))
            }),
            (inner.clone(), key()).prop_map(|((kind, value), (key_kind, key))| {
                (ArgType::map(key_kind, kind), Value::Map(vec![(key, value)]))
            }),
            (inner.clone(), inner).prop_map(|((kind, value), (other, _))| {
                let record = Record::new().required("a", kind).optional("b", other);
                (ArgType::Record(record), Value::map([("a", value)]))
            }),
        ]
    })
}

fn key() -> impl Strategy<Value = (KeyType, Value)> {
    prop_oneof![
        any::<String>().prop_map(|text| (KeyType::Str, Value::Str(text))),
        any::<i64>().prop_map(|n| (KeyType::Int, Value::Int(n))),
        decimal().prop_map(|n| (KeyType::Decimal, Value::Decimal(n.normalize()))),
        any::<u128>().prop_map(|n| (KeyType::Uuid, Value::Uuid(uuid::Uuid::from_u128(n)))),
        time().prop_map(|time| (KeyType::DateTime, Value::DateTime(time))),
    ]
}

proptest! {
    #[test]
    fn a_value_comes_back_from_its_json_form((kind, value) in typed()) {
        let text = serde_json::to_string(&JsonForm(&value)).unwrap();
        let mut problems = Vec::new();
        let back = read_value(&read(&text).unwrap(), &kind, &Path::Root, &mut problems);
        prop_assert!(problems.is_empty(), "{text}: {problems:?}");
        prop_assert_eq!(back.as_ref(), Some(&value));
        // Decimals are equal whatever their scale; their text is not.
        prop_assert_eq!(serde_json::to_string(&JsonForm(&back.unwrap())).unwrap(), text);
    }
}
