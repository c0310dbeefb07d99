//! Calls and answers: what is read, what is refused and yet answered, and the bytes that are written.
#![cfg(feature = "host")]

use service_framework_model::error::Code;
use service_framework_model::schema::{ArgType, Peers, Record};
use service_framework_model::slot::Slot;
use service_framework_model::validator::Validator;
use service_framework_model::value::Value;
use service_framework_model::wire::envelope::{
    Answer, RemoteError, WorkflowId, read_answer, read_call, write_answer, write_call, write_error, write_publication,
};
use service_framework_model::wire::{Arena, Seq, encode_value};
use uuid::Uuid;

const ID: Uuid = Uuid::from_u128(0x12345678_1234_5678_1234_567812345678);

fn echo() -> Validator {
    Validator::new(&Record::new().required("to_echo", ArgType::str())).unwrap()
}

fn nothing() -> Validator {
    Validator::new(&Record::new()).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    encode_value(value, &mut out);
    out
}

fn envelope<const N: usize>(entries: [(&str, Value); N]) -> Vec<u8> {
    bytes(&Value::map(entries))
}

fn hi() -> Value {
    Value::map([("to_echo", Value::from("hi"))])
}

/// How a frame is read as a call: its first argument as text, or the code; and the id either way.
fn call(frame: &[u8], validator: &Validator) -> (Result<String, Code>, WorkflowId<'static>) {
    let arena = Arena::new();
    match read_call(frame, validator, &arena) {
        Ok(call) => (Ok(format!("{:?}", call.arguments)), call.workflow_id.into_owned()),
        Err(bad) => (Err(bad.refusal.code()), bad.workflow_id.into_owned()),
    }
}

fn read(frame: &[u8]) -> (Result<String, Code>, WorkflowId<'static>) {
    call(frame, &echo())
}

const HI: &str = "[Str(\"hi\")]";

#[test]
fn a_call_carries_its_id_whatever_that_is() {
    let other = Value::List(vec![Value::Int(1), Value::Float(0.5)]);
    for (id, carried) in [
        (Value::Uuid(ID), WorkflowId::Uuid(ID)),
        (Value::from("w_1"), WorkflowId::Other("w_1".into())),
        (Value::Nil, WorkflowId::Nil),
        (other.clone(), WorkflowId::Other(other)),
    ] {
        let frame = envelope([("args", hi()), ("workflow_id", id.clone())]);
        assert_eq!(read(&frame), (Ok(HI.to_owned()), carried.clone()));
        let turned = envelope([("workflow_id", id), ("args", hi())]);
        assert_eq!(read(&turned), (Ok(HI.to_owned()), carried));
    }
    assert_eq!(read(&envelope([("args", hi())])), (Ok(HI.to_owned()), WorkflowId::Nil));
}

#[test]
fn an_id_of_text_borrows_from_the_frame() {
    let frame = envelope([("args", hi()), ("workflow_id", "w".into())]);
    let (validator, arena) = (echo(), Arena::new());
    let Ok(call) = read_call(&frame, &validator, &arena) else { panic!("a good call") };
    let WorkflowId::Str(text) = call.workflow_id else { panic!("an id of text") };
    assert!(frame.as_ptr_range().contains(&text.as_ptr()));
}

#[test]
fn a_refused_call_is_answered_with_its_id_wherever_it_stands() {
    let bad = || Value::map([("to_echo", Value::Int(1))]);
    for frame in [
        envelope([("args", bad()), ("workflow_id", Value::Uuid(ID))]),
        envelope([("workflow_id", Value::Uuid(ID)), ("args", bad())]),
        envelope([("args", bad()), ("context", hi()), ("workflow_id", Value::Uuid(ID))]),
    ] {
        assert_eq!(read(&frame), (Err(Code::WrongType), WorkflowId::Uuid(ID)));
    }
}

#[test]
fn arguments_refused_for_their_content_leave_the_rest_readable() {
    let id = || ("workflow_id", Value::Uuid(ID));
    let twice = Value::Map(vec![("to_echo".into(), "a".into()), ("to_echo".into(), "b".into())]);
    let bad_text = [&b"\x82\xa4args\x81\xa7to_echo\xa1\xff\xabworkflow_id"[..], &bytes(&Value::Uuid(ID))].concat();
    for (frame, code) in [
        (envelope([("args", twice), id()]), Code::Duplicate),
        (envelope([("args", Value::map([("to_echo", Value::DecimalText("x".into()))])), id()]), Code::WrongType),
        (envelope([("args", Value::map([("nope", Value::Nil)])), id()]), Code::UnknownKey),
        (envelope([("args", Value::map::<&str>([])), id()]), Code::MissingKey),
        (envelope([("args", Value::Int(5)), id()]), Code::BadEnvelope),
        (envelope([("args", Value::Decimal(5.into())), id()]), Code::BadEnvelope),
        (envelope([("args", Value::Nil), id()]), Code::BadEnvelope),
        (bad_text, Code::BadUtf8),
    ] {
        assert_eq!(read(&frame), (Err(code), WorkflowId::Uuid(ID)));
    }
}

