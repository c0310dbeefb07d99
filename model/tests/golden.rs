//! The wire form against what the Python library 0.0.17 wrote and read (`golden/wire.json`).
#![cfg(feature = "host")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use service_framework_model::error::Code;
use service_framework_model::schema::{ArgType, Peers, Record};
use service_framework_model::slot::Slot;
use service_framework_model::validator::Validator;
use service_framework_model::value::{Timestamp, Value};
use service_framework_model::wire::{Arena, decode_value, encode_value, for_old_peers};

/// Vectors that are refused, although the Python library made them.
const REFUSED_VECTORS: &[(&str, Code)] = &[
    ("marker_user_false", Code::BadMarker),
    ("marker_extra_keys", Code::BadMarker),
    ("marker_two", Code::BadMarker),
    ("nd_u8", Code::BadFloatArray),
];

/// Vectors that are read here, and that are not sent to the Python library.
const NOT_FOR_OLD_PEERS: &[&str] =
    &["map_none_key", "map_tuple_key", "map_bool_key", "map_uuid_key", "set_tuple", "deep_map_501"];

/// What is made here of the bytes that were given to the Python library's decoder.
const VERDICTS: &[(&str, Result<(), Code>)] = &[
    ("empty", Err(Code::Empty)),
    ("garbage_c1", Err(Code::ReservedByte)),
    ("not_map_int", Ok(())),
    ("not_map_str", Ok(())),
    ("truncated_len", Err(Code::LengthExceedsFrame)),
    ("truncated_array", Err(Code::LengthExceedsFrame)),
    ("trailing", Err(Code::TrailingBytes)),
    ("bad_utf8", Err(Code::BadUtf8)),
    ("bad_utf8_key", Err(Code::BadUtf8)),
    ("dup_keys", Err(Code::Duplicate)),
    ("dup_args", Err(Code::Duplicate)),
    ("decimal_ws", Err(Code::BadDecimal)),
    ("bad_uuid", Err(Code::BadUuid)),
    ("uuid_nohyphen", Err(Code::BadUuid)),
    ("uuid_braces", Err(Code::BadUuid)),
    ("set_str", Err(Code::BadMarker)),
    ("set_int", Err(Code::BadMarker)),
    ("set_of_list", Ok(())),
    ("set_dup", Err(Code::Duplicate)),
    ("set_map_value", Err(Code::BadMarker)),
    ("nd_not8", Err(Code::BadFloatArray)),
    ("nd_old_key", Err(Code::BadMarker)),
    ("nd_list", Err(Code::BadMarker)),
    ("nd_empty", Ok(())),
    ("old_raw_str", Ok(())),
    ("float32", Ok(())),
    ("str_overlong", Ok(())),
    ("ext1", Ok(())),
    ("bad_ts", Err(Code::BadTimestamp)),
    ("key_nil", Ok(())),
    ("key_array", Ok(())),
    ("key_map", Ok(())),
    ("key_bin", Ok(())),
    ("deep_1000", Ok(())),
    ("deep_1025", Ok(())),
    ("deep_10000", Err(Code::TooDeep)),
    ("deep_map_10000", Err(Code::TooDeep)),
    ("topic_in_front", Err(Code::TrailingBytes)),
];

/// Where the verdict here is deliberately another than the Python library's.
const OTHER_THAN_PYTHON: &[&str] = &[
    // It takes the last of two values, and a part of what was sent is lost without a word.
    "dup_keys",
    "dup_args",
    "set_dup",
    // Its types read more than it writes: white space and underscores, three forms of UUIDs, sets of anything.
    "decimal_ws",
    "uuid_nohyphen",
    "uuid_braces",
    "set_str",
    "set_map_value",
    // Python cannot hash them; here a set or a key is any value.
    "set_of_list",
    "key_nil",
    "key_array",
    "key_map",
];

fn golden() -> Json {
    serde_json::from_str(include_str!("golden/wire.json")).unwrap()
}

fn entries(part: &str) -> Vec<Json> {
    golden()[part].as_array().unwrap().clone()
}

