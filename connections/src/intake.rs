//! What a subscriber takes from its sockets, up to the moment when the service has time for it.
//!
//! Owns the way of a publication into the queue: its number is noted before the queue can drop it, and its key is made.
//! Never reads a message to its end: what is wrong with it is found when the service gets it.

use bytes::Bytes;
use service_framework_model::schema::ConnectionModel;
use service_framework_model::wire::glance;
use smallvec::{SmallVec, smallvec};

use crate::Frames;
use crate::arrivals::{Arrivals, Seen};
use crate::queue::{Bounds, Dropped, Policy, Queue};
use crate::topic;

/// How much waits unless a model says otherwise.
const MESSAGES: usize = 100_000;
const BYTES: usize = 256 << 20;

/// What a model says of the queue of a subscriber.
#[derive(Clone, Debug)]
pub struct Settings {
    prefix: Vec<u8>,
    bounds: Bounds,
    conflate_by: Vec<String>,
}

impl Settings {
    pub(crate) fn of(model: &ConnectionModel) -> Self {
        let text = |name| model.creation_argument(name).and_then(serde_json::Value::as_str);
        let size = |name| {
            let size = model.creation_argument(name).and_then(serde_json::Value::as_u64)?;
            usize::try_from(size).ok()
        };
        let policy = text("queue").and_then(|word| Policy::ALL.into_iter().find(|(known, _)| *known == word));
        let names = model.creation_argument("conflate_by").and_then(serde_json::Value::as_array);
        let names = names.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned));
        Self {
            prefix: topic::prefix(model),
            bounds: Bounds {
                policy: policy.map_or(Policy::Block, |(_, policy)| policy),
                messages: size("queue_messages").unwrap_or(MESSAGES),
                bytes: size("queue_bytes").unwrap_or(BYTES),
            },
            conflate_by: names.collect(),
        }
    }

    /// What the messages begin with that are subscribed to.
    #[must_use]
    pub fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// Whether the numbers of messages are to be looked at when they arrive: the queue may drop them afterwards.
    #[must_use]
    pub fn looks_at_numbers(&self) -> bool {
        self.bounds.policy != Policy::Block
    }
}

/// What was lost with a message, or before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Messages of its publisher that never came.
    pub missed: u64,
    /// The message itself, if it or a later one of its publisher had come before.
    pub repeated: u64,
    /// What the queue dropped.
    pub dropped: Dropped,
}

/// The messages of one subscriber that wait.
#[derive(Debug)]
pub struct Intake {
    settings: Settings,
    arrivals: Arrivals,
    queue: Queue,
}

impl Intake {
    /// One in which nothing waits yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let queue = Queue::new(settings.bounds);
        Self { settings, arrivals: Arrivals::default(), queue }
    }

    /// How many messages may be taken from the sockets.
    #[must_use]
    pub fn room(&self) -> usize {
        self.queue.room()
    }

    /// A message has arrived.
    pub fn handle_frames(&mut self, frames: Frames) -> Lost {
        let mut lost = Lost::default();
        let mut key = None;
        if self.settings.looks_at_numbers()
            && let [frame] = frames.as_slice()
            && let Some(map) = frame.strip_prefix(self.settings.prefix.as_slice())
        {
            let names = &self.settings.conflate_by;
            let mut values: SmallVec<[&[u8]; 4]> = smallvec![&[][..]; names.len()];
            if let Ok(seq) = glance(map, names, &mut values) {
                match seq.map(|seq| self.arrivals.handle_seq(seq)) {
                    None | Some(Seen::Next) => {}
                    Some(Seen::After(missed)) => lost.missed = missed,
                    Some(Seen::Repeated) => return Lost { repeated: 1, ..lost },
                }
                key = (!names.is_empty()).then(|| key_of(&values));
            }
        }
        lost.dropped = self.queue.push(frames, key);
        lost
    }

    /// The next message for the service.
    pub fn poll_frames(&mut self) -> Option<Frames> {
        self.queue.pop()
    }

    /// How many messages wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether none does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

/// The values one behind the other, each with its length, so that no two lists of values have the same key.
fn key_of(values: &[&[u8]]) -> Bytes {
    let mut key = Vec::with_capacity(values.iter().map(|value| value.len() + size_of::<u64>()).sum());
    for value in values {
        key.extend_from_slice(&(value.len() as u64).to_be_bytes());
        key.extend_from_slice(value);
    }
    key.into()
}

