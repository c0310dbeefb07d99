//! The replyer: answers one request at a time, in the order of each requester.
//!
//! Owns the framing of a ROUTER that speaks to REQ peers, and the rule that whoever can be answered is answered: a
//! good request by its function, a bad one by an error. Never calls a function, owns a socket or reads a clock.

use bytes::Bytes;
use service_framework_model::error::{Code, Refusal};
use service_framework_model::schema::{ConnectionModel, Peers};
use service_framework_model::slot::ForeignSlot;
use service_framework_model::validator::{ModelError, Validator};
use service_framework_model::wire::Arena;
use service_framework_model::wire::envelope::{self, RemoteError, WorkflowId};

use crate::{Frames, Inbound, Opened};

/// A `replyer` connection.
#[derive(Debug)]
pub struct Replyer {
    arguments: Validator,
    returns: Validator,
    peers: Peers,
}

impl Replyer {
    /// The replyer that a model declares.
    ///
    /// # Errors
    /// If the model's arguments contradict themselves.
    pub fn new(model: &ConnectionModel) -> Result<Self, ModelError> {
        Ok(Self {
            arguments: Validator::new(&model.arguments)?,
            returns: Validator::new(&model.return_arguments)?,
            peers: model.peers,
        })
    }
}

/// Splits `[identity][envelope ...][empty][body]` at the empty frame: what leads back to the requester, and what it asks.
/// Every frame up to the first empty one goes back with the reply, as a REP socket does it (RFC 28, "request-reply").
#[must_use]
pub fn split(frames: &[Bytes]) -> Option<(&[Bytes], &[Bytes])> {
    let empty = frames.iter().skip(1).position(Bytes::is_empty)? + 1;
    frames.split_at_checked(empty + 1)
}

impl Inbound for Replyer {
    fn open<'a>(&'a self, frames: &'a [Bytes], arena: &'a Arena) -> Opened<'a> {
        let Some((route, body)) = split(frames) else {
            let detail = "a request needs an empty frame before its body, as a REQ socket sends it";
            return Opened::unanswerable(Refusal::new(Code::BadFraming, detail));
        };
        match body {
            [body] => match envelope::read_call(body, &self.arguments, arena) {
                Ok(call) => Opened::Call { call, route },
                Err(bad) => Opened::Refused { refusal: bad.refusal, workflow_id: bad.workflow_id, route },
            },
            [] => {
                let refusal = Refusal::new(Code::Empty, "a request needs a body after its empty frame");
                Opened::Refused { refusal, workflow_id: WorkflowId::Nil, route }
            }
            [first, rest @ ..] => {
                let detail = format!("a request is one frame, this one has {} more", rest.len());
                let workflow_id = match envelope::read_call(first, &self.arguments, arena) {
                    Ok(call) => call.workflow_id,
                    Err(bad) => bad.workflow_id,
                };
                Opened::Refused { refusal: Refusal::new(Code::ExtraFrames, detail), workflow_id, route }
            }
        }
    }

    fn returns(&self) -> bool {
        true
    }

    fn write_return(&self, slots: &[ForeignSlot<'_>], id: &WorkflowId<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        envelope::write_answer(&self.returns, slots, self.peers, id, out)
    }

    fn write_failure(&self, error: &RemoteError, id: &WorkflowId<'_>, out: &mut Vec<u8>) {
        envelope::write_error(error, id, out);
    }
}

/// Makes of a request's frames those of its answer: so many of them, which are the way back, then the body.
pub fn answer(frames: &mut Frames, route: usize, body: Bytes) {
    frames.truncate(route);
    frames.push(body);
}

#[cfg(test)]
mod tests {
    use service_framework_model::schema::{ArgType, Record, Side};
    use service_framework_model::slot::{Slot, View};
    use service_framework_model::value::Value;
    use service_framework_model::wire::{decode_value, encode_value};

    use super::*;

    fn replyer() -> Replyer {
        let mut model = ConnectionModel::new("order", Side::In, "replyer");
        model.arguments = Record::new().required("quantity", ArgType::int_range(1, 10));
        model.return_arguments = Record::new().required("total", ArgType::int());
        Replyer::new(&model).unwrap()
    }

    fn body(args: Value) -> Bytes {
        let mut out = Vec::new();
        encode_value(&Value::map([("args", args), ("workflow_id", "w1".into())]), &mut out);
        out.into()
    }

