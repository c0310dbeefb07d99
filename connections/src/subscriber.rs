//! The subscriber: hands what publishers send to a function that returns nothing.
//!
//! Owns the reading of publications: the topic before them, and that each is one frame. Never answers, owns a socket or
//! reads a clock. What waits for the service is `crate::intake`'s, what was missed `crate::arrivals`'.

use bytes::Bytes;
use service_framework_model::error::{Code, Refusal};
use service_framework_model::schema::ConnectionModel;
use service_framework_model::slot::ForeignSlot;
use service_framework_model::validator::{ModelError, Validator};
use service_framework_model::wire::Arena;
use service_framework_model::wire::envelope::{self, RemoteError, WorkflowId};

use crate::intake::Settings;
use crate::readiness::{self, Readiness};
use crate::{Inbound, Opened, topic};

/// A `subscriber` connection.
#[derive(Debug)]
pub struct Subscriber {
    arguments: Validator,
    topic: Option<String>,
    settings: Settings,
    readiness: Readiness,
}

impl Subscriber {
    /// The subscriber that a model declares.
    ///
    /// # Errors
    /// If the model's arguments contradict themselves.
    pub fn new(model: &ConnectionModel) -> Result<Self, ModelError> {
        Ok(Self {
            arguments: Validator::new(&model.arguments)?,
            topic: topic::topic(model).map(str::to_owned),
            settings: Settings::of(model),
            readiness: readiness::of(model),
        })
    }
}

impl Inbound for Subscriber {
    fn open<'a>(&'a self, frames: &'a [Bytes], arena: &'a Arena) -> Opened<'a> {
        let [frame] = frames else {
            let detail = format!("a publication is one frame, this one has {}", frames.len());
            return Opened::unanswerable(Refusal::new(Code::ExtraFrames, detail));
        };
        let Some(map) = frame.strip_prefix(self.settings.prefix()) else {
            return Opened::unanswerable(other_topic(self.topic.as_deref().unwrap_or_default()));
        };
        match envelope::read_call(map, &self.arguments, arena) {
            Ok(call) => Opened::Call { call, route: &[] },
            Err(bad) => Opened::Unanswerable { refusal: bad.refusal, workflow_id: bad.workflow_id, seq: bad.seq },
        }
    }

    fn returns(&self) -> bool {
        false
    }

    fn write_return(&self, _: &[ForeignSlot<'_>], _: &WorkflowId<'_>, _: &mut Vec<u8>) -> Result<(), Refusal> {
        Err(Refusal::new(Code::BadEnvelope, "nothing goes back over a subscriber"))
    }

    fn write_failure(&self, _: &RemoteError, _: &WorkflowId<'_>, _: &mut Vec<u8>) {}

    fn intake(&self) -> Option<&Settings> {
        Some(&self.settings)
    }

    fn readiness(&self) -> Readiness {
        self.readiness
    }
}

#[cold]
fn other_topic(topic: &str) -> Refusal {
    Refusal::new(Code::OtherTopic, format!("the message does not begin with the topic {topic:?}"))
}

#[cfg(test)]
mod tests {
    use service_framework_model::schema::{ArgType, Record, Side};
    use service_framework_model::slot::View;
    use service_framework_model::value::Value;
    use service_framework_model::wire::{Seq, encode_value};

    use super::*;

    fn subscriber(topic: &str) -> Subscriber {
        let mut model = ConnectionModel::new("trades", Side::In, "subscriber");
        model.arguments = Record::new().required("n", ArgType::int_range(1, 10));
        model.optional_creation_arguments.push(("topic".into(), topic.into()));
        Subscriber::new(&model).unwrap()
    }

    fn frame(topic: &str, n: i64, seq: Option<Value>) -> Bytes {
        let mut out = Vec::new();
        if !topic.is_empty() {
            encode_value(&topic.into(), &mut out);
        }
        let args = Value::map([("n", Value::Int(n))]);
        let seq = seq.map(|seq| ("seq", seq));
        encode_value(&Value::map([("args", args), ("workflow_id", "w".into())].into_iter().chain(seq)), &mut out);
        out.into()
    }

    fn pair(epoch: u64, number: u64) -> Value {
        Value::List(vec![Value::UInt(epoch), Value::UInt(number)])
    }

    /// Opens a message that is refused.
    fn refused(topic: &str, frames: &[Bytes]) -> (Code, Option<Seq>) {
        let (arena, subscriber) = (Arena::new(), subscriber(topic));
        match subscriber.open(frames, &arena) {
            Opened::Unanswerable { refusal, seq, .. } => (refusal.code(), seq),
            other => panic!("not refused: {other:?}"),
        }
    }

    #[test]
    fn a_publication_is_opened_behind_its_topic_with_its_number() {
        for topic in ["", "T", "caf\u{e9}", &"t".repeat(40)] {
            let (arena, subscriber) = (Arena::new(), subscriber(topic));
            let frames = [frame(topic, 3, Some(pair(u64::MAX, 9)))];
            let Opened::Call { call, route } = subscriber.open(&frames, &arena) else { panic!("refused") };
            assert!(matches!(call.arguments[0].view(), View::Int(3)));
            assert_eq!((call.workflow_id, route.len()), (WorkflowId::Str("w"), 0));
            assert_eq!(call.seq, Some(Seq { epoch: u64::MAX, number: 9 }));
        }
    }

    #[test]
    fn an_odd_number_is_as_good_as_none() {
        for odd in [Value::Nil, Value::Int(1), Value::List(vec![]), Value::List(vec![1.into(), (-1).into()])] {
            let (arena, subscriber) = (Arena::new(), subscriber(""));
            let frames = [frame("", 3, Some(odd))];
            let Opened::Call { call, .. } = subscriber.open(&frames, &arena) else { panic!("refused") };
            assert_eq!(call.seq, None);
        }
    }

    #[test]
    fn a_refused_publication_still_has_its_number() {
        let seq = Seq { epoch: 1, number: 2 };
        assert_eq!(refused("T", &[frame("T", 11, Some(pair(1, 2)))]), (Code::OutOfRange, Some(seq)));
    }

    #[test]
    fn what_is_not_of_the_topic_or_no_publication_is_refused() {
        assert_eq!(refused("a", &[frame("ab", 3, None)]), (Code::OtherTopic, None));
        assert_eq!(refused("a", &[frame("", 3, None)]), (Code::OtherTopic, None));
        assert_eq!(refused("a", &[Bytes::new()]), (Code::OtherTopic, None));
        assert_eq!(refused("a", &[frame("a", 3, None), Bytes::new()]), (Code::ExtraFrames, None));
        assert_eq!(refused("a", &[]), (Code::ExtraFrames, None));
        assert_eq!(refused("", &[frame("a", 3, None)]).0, Code::TrailingBytes);
        assert_eq!(refused("", &[Bytes::new()]), (Code::Empty, None));
        assert_eq!(refused("a", &[Bytes::from_static(b"\xa1a\xc1")]), (Code::ReservedByte, None));
    }
}
