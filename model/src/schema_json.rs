//! Models written as JSON: the form in which a service hands them to the host, and which `describe` prints.
//!
//! Owns the writing, in the order of declaration. Never reads JSON and never judges a model.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::ser::{Error, Serialize, SerializeMap, Serializer};

use crate::schema::{
    ArgType, ConnectionModel, Field, Length, Peers, Range, Record, ServiceModel, Side, StateModel, StateValue,
};
use crate::value::{Timestamp, Value};

/// The greatest whole number up to which every JSON reader keeps all digits: 2^53.
const EXACT_IN_JSON: u64 = 1 << 53;

impl ServiceModel {
    /// The whole model as one JSON object.
    ///
    /// # Errors
    /// If a default or a bound has no JSON form: a float that is not finite, a MessagePack extension, a map key that
    /// has no text, a time out of range.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

impl Serialize for ServiceModel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("service", &self.name)?;
        if self.config.slot_count() > 0 {
            map.serialize_entry("config", &self.config)?;
        }
        map.serialize_entry("connections", &Sides(|side| Connections(&self.connections, side)))?;
        if !self.states.is_empty() {
            map.serialize_entry("states", &Sides(|side| States(&self.states, side)))?;
        }
        if !self.functions.is_empty() {
            let words: Vec<_> = self.functions.iter().map(|function| function.word()).collect();
            map.serialize_entry("functions", &words)?;
        }
        map.end()
    }
}

/// An object with the keys `in` and `out`, each holding what the function makes of that side.
struct Sides<F>(F);

impl<T: Serialize, F: Fn(Side) -> T> Serialize for Sides<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([Side::In, Side::Out].map(|side| (side.word(), self.0(side))))
    }
}

struct Connections<'a>(&'a [ConnectionModel], Side);

impl Serialize for Connections<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().filter(|c| c.side == self.1).map(|c| (&c.name, c)))
    }
}

struct States<'a>(&'a [StateModel], Side);

impl Serialize for States<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().filter(|s| s.side == self.1).map(|s| (&s.name, s)))
    }
}

impl Serialize for ConnectionModel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("connection_type", &self.connection_type)?;
        write_creation(&self.required_creation_arguments, &self.optional_creation_arguments, &mut map)?;
        write_groups(&self.arguments, "arguments", &mut map)?;
        write_groups(&self.return_arguments, "return_arguments", &mut map)?;
        if self.peers != Peers::Any {
            map.serialize_entry("peers", self.peers.word())?;
        }
        map.end()
    }
}

impl Serialize for StateModel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("state_type", &self.state_type)?;
        write_creation(&self.required_creation_arguments, &self.optional_creation_arguments, &mut map)?;
        match &self.value {
            StateValue::Record(record) => write_groups(record, "arguments", &mut map)?,
            value => map.serialize_entry("value", &ArgType::from(value.clone()))?,
        }
        if self.peers != Peers::Any {
            map.serialize_entry("peers", self.peers.word())?;
        }
        map.end()
    }
}

/// Writes both groups of creation arguments; empty ones are left out.
fn write_creation<M: SerializeMap>(
    required: &[(String, serde_json::Value)],
    optional: &[(String, serde_json::Value)],
    map: &mut M,
) -> Result<(), M::Error> {
    for (key, arguments) in [("required_creation_arguments", required), ("optional_creation_arguments", optional)] {
        if !arguments.is_empty() {
            map.serialize_entry(key, &Pairs(arguments))?;
        }
    }
    Ok(())
}

struct Pairs<'a>(&'a [(String, serde_json::Value)]);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        write_groups(self, "", &mut map)?;
        map.end()
    }
}

/// Writes the groups of a record, `required_arguments` and so on for the suffix `arguments`; empty ones are left out.
fn write_groups<M: SerializeMap>(record: &Record, suffix: &str, map: &mut M) -> Result<(), M::Error> {
    let key = |group: &str| if suffix.is_empty() { group.to_owned() } else { format!("{group}_{suffix}") };
    for (group, required) in [("required", true), ("optional", false)] {
        if record.fields().iter().any(|field| field.required == required) {
            map.serialize_entry(&key(group), &Fields(record, required))?;
        }
    }
    if record.is_open() {
        map.serialize_entry(&key("open"), &true)?;
    }
    Ok(())
}

