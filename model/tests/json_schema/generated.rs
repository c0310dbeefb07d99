//! Types with all constraints, and JSON that fits them or nearly does.

use proptest::collection::vec;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::Value as Json;
use service_framework_model::schema::{ArgType, Field, KeyType, Length, Range, Record};
use service_framework_model::schema_json::JsonForm;
use service_framework_model::value::Value;

use super::{decimal, uuid};

fn key_types() -> impl Strategy<Value = KeyType> {
    proptest::sample::select(KeyType::ALL.to_vec())
}

pub(crate) fn lengths() -> impl Strategy<Value = Length> {
    (0_u32..4, proptest::option::of(0_u32..5)).prop_map(|(min, more)| Length { min, max: more.map(|more| min + more) })
}

pub(crate) fn int_ranges() -> impl Strategy<Value = Range<i128>> {
    let bounds =
        [-(1_i128 << 63), -(1 << 53) - 7, -40, 0, 3, 1 << 53, (1 << 53) + 1, i64::MAX as i128, u64::MAX as i128];
    let bound = move || proptest::option::of(proptest::sample::select(bounds.to_vec()));
    (bound(), bound()).prop_map(|(a, b)| match (a, b) {
        (Some(a), Some(b)) => Range { min: Some(a.min(b)), max: Some(a.max(b)) },
        (min, max) => Range { min, max },
    })
}

fn bounds<T: Clone + std::fmt::Debug + 'static>(min: [T; 2], max: [T; 2]) -> impl Strategy<Value = Range<T>> {
    let bound = |of: [T; 2]| proptest::option::of(proptest::sample::select(of.to_vec()));
    (bound(min), bound(max)).prop_map(|(min, max)| Range { min, max })
}

const PATTERNS: [&str; 6] = ["[a-c]+", r"\d{2,3}", "(?:x|yz)*|é", "^a.b$", "[A-Z]{3}-[A-Z]{3,5}", "[^a]"];

fn patterns() -> impl Strategy<Value = Option<String>> {
    proptest::option::weighted(0.5, proptest::sample::select(PATTERNS.to_vec()).prop_map(str::to_owned))
}

/// Types whose values are the same only if their JSON is.
fn plainly_distinct() -> impl Strategy<Value = ArgType> {
    prop_oneof![
        Just(ArgType::Bool),
        Just(ArgType::int_range(-50, 50)),
        (lengths(), patterns()).prop_map(|(length, pattern)| ArgType::Str { length, pattern }),
        lengths().prop_map(ArgType::Bytes),
        Just(ArgType::one_of(["buy", "sell", ""])),
    ]
}

fn scalars() -> impl Strategy<Value = ArgType> {
    prop_oneof![
        plainly_distinct(),
        int_ranges().prop_map(ArgType::Int),
        bounds([-1.5, 0.0], [2.25, 1e9]).prop_map(ArgType::Float),
        // Between these bounds are all the decimals that are made as texts.
        bounds([decimal("-10.5"), Decimal::ZERO], [decimal("5"), decimal("100.25")]).prop_map(ArgType::Decimal),
        Just(ArgType::DateTime),
        Just(ArgType::Uuid),
        lengths().prop_map(ArgType::FloatArray),
        Just(ArgType::Any),
    ]
}

pub(crate) fn types() -> BoxedStrategy<ArgType> {
    let inner = scalars().prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            (inner.clone(), lengths()).prop_map(|(item, length)| ArgType::List(Box::new(item), length)),
            (plainly_distinct(), lengths()).prop_map(|(item, length)| ArgType::Set(Box::new(item), length)),
            inner.clone().prop_map(|kind| if matches!(kind, ArgType::Option(_)) {
                kind
            } else {
                ArgType::option(kind)
            }),
            vec(inner.clone(), 0..4).prop_map(ArgType::Tuple),
            (key_types(), inner.clone(), lengths()).prop_map(|(key, value, length)| ArgType::Map(
                key,
                Box::new(value),
                length
            )),
            records(inner.boxed()).prop_map(ArgType::Record),
        ]
    });
    inner.boxed()
}

