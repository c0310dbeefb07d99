//! The paths of states: a change of one key, by its owner and in a copy.
//!
//! Owns the states, which are those of the benchmark of updates. Each message changes the next key, and both ends agree
//! in the end.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use rust_decimal::Decimal;
use service_framework_model::dynamic::Arena;
use service_framework_model::schema::{ArgType, KeyType, Merge, Peers, Side, StateModel, StateValue};
use service_framework_model::slot::{ForeignSlot, Slot};
use service_framework_model::state::StateValidator;
use service_framework_model::value::Value;
use service_framework_model::wire::envelope::WorkflowId;
use service_framework_states::copy::{Copy, Status};
use service_framework_states::owner::{OwnedValue, Owner};
use service_framework_states::rules::Protocol;
use service_framework_states::settings::{CopySettings, OwnerSettings};

use crate::counting::{ALL, count};

/// What a state holds: its type, and a key of it with a value that differs for each number.
pub(crate) struct Kind {
    value: StateValue,
    change: fn(number: usize, key: usize) -> Value,
}

/// Texts to whole numbers.
pub(crate) fn ints() -> Kind {
    let change = |number: usize, key| Value::map([(format!("key_{key}"), Value::Int(1_000_000 + number as i64))]);
    Kind { value: StateValue::map(KeyType::Str, ArgType::int()), change }
}

/// Prices to quantities.
pub(crate) fn decimals() -> Kind {
    let change = |number: usize, key: usize| {
        let price = Value::Decimal(Decimal::new(6_000_000 + key as i64, 2));
        Value::Map(vec![(price, Value::Decimal(Decimal::new(1_000_000 + number as i64, 3)))])
    };
    Kind { value: StateValue::map(KeyType::Decimal, ArgType::decimal()), change }
}

/// The owner's end of a state.
struct Owned {
    value: OwnedValue,
    owner: Owner<Protocol>,
    now: Instant,
}

impl Owned {
    fn new(kind: &Kind, now: Instant) -> Self {
        let validator = validator(kind);
        let mut model = StateModel::new("counted", Side::Out, "delta_update_out", kind.value.clone());
        model.peers = Peers::Any;
        let settings = OwnerSettings::new(&model, state_type("delta_update_out"));
        let owner = Owner::new(Protocol, settings, &validator, 1, 1);
        Self { value: OwnedValue::new(validator), owner, now }
    }

    /// Checked, applied, written, ready to leave.
    fn change(&mut self, slot: &ForeignSlot<'_>) -> Bytes {
        let update = self.value.apply(slot).expect("a good change").expect("another value");
        self.owner.publish(&update, self.value.tree(), &WorkflowId::Nil, self.now);
        self.owner.poll_transmit().expect("an update")
    }
}

fn validator(kind: &Kind) -> Arc<StateValidator> {
    Arc::new(StateValidator::new(&kind.value, Merge::TopLevel, Peers::Any).expect("a good model"))
}

fn state_type(word: &str) -> &'static service_framework_states::StateType {
    service_framework_states::find(word).expect("a state type")
}

fn changes(kind: &Kind, keys: usize) -> Vec<Value> {
    (0..ALL).map(|number| (kind.change)(number, number % keys)).collect()
}

/// A copy that applies updates, from the bytes to the value with its digest. Each message is freed when it was applied,
/// as one that came through a socket is.
pub(crate) fn copy(keys: usize, kind: Kind) {
    let (now, arena) = (Instant::now(), Arena::new());
    let changes = changes(&kind, keys);
    let slots: Vec<_> = changes.iter().map(|change| change.to_slot(&arena)).collect();
    let mut owned = Owned::new(&kind, now);
    let mut updates: Vec<Bytes> = Slot::as_foreign(&slots).iter().map(|slot| owned.change(slot)).collect();
    let model = StateModel::new("counted", Side::In, "delta_update_in", kind.value.clone());
    let settings = CopySettings { keeps_changes: false, ..CopySettings::new(&model, state_type("delta_update_in")) };
    let mut copy = Copy::new(Protocol, settings, validator(&kind), 1);
    copy.start(now);
    count(&mut |number| copy.handle_frame(black_box(std::mem::take(&mut updates[number])), now));
    assert_eq!((copy.status(now), copy.tree().digest()), (Status::Live, owned.value.tree().digest()));
}

/// An owner that changes a key. The message is freed at once, as if it had left; the update is kept for copies that may
/// have missed it, so that the memory for those grows now and then.
pub(crate) fn owner(keys: usize, kind: Kind) {
    let arena = Arena::new();
    let changes = changes(&kind, keys);
    let slots: Vec<_> = changes.iter().map(|change| change.to_slot(&arena)).collect();
    let slots = Slot::as_foreign(&slots);
    let mut owned = Owned::new(&kind, Instant::now());
    count(&mut |number| drop(black_box(owned.change(black_box(&slots[number])))));
    assert_eq!(owned.owner.head(), Some(ALL as u64));
}
