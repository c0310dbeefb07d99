//! What each type takes and refuses, on the way in and on the way out.
#![cfg(feature = "host")]

use rust_decimal::Decimal;
use service_framework_model::error::Code;
use service_framework_model::schema::{ArgType, KeyType, Length, Peers, Range, Record};
use service_framework_model::slot::{Slot, View};
use service_framework_model::validator::{ModelError, Validator};
use service_framework_model::value::{Timestamp, Value};
use service_framework_model::wire::{Arena, Reader, encode_value};
use uuid::Uuid;

mod containers;
mod limits;
mod models;
mod records;
mod scalars;

const SECOND: Timestamp = Timestamp { seconds: 1_700_000_000, nanoseconds: 5 };

fn decimal(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}

fn list<const N: usize>(items: [Value; N]) -> Value {
    Value::List(items.into())
}

fn wire(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    encode_value(value, &mut out);
    out
}

fn one(kind: ArgType) -> Validator {
    Validator::new(&Record::new().required("x", kind)).unwrap()
}

/// What bytes are read as by a record, as values in the model's order.
fn read(validator: &Validator, frame: &[u8]) -> Result<Vec<Value>, (Code, String)> {
    let arena = Arena::new();
    let slots = validator.decode(&mut Reader::new(frame), &arena);
    slots.map(|slots| slots.iter().map(Value::from_view).collect()).map_err(|refusal| (refusal.code(), refusal.path()))
}

/// What the bytes of an argument are read as by its type.
fn read_bytes(kind: &ArgType, bytes: &[u8]) -> Result<Value, Code> {
    let mut read = read(&one(kind.clone()), &[b"\x81\xa1x", bytes].concat()).map_err(|(code, _)| code)?;
    Ok(read.remove(0))
}

fn read_value(kind: &ArgType, value: &Value) -> Result<Value, Code> {
    read_bytes(kind, &wire(value))
}

/// The bytes as which a value of a service is written.
fn written(kind: &ArgType, value: &Value, peers: Peers) -> Result<Vec<u8>, Code> {
    let (arena, mut out) = (Arena::new(), Vec::new());
    let slots = [value.to_slot(&arena)];
    let result = one(kind.clone()).encode(Slot::as_foreign(&slots), peers, &mut out);
    result.map(|()| out.split_off(3)).map_err(|refusal| refusal.code())
}

/// Each is read as it is, written as it is, and reads back.
#[track_caller]
fn takes<const N: usize>(kind: &ArgType, values: [Value; N]) {
    for value in values {
        assert_eq!(read_value(kind, &value).as_ref(), Ok(&value), "read as {kind:?}");
        assert_eq!(written(kind, &value, Peers::Any), Ok(wire(&value)), "written as {kind:?}");
    }
}

/// Each is refused with this code, read and written.
#[track_caller]
fn refuses<const N: usize>(kind: &ArgType, code: Code, values: [Value; N]) {
    for value in values {
        assert_eq!(read_value(kind, &value), Err(code), "{value:?} read as {kind:?}");
        assert_eq!(written(kind, &value, Peers::Any), Err(code), "{value:?} written as {kind:?}");
    }
}
