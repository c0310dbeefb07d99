//! The owners of the simulated state: the real machines, and one like the Python library's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_model::dynamic::Arena;
use service_framework_model::schema::{ArgType, KeyType, Merge, Peers, StateValue};
use service_framework_model::slot::Slot;
use service_framework_model::state::StateValidator;
use service_framework_model::value::Value;
use service_framework_model::wire::encode_value;
use service_framework_model::wire::envelope::WorkflowId;
use service_framework_states::Kind;
use service_framework_states::owner::{KEPT_FOR, Mirror, OwnedValue, Owner};
use service_framework_states::rules::Rules;
use service_framework_states::settings::OwnerSettings;
use service_framework_states::tree::Tree;

use crate::chance::Chance;
use crate::invariants::Broken;

pub(crate) const HEARTBEAT: Duration = Duration::from_millis(500);

/// What the simulated state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Delta,
    Deep,
    /// Deletes are told by snapshots.
    DeltaWithSnapshots,
    Full,
    /// Of an owner like the Python library's.
    Old,
}

impl Form {
    pub(crate) fn kind(self) -> Kind {
        if self == Self::Full { Kind::Full } else { Kind::Delta }
    }

    pub(crate) fn validator(self) -> Arc<StateValidator> {
        let number = ArgType::int();
        let (value, merge, peers) = match self {
            Self::Deep => (ArgType::map(KeyType::Int, number), Merge::Deep, Peers::Own),
            _ => (number, Merge::TopLevel, Peers::Any),
        };
        Arc::new(StateValidator::new(&StateValue::map(KeyType::Str, value), merge, peers).unwrap())
    }
}

/// The bytes of a value: what it is compared by.
pub(crate) fn content(tree: &Tree) -> Vec<u8> {
    let mut bytes = Vec::new();
    tree.encode(Peers::Any, &mut bytes);
    bytes
}

/// One life of an owner, on the two threads that an offloaded service has or on one.
pub(crate) struct OwnLife<R> {
    value: OwnedValue,
    mirror: Option<Mirror>,
    pub(crate) life: Owner<R>,
    form: Form,
    changes: u64,
    began: Option<Instant>,
}

impl<R: Rules> OwnLife<R> {
    pub(crate) fn new(rules: R, form: Form, epoch: u64, first: u64, chance: &mut Chance) -> Self {
        let validator = form.validator();
        let settings = OwnerSettings {
            kind: form.kind(),
            peers: validator.peers(),
            topic: None,
            heartbeat: HEARTBEAT,
            deletes_by_snapshot: form == Form::DeltaWithSnapshots,
            ring_bytes: if chance.once_in(2) { 0 } else { 1_000 },
            digest_every: chance.between(1, 8),
        };
        let mirror = chance.once_in(2).then(|| Mirror::new(validator.clone()));
        let life = Owner::new(rules, settings, &validator, epoch, first);
        Self { value: OwnedValue::new(validator), mirror, life, form, changes: 0, began: None }
    }

    pub(crate) fn tree(&self) -> &Tree {
        self.value.tree()
    }

    /// The value as those see it who are where the sockets are.
    fn served(&self) -> &Tree {
        self.mirror.as_ref().map_or(self.value.tree(), Mirror::tree)
    }

    pub(crate) fn start(&mut self, now: Instant) {
        self.began = Some(now);
        let served = self.mirror.as_ref().map_or(self.value.tree(), Mirror::tree);
        self.life.start(served, &WorkflowId::Nil, now);
    }

