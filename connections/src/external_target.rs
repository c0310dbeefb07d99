//! The external target: both ends of a call to something outside, within one process.
//!
//! Owns the encoding of the call and of what comes back, at the service's end and at the target's. The messages are
//! those of a requester and a replyer, so that what crosses is validated as on any connection and owned by the thread
//! that makes the call. `calls.rs` owns which call is made when. Never starts a thread or reads a clock.

use std::time::Duration;

use bytes::Bytes;
use service_framework_model::error::{Code, Refusal};
use service_framework_model::schema::{ConnectionModel, Peers};
use service_framework_model::slot::ForeignSlot;
use service_framework_model::validator::{ModelError, Validator};
use service_framework_model::wire::Arena;
use service_framework_model::wire::envelope::{self, Answer, RemoteError, WorkflowId};

use crate::{Inbound, Opened, Outbound, timeout};

/// The most calls of one external target that a model may allow at once: each has a thread of its own.
pub const MOST_CALLS_IN_FLIGHT: u16 = 256;

/// Who reads the messages is this process itself.
const PEERS: Peers = Peers::Own;

/// An `external_target` connection.
#[derive(Debug)]
pub struct ExternalTarget {
    arguments: Validator,
    returns: Validator,
    timeout: Duration,
    calls_in_flight: usize,
}

impl ExternalTarget {
    /// The external target that a model declares.
    ///
    /// # Errors
    /// If the model's arguments contradict themselves.
    pub fn new(model: &ConnectionModel) -> Result<Self, ModelError> {
        let calls = model.creation_argument("calls_in_flight").and_then(serde_json::Value::as_u64);
        let most = usize::from(MOST_CALLS_IN_FLIGHT);
        Ok(Self {
            arguments: Validator::new(&model.arguments)?,
            returns: Validator::new(&model.return_arguments)?,
            timeout: timeout::of(model),
            calls_in_flight: calls.and_then(|calls| usize::try_from(calls).ok()).unwrap_or(1).clamp(1, most),
        })
    }
}

impl Outbound for ExternalTarget {
    fn write_call(&self, slots: &[ForeignSlot<'_>], id: &WorkflowId<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        envelope::write_call(&self.arguments, slots, PEERS, id, out)
    }

    fn return_timeout(&self) -> Option<Duration> {
        Some(self.timeout)
    }

    fn read_return<'a>(&'a self, frame: &'a Bytes, arena: &'a Arena) -> Result<Answer<'a>, Refusal> {
        envelope::read_answer(frame, &self.returns, arena)
    }

    fn target(&self) -> Option<&dyn Inbound> {
        Some(self)
    }

    fn calls_in_flight(&self) -> usize {
        self.calls_in_flight
    }
}

/// The target's end. Its one frame is the call, and the way back is the thread that makes it.
impl Inbound for ExternalTarget {
    fn open<'a>(&'a self, frames: &'a [Bytes], arena: &'a Arena) -> Opened<'a> {
        let [body] = frames else {
            let detail = format!("a call to an external target is one frame, this one has {}", frames.len());
            let refusal = Refusal::new(Code::BadFraming, detail);
            return Opened::Refused { refusal, workflow_id: WorkflowId::Nil, route: &[] };
        };
        match envelope::read_call(body, &self.arguments, arena) {
            Ok(call) => Opened::Call { call, route: &[] },
            Err(bad) => Opened::Refused { refusal: bad.refusal, workflow_id: bad.workflow_id, route: &[] },
        }
    }

    fn returns(&self) -> bool {
        true
    }

    fn write_return(&self, slots: &[ForeignSlot<'_>], id: &WorkflowId<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
        envelope::write_answer(&self.returns, slots, PEERS, id, out)
    }

    fn write_failure(&self, error: &RemoteError, id: &WorkflowId<'_>, out: &mut Vec<u8>) {
        envelope::write_error(error, id, out);
    }
}

#[cfg(test)]
mod tests {
    use service_framework_model::schema::{ArgType, Record, Side};
    use service_framework_model::slot::{Slot, View};

    use super::*;
    use crate::requester::Requester;

    fn model() -> ConnectionModel {
        let mut model = ConnectionModel::new("ledger", Side::Out, "external_target");
        model.arguments = Record::new().required("quantity", ArgType::int_range(1, 10));
        model.return_arguments = Record::new().required("total", ArgType::int());
        model
    }

