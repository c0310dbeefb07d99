//! Values as JSON that loses nothing: what is sent and what was received, bit by bit, whoever the peer is.
//!
//! Every value is an object whose `t` says its type: `nil`, `bool` (`v`), `int` (`v`: decimal digits), `f64` (`bits`: 16
//! hexadecimal digits), `str` (`v`), `bin` (`hex`), `decimal` (`v`: its text), `uuid` (`v`), `datetime` (`s`, `ns`), `set`
//! and `array` (`v`: items), `map` (`v`: pairs), `ndarray` (`hex`: the raw little-endian floats), `ext` (`code`, `hex`).

use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Value as Json, json};
use service_framework::Timestamp;
use service_framework::prelude::*;

/// The value as typed JSON.
#[must_use]
pub fn to_json(value: &Value) -> Json {
    let all = |items: &[Value]| -> Vec<Json> { items.iter().map(to_json).collect() };
    match value {
        Value::Nil => json!({"t": "nil"}),
        Value::Bool(v) => json!({"t": "bool", "v": v}),
        Value::Int(n) => json!({"t": "int", "v": n.to_string()}),
        Value::UInt(n) => json!({"t": "int", "v": n.to_string()}),
        Value::Float(x) => json!({"t": "f64", "bits": hex::encode(x.to_be_bytes())}),
        Value::Str(text) => json!({"t": "str", "v": text}),
        Value::Bytes(bytes) => json!({"t": "bin", "hex": hex::encode(bytes)}),
        Value::Decimal(decimal) => json!({"t": "decimal", "v": decimal.to_string()}),
        Value::DecimalText(text) => json!({"t": "decimal", "v": text}),
        Value::DateTime(time) => json!({"t": "datetime", "s": time.seconds, "ns": time.nanoseconds}),
        Value::Uuid(uuid) => json!({"t": "uuid", "v": uuid.to_string()}),
        Value::List(items) => json!({"t": "array", "v": all(items)}),
        Value::Set(items) => json!({"t": "set", "v": all(items)}),
        Value::Map(entries) => {
            let pairs: Vec<[Json; 2]> = entries.iter().map(|(key, value)| [to_json(key), to_json(value)]).collect();
            json!({"t": "map", "v": pairs})
        }
        Value::FloatArray(floats) => {
            let bytes: Vec<u8> = floats.iter().flat_map(|float| float.to_le_bytes()).collect();
            json!({"t": "ndarray", "hex": hex::encode(bytes)})
        }
        Value::Ext(code, bytes) => json!({"t": "ext", "code": code, "hex": hex::encode(bytes)}),
    }
}

/// The value that typed JSON stands for.
///
/// # Errors
/// If it is no typed JSON: the message shows the part that is not.
pub fn from_json(json: &Json) -> Result<Value> {
    let all = || items(json)?.iter().map(from_json).collect::<Result<Vec<_>>>();
    Ok(match text(json, "t")? {
        "nil" => Value::Nil,
        "bool" => Value::Bool(json.get("v").and_then(Json::as_bool).ok_or_else(|| bad(json, "a bool under `v`"))?),
        "int" => match parsed::<i128>(json, "v")? {
            n if i64::try_from(n).is_ok() => Value::Int(i64::try_from(n)?),
            n => Value::UInt(u64::try_from(n)?),
        },
        "f64" => {
            let bits = <[u8; 8]>::try_from(bytes(json, "bits")?).map_err(|_| bad(json, "16 digits under `bits`"))?;
            Value::Float(f64::from_be_bytes(bits))
        }
        "str" => Value::Str(text(json, "v")?.to_owned()),
        "bin" => Value::Bytes(bytes(json, "hex")?),
        "decimal" => decimal(text(json, "v")?),
        "uuid" => Value::Uuid(parsed(json, "v")?),
        "datetime" => {
            let seconds = json.get("s").and_then(Json::as_i64).ok_or_else(|| bad(json, "seconds under `s`"))?;
            let nanoseconds =
                json.get("ns").and_then(Json::as_u64).ok_or_else(|| bad(json, "nanoseconds under `ns`"))?;
            Value::DateTime(Timestamp { seconds, nanoseconds: u32::try_from(nanoseconds)? })
        }
        "array" => Value::List(all()?),
        "set" => Value::Set(all()?),
        "map" => Value::Map(items(json)?.iter().map(pair).collect::<Result<_>>()?),
        "ndarray" => {
            let bytes = bytes(json, "hex")?;
            let (floats, []) = bytes.as_chunks::<8>() else { return Err(bad(json, "whole floats under `hex`")) };
            Value::FloatArray(floats.iter().copied().map(f64::from_le_bytes).collect())
        }
        "ext" => {
            let code = json.get("code").and_then(Json::as_i64).ok_or_else(|| bad(json, "a number under `code`"))?;
            Value::Ext(i8::try_from(code)?, bytes(json, "hex")?)
        }
        _ => return Err(bad(json, "a type that there is under `t`")),
    })
}