    /// Changes the value by chance; `unique` makes every value another.
    pub(crate) fn act(&mut self, unique: u64, chance: &mut Chance, now: Instant) {
        let mut entries = Vec::new();
        for _ in 0..chance.between(1, 3) {
            let key = ["a", "b", "c", "d", "e"][chance.below(5) as usize];
            if entries.iter().any(|(other, _)| *other == key) {
                continue;
            }
            let number = Value::from(unique);
            let value = match self.form {
                _ if chance.once_in(4) => Value::Nil,
                Form::Deep => {
                    let value = if chance.once_in(3) { Value::Nil } else { number };
                    Value::Map(vec![(Value::from(chance.below(4)), value)])
                }
                _ => number,
            };
            entries.push((key, value));
        }
        // So that no two updates make the same value.
        let marked = match self.form {
            Form::Deep => Value::Map(vec![(Value::Int(0), Value::from(unique))]),
            _ => Value::from(unique),
        };
        entries.push(("n", marked));
        let whole = chance.once_in(10);
        let value = if whole {
            Value::map(entries.into_iter().filter(|(_, value)| *value != Value::Nil && !holds_nil(value)))
        } else {
            Value::map(entries)
        };
        let arena = Arena::new();
        let slot = value.to_slot(&arena);
        let slot = &Slot::as_foreign(std::slice::from_ref(&slot))[0];
        let update = if whole { self.value.replace(slot) } else { self.value.apply(slot) };
        let update = update.unwrap().expect("a change");
        self.changes += 1;
        if let Some(mirror) = &mut self.mirror {
            mirror.apply(&update).unwrap();
            assert_eq!(mirror.tree(), self.value.tree());
        }
        let served = self.mirror.as_ref().map_or(self.value.tree(), Mirror::tree);
        self.life.publish(&update, served, &WorkflowId::Nil, now);
    }

    /// L2: however many ask, the value is encoded once for each of its changes, once for its beginning, and once more
    /// after each time that nobody needed it for so long that it was given up.
    pub(crate) fn check_encodings(&self, now: Instant) -> Result<(), Broken> {
        let age = self.began.map_or(Duration::ZERO, |began| now.duration_since(began));
        let given_up = (age.as_micros() / KEPT_FOR.as_micros()) as u64;
        let (encodings, values) = (self.life.encodings(), self.changes + 1);
        if encodings <= values + given_up {
            return Ok(());
        }
        let how = format!("{encodings} encodings of {values} values, given up {given_up} times at most");
        Err(Broken { promise: "L2", how })
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let served = self.mirror.as_ref().map_or(self.value.tree(), Mirror::tree);
        self.life.handle_timeout(served, now);
    }

    pub(crate) fn end(&mut self) {
        let served = self.mirror.as_ref().map_or(self.value.tree(), Mirror::tree);
        self.life.end(served);
    }

    pub(crate) fn answer(&mut self, frame: &[u8], now: Instant) -> Bytes {
        assert_eq!(self.served(), self.value.tree());
        let served = self.mirror.as_ref().map_or(self.value.tree(), Mirror::tree);
        self.life.handle_request(frame, served, now).frame().clone()
    }
}

fn holds_nil(value: &Value) -> bool {
    matches!(value, Value::Map(pairs) if pairs.iter().any(|(_, value)| *value == Value::Nil))
}

/// An owner like the Python library's: numbers from 0, no `sync`, no heartbeats, snapshots that say 0.
#[derive(Default)]
pub(crate) struct OldLife {
    value: BTreeMap<&'static str, u64>,
    next: u64,
}

impl OldLife {
    fn state(&self) -> Value {
        Value::map(self.value.iter().map(|(key, value)| (*key, Value::from(*value))))
    }

    pub(crate) fn act(&mut self, unique: u64, chance: &mut Chance) -> Bytes {
        let key = ["a", "b", "c", "d", "e"][chance.below(5) as usize];
        let change = if chance.once_in(4) && self.value.remove(key).is_some() {
            Value::Nil
        } else {
            self.value.insert(key, unique);
            Value::from(unique)
        };
        let is_snapshot = chance.once_in(20);
        let state = if is_snapshot { self.state() } else { Value::map([(key, change)]) };
        let args = [("current_num", Value::from(self.next)), ("is_snapshot", is_snapshot.into()), ("state", state)];
        self.next += 1;
        frame(&Value::map([("args", Value::map(args)), ("workflow_id", Value::Nil)]))
    }

    pub(crate) fn answer(&self) -> Bytes {
        let returned = Value::map([("state", self.state()), ("current_num", Value::Int(0))]);
        frame(&Value::map([("return_args", returned), ("workflow_id", Value::Nil)]))
    }

    /// As [`content`].
    pub(crate) fn content(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode_value(&self.state(), &mut bytes);
        bytes
    }
}

fn frame(value: &Value) -> Bytes {
    let mut bytes = Vec::new();
    encode_value(value, &mut bytes);
    bytes.into()
}
