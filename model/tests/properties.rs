//! What holds for every value, every model and every frame.
#![cfg(feature = "host")]

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::*;
use rust_decimal::Decimal;
use service_framework_model::error::{Code, Refusal};
use service_framework_model::schema::{ArgType, Field, KeyType, Length, Peers, Range, Record};
use service_framework_model::slot::Slot;
use service_framework_model::validator::Validator;
use service_framework_model::value::{Timestamp, Value};
use service_framework_model::wire::envelope::{Answer, WorkflowId, read_answer, read_call, write_answer, write_call};
use service_framework_model::wire::{Arena, decode_value, encode_value, for_old_peers};
use uuid::Uuid;

fn wire(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    encode_value(value, &mut out);
    out
}

/// The first of those that are equal on the wire.
fn distinct<T>(items: Vec<T>, key: impl Fn(&T) -> &Value) -> Vec<T> {
    let mut seen = HashSet::new();
    items.into_iter().filter(|item| seen.insert(wire(key(item)))).collect()
}

fn decimals() -> impl Strategy<Value = Decimal> {
    // 96 bits, and mostly far fewer.
    let mantissa = prop_oneof![any::<i32>().prop_map(i128::from), -(1_i128 << 96) + 1..1 << 96];
    (mantissa, 0_u32..=28).prop_map(|(mantissa, scale)| Decimal::from_i128_with_scale(mantissa, scale))
}

fn odd_decimals() -> impl Strategy<Value = String> {
    let text = prop_oneof!["-?[0-9]{1,40}(\\.[0-9]{0,40})?", "[+-]?[0-9]{1,3}[eE][+-]?[0-9]{1,3}", "-?s?NaN[0-9]{0,3}"];
    text.prop_filter("one that a Decimal writes", |text| {
        text.parse().ok().is_none_or(|decimal: Decimal| decimal.to_string() != *text)
    })
}

fn timestamps() -> impl Strategy<Value = Timestamp> {
    let seconds = prop_oneof![0..1_i64 << 35, any::<i64>()];
    let nanoseconds = prop_oneof![Just(0), 0..1_000_000_000_u32];
    (seconds, nanoseconds).prop_map(|(seconds, nanoseconds)| Timestamp { seconds, nanoseconds })
}

fn scalars() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<u64>().prop_map(Value::from),
        (-200_i64..200).prop_map(Value::Int),
        any::<f64>().prop_map(Value::Float),
        ".{0,40}".prop_map(Value::Str),
        vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
        decimals().prop_map(Value::Decimal),
        odd_decimals().prop_map(Value::DecimalText),
        timestamps().prop_map(Value::DateTime),
        any::<u128>().prop_map(|bits| Value::Uuid(Uuid::from_u128(bits))),
        vec(any::<f64>(), 0..4).prop_map(Value::FloatArray),
        (0..=127_i8, vec(any::<u8>(), 0..20)).prop_map(|(code, bytes)| Value::Ext(code, bytes)),
    ]
}

fn values() -> impl Strategy<Value = Value> {
    scalars().prop_recursive(4, 40, 8, |inner| {
        let pairs = vec((inner.clone(), inner.clone()), 0..12);
        prop_oneof![
            vec(inner.clone(), 0..20).prop_map(Value::List),
            vec(inner, 0..12).prop_map(|items| Value::Set(distinct(items, |item| item))),
            pairs.prop_map(|pairs| Value::Map(distinct(pairs, |(key, _)| key))),
        ]
    })
}

fn key_types() -> impl Strategy<Value = KeyType> {
    proptest::sample::select(KeyType::ALL.to_vec())
}

/// Types of one value, of which what is read is plainly what was written.
fn flat_types() -> impl Strategy<Value = ArgType> {
    prop_oneof![
        Just(ArgType::Bool),
        Just(ArgType::int()),
        Just(ArgType::int_range(-5, 5)),
        Just(ArgType::float()),
        Just(ArgType::str()),
        Just(ArgType::Str { length: Length { min: 1, max: Some(4) }, pattern: Some("[a-c]+".into()) }),
        Just(ArgType::bytes()),
        Just(ArgType::decimal()),
        Just(ArgType::Decimal(Range { min: Some(Decimal::ZERO), max: None })),
        Just(ArgType::DateTime),
        Just(ArgType::Uuid),
        Just(ArgType::one_of(["buy", "sell", ""])),
    ]
}

fn types() -> impl Strategy<Value = ArgType> {
    let leaves = prop_oneof![
        12 => flat_types(),
        1 => Just(ArgType::FloatArray(Length { min: 0, max: Some(3) })),
        1 => Just(ArgType::Any),
    ];
    leaves.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(ArgType::list),
            inner.clone().prop_map(ArgType::set),
            inner.clone().prop_map(optional),
            vec(inner.clone(), 0..4).prop_map(ArgType::Tuple),
            (key_types(), inner.clone()).prop_map(|(key, value)| ArgType::map(key, value)),
            records(inner.boxed()).prop_map(ArgType::Record),
        ]
    })
}