#[test]
fn of_a_damaged_frame_an_id_that_came_before_is_still_used() {
    let good = envelope([("workflow_id", Value::Uuid(ID)), ("args", hi())]);
    assert_eq!(read(&good[..good.len() - 1]), (Err(Code::LengthExceedsFrame), WorkflowId::Uuid(ID)));
    assert_eq!(read(&[&good[..], &[0]].concat()), (Err(Code::TrailingBytes), WorkflowId::Uuid(ID)));
    let turned = envelope([("args", hi()), ("workflow_id", Value::Uuid(ID))]);
    assert_eq!(read(&turned[..turned.len() - 1]).1, WorkflowId::Nil);
}

#[test]
fn what_is_no_envelope_is_refused_for_what_it_is() {
    let bad_id = Value::map([("__uuid__", Value::Bool(true)), ("as_str", "nope".into())]);
    for (frame, code) in [
        (vec![], Code::Empty),
        (vec![0xc1], Code::ReservedByte),
        (bytes(&Value::Int(5)), Code::NotAMap),
        (bytes(&Value::Uuid(ID)), Code::NotAMap),
        (envelope([("__set__", Value::Bool(true)), ("value", Value::List(vec![]))]), Code::NotAMap),
        (envelope::<0>([]), Code::BadEnvelope),
        (envelope([("return_args", hi())]), Code::BadEnvelope),
        (envelope([("args", hi()), ("args", hi())]), Code::Duplicate),
        (envelope([("args", hi()), ("workflow_id", Value::Nil), ("workflow_id", Value::Nil)]), Code::Duplicate),
        (envelope([("args", hi()), ("x", Value::Nil), ("x", Value::Nil)]), Code::Duplicate),
        (envelope([("args", hi()), ("workflow_id", bad_id)]), Code::BadUuid),
        ([bytes(&"TOPIC".into()), envelope([("args", hi())])].concat(), Code::TrailingBytes),
        (b"\xdf\xff\xff\xff\xff".to_vec(), Code::LengthExceedsFrame),
    ] {
        assert_eq!(read(&frame), (Err(code), WorkflowId::Nil), "{frame:?}");
    }
}

#[test]
fn keys_of_later_versions_are_ignored_if_they_are_well_formed() {
    let frame = envelope([("seq", Value::Int(1)), ("args", hi()), ("meta", hi()), ("error", Value::Int(1))]);
    assert_eq!(read(&frame).0, Ok(HI.to_owned()));
    let odd = bytes(&Value::Map(vec![(Value::Int(7), Value::Nil), ("args".into(), hi())]));
    assert_eq!(read(&odd).0, Ok(HI.to_owned()));
    let ill = envelope([("args", hi()), ("meta", Value::map([("__set__", Value::Nil)]))]);
    assert_eq!(read(&ill).0, Err(Code::BadMarker));
}

#[test]
fn the_path_of_a_refusal_begins_inside_the_arguments() {
    let order = Record::new().required("price", ArgType::decimal());
    let orders = Record::new().required("orders", ArgType::list(ArgType::Record(order)));
    let validator = Validator::new(&orders).unwrap();
    let orders = Value::List(vec![
        Value::map([("price", Value::Decimal(1.into()))]),
        Value::map([("price", 5_i64)].map(|(key, n)| (key, Value::from(n)))),
    ]);
    let frame = envelope([("args", Value::map([("orders", orders)]))]);
    let arena = Arena::new();
    let Err(bad) = read_call(&frame, &validator, &arena) else { panic!("a bad call") };
    assert_eq!(bad.refusal.to_string(), "`orders[1].price`: expected Decimal, got Int");
}

#[test]
fn an_answer_returns_or_fails() {
    let (validator, arena) = (echo(), Arena::new());
    let error = RemoteError {
        code: "out_of_range".into(),
        message: "expected at most 5, got 6".into(),
        field: Some("orders[1].price".into()),
        is_caller_error: true,
        is_retryable: false,
    };
    let mut frame = Vec::new();
    write_error(&error, &WorkflowId::Uuid(ID), &mut frame);
    match read_answer(&frame, &validator, &arena) {
        Ok(Answer::Failed { error: read, workflow_id }) => {
            assert_eq!((read, workflow_id), (error, WorkflowId::Uuid(ID)));
        }
        other => panic!("{other:?}"),
    }
    let frame = envelope([("return_args", hi()), ("workflow_id", Value::Nil), ("error", Value::Nil)]);
    match read_answer(&frame, &validator, &arena) {
        Ok(Answer::Returned { arguments, .. }) => assert_eq!(format!("{arguments:?}"), HI),
        other => panic!("{other:?}"),
    }
    let lacking = envelope([("return_args", Value::map::<&str>([])), ("workflow_id", Value::Nil)]);
    assert_eq!(read_answer(&lacking, &validator, &arena).unwrap_err().code(), Code::MissingKey);
    let odd = envelope([("return_args", hi()), ("error", Value::map([("code", Value::Int(1))]))]);
    let refusal = read_answer(&odd, &validator, &arena).unwrap_err();
    assert_eq!((refusal.code(), refusal.path()), (Code::BadEnvelope, "error".to_owned()));
}

