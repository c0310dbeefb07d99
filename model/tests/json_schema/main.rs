//! The JSON Schema of a model and the model's own reader and validator agree on what fits it.
#![cfg(feature = "host")]

mod agreement;
mod document;
mod generated;
mod limits;

use jsonschema::Validator;
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};
use service_framework_model::json::{check_field, read, read_value};
use service_framework_model::json_schema::of_service;
use service_framework_model::problem::Path;
use service_framework_model::schema::{ArgType, Field, Record, ServiceModel};
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

fn uuid(bits: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(bits)
}