/// The same type, or nil.
fn optional(kind: ArgType) -> ArgType {
    if matches!(kind, ArgType::Option(_)) { kind } else { ArgType::option(kind) }
}

fn records(kinds: BoxedStrategy<ArgType>) -> impl Strategy<Value = Record> {
    vec((kinds, any::<bool>()), 0..5).prop_map(|fields| {
        fields.into_iter().enumerate().fold(Record::new(), |record, (number, (kind, required))| {
            record.field(Field { name: format!("field_{number}"), kind, required, default: None })
        })
    })
}

fn keys(kind: KeyType) -> BoxedStrategy<Value> {
    match kind {
        KeyType::Str => "[a-z]{0,9}".prop_map(Value::Str).boxed(),
        KeyType::Int => prop_oneof![any::<i64>().prop_map(Value::Int), any::<u64>().prop_map(Value::from)].boxed(),
        KeyType::Decimal => decimals().prop_map(|decimal| Value::Decimal(decimal.normalize())).boxed(),
        KeyType::Uuid => any::<u128>().prop_map(|bits| Value::Uuid(Uuid::from_u128(bits))).boxed(),
        KeyType::DateTime => years_of_four_digits().prop_map(Value::DateTime).boxed(),
    }
}

fn years_of_four_digits() -> impl Strategy<Value = Timestamp> {
    let nanoseconds = prop_oneof![Just(0), Just(500_000_000), 0..1_000_000_000_u32];
    let fields = (-62_167_219_200..253_402_300_800_i64, nanoseconds);
    fields.prop_map(|(seconds, nanoseconds)| Timestamp { seconds, nanoseconds })
}

/// Values that fit a type. Records are maps by name.
fn fitting(kind: &ArgType) -> BoxedStrategy<Value> {
    match kind {
        ArgType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        ArgType::Int(range) if range.min.is_some() => (-5..=5_i64).prop_map(Value::Int).boxed(),
        ArgType::Int(_) => keys(KeyType::Int),
        ArgType::Float(_) => any::<f64>().prop_map(Value::Float).boxed(),
        ArgType::Str { pattern: Some(_), .. } => "[a-c]{1,4}".prop_map(Value::Str).boxed(),
        ArgType::Str { .. } => ".{0,40}".prop_map(Value::Str).boxed(),
        ArgType::Bytes(_) => vec(any::<u8>(), 0..300).prop_map(Value::Bytes).boxed(),
        ArgType::Decimal(range) if range.min.is_some() => decimals().prop_map(|d| Value::Decimal(d.abs())).boxed(),
        ArgType::Decimal(_) => decimals().prop_map(Value::Decimal).boxed(),
        ArgType::DateTime => years_of_four_digits().prop_map(Value::DateTime).boxed(),
        ArgType::Uuid => keys(KeyType::Uuid),
        ArgType::OneOf(literals) => proptest::sample::select(literals.clone()).prop_map(Value::Str).boxed(),
        ArgType::FloatArray(_) => vec(any::<f64>(), 0..=3).prop_map(Value::FloatArray).boxed(),
        ArgType::Any => values().boxed(),
        ArgType::Option(of) => prop_oneof![Just(Value::Nil), fitting(of)].boxed(),
        ArgType::List(item, _) => vec(fitting(item), 0..20).prop_map(Value::List).boxed(),
        ArgType::Set(item, _) => vec(fitting(item), 0..12).prop_map(|all| Value::Set(distinct(all, |v| v))).boxed(),
        ArgType::Tuple(kinds) => kinds.iter().map(fitting).collect::<Vec<_>>().prop_map(Value::List).boxed(),
        ArgType::Map(key, value, _) => {
            let pairs = vec((keys(*key), fitting(value)), 0..12);
            pairs.prop_map(|pairs| Value::Map(distinct(pairs, |(key, _)| key))).boxed()
        }
        ArgType::Record(record) => fields(record).prop_map(Value::Map).boxed(),
    }
}

/// The entries of a map that fits a record, some optional ones left out.
fn fields(record: &Record) -> BoxedStrategy<Vec<(Value, Value)>> {
    let fields = record.fields().iter().map(|field| {
        let name = Value::from(field.name.as_str());
        let there = if field.required { Just(true).boxed() } else { any::<bool>().boxed() };
        (Just(name), fitting(&field.kind), there)
    });
    let fields = fields.collect::<Vec<_>>();
    fields
        .prop_map(|fields| {
            fields.into_iter().filter(|(.., there)| *there).map(|(name, value, _)| (name, value)).collect()
        })
        .boxed()
}

