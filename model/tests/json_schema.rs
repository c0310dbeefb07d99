//! The JSON Schema of a model and the model's own reader and validator agree on what fits it.
#![cfg(feature = "host")]

use jsonschema::Validator;
use proptest::collection::vec;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};
use service_framework_model::json::{check_field, read, read_value};
use service_framework_model::json_schema::of_service;
use service_framework_model::parse::service_model;
use service_framework_model::problem::Path;
use service_framework_model::schema::{
    ArgType, ConnectionModel, Field, KeyType, Length, Range, Record, ServiceModel, Side, StateModel,
};
use service_framework_model::schema_json::JsonForm;
use service_framework_model::value::Value;

/// The schema of a service with this config, which is the config's.
fn document(record: &Record) -> Json {
    let model = ServiceModel { name: "svc".into(), config: record.clone(), ..ServiceModel::default() };
    serde_json::from_str(&of_service(&model).unwrap()).unwrap()
}

fn compiled(record: &Record) -> Validator {
    jsonschema::draft202012::new(&document(record)).unwrap()
}

/// A record with one field, `x`.
fn of(kind: ArgType) -> Record {
    Record::new().required("x", kind)
}

/// What reader and validator say to a text; why not, if they refuse it.
fn verdict(text: &str, record: &Record) -> Result<Value, String> {
    let node = read(text).map_err(|problems| format!("{problems:?}"))?;
    let kind = ArgType::Record(record.clone());
    let mut problems = Vec::new();
    let value = read_value(&node, &kind, &Path::Root, &mut problems).ok_or_else(|| format!("{problems:?}"))?;
    let field = Field { name: "all".into(), kind, required: true, default: None };
    check_field(&field, &value).map(|()| value).map_err(|refusal| refusal.to_string())
}

