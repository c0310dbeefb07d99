use std::sync::Arc;
use std::time::{Duration, Instant};

use service_framework_model::dynamic::Arena;
use service_framework_model::error::Code;
use service_framework_model::schema::{ArgType, KeyType, Merge, Peers, Record, StateValue};
use service_framework_model::slot::{ForeignSlot, Slot};
use service_framework_model::state::{KeyRef, StateValidator};
use service_framework_model::value::Value;
use service_framework_model::wire::envelope::WorkflowId;
use service_framework_model::wire::state_message::{Have, Sync, read_delta, read_full, read_reply, write_request};
use service_framework_model::wire::{Reader, decode_value};

use super::ring::Ring;
use super::*;
use crate::Kind;
use crate::rules::Protocol;
use crate::settings::OwnerSettings;

const FIRST: u64 = 1_000;

fn counts() -> StateValue {
    StateValue::map(KeyType::Str, ArgType::int())
}

fn person() -> StateValue {
    Record::new()
        .required("name", ArgType::str())
        .required("age", ArgType::int())
        .optional("note", ArgType::str())
        .into()
}

fn settings(kind: Kind) -> OwnerSettings {
    OwnerSettings {
        kind,
        peers: Peers::Any,
        topic: None,
        heartbeat: Duration::from_secs(1),
        deletes_by_snapshot: false,
        ring_bytes: 1_000,
        digest_every: 4,
    }
}

/// An owner with both halves, and its time.
struct Both {
    value: OwnedValue,
    life: Owner,
    now: Instant,
}

impl Both {
    fn new(value: &StateValue, settings: OwnerSettings) -> Self {
        let validator = Arc::new(StateValidator::new(value, Merge::TopLevel, settings.peers).unwrap());
        let life = Owner::new(Protocol, settings, &validator, 7, FIRST);
        Self { value: OwnedValue::new(validator), life, now: Instant::now() }
    }

    fn change(&mut self, change: &Value, whole: bool) -> Result<Option<Update>, Code> {
        let arena = Arena::new();
        let slot = change.to_slot(&arena);
        let slot: &ForeignSlot<'_> = &Slot::as_foreign(std::slice::from_ref(&slot))[0];
        let changed = if whole { self.value.replace(slot) } else { self.value.apply(slot) };
        let update = changed.map_err(|refusal| refusal.code())?;
        if let Some(update) = &update {
            self.life.publish(update, self.value.tree(), &WorkflowId::Nil, self.now);
        }
        Ok(update)
    }

    fn apply<const N: usize>(&mut self, entries: [(&str, Value); N]) -> Result<Option<Update>, Code> {
        self.change(&Value::map(entries), false)
    }

    /// What was published since the last call: number, whether it is a snapshot, state, sync.
    fn sent(&mut self) -> Vec<(u64, bool, Value, Sync)> {
        let arena = Arena::new();
        let frames: Vec<_> = std::iter::from_fn(|| self.life.poll_transmit()).collect();
        let tell = |frame: &bytes::Bytes| {
            let update = read_delta(frame, &arena).unwrap();
            (update.number.unwrap(), update.is_snapshot, value_at(update.state), update.sync.unwrap())
        };
        frames.iter().map(tell).collect()
    }

    /// What is published while so much time goes by.
    fn pass(&mut self, time: Duration) -> Vec<bytes::Bytes> {
        std::iter::from_fn(|| self.life.poll_transmit()).for_each(drop);
        self.now += time;
        self.life.handle_timeout(self.value.tree(), self.now);
        std::iter::from_fn(|| self.life.poll_transmit()).collect()
    }

    /// The number and the value that who asks for a snapshot is given.
    fn given(&mut self) -> (u64, Value) {
        let (arena, frame) = (Arena::new(), self.ask(None).frame().clone());
        let reply = read_reply(&frame, &arena).unwrap().unwrap();
        (reply.number, value_at(reply.state))
    }

    fn ask(&mut self, have: Option<(u64, u64)>) -> Reply {
        let have = have.map(|(epoch, number)| Have { epoch, number });
        let mut frame = Vec::new();
        write_request(have.as_ref(), &mut frame);
        self.life.handle_request(&frame, self.value.tree(), self.now)
    }
}

fn value_at(reader: Reader<'_>) -> Value {
    let mut after = reader;
    after.skip().unwrap();
    decode_value(&reader.rest()[..reader.rest().len() - after.rest().len()]).unwrap()
}

fn map<const N: usize>(entries: [(&str, i64); N]) -> Value {
    Value::map(entries.map(|(key, value)| (key, Value::Int(value))))
}