    fn order(quantity: i64) -> Bytes {
        body(Value::map([("quantity", quantity.into())]))
    }

    /// The frames of a message: identity, then the given ones.
    fn frames(rest: &[Bytes]) -> Vec<Bytes> {
        [Bytes::from_static(b"identity")].iter().chain(rest).cloned().collect()
    }

    /// Opens a message that is refused; its code, the id to answer with, and the number of frames of the way back.
    fn refused(rest: &[Bytes]) -> (Code, String, usize) {
        let arena = Arena::new();
        let frames = frames(rest);
        match replyer().open(&frames, &arena) {
            Opened::Refused { refusal, workflow_id, route } => {
                (refusal.code(), workflow_id.to_text().into_owned(), route.len())
            }
            other => panic!("not refused: {other:?}"),
        }
    }

    const EMPTY: Bytes = Bytes::new();

    #[test]
    fn a_request_is_opened_and_everything_up_to_the_empty_frame_leads_back() {
        let correlation = Bytes::from_static(b"12345678");
        for envelope in [&[EMPTY][..], &[correlation.clone(), EMPTY], &[correlation.clone(), correlation, EMPTY]] {
            let arena = Arena::new();
            let frames = frames(&[envelope, &[order(3)]].concat());
            let replyer = replyer();
            let Opened::Call { call, route } = replyer.open(&frames, &arena) else { panic!("refused") };
            assert!(matches!(call.arguments[0].view(), View::Int(3)));
            assert_eq!(call.workflow_id, WorkflowId::Str("w1"));
            assert_eq!(route, &frames[..=envelope.len()]);
            let route = route.len();
            let mut answered: Frames = frames.iter().cloned().collect();
            answer(&mut answered, route, order(4));
            assert_eq!(answered.as_slice(), [&frames[..route], &[order(4)]].concat());
        }
    }

    #[test]
    fn a_bad_request_is_answered_with_the_id_that_could_be_read() {
        assert_eq!(refused(&[EMPTY, order(11)]), (Code::OutOfRange, "w1".into(), 2));
        assert_eq!(refused(&[EMPTY, body(Value::map([("quantity", "x".into())]))]), (Code::WrongType, "w1".into(), 2));
        assert_eq!(refused(&[EMPTY, Bytes::from_static(b"\xc1")]), (Code::ReservedByte, String::new(), 2));
        assert_eq!(refused(&[EMPTY, EMPTY]), (Code::Empty, String::new(), 2));
        assert_eq!(refused(&[EMPTY]), (Code::Empty, String::new(), 2));
    }

    #[test]
    fn extra_frames_are_refused_with_the_id_of_the_first() {
        assert_eq!(refused(&[EMPTY, order(3), order(4)]), (Code::ExtraFrames, "w1".into(), 2));
        assert_eq!(refused(&[EMPTY, Bytes::from_static(b"?"), order(4)]), (Code::ExtraFrames, String::new(), 2));
    }

    #[test]
    fn without_an_empty_frame_there_is_no_way_back() {
        let arena = Arena::new();
        for rest in [&[][..], &[order(3)], &[order(3), order(4)]] {
            let frames = frames(rest);
            let replyer = replyer();
            let Opened::Unanswerable { refusal, .. } = replyer.open(&frames, &arena) else { panic!("answered") };
            assert_eq!(refusal.code(), Code::BadFraming);
        }
    }

    #[test]
    fn what_the_function_returns_is_checked_before_it_is_written() {
        let replyer = replyer();
        let mut out = Vec::new();
        let wrong = [Slot::str("much")];
        let refusal = replyer.write_return(Slot::as_foreign(&wrong), &WorkflowId::Str("w1"), &mut out).unwrap_err();
        assert_eq!((refusal.code(), refusal.path()), (Code::WrongType, "total".into()));
        assert!(out.is_empty());
        let right = [Slot::int(7)];
        replyer.write_return(Slot::as_foreign(&right), &WorkflowId::Str("w1"), &mut out).unwrap();
        let written = decode_value(&out).unwrap();
        assert_eq!(written.get("return_args"), Some(&Value::map([("total", Value::Int(7))])));
        assert_eq!(written.get("workflow_id"), Some(&Value::from("w1")));
    }
}