struct Fields<'a>(&'a Record, bool);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = self.0.fields().iter().filter(|field| field.required == self.1);
        serializer.collect_map(fields.map(|field| (&field.name, Typed::of(field))))
    }
}

/// A type, and the default that a field of it has.
struct Typed<'a> {
    kind: &'a ArgType,
    default: Option<&'a Value>,
}

impl<'a> Typed<'a> {
    fn of(field: &'a Field) -> Self {
        Self { kind: &field.kind, default: field.default.as_ref() }
    }
}

impl Serialize for ArgType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Typed { kind: self, default: None }.serialize(serializer)
    }
}

impl Serialize for Typed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.default.is_none() && is_plain(self.kind) {
            return serializer.serialize_str(self.kind.word());
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", self.kind.word())?;
        write_constraints(self.kind, &mut map)?;
        if let Some(default) = self.default {
            map.serialize_entry("default", &JsonForm(default))?;
        }
        map.end()
    }
}

/// Whether the type's word says all there is to say.
fn is_plain(kind: &ArgType) -> bool {
    match kind {
        ArgType::Bool | ArgType::DateTime | ArgType::Uuid | ArgType::Any => true,
        ArgType::Int(range) => *range == Range::ANY,
        ArgType::Float(range) => *range == Range::ANY,
        ArgType::Decimal(range) => *range == Range::ANY,
        ArgType::Str { length, pattern } => *length == Length::ANY && pattern.is_none(),
        ArgType::Bytes(length) | ArgType::FloatArray(length) => *length == Length::ANY,
        _ => false,
    }
}

fn write_constraints<M: SerializeMap>(kind: &ArgType, map: &mut M) -> Result<(), M::Error> {
    match kind {
        ArgType::Bool | ArgType::DateTime | ArgType::Uuid | ArgType::Any => Ok(()),
        ArgType::Int(range) => write_range(range, |n| Value::from_int(*n), map),
        ArgType::Float(range) => write_range(range, |x| Ok(Value::Float(*x)), map),
        ArgType::Decimal(range) => write_range(range, |d| Ok(Value::Decimal(*d)), map),
        ArgType::Str { length, pattern } => {
            write_length(length, map)?;
            pattern.as_ref().map_or(Ok(()), |pattern| map.serialize_entry("pattern", pattern))
        }
        ArgType::Bytes(length) | ArgType::FloatArray(length) => write_length(length, map),
        ArgType::List(item, length) | ArgType::Set(item, length) => {
            map.serialize_entry("item", item)?;
            write_length(length, map)
        }
        ArgType::Tuple(items) => map.serialize_entry("items", items),
        ArgType::Map(key, value, length) => {
            map.serialize_entry("key", key.word())?;
            map.serialize_entry("value", value)?;
            write_length(length, map)
        }
        ArgType::Record(record) => write_groups(record, "", map),
        ArgType::OneOf(values) => map.serialize_entry("values", values),
        ArgType::Option(of) => map.serialize_entry("of", of),
    }
}

fn write_range<T, M: SerializeMap>(
    range: &Range<T>,
    value: impl Fn(&T) -> Result<Value, &'static str>,
    map: &mut M,
) -> Result<(), M::Error> {
    for (key, bound) in [("min", &range.min), ("max", &range.max)] {
        if let Some(bound) = bound {
            map.serialize_entry(key, &JsonForm(&value(bound).map_err(M::Error::custom)?))?;
        }
    }
    Ok(())
}

fn write_length<M: SerializeMap>(length: &Length, map: &mut M) -> Result<(), M::Error> {
    if length.min > 0 {
        map.serialize_entry("min_length", &length.min)?;
    }
    length.max.map_or(Ok(()), |max| map.serialize_entry("max_length", &max))
}