#[test]
fn a_life_begins_with_a_snapshot_and_numbers_by_one() {
    let mut owner = Both::new(&counts(), settings(Kind::Delta));
    owner.life.start(owner.value.tree(), &WorkflowId::Nil, owner.now);
    owner.apply([("a", 1_i64.into())]).unwrap();
    owner.apply([("a", 2_i64.into()), ("b", 3_i64.into())]).unwrap();
    let sent = owner.sent();
    let told: Vec<_> =
        sent.iter().map(|(number, is_snapshot, state, _)| (*number, *is_snapshot, state.clone())).collect();
    assert_eq!(
        told,
        [(FIRST, true, map([])), (FIRST + 1, false, map([("a", 1)])), (FIRST + 2, false, map([("a", 2), ("b", 3)]))]
    );
    let sync = sent[2].3;
    assert_eq!((sync.epoch, sync.head, sync.heartbeat_ms, sync.end), (7, FIRST + 2, 1_000, false));
}

#[test]
fn what_changes_nothing_is_not_sent_and_an_absent_key_is_not_deleted() {
    let mut owner = Both::new(&counts(), settings(Kind::Delta));
    owner.apply([("a", 1_i64.into())]).unwrap();
    owner.sent();
    assert_eq!(owner.apply([("a", 1_i64.into()), ("gone", Value::Nil)]), Ok(None));
    owner.apply([("a", Value::Nil), ("gone", Value::Nil)]).unwrap();
    let sent = owner.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].2, Value::map([("a", Value::Nil)]));
}

#[test]
fn a_change_that_does_not_fit_leaves_the_value_as_it_was() {
    let mut owner = Both::new(&counts(), settings(Kind::Delta));
    owner.apply([("a", 1_i64.into())]).unwrap();
    owner.sent();
    let digest = owner.value.tree().digest();
    assert_eq!(owner.apply([("b", 1_i64.into()), ("c", "text".into())]), Err(Code::WrongType));
    assert_eq!((owner.value.tree().digest(), owner.sent().len()), (digest, 0));
    let nil = [Slot::NIL];
    let set = owner.value.set(KeyRef::Str("a"), &Slot::as_foreign(&nil)[0]);
    assert_eq!(set.unwrap_err().code(), Code::WrongType);
    assert!(owner.value.remove(KeyRef::Str("a")).unwrap().unwrap().deletes);
    assert_eq!(owner.value.remove(KeyRef::Str("a")), Ok(None));
}

#[test]
fn replacing_sends_only_the_difference() {
    let mut owner = Both::new(&counts(), settings(Kind::Delta));
    owner.change(&map([("a", 1), ("b", 2), ("c", 3)]), true).unwrap();
    owner.sent();
    owner.change(&map([("a", 1), ("b", 5)]), true).unwrap();
    assert_eq!(owner.sent()[0].2, Value::map([("c", Value::Nil), ("b", Value::Int(5))]));
}

#[test]
fn a_record_is_told_with_its_required_keys_where_a_python_copy_may_be() {
    let mut owner = Both::new(&person(), settings(Kind::Delta));
    assert!(!owner.value.is_ready());
    assert_eq!(owner.apply([("age", 1_i64.into())]), Err(Code::MissingKey));
    owner.apply([("name", "Ada".into()), ("age", 36_i64.into())]).unwrap();
    owner.apply([("note", "x".into())]).unwrap();
    owner.apply([("age", 37_i64.into()), ("note", Value::Nil)]).unwrap();
    owner.now += Duration::from_secs(1);
    owner.life.handle_timeout(owner.value.tree(), owner.now);
    let states: Vec<_> = owner.sent().into_iter().map(|(_, _, state, _)| state).collect();
    let told = |state: &Value, key: &str| state.get(key).cloned();
    for state in &states {
        assert_eq!(told(state, "name"), Some("Ada".into()));
        assert!(told(state, "age").is_some());
    }
    assert_eq!(told(&states[2], "note"), Some(Value::Nil));
    assert_eq!(states[3], Value::map([("name", Value::from("Ada")), ("age", Value::Int(37))]));
    assert_eq!(owner.apply([("name", Value::Nil)]), Err(Code::MissingKey));
    let mut own = Both::new(&person(), OwnerSettings { peers: Peers::Own, ..settings(Kind::Delta) });
    own.apply([("name", "Ada".into()), ("age", 36_i64.into())]).unwrap();
    own.apply([("note", "x".into())]).unwrap();
    assert_eq!(own.sent()[1].2, Value::map([("note", Value::from("x"))]));
}