fn text<'j>(entry: &'j Json, key: &str) -> &'j str {
    entry[key].as_str().unwrap_or_else(|| panic!("no text `{key}` in {entry}"))
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// The value that the file describes.
fn value_of(json: &Json) -> Value {
    let all = |json: &Json| json.as_array().unwrap().iter().map(value_of).collect::<Vec<_>>();
    let v = &json["v"];
    match text(json, "t") {
        "nil" => Value::Nil,
        "bool" => Value::Bool(v.as_bool().unwrap()),
        "int" => {
            let digits = v.as_str().unwrap();
            digits.parse().map_or_else(|_| Value::UInt(digits.parse().unwrap()), Value::Int)
        }
        "f64" => Value::Float(f64::from_bits(u64::from_str_radix(text(json, "bits"), 16).unwrap())),
        "str" => Value::Str(v.as_str().unwrap().to_owned()),
        "bin" => Value::Bytes(unhex(text(json, "hex"))),
        "array" => Value::List(all(v)),
        "set" => Value::Set(all(v)),
        "map" => {
            let pairs = v.as_array().unwrap().iter();
            Value::Map(pairs.map(|pair| (value_of(&pair[0]), value_of(&pair[1]))).collect())
        }
        "uuid" => Value::Uuid(v.as_str().unwrap().parse().unwrap()),
        "decimal" => {
            let digits = v.as_str().unwrap();
            let exact = digits.parse().ok().filter(|decimal: &rust_decimal::Decimal| decimal.to_string() == digits);
            exact.map_or_else(|| Value::DecimalText(digits.to_owned()), Value::Decimal)
        }
        "timestamp" => Value::DateTime(Timestamp {
            seconds: json["s"].as_i64().unwrap(),
            nanoseconds: u32::try_from(json["ns"].as_u64().unwrap()).unwrap(),
        }),
        "ndarray" => {
            let bytes = unhex(text(json, "hex"));
            Value::FloatArray(
                bytes.chunks_exact(8).map(|eight| f64::from_le_bytes(eight.try_into().unwrap())).collect(),
            )
        }
        other => panic!("unknown type `{other}`"),
    }
}

fn encoded(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    encode_value(value, &mut out);
    out
}

/// Equal, a NaN being equal to itself.
fn assert_same(a: &Value, b: &Value, name: &str) {
    assert_eq!(format!("{a:?}"), format!("{b:?}"), "{name}");
}

/// The value of an entry, if the file can say what it is.
fn described(entry: &Json) -> Option<Value> {
    match text(entry, "name") {
        // The file shows extensions as the pair of type and bytes that Python makes of them.
        "ext" => Some(Value::Ext(5, b"abc".to_vec())),
        _ => entry.get("value").filter(|value| !value.is_null()).map(value_of),
    }
}

#[test]
fn every_vector_is_read_as_its_value_and_written_as_the_same_bytes() {
    for entry in entries("vectors") {
        let name = text(&entry, "name");
        let frame = unhex(text(&entry, "hex"));
        if REFUSED_VECTORS.iter().any(|(refused, _)| *refused == name) {
            continue;
        }
        let mut payload = &frame[..];
        if let Some(topic) = entry["topic"].as_str() {
            assert_eq!(decode_value(&frame).unwrap_err().code(), Code::TrailingBytes, "{name}");
            payload = frame.strip_prefix(&encoded(&topic.into())[..]).unwrap();
        }
        let decoded = decode_value(payload).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        assert_eq!(encoded(&decoded), payload, "{name}");
        if let Some(value) = described(&entry) {
            assert_same(&decoded, &value, name);
            assert_eq!(encoded(&value), payload, "{name}");
        }
    }
}

#[test]
fn a_map_that_the_python_library_would_take_for_something_else_is_refused() {
    let vectors: BTreeMap<String, Json> =
        entries("vectors").into_iter().map(|entry| (text(&entry, "name").to_owned(), entry)).collect();
    for (name, code) in REFUSED_VECTORS {
        let entry = &vectors[*name];
        let frame = unhex(text(entry, "hex"));
        assert_eq!(decode_value(&frame).unwrap_err().code(), *code, "{name}");
        if *code == Code::BadMarker {
            let value = described(entry).unwrap();
            assert_eq!(encoded(&value), frame, "the codec encodes what it is given: {name}");
            assert_eq!(for_old_peers(&value).unwrap_err().code(), Code::NotForOldPeers, "{name}");
        }
    }
}