impl Value {
    fn from_int(number: i128) -> Result<Self, &'static str> {
        let unsigned = || u64::try_from(number).map(Self::UInt);
        i64::try_from(number).map(Self::Int).or_else(|_| unsigned()).map_err(|_| "a bound of an Int is beyond 64 bits")
    }
}

/// A value in its JSON form: what JSON has no word for is text (decimals, UUIDs, times in RFC 3339, bytes in base64,
/// whole numbers beyond 2^53); sets, tuples and float arrays are arrays.
///
/// Serialising fails for what has no such form: a float that is not finite, a MessagePack extension, a time that
/// `chrono` cannot hold, a map key that is not text, a whole number, a decimal, a UUID or a time.
#[derive(Clone, Copy, Debug)]
pub struct JsonForm<'a>(pub &'a Value);

impl Serialize for JsonForm<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Nil => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(n) if n.unsigned_abs() <= EXACT_IN_JSON => serializer.serialize_i64(*n),
            Value::Float(x) if x.is_finite() => serializer.serialize_f64(*x),
            Value::Float(x) => Err(S::Error::custom(format!("the float {x} has no form in JSON"))),
            Value::Bytes(bytes) => serializer.serialize_str(&BASE64.encode(bytes)),
            Value::List(items) | Value::Set(items) => serializer.collect_seq(items.iter().map(JsonForm)),
            Value::FloatArray(floats) => {
                let items: Vec<_> = floats.iter().map(|x| Value::Float(*x)).collect();
                serializer.collect_seq(items.iter().map(JsonForm))
            }
            Value::Map(pairs) => {
                let mut map = serializer.serialize_map(Some(pairs.len()))?;
                for (key, value) in pairs {
                    map.serialize_entry(&text(key).map_err(S::Error::custom)?, &JsonForm(value))?;
                }
                map.end()
            }
            other => serializer.serialize_str(&text(other).map_err(S::Error::custom)?),
        }
    }
}

/// The text of a value that is written as text, be it as a key or because JSON has no word for it.
fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::Str(text) | Value::DecimalText(text) => Ok(text.clone()),
        Value::Int(n) => Ok(n.to_string()),
        Value::UInt(n) => Ok(n.to_string()),
        Value::Decimal(decimal) => Ok(decimal.to_string()),
        Value::Uuid(uuid) => Ok(uuid.to_string()),
        Value::DateTime(time) => rfc3339(*time),
        other => Err(format!("a value of the type {} has no text in JSON", other.word())),
    }
}

