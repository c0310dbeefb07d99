//! What a change of one key may allocate: the buffers of what leaves at its owner, nothing at a copy.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use service_framework_model::schema::{ArgType, KeyType, Merge, Peers, Side, StateModel, StateValue};
use service_framework_model::slot::{ForeignSlot, Slot};
use service_framework_model::state::StateValidator;
use service_framework_model::wire::envelope::WorkflowId;
use service_framework_states::copy::{Copy, Status};
use service_framework_states::owner::{OwnedValue, Owner};
use service_framework_states::rules::Protocol;
use service_framework_states::settings::{CopySettings, OwnerSettings};

const MESSAGES: u64 = 1_000;

/// The owner of a state of a thousand keys and a copy of it that is live.
struct Replicated {
    value: OwnedValue,
    owner: Owner,
    copy: Copy,
    now: Instant,
}

impl Replicated {
    fn new() -> Self {
        let model = |side, word: &str| {
            let mut model = StateModel::new("quotes", side, word, StateValue::map(KeyType::Str, ArgType::int()));
            model.peers = Peers::Own;
            model
        };
        let of_owner = model(Side::Out, "delta_update_out");
        let of_copy = model(Side::In, "delta_update_in");
        let validator =
            Arc::new(StateValidator::new(&of_owner.value, Merge::TopLevel, Peers::Own).expect("a good model"));
        let kind = |word| service_framework_states::find(word).expect("a state type");
        // So few updates are kept that their ring has its size before anything is counted.
        let settings = OwnerSettings { ring_bytes: 2_000, ..OwnerSettings::new(&of_owner, kind("delta_update_out")) };
        let owner = Owner::new(Protocol, settings, Arc::clone(&validator), 1, 1);
        let settings = CopySettings::new(&of_copy, kind("delta_update_in"));
        let copy = Copy::new(Protocol, CopySettings { keeps_changes: false, ..settings }, Arc::clone(&validator), 7);
        let mut replicated = Self { value: OwnedValue::new(validator), owner, copy, now: Instant::now() };
        replicated.copy.start(replicated.now);
        for key in 0..1_000 {
            replicated.set(&format!("key {key:04}"), 0);
            let frame = replicated.owner.poll_transmit().expect("an update");
            replicated.apply(frame);
        }
        assert_eq!(replicated.copy.status(replicated.now), Status::Live);
        replicated
    }

    fn set(&mut self, key: &str, value: i64) {
        let slots = [Slot::str(key), Slot::int(value)];
        let update = self.value.apply(&ForeignSlot::map(Slot::as_foreign(&slots))).expect("a good change");
        let update = update.expect("another value");
        self.owner.publish(&update, self.value.tree(), &WorkflowId::Nil, self.now);
    }

    fn apply(&mut self, frame: Bytes) {
        self.copy.handle_frame(frame, self.now);
    }
}

#[test]
fn a_change_of_one_key_costs_its_owner_the_buffers_of_what_leaves_and_its_copy_nothing() {
    let mut replicated = Replicated::new();
    let mut frames = Vec::with_capacity(2_000);
    // Numbers of the same width, so that each leaf stays as long as it is.
    let mut n = 1_000_000;
    let mut change = |replicated: &mut Replicated, frames: &mut Vec<Bytes>| {
        n += 1;
        replicated.set("key 0500", n);
        frames.extend(replicated.owner.poll_transmit());
    };
    (0..200).for_each(|_| change(&mut replicated, &mut frames));
    frames.drain(..).for_each(|frame| replicated.apply(frame));
    let by_owner = allocation_counter::measure(|| (0..MESSAGES).for_each(|_| change(&mut replicated, &mut frames)));
    let by_copy = allocation_counter::measure(|| frames.drain(..).for_each(|frame| replicated.apply(frame)));
    assert_eq!(replicated.copy.status(replicated.now), Status::Live);
    assert_eq!(replicated.copy.held().and_then(|held| held.number), replicated.owner.head());
    // What differs, until it is known how many keys that is; then the update and the message, each a buffer and the count
    // of who shares it: the ring keeps the one, the sockets take the other.
    assert_eq!(by_owner.count_total, 5 * MESSAGES, "{by_owner:?}");
    assert_eq!(by_copy.count_total, 0);
}