/// A value as it is handed over: of a record, the list of its fields' values in the model's order.
fn handed_over(kind: &ArgType, value: &Value) -> Value {
    let all = |kind: &ArgType, values: &[Value]| values.iter().map(|value| handed_over(kind, value)).collect();
    match (kind, value) {
        (ArgType::Option(_), Value::Nil) => Value::Nil,
        (ArgType::Option(of), value) => handed_over(of, value),
        (ArgType::List(item, _), Value::List(items)) => Value::List(all(item, items)),
        (ArgType::Set(item, _), Value::Set(items)) => Value::Set(all(item, items)),
        (ArgType::Tuple(kinds), Value::List(items)) => {
            Value::List(kinds.iter().zip(items).map(|(kind, item)| handed_over(kind, item)).collect())
        }
        (ArgType::Map(_, of, _), Value::Map(pairs)) => {
            Value::Map(pairs.iter().map(|(key, value)| (key.clone(), handed_over(of, value))).collect())
        }
        (ArgType::Record(record), entries) => Value::List(arguments(record, entries)),
        (_, value) => value.clone(),
    }
}

fn arguments(record: &Record, entries: &Value) -> Vec<Value> {
    let of_field = |field: &Field| entries.get(&field.name).map_or(Value::Nil, |value| handed_over(&field.kind, value));
    record.fields().iter().map(of_field).collect()
}

fn records_with_values() -> impl Strategy<Value = (Record, Value)> {
    records(types().boxed()).prop_flat_map(|record| {
        let entries = fields(&record).prop_map(Value::Map);
        (Just(record), entries)
    })
}

fn records_of_scalars_with_values() -> impl Strategy<Value = (Record, Value)> {
    let kinds = prop_oneof![flat_types(), flat_types().prop_map(optional)];
    records(kinds.boxed()).prop_flat_map(|record| {
        let record = record.optional_with_default("last", ArgType::one_of(["x", "y"]), Value::from("y"));
        let entries = fields(&record).prop_map(Value::Map);
        (Just(record), entries)
    })
}

/// Models that together have every type.
fn models() -> Vec<Validator> {
    let keyed = |key| ArgType::map(key, ArgType::decimal());
    let order = Record::new().required("price", ArgType::decimal()).optional("note", ArgType::str());
    let all = KeyType::ALL.into_iter().fold(Record::new(), |record, key| record.optional(key.word(), keyed(key)));
    let all = all
        .optional("a", ArgType::list(ArgType::Record(order.clone().open())))
        .optional("b", ArgType::set(ArgType::option(ArgType::Uuid)))
        .optional("c", ArgType::Tuple(vec![ArgType::float(), ArgType::int(), ArgType::Bool]))
        .optional("d", ArgType::FloatArray(Length::ANY))
        .optional("e", ArgType::one_of(["x", "y"]))
        .optional_with_default("f", ArgType::bytes(), Value::Bytes(vec![1]))
        .optional("g", ArgType::DateTime);
    [Record::new(), Record::new().open(), order, all.clone(), all.open()]
        .map(|record| Validator::new(&record).unwrap())
        .into()
}

/// Reads a frame in every way there is.
fn read_in_every_way(frame: &[u8], models: &[Validator]) {
    let mut arena = Arena::new();
    let _ = decode_value(frame).map(|value| for_old_peers(&value));
    for model in models {
        let _ = read_call(frame, model, &arena).map(|call| format!("{:?}", call.arguments));
        let _ = read_answer(frame, model, &arena).map(|answer| format!("{answer:?}"));
        arena.reset();
    }
}

/// Damage to a frame: a byte changed, inserted, taken out, or all the rest cut off.
fn damage(frame: &mut Vec<u8>, (kind, place, byte): (u8, prop::sample::Index, u8)) {
    if frame.is_empty() {
        return;
    }
    let place = place.index(frame.len());
    match kind {
        0 => frame.insert(place, byte),
        1 => drop(frame.remove(place)),
        2 => frame.truncate(place),
        _ => frame.splice(place..=place, [byte]).for_each(drop),
    }
}

fn damages() -> impl Strategy<Value = Vec<(u8, prop::sample::Index, u8)>> {
    vec((0..8_u8, any::<prop::sample::Index>(), any::<u8>()), 1..4)
}

