//! What an update of one key costs a copy: bytes in, read, checked, applied, and its digest kept.
//!
//! Prints nanoseconds for each update. The target is 300 for a state of 1,000 keys.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use rust_decimal::Decimal;
use service_framework_model::dynamic::Arena;
use service_framework_model::schema::Side;
use service_framework_model::schema::{ArgType, KeyType, Merge, Peers, Record, StateModel, StateValue};
use service_framework_model::slot::Slot;
use service_framework_model::state::StateValidator;
use service_framework_model::value::Value;
use service_framework_model::wire::envelope::WorkflowId;
use service_framework_states::copy::{Copy, Status};
use service_framework_states::owner::{OwnedValue, Owner};
use service_framework_states::rules::Protocol;
use service_framework_states::settings::{CopySettings, OwnerSettings};

/// How many updates make a turn: few enough to be in the cache, as what has just arrived is.
const TURN: usize = 250;
/// How many turns are measured.
const TURNS: usize = 1_000;

fn measure(name: &str, value: &StateValue, merge: Merge, keys: usize, change: impl Fn(usize) -> Value) {
    let peers = if merge == Merge::Deep { Peers::Own } else { Peers::Any };
    let validator = Arc::new(StateValidator::new(value, merge, peers).unwrap());
    let out = service_framework_states::find("delta_update_out").unwrap();
    let mut model = StateModel::new("bench", Side::Out, "delta_update_out", value.clone());
    model.peers = peers;
    let mut owner = Owner::new(Protocol, OwnerSettings::new(&model, out), validator.clone(), 1, 1);
    let mut owned = OwnedValue::new(validator.clone());
    let kind = service_framework_states::find("delta_update_in").unwrap();
    let mut settings = CopySettings::new(&model, kind);
    settings.keeps_changes = false;
    let mut copy = Copy::new(Protocol, settings, validator, 1);
    let now = Instant::now();
    copy.start(now);
    let (mut by_owner, mut by_copy) = (Vec::new(), Vec::new());
    for turn in 0..keys / TURN + TURNS {
        let arena = Arena::new();
        let values: Vec<_> = (turn * TURN..(turn + 1) * TURN).map(&change).collect();
        let slots: Vec<_> = values.iter().map(|value| value.to_slot(&arena)).collect();
        let mut frames: Vec<Bytes> = Vec::with_capacity(TURN);
        let began = Instant::now();
        for slot in Slot::as_foreign(&slots) {
            if let Some(update) = owned.apply(slot).unwrap() {
                owner.publish(&update, owned.tree(), &WorkflowId::Nil, now);
                frames.extend(owner.poll_transmit());
            }
        }
        by_owner.push(began.elapsed().as_nanos() / TURN as u128);
        let began = Instant::now();
        for frame in &frames {
            copy.handle_frame(black_box(frame.clone()), now);
        }
        by_copy.push(began.elapsed().as_nanos() / TURN as u128);
    }
    assert_eq!((copy.status(now), copy.tree().digest()), (Status::Live, owned.tree().digest()));
    println!("{name:32} copy {:5} ns/update, owner {:5} ns/update", median(&by_copy, keys), median(&by_owner, keys));
}

/// The median of the turns after all keys are there.
fn median(turns: &[u128], keys: usize) -> u128 {
    let mut turns = turns[keys / TURN..].to_vec();
    turns.sort_unstable();
    turns[turns.len() / 2]
}

fn main() {
    let texts = StateValue::map(KeyType::Str, ArgType::int());
    for keys in [1_000, 100_000] {
        measure(&format!("{keys} keys: Str to Int"), &texts, Merge::TopLevel, keys, |number| {
            Value::map([(format!("key_{}", number % keys), Value::Int(number as i64))])
        });
    }
    let prices = StateValue::map(KeyType::Decimal, ArgType::decimal());
    measure("1000 keys: Decimal to Decimal", &prices, Merge::TopLevel, 1_000, |number| {
        let price = Value::Decimal(Decimal::new(6_000_000 + (number % 1_000) as i64, 2));
        Value::Map(vec![(price, Value::Decimal(Decimal::new(number as i64 + 1, 3)))])
    });
    let side = || ArgType::map(KeyType::Decimal, ArgType::decimal());
    let book = Record::new().required("bids", side()).required("asks", side());
    measure("1000 prices of a book, deep", &book.into(), Merge::Deep, 1_000, |number| {
        let price = Value::Decimal(Decimal::new(6_000_000 + (number % 1_000) as i64, 2));
        let level = Value::Map(vec![(price, Value::Decimal(Decimal::new(number as i64 + 1, 3)))]);
        if number == 0 {
            Value::map([("bids", level), ("asks", Value::Map(vec![]))])
        } else {
            Value::map([("bids", level)])
        }
    });
}