/// Both say the same to this value of `x`.
#[track_caller]
fn agreed(kind: &ArgType, value: &Json) -> bool {
    let record = of(kind.clone());
    let document = json!({"x": value});
    let ours = verdict(&document.to_string(), &record);
    assert_eq!(compiled(&record).is_valid(&document), ours.is_ok(), "{document} as {kind:?}: {ours:?}");
    ours.is_ok()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn key_types() -> impl Strategy<Value = KeyType> {
    proptest::sample::select(KeyType::ALL.to_vec())
}

fn lengths() -> impl Strategy<Value = Length> {
    (0_u32..4, proptest::option::of(0_u32..5)).prop_map(|(min, more)| Length { min, max: more.map(|more| min + more) })
}

fn int_ranges() -> impl Strategy<Value = Range<i128>> {
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

fn types() -> BoxedStrategy<ArgType> {
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

fn records(kinds: BoxedStrategy<ArgType>) -> impl Strategy<Value = Record> {
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

fn uuid(bits: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(bits)
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

fn records_with_documents() -> impl Strategy<Value = (Record, Json)> {
    records(types()).prop_flat_map(|record| {
        let documents = prop_oneof![9 => near_record(&record), 1 => anything()];
        (Just(record), documents)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_schema_accepts_what_the_reader_accepts_and_nothing_else((record, document) in records_with_documents()) {
        let ours = verdict(&document.to_string(), &record);
        prop_assert_eq!(compiled(&record).is_valid(&document), ours.is_ok(), "{} as {:?}: {:?}", document, record, ours);
    }
}

proptest! {
    #[test]
    fn every_model_comes_back_from_its_json_and_its_schema_is_a_schema(record in records(types())) {
        jsonschema::draft202012::meta::validate(&document(&record)).unwrap();
        let model = ServiceModel { name: "svc".into(), config: record, ..ServiceModel::default() };
        prop_assert_eq!(service_model(&model.to_json().unwrap()).unwrap(), model);
    }

    #[test]
    fn a_time_is_one_for_both(
        text in "[0-9]{3}[0-9]-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,3})?([Zz]|[+-][0-2][0-9]:[0-6][0-9])"
    ) {
        agreed(&ArgType::DateTime, &text.into());
    }

    #[test]
    fn a_day_of_a_leap_year_is_one_for_both(year in 0_u16..10_000) {
        agreed(&ArgType::DateTime, &format!("{year:04}-02-29T00:00:00Z").into());
    }

    #[test]
    fn a_number_in_a_text_is_one_for_both(text in "[+-]?[0-9]{0,3}\\.?[0-9]{0,3}([eE][+-]?[0-9]?)?") {
        for kind in [ArgType::decimal(), ArgType::int(), ArgType::float(), ArgType::str(), ArgType::bytes()] {
            agreed(&kind, &text.as_str().into());
        }
    }

    #[test]
    fn a_long_whole_number_is_one_for_both(
        range in int_ranges(),
        text in "-?0{0,2}[0-9]{15,20}",
        near in (0_usize..6, -3_i128..=3),
    ) {
        let edges = [1 << 53, -(1 << 53), i64::MAX as i128, i64::MIN as i128, u64::MAX as i128, 0];
        for text in [text, (edges[near.0] + near.1).to_string()] {
            agreed(&ArgType::Int(range), &text.as_str().into());
            agreed(&ArgType::map(KeyType::Int, ArgType::Any), &json!({text: 0}));
        }
    }

    #[test]
    fn a_pattern_is_one_for_both(
        pattern in proptest::sample::select(CONSTRUCTS.to_vec()),
        text in "[ab0_\u{663}\u{e9}E \u{85}\u{a0}\u{feff}\u{2028}\n\r&~#\\]\\-\u{10ffff}]{0,4}",
    ) {
        // ECMA-262 has word boundaries of ASCII; this validator has those of Unicode.
        prop_assume!(text.is_ascii() || !pattern.to_lowercase().contains(r"\b"));
        agreed(&ArgType::Str { length: Length::ANY, pattern: Some(pattern.into()) }, &text.into());
    }

    #[test]
    fn base64_is_one_for_both(length in lengths(), text in "([A-D/+a-d]{4}){0,2}[A-Da-d]{0,3}={0,3}") {
        agreed(&ArgType::Bytes(length), &text.into());
    }
}

const CONSTRUCTS: [&str; 22] = [
    r"\d*",
    r"\D*",
    r"\w*",
    r"\W*",
    r"\s*",
    r"\S*",
    r".*",
    r"[^a]*",
    r"[\d&~]*",
    r"[^\w\n]*",
    r"[\D]*",
    r"[\W\d]*",
    r"[\S]*",
    r"[]\-a]*",
    r"\-|\#|\&",
    r"a?\b.*",
    r".\B.*",
    r"^a*$",
    r"(?:^)*[a-b]{1,2}?[^b]*",
    r"a**b+?",
    r"(?<x>a)+(b|0)?",
    r"\p{L}*\P{L}*",
];

/// One of every type, constraint and default.
fn everything() -> Record {
    let level = Record::new().required("price", ArgType::decimal()).optional("note", ArgType::str()).open();
    KeyType::ALL
        .into_iter()
        .fold(Record::new(), |record, key| record.optional(key.word(), ArgType::map(key, ArgType::DateTime)))
        .required("level", ArgType::Record(level))
        .required("code", ArgType::Str { length: Length { min: 1, max: Some(9) }, pattern: Some("[A-Z]+".into()) })
        .optional_with_default("depth", ArgType::int_range(1, 50), 10_i64)
        .optional_with_default("id", ArgType::int(), u64::MAX)
        .optional_with_default("rate", ArgType::Float(Range { min: Some(0.5), max: None }), 1.5)
        .optional_with_default("key", ArgType::Bytes(Length { min: 2, max: Some(7) }), Value::Bytes(vec![1, 2, 3, 4]))
        .optional_with_default(
            "price",
            ArgType::Decimal(Range { min: Some(decimal("0.10")), max: None }),
            decimal("0.10"),
        )
        .optional_with_default("side", ArgType::option(ArgType::one_of(["buy", "sell"])), Value::Nil)
        .optional_with_default("tags", ArgType::set(ArgType::str()), Value::Set(vec!["a".into()]))
        .optional_with_default(
            "floats",
            ArgType::FloatArray(Length { min: 1, max: None }),
            Value::FloatArray(vec![0.5]),
        )
        .optional_with_default("pair", ArgType::Tuple(vec![ArgType::Bool, ArgType::Any]), vec![true.into(), Value::Nil])
        .optional("none", ArgType::Tuple(Vec::new()))
        .optional_with_default("at", ArgType::DateTime, chrono::DateTime::UNIX_EPOCH)
        .optional_with_default("of", ArgType::Uuid, uuid(7))
}

#[test]
fn the_schema_is_one_itself_and_its_defaults_fit_it() {
    let document = document(&everything());
    jsonschema::draft202012::meta::validate(&document).unwrap();
    let properties = document.pointer("/$defs/config/properties").unwrap().as_object().unwrap();
    let mut config = json!({"level": {"price": 1}, "code": "ABC"});
    for (name, property) in properties {
        if let Some(default) = property.get("default") {
            config[name] = default.clone();
        }
    }
    assert_eq!(config.as_object().unwrap().len(), 13, "{config}");
    jsonschema::draft202012::new(&document).unwrap().validate(&config).unwrap();
    verdict(&config.to_string(), &everything()).unwrap();
}

#[test]
fn every_part_of_a_service_is_found_under_the_key_that_it_has_in_the_model() {
    let mut order = ConnectionModel::new("order", Side::In, "replyer");
    order.arguments = Record::new().required("symbol", ArgType::str());
    order.return_arguments = Record::new().required("id", ArgType::int());
    let acks = ConnectionModel::new("acks", Side::Out, "publisher");
    let book = StateModel {
        name: "book".into(),
        side: Side::In,
        state_type: "delta_update_in".into(),
        arguments: Record::new().open(),
    };
    let model = ServiceModel {
        name: "desk".into(),
        config: Record::new().optional_with_default("depth", ArgType::int_range(1, 50), 10_i64),
        connections: vec![order, acks],
        states: vec![book],
        ..ServiceModel::default()
    };
    let text = of_service(&model).unwrap();
    let document: Json = serde_json::from_str(&text).unwrap();
    jsonschema::draft202012::meta::validate(&document).unwrap();
    let keys: Vec<_> = document["$defs"].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "config",
        "connections.in.order.arguments",
        "connections.in.order.return_arguments",
        "connections.out.acks.arguments",
        "states.in.book.arguments",
        "types.Any",
        "types.Int",
    ];
    assert_eq!(keys, expected);
    let at_order = json!({"$ref": "#/$defs/connections.in.order.arguments", "$defs": document["$defs"]});
    let arguments = jsonschema::draft202012::new(&at_order).unwrap();
    assert!(arguments.is_valid(&json!({"symbol": "BTC"})));
    assert!(!arguments.is_valid(&json!({"symbol": 1})));
    let start = r##"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "desk",
  "$ref": "#/$defs/config",
  "$defs": {
    "config": {
      "title": "config of desk",
      "type": "object",
      "properties": {
        "depth": {
          "type": "integer",
          "minimum": 1,
          "maximum": 50,
          "default": 10
        }
      },
      "additionalProperties": false
    },
"##;
    assert!(text.starts_with(start), "{text}");
}

#[test]
fn a_model_that_cannot_be_used_has_no_schema() {
    let mut order = ConnectionModel::new("order", Side::In, "replyer");
    order.return_arguments = Record::new().required("x", ArgType::one_of::<&str>([]));
    let model = ServiceModel { name: "svc".into(), connections: vec![order], ..ServiceModel::default() };
    let error = of_service(&model).unwrap_err().to_string();
    assert_eq!(error, "connections.in.order.return_arguments: `x`: OneOf has no literals");
    let infinite = ArgType::Float(Range { min: None, max: Some(f64::INFINITY) });
    let model = ServiceModel { name: "svc".into(), config: of(infinite), ..ServiceModel::default() };
    assert_eq!(of_service(&model).unwrap_err().to_string(), "config: the float inf has no form in JSON");
}

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
