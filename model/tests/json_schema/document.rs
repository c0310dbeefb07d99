//! What stands where in the schema of a service.

use serde_json::{Value as Json, json};
use service_framework_model::json_schema::of_service;
use service_framework_model::schema::{
    ArgType, ConnectionModel, KeyType, Length, Range, Record, ServiceModel, Side, StateModel, StateValue,
};
use service_framework_model::value::Value;

use super::{decimal, document, of, uuid, verdict};

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
    let book = StateModel::new("book", Side::In, "delta_update_in", Record::new().open());
    let levels = StateValue::map(KeyType::Decimal, ArgType::decimal());
    let levels = StateModel::new("levels", Side::Out, "delta_update_out", levels);
    let model = ServiceModel {
        name: "desk".into(),
        config: Record::new().optional_with_default("depth", ArgType::int_range(1, 50), 10_i64),
        connections: vec![order, acks],
        states: vec![book, levels],
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
        "states.out.levels.value",
        "types.Any",
        "types.Decimal",
        "types.DecimalKey",
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
  "description": "The config, its names side by side. What connections and states carry stands under $defs, such as connections.in.NAME.arguments.",
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
