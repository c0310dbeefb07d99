//! The requester: sends a request and returns its validated reply.
//!
//! Owns the encoding of requests and the reading of replies; `requests/` owns which reply belongs to which
//! request.
//! Never owns a socket or reads a clock.

use std::time::Duration;

use bytes::Bytes;
use service_framework_model::error::Refusal;
use service_framework_model::schema::{ConnectionModel, Peers};
use service_framework_model::slot::ForeignSlot;
use service_framework_model::validator::{ModelError, Validator};
use service_framework_model::wire::Arena;
use service_framework_model::wire::envelope::{self, Answer, WorkflowId};

use crate::{Outbound, timeout};

/// A `requester` connection.
#[derive(Debug)]
pub struct Requester {
    arguments: Validator,
    returns: Validator,
    peers: Peers,
    timeout: Duration,
    retries: u32,
}

impl Requester {
    /// The requester that a model declares.
    ///
    /// # Errors
    /// If the model's arguments contradict themselves.
    pub fn new(model: &ConnectionModel) -> Result<Self, ModelError> {
        let idempotent = model.creation_argument("idempotent").and_then(serde_json::Value::as_bool) == Some(true);
        let retries = model.creation_argument("retries").and_then(serde_json::Value::as_u64).filter(|_| idempotent);
        Ok(Self {
            arguments: Validator::new(&model.arguments)?,
            returns: Validator::new(&model.return_arguments)?,
            peers: model.peers,
            timeout: timeout::of(model),
            retries: retries.and_then(|retries| u32::try_from(retries).ok()).unwrap_or(0),
        })
    }
}

impl Outbound for Requester {
    fn write_call(&self, slots: &[ForeignSlot<'_>], id: &WorkflowId<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        envelope::write_call(&self.arguments, slots, self.peers, id, out)
    }

    fn return_timeout(&self) -> Option<Duration> {
        Some(self.timeout)
    }

    fn read_return<'a>(&'a self, frame: &'a Bytes, arena: &'a Arena) -> Result<Answer<'a>, Refusal> {
        envelope::read_answer(frame, &self.returns, arena)
    }

    fn retries(&self) -> u32 {
        self.retries
    }
}

#[cfg(test)]
mod tests {
    use service_framework_model::error::Code;
    use service_framework_model::schema::{ArgType, Record, Side};
    use service_framework_model::slot::{Slot, View};
    use service_framework_model::value::Value;
    use service_framework_model::wire::{decode_value, encode_value};

    use super::*;

    fn model() -> ConnectionModel {
        let mut model = ConnectionModel::new("desk", Side::Out, "requester");
        model.arguments = Record::new().required("quantity", ArgType::int_range(1, 10));
        model.return_arguments = Record::new().required("total", ArgType::int());
        model
    }

    fn reply(entries: Vec<(&str, Value)>) -> Bytes {
        let mut out = Vec::new();
        encode_value(&Value::map(entries), &mut out);
        out.into()
    }

    #[test]
    fn the_timeout_is_that_of_the_model_or_five_seconds() {
        let mut model = model();
        assert_eq!(Requester::new(&model).unwrap().return_timeout(), Some(timeout::DEFAULT));
        model.optional_creation_arguments.push(("timeout_s".into(), 0.25.into()));
        assert_eq!(Requester::new(&model).unwrap().return_timeout(), Some(Duration::from_millis(250)));
    }

    #[test]
    fn only_an_idempotent_requester_has_retries() {
        let mut model = model();
        model.optional_creation_arguments = vec![("retries".into(), 3.into())];
        assert_eq!(Requester::new(&model).unwrap().retries(), 0);
        model.optional_creation_arguments.push(("idempotent".into(), true.into()));
        assert_eq!(Requester::new(&model).unwrap().retries(), 3);
    }

    #[test]
    fn arguments_that_do_not_fit_leave_nothing_behind() {
        let requester = Requester::new(&model()).unwrap();
        let mut out = b"before".to_vec();
        let refusal = requester.write_call(Slot::as_foreign(&[Slot::int(11)]), &WorkflowId::Nil, &mut out).unwrap_err();
        assert_eq!(refusal.code(), Code::OutOfRange);
        assert_eq!(out, b"before");
    }

    #[test]
    fn a_call_carries_its_arguments_and_its_id() {
        let requester = Requester::new(&model()).unwrap();
        let mut out = Vec::new();
        requester.write_call(Slot::as_foreign(&[Slot::int(3)]), &WorkflowId::Str("w_1"), &mut out).unwrap();
        let args = Value::map([("quantity", Value::Int(3))]);
        assert_eq!(decode_value(&out).unwrap(), Value::map([("args", args), ("workflow_id", "w_1".into())]));
    }

    #[test]
    fn a_reply_is_checked_and_an_error_reply_is_told_apart() {
        let requester = Requester::new(&model()).unwrap();
        let arena = Arena::new();
        let good = reply(vec![("return_args", Value::map([("total", Value::Int(7))])), ("workflow_id", Value::Nil)]);
        let Ok(Answer::Returned { arguments, .. }) = requester.read_return(&good, &arena) else { panic!("refused") };
        assert!(matches!(arguments[0].view(), View::Int(7)));
        let bad = reply(vec![("return_args", Value::map([("total", Value::from("7"))]))]);
        assert_eq!(requester.read_return(&bad, &arena).unwrap_err().code(), Code::WrongType);
        let error = Value::map([
            ("code", Value::from("no_book")),
            ("message", "there is no book".into()),
            ("is_caller_error", true.into()),
            ("is_retryable", false.into()),
        ]);
        let failed = reply(vec![("return_args", Value::Map(vec![])), ("workflow_id", Value::Nil), ("error", error)]);
        let Ok(Answer::Failed { error, .. }) = requester.read_return(&failed, &arena) else { panic!("no error") };
        assert_eq!((error.code.as_str(), error.is_caller_error), ("no_book", true));
    }
}
