//! The messages of a peer: from a test's JSON, values and models to bytes on the wire, and back.
//!
//! Owns what a peer writes and reads. It writes by the model without its constraints, so that the service is the one
//! who refuses what is out of range.

use bytes::Bytes;
use serde_json::Value as Json;
use service_framework_model::dynamic::Arena;
use service_framework_model::error::Refusal;
use service_framework_model::json::read_record;
use service_framework_model::problem::Path;
use service_framework_model::schema::{ArgType, Field, Length, Peers, Range, Record};
use service_framework_model::schema_json::JsonForm;
use service_framework_model::slot::Slot;
use service_framework_model::validator::Validator;
use service_framework_model::value::Value;
use service_framework_model::wire::envelope::{self, Answer, RemoteError, WorkflowId};
use service_framework_model::wire::{decode_value, encode_value};
use service_framework_plugin::{Model, OwnedModel};

use super::error::{Refused, TestError};
use crate::diagnostics::{Diagnostics, Source};
use crate::document::Document;

/// What a message carries: the arguments of a call, or what is returned for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Arguments,
    Returned,
}

impl Part {
    /// Its key in the envelope.
    const fn key(self) -> &'static str {
        match self {
            Self::Arguments => "args",
            Self::Returned => "return_args",
        }
    }

    /// What people call it.
    const fn words(self) -> &'static str {
        match self {
            Self::Arguments => "arguments",
            Self::Returned => "return arguments",
        }
    }
}

/// The body of a message for the connection called `name`, out of JSON in the form of config files.
pub(super) fn from_json(
    part: Part,
    (name, record, peers): (&str, &Record, Peers),
    json: &Json,
    id: &Value,
) -> Result<Bytes, TestError> {
    let mut problems = Vec::new();
    let record = unconstrained(record);
    let document = Document::embedded(part.words(), json);
    let value = read_record(&document.node, &record, &Path::Root, &mut problems).ok_or_else(|| {
        let mut diagnostics = Diagnostics::new();
        diagnostics.add(&Source::Embedded(part.words()), problems);
        TestError::Test(format!("the test's {} for `{name}` do not fit the model:\n{diagnostics}", part.words()))
    })?;
    let arena = Arena::new();
    written(part, record, peers, value.to_slot(&arena), id).map_err(|refusal| unwritable(part, name, &refusal))
}

/// The same out of a model of Rust.
pub(super) fn from_model<M: Model>(
    part: Part,
    (name, peers): (&str, Peers),
    model: &M,
    id: &Value,
) -> Result<Bytes, TestError> {
    let arena = Arena::new();
    let record = unconstrained(&M::record());
    let written = model.with_slots(&arena, |slots| written(part, record, peers, Slot::record(slots), id));
    written.map_err(|refusal| unwritable(part, name, &refusal))
}

/// The same out of any value, whatever the model says.
pub(super) fn from_value(part: Part, value: &Value, id: &Value) -> Bytes {
    let mut out = Vec::new();
    encode_value(&Value::map([(part.key(), value.clone()), ("workflow_id", id.clone())]), &mut out);
    out.into()
}

/// An error reply.
pub(super) fn from_error(error: &RemoteError, id: &Value) -> Bytes {
    let mut out = Vec::new();
    envelope::write_error(error, &WorkflowId::Other(id.clone()), &mut out);
    out.into()
}

/// An envelope is a record like any other: what it carries, and the id.
fn written(part: Part, record: Record, peers: Peers, slot: Slot<'_>, id: &Value) -> Result<Bytes, Refusal> {
    let whole = Record::new().required(part.key(), ArgType::Record(record)).required("workflow_id", ArgType::Any);
    // Without its constraints a model that the service was loaded with contradicts nothing.
    let Ok(validator) = Validator::new(&whole) else { return Ok(Bytes::new()) };
    let (arena, mut out) = (Arena::new(), Vec::new());
    validator.encode(Slot::as_foreign(&[slot, id.to_slot(&arena)]), peers, &mut out)?;
    Ok(out.into())
}

fn unwritable(part: Part, name: &str, refusal: &Refusal) -> TestError {
    TestError::Test(format!("the test's {} for `{name}` cannot be written: {refusal}", part.words()))
}

/// What a message carries, as JSON. What has no form in JSON is an error that says so.
pub(super) fn to_json(part: Part, body: &[u8]) -> Result<Json, String> {
    let message = decode_value(body).map_err(|refusal| refusal.to_string())?;
    let carried = message.get(part.key()).unwrap_or(&Value::Nil);
    serde_json::to_value(JsonForm(carried)).map_err(|error| error.to_string())
}