proptest! {
    #[test]
    fn every_value_comes_back_from_its_wire_form(value in values()) {
        let frame = wire(&value);
        let back = decode_value(&frame).unwrap();
        prop_assert_eq!(format!("{:?}", &back), format!("{:?}", &value));
        prop_assert_eq!(wire(&back), frame);
    }

    #[test]
    fn every_fitting_value_is_sent_and_handed_over((record, value) in records_with_values(), own in any::<bool>()) {
        let validator = Validator::new(&record).unwrap();
        // The top of a message is slots in the model's order; records inside of it come by name.
        let entries: Vec<Option<&Value>> = record.fields().iter().map(|field| value.get(&field.name)).collect();
        let arena = Arena::new();
        let slots: Vec<_> = entries.iter().map(|entry| entry.map_or(Slot::ABSENT, |entry| entry.to_slot(&arena))).collect();
        let peers = if own { Peers::Own } else { Peers::Any };
        let mut frame = Vec::new();
        match write_call(&validator, Slot::as_foreign(&slots), peers, &WorkflowId::Str("w"), &mut frame) {
            Ok(()) => {}
            Err(refusal) => {
                prop_assert_eq!((refusal.code(), peers), (Code::NotForOldPeers, Peers::Any), "{}", refusal);
                return Ok(());
            }
        }
        if peers == Peers::Any {
            prop_assert_eq!(for_old_peers(&decode_value(&frame).unwrap()), Ok(()));
        }
        let call = read_call(&frame, &validator, &arena).map_err(|bad| bad.refusal).unwrap();
        prop_assert_eq!(&call.workflow_id, &WorkflowId::Str("w"));
        let read: Vec<_> = call.arguments.iter().map(Value::from_view).collect();
        prop_assert_eq!(format!("{read:?}"), format!("{:?}", arguments(&record, &value)));
        // What was handed over can be sent on, and is the same message.
        let mut again = Vec::new();
        write_call(&validator, Slot::as_foreign(call.arguments), peers, &call.workflow_id, &mut again).unwrap();
        prop_assert_eq!(&again, &frame);
        let mut answer = Vec::new();
        write_answer(&validator, Slot::as_foreign(call.arguments), peers, &call.workflow_id, &mut answer).unwrap();
        let returned = matches!(read_answer(&answer, &validator, &arena), Ok(Answer::Returned { .. }));
        prop_assert!(returned);
    }

    #[test]
    fn what_is_carried_over_is_what_would_be_written_and_read(
        (record, fitting) in records_of_scalars_with_values(),
        misfits in vec(prop_oneof![2 => Just(None), 1 => scalars().prop_map(Some)], 6),
        count in 0_usize..9,
    ) {
        let validator = Validator::new(&record).unwrap();
        prop_assert!(validator.is_flat());
        prop_assert!(!Validator::new(&record.clone().optional("more", ArgType::Any)).unwrap().is_flat());
        prop_assert!(!Validator::new(&record.clone().open()).unwrap().is_flat());
        // Some slots fit, some hold anything, some are left out, and there may be too few of them.
        let values = record.fields().iter().zip(misfits).map(|(field, misfit)| misfit.or_else(|| fitting.get(&field.name).cloned()));
        let values: Vec<Option<Value>> = values.collect();
        let (arena, read) = (Arena::new(), Arena::new());
        let slots: Vec<_> = values.iter().map(|value| value.as_ref().map_or(Slot::ABSENT, |value| value.to_slot(&arena))).collect();
        let slots = Slot::as_foreign(slots.get(..count).unwrap_or(&slots));
        let mut frame = Vec::new();
        let told = |refusal: Refusal| (refusal.code(), refusal.to_string());
        let over_the_wire = validator.encode(slots, Peers::Any, &mut frame).map_err(told);
        let over_the_wire = over_the_wire.and_then(|()| validator.decode_frame(&frame, &read).map_err(told));
        let carried = validator.carry(slots, &arena).map(|carried| carried.slots).map_err(told);
        prop_assert_eq!(format!("{carried:?}"), format!("{over_the_wire:?}"));
    }

    #[test]
    fn no_bytes_make_a_reader_panic(frame in vec(any::<u8>(), 0..200)) {
        read_in_every_way(&frame, &models());
    }

    #[test]
    fn no_damage_makes_a_reader_panic_and_what_is_read_is_a_value(value in values(), damages in damages()) {
        let envelope = Value::map([("args", value), ("workflow_id", Value::Nil)]);
        let mut frame = wire(&envelope);
        damages.into_iter().for_each(|one| damage(&mut frame, one));
        read_in_every_way(&frame, &models());
        if let Ok(value) = decode_value(&frame) {
            let back = decode_value(&wire(&value)).unwrap();
            prop_assert_eq!(format!("{back:?}"), format!("{value:?}"));
        }
    }

    #[test]
    fn no_damage_to_a_fitting_message_makes_its_reader_panic((record, value) in records_with_values(), damages in damages()) {
        let validator = Validator::new(&record).unwrap();
        let mut frame = wire(&Value::map([("args", value), ("workflow_id", Value::Uuid(Uuid::nil()))]));
        damages.into_iter().for_each(|one| damage(&mut frame, one));
        read_in_every_way(&frame, &[validator]);
    }
}