#[test]
fn deletes_are_told_by_a_snapshot_where_the_model_says_so() {
    let mut owner = Both::new(&counts(), OwnerSettings { deletes_by_snapshot: true, ..settings(Kind::Delta) });
    owner.apply([("a", 1_i64.into()), ("b", 2_i64.into())]).unwrap();
    owner.apply([("a", Value::Nil)]).unwrap();
    let sent = owner.sent();
    assert_eq!((sent[1].0, sent[1].1, &sent[1].2), (FIRST + 1, true, &map([("b", 2)])));
}

#[test]
fn silence_is_filled_with_heartbeats_that_carry_a_number_and_the_digest() {
    let mut owner = Both::new(&counts(), settings(Kind::Delta));
    owner.apply([("a", 1_i64.into())]).unwrap();
    owner.sent();
    let due = owner.now + Duration::from_secs(1);
    assert_eq!(owner.life.poll_timeout(), Some(due));
    owner.life.handle_timeout(owner.value.tree(), due - Duration::from_millis(1));
    assert!(owner.sent().is_empty());
    owner.life.handle_timeout(owner.value.tree(), due);
    let sent = owner.sent();
    assert_eq!((sent[0].0, sent[0].1, &sent[0].2), (FIRST + 1, false, &map([])));
    assert_eq!(sent[0].3.digest, Some(owner.value.tree().digest()));
    let mut silent = Both::new(&counts(), OwnerSettings { heartbeat: Duration::ZERO, ..settings(Kind::Delta) });
    silent.apply([("a", 1_i64.into())]).unwrap();
    assert!(silent.pass(KEPT_FOR).is_empty());
    assert_eq!(silent.life.poll_timeout(), None);
}

#[test]
fn the_last_message_says_that_it_is_the_last() {
    let mut owner = Both::new(&counts(), settings(Kind::Delta));
    owner.apply([("a", 1_i64.into())]).unwrap();
    owner.sent();
    owner.life.end(owner.value.tree());
    owner.life.end(owner.value.tree());
    let sent = owner.sent();
    assert_eq!((sent.len(), sent[0].0, sent[0].3.end), (1, FIRST + 1, true));
    assert_eq!(owner.life.poll_timeout(), None);
}

#[test]
fn a_hundred_joiners_at_one_head_cost_one_encoding() {
    let mut owner = Both::new(&counts(), OwnerSettings { heartbeat: KEPT_FOR / 2, ..settings(Kind::Delta) });
    owner.apply([("a", 1_i64.into())]).unwrap();
    owner.apply([("a", 2_i64.into())]).unwrap();
    let before = owner.life.encodings();
    let frames: Vec<_> = (0..100).map(|_| owner.ask(None).frame().clone()).collect();
    assert_eq!(owner.life.encodings(), before + 1);
    assert!(frames.iter().all(|frame| frame.as_ptr() == frames[0].as_ptr()), "one buffer, handed out by reference");
    owner.sent();
    assert_eq!(owner.pass(KEPT_FOR / 2).len(), 1);
    assert_eq!(owner.given(), (FIRST + 2, map([("a", 2)])));
    assert_eq!(owner.life.encodings(), before + 1, "a heartbeat does not change the value");
}

#[test]
fn joiners_between_changes_get_the_value_as_it_is() {
    let mut owner = Both::new(&counts(), settings(Kind::Delta));
    for n in 1..=100_i64 {
        owner.apply([("a", n.into())]).unwrap();
        let before = owner.life.encodings();
        for _ in 0..3 {
            assert_eq!(owner.given(), (FIRST + n as u64 - 1, map([("a", n)])));
        }
        // The first change is published as a whole, which then is there for who asks.
        assert_eq!(owner.life.encodings(), before + u64::from(n > 1));
    }
}

#[test]
fn the_encoded_value_is_kept_for_as_long_as_somebody_needs_it() {
    let mut owner = Both::new(&counts(), OwnerSettings { heartbeat: Duration::ZERO, ..settings(Kind::Delta) });
    owner.apply([("a", 1_i64.into())]).unwrap();
    let half = KEPT_FOR / 2;
    for _ in 0..6 {
        owner.pass(half);
        owner.given();
    }
    assert_eq!(owner.life.encodings(), 1);
    let answered = owner.ask(None).frame().clone();
    owner.pass(half);
    assert!(!answered.is_unique());
    owner.pass(half);
    assert!(answered.is_unique(), "nobody else has it any more");
    assert_eq!(owner.life.poll_timeout(), None);
    owner.given();
    assert_eq!(owner.life.encodings(), 2);
    let answered = owner.ask(None).frame().clone();
    owner.apply([("a", 2_i64.into())]).unwrap();
    assert!(answered.is_unique(), "what is old is not kept");
}