pub(crate) fn records(kinds: BoxedStrategy<ArgType>) -> impl Strategy<Value = Record> {
    (vec((kinds, any::<bool>()), 0..6), any::<bool>()).prop_map(|(fields, open)| {
        let record = fields.into_iter().zip(NAMES).fold(Record::new(), |record, ((kind, required), name)| {
            record.field(Field { name: name.into(), kind, required, default: None })
        });
        if open { record.open() } else { record }
    })
}

const NAMES: [&str; 5] = ["a", "b c", "é/~", "$ref", "other"];
const TIMES: [&str; 9] = [
    "2024-02-29T12:00:00Z",
    "2000-02-29t23:59:60.5z",
    "2024-01-02 03:04:05.000000001+23:59",
    "1900-02-29T00:00:00Z",
    "2024-01-02T03:04:05+24:00",
    "2024-01-02T03:04:05\u{2212}01:00",
    "2024-01-02",
    "2024-13-01T00:00:00Z",
    "2024-01-02T03:04:05.Z",
];
const UUIDS: [&str; 3] = [
    "6F1c7a52-0f3e-4d0e-9b1a-2c3d4e5f6a7b",
    "6f1c7a520f3e4d0e9b1a2c3d4e5f6a7b",
    "{6f1c7a52-0f3e-4d0e-9b1a-2c3d4e5f6a7b}",
];
const DECIMALS: [&str; 9] = ["0", "4.50", "+1e0", "5.", ".5E-3", "-0", "-.0e5", ".", "1_0"];
const INTS: [&str; 10] = [
    "9007199254740992",
    "9007199254740993",
    "-9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "-09223372036854775809",
    "007",
    "-",
    "+12345678901234567890",
];
const BASE64S: [&str; 7] = ["aGVsbG8=", "AAAA", "AB==", "AA==", "AAA=", "AAAAAAA=", "AA"];
const TEXTS: [&str; 9] = ["", "a", "abcab", "buy", "123", "ABC-DEFG", "é", "a\nb", "__set__"];

fn texts() -> impl Strategy<Value = String> {
    let all = [&TIMES[..], &UUIDS, &DECIMALS, &INTS, &BASE64S, &TEXTS].concat();
    prop_oneof![8 => proptest::sample::select(all).prop_map(str::to_owned), 1 => "[a-c\u{e9}]{0,4}"]
}

fn numbers() -> impl Strategy<Value = Json> {
    prop_oneof![
        (-60_i64..60).prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        (-4000_i32..4000).prop_map(|n| (f64::from(n) / 64.0).into()),
        proptest::sample::select(vec![0.0, -0.0, 1.0, -2.0, 1e18, 1e19, 1e20, 1e28, 8e28, -1e29, 1e300])
            .prop_map(Json::from),
    ]
}

/// Any JSON, not made for any type.
fn anything() -> BoxedStrategy<Json> {
    let scalars =
        prop_oneof![Just(Json::Null), any::<bool>().prop_map(Json::from), numbers(), texts().prop_map(Json::from),];
    let names = prop_oneof![proptest::sample::select(NAMES.to_vec()).prop_map(str::to_owned), texts()];
    let all = scalars.prop_recursive(3, 12, 4, move |inner| {
        // Names that mean the same would be one key to the reader and two to the schema.
        let object = vec((names.clone(), inner.clone()), 0..2);
        prop_oneof![vec(inner, 0..4).prop_map(Json::from), object.prop_map(|members| members.into_iter().collect())]
    });
    all.boxed()
}

fn keys(kind: KeyType) -> BoxedStrategy<String> {
    match kind {
        KeyType::Str => "[a-d]{0,2}".boxed(),
        KeyType::Int => any::<i64>().prop_map(|n| n.to_string()).boxed(),
        KeyType::Decimal => (-500_i64..500).prop_map(|n| Decimal::new(n, 1).normalize().to_string()).boxed(),
        KeyType::Uuid => any::<u128>().prop_map(|bits| uuid(bits).to_string()).boxed(),
        KeyType::DateTime => (1000_u16..3000).prop_map(|year| format!("{year}-01-02T03:04:05Z")).boxed(),
    }
}