/// A decimal that the fixed type shows again as it was written is one; any other stays text.
fn decimal(text: &str) -> Value {
    match Decimal::from_str(text) {
        Ok(decimal) if decimal.to_string() == text => Value::Decimal(decimal),
        _ => Value::DecimalText(text.to_owned()),
    }
}

fn pair(json: &Json) -> Result<(Value, Value)> {
    match json.as_array().map(Vec::as_slice) {
        Some([key, value]) => Ok((from_json(key)?, from_json(value)?)),
        _ => Err(bad(json, "a pair")),
    }
}

fn items(json: &Json) -> Result<&[Json]> {
    json.get("v").and_then(Json::as_array).map(Vec::as_slice).ok_or_else(|| bad(json, "an array under `v`"))
}

fn text<'a>(json: &'a Json, key: &str) -> Result<&'a str> {
    json.get(key).and_then(Json::as_str).ok_or_else(|| bad(json, &format!("a text under `{key}`")))
}

fn parsed<T: FromStr<Err: Display>>(json: &Json, key: &str) -> Result<T> {
    text(json, key)?.parse().map_err(|error| bad(json, &format!("a good text under `{key}` ({error})")))
}

fn bytes(json: &Json, key: &str) -> Result<Vec<u8>> {
    hex::decode(text(json, key)?).map_err(|error| bad(json, &format!("hexadecimal digits under `{key}` ({error})")))
}

fn bad(json: &Json, expected: &str) -> Error {
    let mut shown = json.to_string();
    if let Some((end, _)) = shown.char_indices().nth(100) {
        shown.truncate(end);
        shown.push_str("...");
    }
    Error::new(format!("expected {expected} in the typed value {shown}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_survives_as_typed_json() {
        let value = Value::Map(vec![
            (Value::Nil, Value::Bool(true)),
            (Value::Int(i64::MIN), Value::UInt(u64::MAX)),
            (Value::Float(-0.0), Value::Float(f64::INFINITY)),
            (Value::Str("caf\u{e9} \0".into()), Value::Bytes(vec![0, 255])),
            (Value::Decimal("-0.0010".parse().unwrap()), Value::DecimalText("1E+10".into())),
            (Value::DateTime(Timestamp { seconds: -1, nanoseconds: 7 }), Value::Uuid(Uuid::from_u128(7))),
            (Value::List(vec![Value::Set(vec![Value::Int(1)])]), Value::FloatArray(vec![1.5, -2.0])),
            (Value::Ext(5, vec![1]), Value::map([("k", Value::Nil)])),
        ]);
        let text = to_json(&value).to_string();
        assert_eq!(from_json(&serde_json::from_str(&text).unwrap()).unwrap(), value);
    }

    #[test]
    fn a_float_keeps_its_bits_even_if_it_is_no_number() {
        let nan = f64::from_bits(0x7ff8_0000_0000_0001);
        let Value::Float(read) = from_json(&to_json(&Value::Float(nan))).unwrap() else { panic!("no float") };
        assert_eq!(read.to_bits(), nan.to_bits());
    }

    #[test]
    fn what_is_no_typed_json_is_shown() {
        for (json, told) in [
            (json!({"t": "time"}), "a type that there is"),
            (json!({"t": "int", "v": "x"}), "invalid digit"),
            (json!({"t": "array", "v": [{"t": "bin", "hex": "0"}]}), r#"{"hex":"0","t":"bin"}"#),
            (json!([1]), "a text under `t` in the typed value [1]"),
        ] {
            let error = from_json(&json).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