    fn target() -> ExternalTarget {
        ExternalTarget::new(&model()).unwrap()
    }

    /// A call of this quantity, as the service's end writes it.
    fn call(quantity: i64) -> Bytes {
        let mut out = Vec::new();
        target().write_call(Slot::as_foreign(&[Slot::int(quantity)]), &WorkflowId::Str("w_2"), &mut out).unwrap();
        out.into()
    }

    #[test]
    fn a_call_reaches_the_target_with_its_id_and_what_it_returns_comes_back() {
        let target = target();
        let end = target.target().unwrap();
        let (arena, frames) = (Arena::new(), [call(3)]);
        let Opened::Call { call, route } = end.open(&frames, &arena) else { panic!("refused") };
        assert!(matches!(call.arguments[0].view(), View::Int(3)));
        assert_eq!((&call.workflow_id, route.len()), (&WorkflowId::Str("w_2"), 0));
        let mut out = Vec::new();
        end.write_return(Slot::as_foreign(&[Slot::int(9)]), &call.workflow_id, &mut out).unwrap();
        let returned = Bytes::from(out);
        let Ok(Answer::Returned { arguments, workflow_id }) = target.read_return(&returned, &arena) else {
            panic!("refused")
        };
        assert!(matches!(arguments[0].view(), View::Int(9)));
        assert_eq!(workflow_id, WorkflowId::Str("w_2"));
    }

    #[test]
    fn what_the_target_failed_by_comes_back_as_its_error() {
        let target = target();
        let error = RemoteError {
            code: "no_ledger".into(),
            message: "the ledger is closed".into(),
            field: None,
            is_caller_error: false,
            is_retryable: true,
        };
        let mut out = Vec::new();
        target.write_failure(&error, &WorkflowId::Nil, &mut out);
        let (arena, returned) = (Arena::new(), Bytes::from(out));
        let Ok(Answer::Failed { error: read, .. }) = target.read_return(&returned, &arena) else { panic!("no error") };
        assert_eq!(read, error);
    }

    #[test]
    fn arguments_and_returns_are_checked_before_they_cross() {
        let target = target();
        let mut out = b"before".to_vec();
        let many = target.write_call(Slot::as_foreign(&[Slot::int(11)]), &WorkflowId::Nil, &mut out).unwrap_err();
        assert_eq!((many.code(), many.path()), (Code::OutOfRange, "quantity".into()));
        let text = target.write_return(Slot::as_foreign(&[Slot::str("9")]), &WorkflowId::Nil, &mut out).unwrap_err();
        assert_eq!((text.code(), text.path()), (Code::WrongType, "total".into()));
        assert_eq!(out, b"before");
    }

    #[test]
    fn anything_but_one_good_frame_is_refused_so_that_the_caller_is_told() {
        let (target, arena) = (target(), Arena::new());
        for frames in [&[][..], &[Bytes::new(), call(3)], &[Bytes::from_static(b"\xc1")]] {
            assert!(matches!(target.open(frames, &arena), Opened::Refused { route: [], .. }));
        }
    }

    #[test]
    fn timeout_and_calls_in_flight_are_those_of_the_model_or_the_usual_ones() {
        assert_eq!((target().return_timeout(), target().calls_in_flight()), (Some(timeout::DEFAULT), 1));
        let mut model = model();
        model.optional_creation_arguments =
            vec![("timeout_s".into(), 0.5.into()), ("calls_in_flight".into(), 8.into())];
        let target = ExternalTarget::new(&model).unwrap();
        assert_eq!(target.return_timeout(), Some(Duration::from_millis(500)));
        assert_eq!((target.calls_in_flight(), target.retries()), (8, 0));
    }

    #[test]
    fn what_only_old_peers_could_not_read_is_allowed() {
        let mut model = model();
        model.arguments = Record::new().required("any", ArgType::Any);
        let (target, requester) = (ExternalTarget::new(&model).unwrap(), Requester::new(&model).unwrap());
        let pairs = [Slot::int(1), Slot::int(2)];
        let slots = [Slot::map(&pairs)];
        let write =
            |outbound: &dyn Outbound| outbound.write_call(Slot::as_foreign(&slots), &WorkflowId::Nil, &mut Vec::new());
        assert_eq!(write(&requester).unwrap_err().code(), Code::NotForOldPeers);
        assert_eq!(write(&target), Ok(()));
    }
}