#[test]
fn what_the_python_library_cannot_read_of_its_own_is_what_is_not_sent_to_it() {
    for entry in entries("vectors") {
        let name = text(&entry, "name");
        let Ok(value) = decode_value(&unhex(text(&entry, "hex"))) else { continue };
        let refused = for_old_peers(&value).is_err();
        assert_eq!(refused, NOT_FOR_OLD_PEERS.contains(&name), "{name}");
        // The last one it could read; the limit is what its encoder surely writes.
        assert!(name == "deep_map_501" || refused != entry["python_decodes_to"]["ok"].as_bool().unwrap(), "{name}");
    }
}

#[test]
fn every_captured_frame_is_read_as_its_payload_and_written_again() {
    let topic = encoded(&"TEST_TOPIC".into());
    for entry in entries("captured") {
        let name = text(&entry, "name");
        let frames = entry["hex"].as_array().unwrap();
        assert_eq!(frames.len(), 1, "{name}");
        let frame = unhex(frames[0].as_str().unwrap());
        let payload = if name.ends_with("_topic") { frame.strip_prefix(&topic[..]).unwrap() } else { &frame[..] };
        let decoded = decode_value(payload).unwrap();
        assert_same(&decoded, &value_of(&entry["payload"]), name);
        assert_eq!(encoded(&decoded), payload, "{name}");
    }
}

#[test]
fn every_frame_given_to_the_python_library_gets_the_verdict_of_the_rules_here() {
    let verdicts: BTreeMap<&str, Result<(), Code>> = VERDICTS.iter().copied().collect();
    let mut others = BTreeSet::new();
    let given = entries("decode");
    assert_eq!(verdicts.len(), given.len());
    for entry in &given {
        let name = text(entry, "name");
        let frame = match (name, entry["hex"].as_str()) {
            (_, Some(hex)) => unhex(hex),
            ("empty", None) => Vec::new(),
            ("deep_10000", None) => [vec![0x91; 10_000], vec![0xc0]].concat(),
            ("deep_map_10000", None) => [[0x81, 0xa1, b'a'].repeat(10_000), vec![0xc0]].concat(),
            _ => panic!("no bytes for `{name}`"),
        };
        assert_eq!(frame.len() as u64, entry["len"].as_u64().unwrap(), "{name}");
        let decoded = decode_value(&frame);
        assert_eq!(decoded.as_ref().map(|_| ()).map_err(|refusal| refusal.code()), verdicts[name], "{name}");
        let python = &entry["python"];
        if decoded.is_ok() != python["ok"].as_bool().unwrap() {
            others.insert(name);
        } else if let (Ok(decoded), Some(value)) = (decoded, python.get("value").filter(|value| !value.is_null())) {
            let value = if name == "ext1" { Value::Ext(5, vec![0]) } else { value_of(value) };
            assert_same(&decoded, &value, name);
        }
    }
    assert_eq!(others, OTHER_THAN_PYTHON.iter().copied().collect());
}

#[test]
fn of_what_the_python_library_cannot_write_only_the_nesting_can_be_said_here() {
    let names: Vec<String> = entries("encode_errors").iter().map(|entry| text(entry, "name").to_owned()).collect();
    assert!(names.iter().any(|name| name == "deep_2000"), "{names:?}");
    let deep = (0..2000).fold(Value::Nil, |inner, _| Value::List(vec![inner]));
    assert_eq!(for_old_peers(&deep).unwrap_err().code(), Code::NotForOldPeers);
    let any = Validator::new(&Record::new().required("any", ArgType::Any)).unwrap();
    let arena = Arena::new();
    for (peers, code) in [(Peers::Any, Code::NotForOldPeers), (Peers::Own, Code::TooDeep)] {
        let mut out = Vec::new();
        let slots = [deep.to_slot(&arena)];
        assert_eq!(any.encode(Slot::as_foreign(&slots), peers, &mut out).unwrap_err().code(), code);
        assert!(out.is_empty());
    }
}