fn rfc3339(time: Timestamp) -> Result<String, String> {
    let chrono = time.to_chrono().ok_or_else(|| format!("the time {} s is out of range", time.seconds))?;
    Ok(chrono.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::schema::{Function, KeyType};

    fn json(kind: &ArgType) -> String {
        serde_json::to_string(kind).unwrap()
    }

    fn form(value: &Value) -> String {
        serde_json::to_string(&JsonForm(value)).unwrap()
    }

    #[test]
    fn a_type_without_constraints_is_its_word() {
        for kind in [ArgType::Bool, ArgType::int(), ArgType::str(), ArgType::decimal(), ArgType::Any] {
            assert_eq!(json(&kind), format!("\"{}\"", kind.word()));
        }
    }

    #[test]
    fn constraints_keep_all_digits() {
        let i64s = ArgType::int_range(i64::MIN.into(), 9_007_199_254_740_992);
        assert_eq!(json(&i64s), r#"{"type":"Int","min":"-9223372036854775808","max":9007199254740992}"#);
        let u64s = ArgType::int_range(0, u64::MAX.into());
        assert_eq!(json(&u64s), r#"{"type":"Int","min":0,"max":"18446744073709551615"}"#);
        let price = ArgType::Decimal(Range { min: Some(Decimal::new(10, 2)), max: None });
        assert_eq!(json(&price), r#"{"type":"Decimal","min":"0.10"}"#);
        let text = ArgType::Str { length: Length { min: 1, max: Some(9) }, pattern: Some("[A-Z]+".into()) };
        assert_eq!(json(&text), r#"{"type":"Str","min_length":1,"max_length":9,"pattern":"[A-Z]+"}"#);
    }

    #[test]
    fn nested_types_are_nested_objects() {
        let level = Record::new().required("price", ArgType::decimal()).optional("note", ArgType::str()).open();
        let kind = ArgType::map(
            KeyType::Uuid,
            ArgType::Tuple(vec![ArgType::list(ArgType::Record(level)), ArgType::option(ArgType::one_of(["a", "b"]))]),
        );
        assert_eq!(
            json(&kind),
            r#"{"type":"Map","key":"Uuid","value":{"type":"Tuple","items":[{"type":"List","item":{"type":"Record","required":{"price":"Decimal"},"optional":{"note":"Str"},"open":true}},{"type":"Option","of":{"type":"OneOf","values":["a","b"]}}]}}"#
        );
    }

    #[test]
    fn a_value_that_json_has_no_word_for_is_text() {
        assert_eq!(form(&Value::Decimal(Decimal::new(100, 2))), r#""1.00""#);
        assert_eq!(form(&Value::Bytes(vec![0xff, 0xfe])), r#""//4=""#);
        assert_eq!(form(&Value::Int(-9_007_199_254_740_993)), r#""-9007199254740993""#);
        assert_eq!(form(&Value::UInt(u64::MAX)), r#""18446744073709551615""#);
        let time = Timestamp { seconds: 1_700_000_000, nanoseconds: 5_000_000 };
        assert_eq!(form(&Value::DateTime(time)), r#""2023-11-14T22:13:20.005Z""#);
        assert_eq!(form(&Value::Set(vec![Value::Int(1), Value::Nil])), "[1,null]");
        assert_eq!(form(&Value::FloatArray(vec![0.5, 2.0])), "[0.5,2.0]");
        assert_eq!(form(&Value::Map(vec![(Value::Int(7), Value::Bool(true))])), r#"{"7":true}"#);
    }

    #[test]
    fn what_has_no_json_form_is_refused() {
        let nan = Value::List(vec![Value::FloatArray(vec![f64::NAN])]);
        let map = Value::Map(vec![(Value::List(vec![]), Value::Nil)]);
        for value in [nan, map, Value::Ext(5, vec![1])] {
            assert!(serde_json::to_string(&JsonForm(&value)).is_err(), "{value:?}");
        }
    }

    #[test]
    fn a_service_is_written_in_the_order_of_declaration() {
        let mut desk = ConnectionModel::new("desk", Side::Out, "requester");
        desk.optional_creation_arguments.push(("timeout_s".into(), 2.0.into()));
        desk.arguments = Record::new().required("symbol", ArgType::str()).required("amount", ArgType::decimal());
        desk.peers = Peers::Own;
        let mut order = ConnectionModel::new("order", Side::In, "replyer");
        order.required_creation_arguments.push(("function".into(), "order".into()));
        order.return_arguments = Record::new().optional_with_default("depth", ArgType::int(), 10_i64).open();
        let model = ServiceModel {
            name: "trader".into(),
            config: Record::new().required("symbol", ArgType::str()),
            connections: vec![order, desk],
            states: Vec::new(),
            functions: vec![Function::Init, Function::OnSigterm],
        };
        assert_eq!(
            model.to_json().unwrap(),
            concat!(
                r#"{"service":"trader","config":{"required":{"symbol":"Str"}},"connections":{"in":{"order":{"#,
                r#""connection_type":"replyer","required_creation_arguments":{"function":"order"},"#,
                r#""optional_return_arguments":{"depth":{"type":"Int","default":10}},"open_return_arguments":true}},"#,
                r#""out":{"desk":{"connection_type":"requester","optional_creation_arguments":{"timeout_s":2.0},"#,
                r#""required_arguments":{"symbol":"Str","amount":"Decimal"},"peers":"own"}}},"#,
                r#""functions":["init","on_sigterm"]}"#
            )
        );
    }
}