#[cfg(test)]
mod tests {
    use service_framework_model::schema::Side;
    use service_framework_model::value::Value;
    use service_framework_model::wire::{decode_value, encode_value};

    use super::*;

    fn intake(creation: &[(&str, serde_json::Value)]) -> Intake {
        let mut model = ConnectionModel::new("trades", Side::In, "subscriber");
        model.optional_creation_arguments =
            creation.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Intake::new(Settings::of(&model))
    }

    fn trade(topic: Option<&str>, symbol: &str, price: i64, seq: Option<u64>) -> Frames {
        let mut out = Vec::new();
        if let Some(topic) = topic {
            encode_value(&topic.into(), &mut out);
        }
        let args = Value::map([("price", Value::Int(price)), ("symbol", symbol.into())]);
        let mut entries = vec![("args", args), ("workflow_id", Value::Nil)];
        if let Some(number) = seq {
            entries.push(("seq", Value::List(vec![Value::Int(5), Value::UInt(number)])));
        }
        encode_value(&Value::map(entries), &mut out);
        [out.into()].into_iter().collect()
    }

    fn prices(intake: &mut Intake) -> Vec<i64> {
        let price = |frames: Frames| {
            let value = decode_value(&frames[0]).unwrap();
            match value.get("args").and_then(|args| args.get("price")) {
                Some(Value::Int(price)) => *price,
                other => panic!("{other:?}"),
            }
        };
        std::iter::from_fn(|| intake.poll_frames()).map(price).collect()
    }

    #[test]
    fn messages_of_one_key_are_conflated_and_what_never_came_is_counted_apart() {
        let mut intake = intake(&[("queue", "conflate".into()), ("conflate_by", serde_json::json!(["symbol"]))]);
        assert_eq!(intake.handle_frames(trade(None, "A", 1, Some(1))), Lost::default());
        assert_eq!(intake.handle_frames(trade(None, "B", 2, Some(2))), Lost::default());
        let lost = intake.handle_frames(trade(None, "A", 3, Some(5)));
        assert_eq!((lost.missed, lost.dropped.conflated), (2, 1));
        assert_eq!(intake.handle_frames(trade(None, "A", 9, Some(5))), Lost { repeated: 1, ..Lost::default() });
        assert_eq!(prices(&mut intake), [3, 2]);
    }

    #[test]
    fn what_the_queue_drops_is_not_missed_too() {
        let mut intake = intake(&[("queue", "drop_oldest".into()), ("queue_messages", 2.into())]);
        let mut oldest = 0;
        for n in 0..10 {
            let lost = intake.handle_frames(trade(None, "A", n, Some(n as u64)));
            assert_eq!((lost.missed, lost.repeated), (0, 0));
            oldest += lost.dropped.oldest;
        }
        assert_eq!((oldest, prices(&mut intake)), (8, vec![8, 9]));
    }

    #[test]
    fn a_queue_that_blocks_leaves_numbers_to_whoever_reads_the_messages() {
        let mut intake = intake(&[]);
        assert!(!intake.settings.looks_at_numbers());
        for n in [1, 9] {
            assert_eq!(intake.handle_frames(trade(None, "A", 1, Some(n))), Lost::default());
        }
        assert_eq!(intake.room(), MESSAGES - 2);
    }

    #[test]
    fn what_cannot_be_looked_at_waits_for_its_refusal() {
        let creation = [
            ("queue", "conflate".into()),
            ("conflate_by", serde_json::json!(["symbol"])),
            ("topic", serde_json::Value::from("T")),
        ];
        let mut intake = intake(&creation);
        let garbage: Frames = [Bytes::from_static(b"\xa1T\xc1")].into_iter().collect();
        let two: Frames =
            [trade(Some("T"), "A", 1, None), trade(Some("T"), "A", 1, None)].into_iter().flatten().collect();
        for frames in [garbage.clone(), garbage, two, trade(Some("U"), "A", 1, None), trade(None, "A", 1, None)] {
            assert_eq!(intake.handle_frames(frames), Lost::default());
        }
        assert_eq!(intake.len(), 5);
    }

    #[test]
    fn old_publishers_without_numbers_are_conflated_all_the_same() {
        let creation = [("queue", "conflate".into()), ("conflate_by", serde_json::json!(["symbol", "venue"]))];
        let mut intake = intake(&creation);
        for n in 0..5 {
            intake.handle_frames(trade(None, "A", n, None));
        }
        assert_eq!(prices(&mut intake), [4]);
    }
}