#[test]
fn a_full_update_that_is_repeated_is_encoded_once() {
    let mut owner = Both::new(&counts(), settings(Kind::Full));
    owner.apply([("a", 1_i64.into())]).unwrap();
    (0..9).for_each(|_| assert_eq!(owner.pass(Duration::from_secs(1)).len(), 1));
    assert_eq!(owner.life.encodings(), 1);
    owner.apply([("a", 2_i64.into())]).unwrap();
    assert_eq!(owner.life.encodings(), 2);
}

#[test]
fn who_lacks_only_the_last_updates_gets_only_those() {
    let mut owner = Both::new(&counts(), settings(Kind::Delta));
    for n in 0..5_i64 {
        owner.apply([("a", n.into())]).unwrap();
    }
    let head = FIRST + 4;
    let told = |owner: &mut Both, have| {
        let (arena, frame) = (Arena::new(), owner.ask(Some(have)).frame().clone());
        let reply = read_reply(&frame, &arena).unwrap().unwrap();
        let updates = reply.updates.map(|mut updates| {
            std::iter::from_fn(|| updates.next_update().unwrap()).map(|(n, at)| (n, value_at(at))).collect::<Vec<_>>()
        });
        (reply.number, value_at(reply.state), updates)
    };
    let last = vec![(head - 1, map([("a", 3)])), (head, map([("a", 4)]))];
    assert_eq!(told(&mut owner, (7, head - 2)), (head, map([]), Some(last)));
    assert_eq!(told(&mut owner, (7, head)).2, Some(vec![]));
    for other in [(8, head - 2), (7, head + 1), (7, FIRST - 1), (7, 0)] {
        assert_eq!(told(&mut owner, other), (head, map([("a", 4)]), None), "{other:?}");
    }
}

#[test]
fn the_last_updates_are_bounded_in_bytes() {
    let mut ring = Ring::new(200);
    for number in 1..=100 {
        ring.push(number, bytes::Bytes::from(vec![0; 20]));
        assert!(ring.bytes() <= 200);
    }
    assert_eq!((ring.first(100), ring.after(99).count()), (99, 1));
    ring.push(101, bytes::Bytes::from(vec![0; 500]));
    assert_eq!((ring.first(101), ring.bytes()), (102, 0));
}

#[test]
fn a_request_is_always_answered() {
    let mut owner = Both::new(&person(), settings(Kind::Delta));
    assert!(matches!(owner.ask(None), Reply::NotReady(_)));
    let Reply::Refused(frame, refusal) = owner.life.handle_request(&[0x01], owner.value.tree(), owner.now) else {
        panic!()
    };
    assert_eq!(refusal.code(), Code::NotAMap);
    let error = read_reply(&frame, &Arena::new()).unwrap().unwrap_err();
    assert!(error.is_caller_error);
}

#[test]
fn a_full_update_is_the_whole_value_behind_its_topic() {
    let topic = Some("T".to_owned());
    let mut owner = Both::new(&counts(), OwnerSettings { topic, ..settings(Kind::Full) });
    owner.apply([("a", 1_i64.into())]).unwrap();
    owner.apply([("b", 2_i64.into())]).unwrap();
    owner.life.handle_timeout(owner.value.tree(), owner.now + Duration::from_secs(1));
    let arena = Arena::new();
    for (number, state) in [map([("a", 1)]), map([("a", 1), ("b", 2)]), map([("a", 1), ("b", 2)])].iter().enumerate() {
        let frame = owner.life.poll_transmit().unwrap();
        let read = read_full(frame.strip_prefix(b"\xa1T").unwrap(), &arena).unwrap();
        assert_eq!((read.number, &value_at(read.state)), (Some(FIRST + number as u64), state));
    }
}

#[test]
fn a_mirror_has_the_value_of_the_updates() {
    let mut owner = Both::new(&counts(), settings(Kind::Delta));
    let mut mirror = Mirror::new(owner.value.validator().clone());
    for change in [map([("a", 1), ("b", 2)]), map([("b", 3)]), Value::map([("a", Value::Nil)])] {
        let update = owner.change(&change, false).unwrap().unwrap();
        mirror.apply(&update).unwrap();
        assert_eq!((mirror.tree(), mirror.tree().digest()), (owner.value.tree(), update.digest));
    }
}
