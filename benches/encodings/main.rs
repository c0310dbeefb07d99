//! What a field takes by its type: bytes on the wire, and the time to read and to write it, checks included.
//!
//! Owns the records that are compared. Each is read to slots and written from them again, in turns with all the others; a
//! record has many fields of its one type, so that what surrounds them hardly counts.

use std::hint::black_box;
use std::time::Instant;

use bench_desk::stats::{median, paired_ratio};
use service_framework_model::schema::{ArgType, KeyType, Length, Peers, Record};
use service_framework_model::slot::Slot;
use service_framework_model::validator::Validator;
use service_framework_model::value::{Timestamp, Value};
use service_framework_model::wire::{Arena, encode_value};

/// How many fields, items or entries a record has.
const FIELDS: usize = 20;
/// How often a record is read or written in a turn, and how many turns are measured.
const TURN: u32 = 300;
const ROUNDS: usize = 201;

/// A record of many values of one type.
struct Case {
    name: &'static str,
    validator: Validator,
    frame: Vec<u8>,
    read: Vec<f64>,
    written: Vec<f64>,
}

impl Case {
    /// As many fields as that, with names of this length.
    fn fields(name: &'static str, kind: &ArgType, value: &Value, length: usize) -> Self {
        let names: Vec<String> = (0..FIELDS).map(|number| format!("{number:0>length$}")).collect();
        let record = names.iter().fold(Record::new(), |record, name| record.required(name, kind.clone()));
        Self::of(name, &record, &Value::map(names.into_iter().map(|name| (name, value.clone()))))
    }

    /// One field, with as many values in it.
    fn whole(name: &'static str, kind: ArgType, value: Value) -> Self {
        Self::of(name, &Record::new().required("values", kind), &Value::map([("values", value)]))
    }

    fn of(name: &'static str, record: &Record, value: &Value) -> Self {
        let mut frame = Vec::new();
        encode_value(value, &mut frame);
        let validator = Validator::new(record).expect("a good model");
        Self { name, validator, frame, read: Vec::new(), written: Vec::new() }
    }

    fn turn(&mut self, arena: &mut Arena, out: &mut Vec<u8>) {
        let Self { validator, frame, read, written, .. } = self;
        let began = Instant::now();
        for _ in 0..TURN {
            arena.reset();
            black_box(validator.decode_frame(black_box(frame), arena).expect("a good frame"));
        }
        read.push(began.elapsed().as_nanos() as f64 / f64::from(TURN));
        arena.reset();
        let slots = Slot::as_foreign(validator.decode_frame(frame, arena).expect("a good frame"));
        let began = Instant::now();
        for _ in 0..TURN {
            out.clear();
            validator.encode(black_box(slots), Peers::Any, out).expect("good slots");
            black_box(&out);
        }
        written.push(began.elapsed().as_nanos() as f64 / f64::from(TURN));
        assert_eq!(out.len(), frame.len(), "{} is written otherwise than it was read", self.name);
    }
}

fn cases() -> Vec<Case> {
    const NAME: usize = 8;
    let text = |text: &str| Value::Str(text.to_owned());
    let time = Timestamp { seconds: 1_764_000_000, nanoseconds: 123_456_000 };
    let words = ["bid", "offer", "trade"];
    let floats = || (0..FIELDS).map(|number| number as f64 + 0.5);
    let entries = (0..FIELDS).map(|number| (format!("{number:0>NAME$}"), Value::Int(1_000_000)));
    vec![
        Case::fields("Int", &ArgType::int(), &Value::Int(1_000_000), NAME),
        Case::fields("Int, names of 2 characters", &ArgType::int(), &Value::Int(1_000_000), 2),
        Case::fields("Int, names of 30 characters", &ArgType::int(), &Value::Int(1_000_000), 30),
        Case::fields("Float", &ArgType::float(), &Value::Float(64_235.17), NAME),
        Case::fields("Decimal", &ArgType::decimal(), &Value::Decimal("64235.17".parse().expect("a decimal")), NAME),
        Case::fields("DateTime", &ArgType::DateTime, &Value::DateTime(time), NAME),
        Case::fields("Bool", &ArgType::Bool, &Value::Bool(true), NAME),
        Case::fields("Str of 8 characters", &ArgType::str(), &text("BTC-USDT"), NAME),
        Case::fields("Str of 100 characters", &ArgType::str(), &text(&"x".repeat(100)), NAME),
        Case::fields("OneOf three words", &ArgType::one_of(words), &text("trade"), NAME),
        Case::fields(
            "Uuid",
            &ArgType::Uuid,
            &Value::Uuid("01234567-89ab-cdef-0123-456789abcdef".parse().expect("a uuid")),
            NAME,
        ),
        Case::fields("Option, nil", &ArgType::option(ArgType::int()), &Value::Nil, NAME),
        Case::fields("Any, a whole number", &ArgType::Any, &Value::Int(1_000_000), NAME),
        Case::whole("one Map of Str to Int", ArgType::map(KeyType::Str, ArgType::int()), Value::map(entries)),
        Case::whole("one List of Int", ArgType::list(ArgType::int()), Value::List(vec![Value::Int(1_000_000); FIELDS])),
        Case::whole(
            "one List of Float",
            ArgType::list(ArgType::float()),
            Value::List(floats().map(Value::Float).collect()),
        ),
        Case::whole("one FloatArray", ArgType::FloatArray(Length::default()), Value::FloatArray(floats().collect())),
    ]
}

fn main() {
    let mut cases = cases();
    let (mut arena, mut out, count) = (Arena::new(), Vec::new(), cases.len());
    for round in 0..ROUNDS {
        for turn in 0..count {
            cases[(round + turn) % count].turn(&mut arena, &mut out);
        }
    }
    println!("{FIELDS} values in each record; medians of {ROUNDS} rounds of {TURN} records\n");
    println!("| values | bytes each | read ns each | to Int | written ns each | to Int |\n|---|---|---|---|---|---|");
    let (read, written) = (cases[0].read.clone(), cases[0].written.clone());
    for case in &cases {
        let each = |value: f64| value / FIELDS as f64;
        println!(
            "| {} | {:.1} | {:.1} | {:.2} | {:.1} | {:.2} |",
            case.name,
            each(case.frame.len() as f64),
            each(median(&case.read)),
            paired_ratio(&case.read, &read),
            each(median(&case.written)),
            paired_ratio(&case.written, &written),
        );
    }
}
