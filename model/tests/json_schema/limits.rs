//! Where the schema and the reader differ, and why they must.

use rust_decimal::Decimal;
use serde_json::Value as Json;
use service_framework_model::schema::{ArgType, KeyType, Range, Record};

use super::{compiled, of, verdict};

/// What the schema says of a text, and what the reader says.
fn said(kind: &ArgType, value: &str) -> (bool, bool) {
    let (record, text) = (of(kind.clone()), format!("{{\"x\": {value}}}"));
    let document: Json = serde_json::from_str(&text).unwrap();
    (compiled(&record).is_valid(&document), verdict(&text, &record).is_ok())
}

#[test]
fn what_json_schema_cannot_say_is_refused_by_the_reader_alone() {
    let small = ArgType::Decimal(Range { min: None, max: Some(Decimal::TEN) });
    let prices = ArgType::map(KeyType::Decimal, ArgType::Any);
    let times = ArgType::map(KeyType::DateTime, ArgType::Any);
    let with_default = Record::new().optional_with_default("a", ArgType::int(), 1_i64);
    for (kind, value) in [
        // Numbers that become floats on their way.
        (ArgType::int_range(0, (1 << 53) + 1), "9007199254740992.5"),
        (ArgType::Any, "18446744073709551616"),
        (ArgType::decimal(), "1e-29"),
        (ArgType::decimal(), "0.12345678901234567890123456789"),
        // Decimals in texts.
        (ArgType::decimal(), r#""1e29""#),
        (small, r#""11""#),
        // What is written in several ways.
        (ArgType::set(ArgType::decimal()), r#"["1.0", "1.00"]"#),
        (
            ArgType::set(ArgType::Uuid),
            r#"["aaaaaaaa-0000-0000-0000-000000000000", "AAAAAAAA-0000-0000-0000-000000000000"]"#,
        ),
        (ArgType::set(ArgType::DateTime), r#"["2024-01-02T03:04:05Z", "2024-01-02T04:04:05+01:00"]"#),
        (ArgType::set(ArgType::Record(with_default)), r#"[{}, {"a": 1}]"#),
        (prices, r#"{"1.0": 0, "1.00": 0}"#),
        (ArgType::Any, r#"{"a": 0, "a": 1}"#),
        (times, r#"{"9999-12-31T23:59:59-01:00": 0}"#),
    ] {
        assert_eq!(said(&kind, value), (true, false), "{value} as {kind:?}");
    }
}

#[test]
fn json_schema_alone_takes_1_and_1_0_and_maps_in_any_order_for_one() {
    assert_eq!(said(&ArgType::set(ArgType::Any), "[1, 1.0]"), (false, true));
    let maps = ArgType::set(ArgType::map(KeyType::Str, ArgType::int()));
    assert_eq!(said(&maps, r#"[{"a": 1, "b": 2}, {"b": 2, "a": 1}]"#), (false, true));
}