/// Values that mostly fit a type: each part of one is now and then something else.
fn near(kind: &ArgType) -> BoxedStrategy<Json> {
    let size = |length: &Length| length.min as usize..=length.max.map_or(length.min as usize + 2, |max| max as usize);
    let fitting = match kind {
        ArgType::Bool => any::<bool>().prop_map(Json::from).boxed(),
        ArgType::Int(range) if range.max.is_some_and(|max| max <= 50) => (-50_i64..=50).prop_map(Json::from).boxed(),
        ArgType::Int(_) => prop_oneof![numbers(), proptest::sample::select(INTS.to_vec()).prop_map(Json::from)].boxed(),
        ArgType::Float(_) => prop_oneof![numbers(), (0..128).prop_map(|n| (f64::from(n) / 64.0).into())].boxed(),
        ArgType::Str { .. } => prop_oneof!["[a-c]{0,5}", "[0-9]{0,4}", "(?:x|yz){0,3}|é", "a.b", "[A-Z]{3}-[A-Z]{2,6}"]
            .prop_map(Json::from)
            .boxed(),
        ArgType::Bytes(length) => vec(any::<u8>(), size(length))
            .prop_map(|bytes| serde_json::to_value(JsonForm(&Value::Bytes(bytes))).unwrap())
            .boxed(),
        ArgType::Decimal(_) => prop_oneof![
            (0_i64..500).prop_map(|n| Decimal::new(n, 2).to_string().into()),
            proptest::sample::select(DECIMALS.to_vec()).prop_map(Json::from),
            (0_i32..320).prop_map(|n| (f64::from(n) / 64.0).into()),
        ]
        .boxed(),
        ArgType::DateTime => proptest::sample::select(TIMES[..3].to_vec()).prop_map(Json::from).boxed(),
        ArgType::Uuid => any::<u128>().prop_map(|bits| uuid(bits).to_string().into()).boxed(),
        ArgType::List(item, length) => vec(near(item), size(length)).prop_map(Json::from).boxed(),
        ArgType::Set(item, length) => vec(near(item), size(length)).prop_map(Json::from).boxed(),
        ArgType::Tuple(kinds) => kinds.iter().map(near).collect::<Vec<_>>().prop_map(Json::from).boxed(),
        ArgType::Map(key, value, length) => {
            vec((keys(*key), near(value)), size(length)).prop_map(|members| members.into_iter().collect()).boxed()
        }
        ArgType::Record(record) => near_record(record),
        ArgType::OneOf(literals) => proptest::sample::select(literals.clone()).prop_map(Json::from).boxed(),
        ArgType::FloatArray(length) => vec(numbers(), size(length)).prop_map(Json::from).boxed(),
        ArgType::Option(of) => prop_oneof![Just(Json::Null), near(of)].boxed(),
        ArgType::Any => anything(),
    };
    prop_oneof![40 => fitting, 1 => anything()].boxed()
}

fn near_record(record: &Record) -> BoxedStrategy<Json> {
    let fields = record.fields().iter().map(|field| {
        let there = if field.required { 0.99 } else { 0.5 };
        (Just(field.name.clone()), near(&field.kind), proptest::bool::weighted(there))
    });
    let extra = proptest::option::weighted(if record.is_open() { 0.5 } else { 0.03 }, (texts(), anything()));
    (fields.collect::<Vec<_>>(), extra)
        .prop_map(|(fields, extra)| {
            let fields = fields.into_iter().filter(|(.., there)| *there).map(|(name, value, _)| (name, value));
            fields.chain(extra).collect()
        })
        .boxed()
}

pub(crate) fn records_with_documents() -> impl Strategy<Value = (Record, Json)> {
    records(types()).prop_flat_map(|record| {
        let documents = prop_oneof![9 => near_record(&record), 1 => anything()];
        (Just(record), documents)
    })
}