#[test]
fn an_error_leaves_out_what_it_does_not_have_and_names_what_it_does() {
    let error = RemoteError {
        code: "failed".into(),
        message: "no".into(),
        field: None,
        is_caller_error: false,
        is_retryable: true,
    };
    let mut frame = Vec::new();
    write_error(&error, &WorkflowId::Nil, &mut frame);
    let expected = envelope([
        ("return_args", Value::map::<&str>([])),
        ("workflow_id", Value::Nil),
        (
            "error",
            Value::map([
                ("code", Value::from("failed")),
                ("message", "no".into()),
                ("is_caller_error", Value::Bool(false)),
                ("is_retryable", Value::Bool(true)),
            ]),
        ),
    ]);
    assert_eq!(frame, expected);
}

#[test]
fn nil_return_args_are_an_empty_map_as_the_python_library_means_them() {
    let frame = envelope([("return_args", Value::Nil), ("workflow_id", Value::Uuid(ID))]);
    let (validator, arena) = (nothing(), Arena::new());
    let Ok(Answer::Returned { arguments: [], workflow_id }) = read_answer(&frame, &validator, &arena) else {
        panic!("an answer")
    };
    assert_eq!(workflow_id, WorkflowId::Uuid(ID));
    assert_eq!(read_answer(&frame, &echo(), &arena).unwrap_err().code(), Code::MissingKey);
}

#[test]
fn what_is_written_is_what_the_python_library_writes() {
    let slots = [Slot::str("hi")];
    let slots = Slot::as_foreign(&slots);
    let (mut call, mut answer) = (b"[]".to_vec(), Vec::new());
    write_call(&echo(), slots, Peers::Any, &WorkflowId::Uuid(ID), &mut call).unwrap();
    assert_eq!(call[2..], envelope([("args", hi()), ("workflow_id", Value::Uuid(ID))]));
    write_answer(&echo(), slots, Peers::Any, &WorkflowId::Str("w_1"), &mut answer).unwrap();
    assert_eq!(answer, envelope([("return_args", hi()), ("workflow_id", "w_1".into())]));
}

#[test]
fn a_refused_message_leaves_the_buffer_as_it_was() {
    let slots = [Slot::int(1)];
    let mut out = b"before".to_vec();
    let refused = write_call(&echo(), Slot::as_foreign(&slots), Peers::Any, &WorkflowId::Nil, &mut out).unwrap_err();
    assert_eq!((refused.code(), refused.path()), (Code::WrongType, "to_echo".to_owned()));
    assert!(write_answer(&echo(), &[], Peers::Any, &WorkflowId::Nil, &mut out).is_err());
    assert_eq!(out, b"before");
}

#[test]
fn a_publication_is_a_call_with_a_number_in_whatever_width_it_was_written() {
    let arena = Arena::new();
    let seq = Seq { epoch: u64::MAX, number: 7 };
    let mut written = Vec::new();
    write_publication(&echo(), Slot::as_foreign(&[Slot::str("hi")]), Peers::Any, &WorkflowId::Uuid(ID), &mut written)
        .unwrap();
    seq.append(&mut written);
    let pair = Value::List(vec![Value::UInt(u64::MAX), Value::Int(7)]);
    assert_eq!(written, envelope([("args", hi()), ("workflow_id", Value::Uuid(ID)), ("seq", pair)]));
    assert_eq!(read_call(&written, &echo(), &arena).unwrap().seq, Some(seq));
    let wide = [&envelope([("args", hi()), ("seq", Value::Nil)]), b"".as_slice()].concat();
    let wide = [&wide[..wide.len() - 1], b"\x92\xcf\0\0\0\0\0\0\0\x01\xd1\0\x02"].concat();
    assert_eq!(read_call(&wide, &echo(), &arena).unwrap().seq, Some(Seq { epoch: 1, number: 2 }));
    let (twice, _) = read(b"\x83\xa4args\x81\xa7to_echo\xa2hi\xa3seq\x92\x01\x02\xa3seq\x92\x01\x02");
    assert_eq!(twice, Err(Code::Duplicate));
}

#[test]
fn a_refused_publication_tells_its_number() {
    let arena = Arena::new();
    let pair = Value::List(vec![Value::Int(1), Value::Int(2)]);
    for frame in [
        envelope([("seq", pair.clone()), ("args", Value::map([("to_echo", Value::Int(1))]))]),
        envelope([("args", Value::map([("to_echo", Value::Int(1))])), ("seq", pair)]),
    ] {
        let validator = echo();
        let bad = read_call(&frame, &validator, &arena).unwrap_err();
        assert_eq!((bad.refusal.code(), bad.seq), (Code::WrongType, Some(Seq { epoch: 1, number: 2 })));
    }
}
