//! The publisher: sends what its subscribers are to have, and waits for nobody.
//!
//! Owns the encoding of publications and their numbers, by which a subscriber knows what it missed. Never owns a socket,
//! reads a clock or makes randomness: the number of a publisher's life comes in as an argument.

use std::time::Duration;

use bytes::Bytes;
use service_framework_model::error::{Code, Refusal};
use service_framework_model::schema::{ConnectionModel, Peers};
use service_framework_model::slot::ForeignSlot;
use service_framework_model::validator::{ModelError, Validator};
use service_framework_model::wire::envelope::{self, Answer, WorkflowId};
use service_framework_model::wire::{Arena, Seq};

use crate::readiness::{self, Readiness};
use crate::{Outbound, topic};

/// A `publisher` connection.
#[derive(Debug)]
pub struct Publisher {
    arguments: Validator,
    peers: Peers,
    prefix: Vec<u8>,
    is_numbered: bool,
    readiness: Readiness,
}

impl Publisher {
    /// The publisher that a model declares.
    ///
    /// # Errors
    /// If the model's arguments contradict themselves.
    pub fn new(model: &ConnectionModel) -> Result<Self, ModelError> {
        Ok(Self {
            arguments: Validator::new(&model.arguments)?,
            peers: model.peers,
            prefix: topic::prefix(model),
            is_numbered: model.creation_argument("seq").and_then(serde_json::Value::as_bool) != Some(false),
            readiness: readiness::of(model),
        })
    }
}

impl Outbound for Publisher {
    fn write_call(&self, slots: &[ForeignSlot<'_>], id: &WorkflowId<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let start = out.len();
        out.extend_from_slice(&self.prefix);
        let write = if self.is_numbered { envelope::write_publication } else { envelope::write_call };
        write(&self.arguments, slots, self.peers, id, out).inspect_err(|_| out.truncate(start))
    }

    fn return_timeout(&self) -> Option<Duration> {
        None
    }

    fn read_return<'a>(&'a self, _: &'a Bytes, _: &'a Arena) -> Result<Answer<'a>, Refusal> {
        Err(Refusal::new(Code::BadEnvelope, "nothing comes back over a publisher"))
    }

    fn topic(&self) -> &[u8] {
        &self.prefix
    }

    fn is_numbered(&self) -> bool {
        self.is_numbered
    }

    fn readiness(&self) -> Readiness {
        self.readiness
    }
}

/// The numbers of one life of a publisher.
#[derive(Debug)]
pub struct Numbers {
    epoch: u64,
    last: u64,
}

impl Numbers {
    /// Those of a new life, which `epoch` tells apart from all others.
    #[must_use]
    pub const fn new(epoch: u64) -> Self {
        Self { epoch, last: 0 }
    }

    /// Ends a publication with the next number. Whether it reaches anybody changes nothing: that is what the number is
    /// there to show.
    pub fn number(&mut self, publication: &mut Vec<u8>) {
        self.last = self.last.wrapping_add(1);
        Seq { epoch: self.epoch, number: self.last }.append(publication);
    }
}

#[cfg(test)]
mod tests {
    use service_framework_model::schema::{ArgType, Record, Side};
    use service_framework_model::slot::Slot;
    use service_framework_model::value::Value;
    use service_framework_model::wire::decode_value;

    use super::*;

    fn model(creation: &[(&str, serde_json::Value)]) -> ConnectionModel {
        let mut model = ConnectionModel::new("acks", Side::Out, "publisher");
        model.arguments = Record::new().required("n", ArgType::int_range(0, 9));
        model.optional_creation_arguments =
            creation.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        model
    }

    fn written(publisher: &Publisher) -> Vec<u8> {
        let mut out = Vec::new();
        publisher.write_call(Slot::as_foreign(&[Slot::int(3)]), &WorkflowId::Str("w"), &mut out).unwrap();
        out
    }

    #[test]
    fn a_publication_without_number_is_what_the_python_library_sends() {
        let publisher = Publisher::new(&model(&[("topic", "ACK".into()), ("seq", false.into())])).unwrap();
        assert_eq!(written(&publisher), b"\xa3ACK\x82\xa4args\x81\xa1n\x03\xabworkflow_id\xa1w");
        let publisher = Publisher::new(&model(&[("seq", false.into())])).unwrap();
        assert_eq!(written(&publisher), b"\x82\xa4args\x81\xa1n\x03\xabworkflow_id\xa1w");
        let nameless = Publisher::new(&model(&[("topic", "".into()), ("seq", false.into())])).unwrap();
        assert_eq!(written(&nameless), written(&publisher));
    }

    #[test]
    fn numbers_of_one_life_grow_by_one() {
        let publisher = Publisher::new(&model(&[])).unwrap();
        let mut numbers = Numbers::new(u64::MAX);
        for n in 1..=3 {
            let mut publication = written(&publisher);
            numbers.number(&mut publication);
            let value = decode_value(&publication).unwrap();
            let seq = Value::List(vec![Value::UInt(u64::MAX), Value::Int(n)]);
            assert_eq!(value.get("seq"), Some(&seq));
            assert_eq!(value.get("workflow_id"), Some(&Value::from("w")));
        }
    }

    #[test]
    fn arguments_that_do_not_fit_leave_nothing_behind() {
        let publisher = Publisher::new(&model(&[("topic", "ACK".into())])).unwrap();
        let mut out = b"before".to_vec();
        let refusal = publisher.write_call(Slot::as_foreign(&[Slot::int(11)]), &WorkflowId::Nil, &mut out).unwrap_err();
        assert_eq!(refusal.code(), Code::OutOfRange);
        assert_eq!(out, b"before");
    }

    #[test]
    fn what_is_waited_for_is_what_the_model_says() {
        let asked = model(&[("wait_after_creation_s", 1.5.into()), ("wait_for_subscribers", 2.into())]);
        let readiness = Publisher::new(&asked).unwrap().readiness();
        assert_eq!((readiness.pause, readiness.subscribers), (Duration::from_millis(1500), 2));
        assert_eq!(readiness.patience, Duration::from_secs(5));
        let silent = Publisher::new(&model(&[])).unwrap().readiness();
        assert_eq!((silent.pause, silent.subscribers), (Duration::ZERO, 0));
    }
}