/// The same for people to look at: what has no form in JSON is a text that shows it.
pub(super) fn to_shown_json(part: Part, body: &[u8]) -> Json {
    to_json(part, body).unwrap_or_else(|_| match decode_value(body) {
        Ok(message) => Json::String(format!("{:?}", message.get(part.key()))),
        Err(refusal) => Json::String(refusal.to_string()),
    })
}

/// The workflow id of a message.
pub(super) fn workflow_id(body: &[u8]) -> Value {
    decode_value(body).ok().and_then(|message| message.get("workflow_id").cloned()).unwrap_or(Value::Nil)
}

/// The arguments of a call, as a model of Rust.
pub(super) fn to_model<A: OwnedModel>(name: &str, body: &[u8]) -> Result<A, TestError> {
    let validator = validator_of::<A>(name)?;
    let arena = Arena::new();
    let unreadable = |refusal: Refusal| other_model::<A>(name, Part::Arguments, &refusal);
    let call = envelope::read_call(body, &validator, &arena).map_err(|bad| unreadable(bad.refusal))?;
    A::from_slots(call.arguments).map_err(unreadable)
}

/// What the service returned, as a model of Rust.
pub(super) fn returned_model<R: OwnedModel>(name: &str, body: &[u8]) -> Result<R, TestError> {
    let validator = validator_of::<R>(name)?;
    let arena = Arena::new();
    let unreadable = |refusal: Refusal| other_model::<R>(name, Part::Returned, &refusal);
    match envelope::read_answer(body, &validator, &arena).map_err(unreadable)? {
        Answer::Returned { arguments, .. } => R::from_slots(arguments).map_err(unreadable),
        Answer::Failed { error, .. } => Err(TestError::Refused(Refused::from(error))),
    }
}

/// What the service returned, as JSON.
pub(super) fn returned_json(name: &str, body: &[u8]) -> Result<Json, TestError> {
    let (nothing, arena) = (Record::new().open(), Arena::new());
    let unreadable =
        |reason: String| TestError::Test(format!("the answer of `{name}` cannot be shown as JSON: {reason}"));
    let validator = Validator::new(&nothing).map_err(|error| unreadable(error.to_string()))?;
    match envelope::read_answer(body, &validator, &arena).map_err(|refusal| unreadable(refusal.to_string()))? {
        Answer::Returned { .. } => to_json(Part::Returned, body).map_err(unreadable),
        Answer::Failed { error, .. } => Err(TestError::Refused(Refused::from(error))),
    }
}

fn validator_of<M: Model>(name: &str) -> Result<Validator, TestError> {
    let model = std::any::type_name::<M>();
    Validator::new(&M::record()).map_err(|error| {
        TestError::Test(format!("`{model}`, which the test reads `{name}` with, is no model: {error}"))
    })
}

fn other_model<M>(name: &str, part: Part, refusal: &Refusal) -> TestError {
    let model = std::any::type_name::<M>();
    TestError::Test(format!("the {} of `{name}` are no `{model}`: {refusal}", part.words()))
}

/// The record with all types and names, and neither constraints nor defaults.
fn unconstrained(record: &Record) -> Record {
    let strip = |field: &Field| Field { kind: any_of(&field.kind), default: None, ..field.clone() };
    let stripped = record.fields().iter().map(strip).fold(Record::new(), Record::field);
    if record.is_open() { stripped.open() } else { stripped }
}

fn any_of(kind: &ArgType) -> ArgType {
    match kind {
        ArgType::Int(_) => ArgType::int(),
        ArgType::Float(_) => ArgType::float(),
        ArgType::Str { .. } => ArgType::str(),
        ArgType::Bytes(_) => ArgType::bytes(),
        ArgType::Decimal(_) => ArgType::Decimal(Range::ANY),
        ArgType::FloatArray(_) => ArgType::FloatArray(Length::ANY),
        ArgType::List(item, _) => ArgType::list(any_of(item)),
        ArgType::Set(item, _) => ArgType::set(any_of(item)),
        ArgType::Tuple(items) => ArgType::Tuple(items.iter().map(any_of).collect()),
        ArgType::Map(key, value, _) => ArgType::map(*key, any_of(value)),
        ArgType::Record(record) => ArgType::Record(unconstrained(record)),
        ArgType::Option(of) => ArgType::option(any_of(of)),
        plain @ (ArgType::Bool | ArgType::DateTime | ArgType::Uuid | ArgType::OneOf(_) | ArgType::Any) => plain.clone(),
    }
}
