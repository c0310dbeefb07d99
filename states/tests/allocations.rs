//! What a change of one key may allocate: nothing. Only the room for what leaves is another one now and then, as long as
//! somebody has something in the one before.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::sync::Arc;
use std::time::Instant;

use allocation_counter::{AllocationInfo, measure};
use bytes::Bytes;
use service_framework_model::dynamic::Arena;
use service_framework_model::schema::{ArgType, KeyType, Merge, Peers, Record, Side, StateModel, StateValue};
use service_framework_model::slot::Slot;
use service_framework_model::state::StateValidator;
use service_framework_model::value::Value;
use service_framework_model::wire::envelope::WorkflowId;
use service_framework_states::copy::{Copy, Status};
use service_framework_states::owner::{OwnedValue, Owner};
use service_framework_states::rules::Protocol;
use service_framework_states::settings::{CopySettings, OwnerSettings};

const CHANGES: u64 = 1_000;

/// A state: what it is, and a change of its one key that has just this number in it. Numbers are as wide as each other,
/// so that each leaf stays as long as it is.
struct Kind {
    value: StateValue,
    merge: Merge,
    peers: Peers,
    whole: Value,
    change: fn(i64) -> Value,
}

/// A thousand texts with whole numbers.
fn counts() -> Kind {
    let pairs = (0..1_000).map(|key| (Value::from(format!("key {key:04}")), Value::Int(0)));
    Kind {
        value: StateValue::map(KeyType::Str, ArgType::int()),
        merge: Merge::TopLevel,
        peers: Peers::Own,
        whole: Value::Map(pairs.collect()),
        change: |number| Value::map([("key 0500", Value::Int(number))]),
    }
}

/// A record of which a Python copy may be held: its required fields are in each update, and texts too long for a leaf
/// without an allocation of its own.
fn record() -> Kind {
    let text = |number: i64| Value::from(format!("{number}").repeat(6));
    let fields = [("name", text(1_000_000)), ("age", Value::Int(1)), ("note", text(1_000_000))];
    Kind {
        value: Record::new()
            .required("name", ArgType::str())
            .required("age", ArgType::int())
            .optional("note", ArgType::str())
            .into(),
        merge: Merge::TopLevel,
        peers: Peers::Any,
        whole: Value::map(fields),
        change: |number| Value::map([("note", Value::from(format!("{number}").repeat(6)))]),
    }
}

/// A book of prices, of which an update changes one level.
fn book() -> Kind {
    let side = || ArgType::map(KeyType::Decimal, ArgType::decimal());
    let level = |price: i64, size: i64| {
        let decimal = |number| Value::Decimal(rust_decimal::Decimal::new(number, 2));
        (decimal(6_000_000 + price), decimal(size))
    };
    let levels = |of: std::ops::Range<i64>| Value::Map(of.map(|price| level(price, 1_000_000)).collect());
    Kind {
        value: Record::new().required("bids", side()).required("asks", side()).into(),
        merge: Merge::Deep,
        peers: Peers::Own,
        whole: Value::map([("bids", levels(0..500)), ("asks", levels(500..1_000))]),
        change: |number| {
            let decimal = |number| Value::Decimal(rust_decimal::Decimal::new(number, 2));
            Value::map([("bids", Value::Map(vec![(decimal(6_000_250), decimal(number))]))])
        },
    }
}

/// The owner of a state and a copy of it that is live.
struct Replicated {
    value: OwnedValue,
    owner: Owner,
    copy: Copy,
    now: Instant,
}

impl Replicated {
    fn new(kind: &Kind) -> Self {
        let model = |side, word: &str| {
            let mut model = StateModel::new("quotes", side, word, kind.value.clone());
            model.peers = kind.peers;
            model
        };
        let of_owner = model(Side::Out, "delta_update_out");
        let of_copy = model(Side::In, "delta_update_in");
        let validator = Arc::new(StateValidator::new(&kind.value, kind.merge, kind.peers).expect("a good model"));
        let found = |word| service_framework_states::find(word).expect("a state type");
        // So few updates are kept that their ring has its size before anything is counted.
        let settings = OwnerSettings { ring_bytes: 2_000, ..OwnerSettings::new(&of_owner, found("delta_update_out")) };
        let owner = Owner::new(Protocol, settings, &validator, 1, 1);
        let settings = CopySettings::new(&of_copy, found("delta_update_in"));
        let copy = Copy::new(Protocol, CopySettings { keeps_changes: false, ..settings }, Arc::clone(&validator), 7);
        let mut replicated = Self { value: OwnedValue::new(validator), owner, copy, now: Instant::now() };
        replicated.copy.start(replicated.now);
        let arena = Arena::new();
        let frame = replicated.change(&kind.whole.to_slot(&arena));
        replicated.apply(frame);
        assert_eq!(replicated.copy.status(replicated.now), Status::Live);
        replicated
    }

    fn change(&mut self, change: &Slot<'_>) -> Bytes {
        let slot = Slot::as_foreign(std::slice::from_ref(change)).first().expect("a slot");
        let update = self.value.apply(slot).expect("a good change").expect("another value");
        self.owner.publish(&update, self.value.tree(), &WorkflowId::Nil, self.now);
        self.owner.poll_transmit().expect("an update")
    }

    fn apply(&mut self, frame: Bytes) {
        self.copy.handle_frame(frame, self.now);
    }
}

/// What many changes cost their owner, and what they then cost a copy. Each message leaves before the next change, or
/// they wait for each other.
fn counted(kind: &Kind, leave_at_once: bool) -> (AllocationInfo, AllocationInfo) {
    let (mut replicated, arena) = (Replicated::new(kind), Arena::new());
    let changes: Vec<_> = (0..2 * CHANGES as i64).map(|number| (kind.change)(1_000_001 + number)).collect();
    let slots: Vec<_> = changes.iter().map(|change| change.to_slot(&arena)).collect();
    let (first, then) = slots.split_at(CHANGES as usize);
    let mut frames = Vec::with_capacity(2 * CHANGES as usize);
    for slot in first {
        let frame = replicated.change(slot);
        replicated.apply(frame);
    }
    let (mut by_owner, mut by_copy) = (AllocationInfo::default(), AllocationInfo::default());
    let mut left = |replicated: &mut Replicated, frames: &mut Vec<Bytes>| {
        by_copy += measure(|| frames.drain(..).for_each(|frame| replicated.apply(frame)));
    };
    for slot in then {
        by_owner += measure(|| frames.push(replicated.change(slot)));
        if leave_at_once {
            left(&mut replicated, &mut frames);
        }
    }
    left(&mut replicated, &mut frames);
    assert_eq!(replicated.copy.status(replicated.now), Status::Live);
    assert_eq!(replicated.copy.held().and_then(|held| held.number), replicated.owner.head());
    (by_owner, by_copy)
}

#[test]
fn a_change_of_one_key_costs_its_owner_and_a_copy_no_allocation() {
    for kind in [counts(), record(), book()] {
        let (by_owner, by_copy) = counted(&kind, true);
        // The last updates are kept for copies that missed them. They fill a room of 16 KiB after some hundred changes:
        // the next one is two allocations, one of them the count of who has something in it.
        assert!(by_owner.count_total < CHANGES / 50, "{by_owner:?}");
        assert_eq!(by_copy.count_total, 0);
        // So are the messages, as long as none of them leaves.
        let (by_owner, by_copy) = counted(&kind, false);
        assert!(by_owner.count_total < CHANGES / 10, "{by_owner:?}");
        assert_eq!(by_copy.count_total, 0);
    }
}
