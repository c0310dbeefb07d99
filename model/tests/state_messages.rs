//! The messages of states, against what the Python library sends and reads, and against bytes that nobody should send.
#![cfg(feature = "host")]

use proptest::prelude::*;
use service_framework_model::dynamic::Arena;
use service_framework_model::error::{Code, Refusal};
use service_framework_model::value::Value;
use service_framework_model::wire::envelope::WorkflowId;
use service_framework_model::wire::state_message::{
    Have, Sync, read_delta, read_full, read_reply, read_request, write_delta, write_full, write_reply, write_request,
};
use service_framework_model::wire::{Reader, decode_value, encode_value};

/// Vectors of `delta_snapshot_pub`, `delta_snapshot_reply` and the first update that a Python owner was seen to send.
const SNAPSHOT: &str = "82a46172677383ab63757272656e745f6e756d07ab69735f736e617073686f74c3a5737461746580ab776f726b666c6f775f696482a85f5f757569645f5fc3a661735f737472d92431323334353637382d313233342d353637382d313233342d353637383132333435363738";
const REPLY: &str =
    "82ab72657475726e5f6172677382a5737461746581a16101ab63757272656e745f6e756d00ab776f726b666c6f775f6964c0";
const UPDATE: &str = "82a46172677383ab63757272656e745f6e756d00ab69735f736e617073686f74c2a5737461746582a16101a16281a17882ab5f5f646563696d616c5f5fc3a661735f737472a3312e35ab776f726b666c6f775f696482a85f5f757569645f5fc3a661735f737472d92466623330396239372d643334332d343138392d393638312d616437366565333862626136";

const SYNC: Sync = Sync { epoch: u64::MAX, head: 1 << 50, heartbeat_ms: 1_000, digest: Some(7), end: true };

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}

/// The value that begins at this place.
fn value_at(reader: Reader<'_>) -> Value {
    let mut after = reader;
    after.skip().unwrap();
    decode_value(&reader.rest()[..reader.rest().len() - after.rest().len()]).unwrap()
}

fn wire(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    encode_value(value, &mut out);
    out
}

/// Writes a state that is there in its wire form.
fn put(state: &[u8]) -> impl FnOnce(&mut Vec<u8>) {
    |out| out.extend_from_slice(state)
}

#[test]
fn what_the_python_library_sends_is_read() {
    let arena = Arena::new();
    let snapshot = bytes(SNAPSHOT);
    let read = read_delta(&snapshot, &arena).unwrap();
    assert_eq!((read.number, read.is_snapshot, read.sync), (Some(7), true, None));
    assert_eq!(value_at(read.state), Value::Map(vec![]));
    let update = bytes(UPDATE);
    let read = read_delta(&update, &arena).unwrap();
    assert_eq!((read.number, read.is_snapshot), (Some(0), false));
    assert_eq!(value_at(read.state).get("a"), Some(&Value::Int(1)));
    let reply = bytes(REPLY);
    let read = read_reply(&reply, &arena).unwrap().unwrap();
    assert_eq!((read.number, read.sync, read.updates.is_none()), (0, None, true));
    assert_eq!(value_at(read.state), Value::map([("a", 1_i64)].map(|(k, v)| (k, Value::Int(v)))));
    assert_eq!(read_request(&bytes("81a46172677380"), &arena), Ok(None));
}

#[test]
fn what_is_written_is_what_the_python_library_reads_with_sync_beside_it() {
    let arena = Arena::new();
    let mut out = Vec::new();
    write_request(None, &mut out);
    assert_eq!(out, bytes("81a46172677380"));
    let have = Have { epoch: u64::MAX, number: 3 };
    out.clear();
    write_request(Some(&have), &mut out);
    assert_eq!(read_request(&out, &arena), Ok(Some(have)));
    let uuid = WorkflowId::Uuid("12345678-1234-5678-1234-567812345678".parse().unwrap());
    out.clear();
    write_delta(7, true, put(&[0x80]), &uuid, &SYNC, &mut out);
    let golden = bytes(SNAPSHOT);
    assert_eq!(out[..1], [0x83]);
    assert_eq!(out[1..golden.len()], golden[1..]);
    assert_eq!(read_delta(&out, &arena).unwrap().sync, Some(SYNC));
    out.clear();
    write_reply(0, put(&[0x81, 0xa1, b'a', 1]), &SYNC, None, &mut out);
    let golden = bytes(REPLY);
    assert_eq!(out[1..golden.len()], golden[1..]);
}

#[test]
fn a_full_update_is_its_arguments_and_has_the_number_of_its_head() {
    let (arena, state) = (Arena::new(), Value::map([("value", Value::from("v"))]));
    let mut out = Vec::new();
    write_full(put(&wire(&state)), &WorkflowId::Nil, &SYNC, &mut out);
    let read = read_full(&out, &arena).unwrap();
    assert_eq!((read.number, read.is_snapshot, value_at(read.state)), (Some(SYNC.head), true, state));
}

#[test]
fn updates_in_a_reply_are_read_in_order() {
    let (arena, mut out) = (Arena::new(), Vec::new());
    let updates: [(u64, &[u8]); 2] = [(4, &[0x80]), (5, &[0x81, 0xa1, b'a', 0xc0])];
    write_reply(5, put(&[0x80]), &SYNC, Some(&updates), &mut out);
    let mut read = read_reply(&out, &arena).unwrap().unwrap().updates.unwrap();
    let numbers: Vec<_> = std::iter::from_fn(|| read.next_update().unwrap()).map(|(n, at)| (n, value_at(at))).collect();
    assert_eq!(numbers[0], (4, Value::Map(vec![])));
    assert_eq!(numbers[1], (5, Value::map([("a", Value::Nil)])));
}

#[test]
fn a_sync_of_another_version_is_read_like_none() {
    let arena = Arena::new();
    let state =
        Value::map([("state", Value::Map(vec![])), ("current_num", Value::Int(1)), ("is_snapshot", false.into())]);
    let message = |sync: Value| wire(&Value::map([("args", state.clone()), ("sync", sync), ("later", Value::Nil)]));
    let read = |sync: Value| {
        let frame = message(sync);
        let read = read_delta(&frame, &arena).map(|update| update.sync);
        read.map_err(|refusal| (refusal.code(), refusal.path()))
    };
    let sync = |v: i64, epoch: Value| Value::map([("v", Value::Int(v)), ("epoch", epoch), ("head", Value::Int(1))]);
    assert_eq!(read(sync(1, 9_i64.into())), Ok(Some(Sync { epoch: 9, head: 1, ..Sync::default() })));
    assert_eq!(read(sync(2, "text".into())), Ok(None));
    assert_eq!(read(sync(1, "text".into())), Err((Code::WrongType, "sync.epoch".into())));
    assert_eq!(read(sync(1, (-1_i64).into())), Err((Code::WrongType, "sync.epoch".into())));
    assert_eq!(read(Value::map([("epoch", Value::Int(1))])), Err((Code::MissingKey, "sync.v".into())));
}

#[test]
fn what_is_no_state_message_is_refused_with_its_code() {
    let arena = Arena::new();
    let code = |frame: &[u8]| read_delta(frame, &arena).map(|_| ()).map_err(|refusal: Refusal| refusal.code());
    let args = |args: Value| code(&wire(&Value::map([("args", args)])));
    assert_eq!(code(&[]), Err(Code::Empty));
    assert_eq!(code(&[0x01]), Err(Code::NotAMap));
    assert_eq!(code(&[0x80]), Err(Code::BadEnvelope));
    assert_eq!(code(&[0x80, 0x80]), Err(Code::TrailingBytes));
    assert_eq!(code(&[0xdf, 0xff, 0xff, 0xff, 0xff]), Err(Code::LengthExceedsFrame));
    assert_eq!(args(Value::Int(1)), Err(Code::BadEnvelope));
    assert_eq!(args(Value::map([("state", Value::Map(vec![]))])), Err(Code::MissingKey));
    assert_eq!(args(Value::map([("current_num", Value::Int(-1))])), Err(Code::WrongType));
    assert_eq!(args(Value::map([("other", Value::Int(1))])), Err(Code::UnknownKey));
    let twice = [("args", Value::Nil), ("args", Value::Nil)];
    assert_eq!(code(&wire(&Value::map(twice))), Err(Code::Duplicate));
    let unknown_twice = [("x", Value::Nil), ("args", Value::Map(vec![])), ("x", Value::Nil)];
    assert_eq!(code(&wire(&Value::map(unknown_twice))), Err(Code::Duplicate));
    let failed = Value::map([("code", "not_ready"), ("message", "wait")].map(|(k, v)| (k, Value::from(v))));
    let failed = wire(&Value::map([("return_args", Value::Map(vec![])), ("error", failed)]));
    assert_eq!(read_reply(&failed, &arena).unwrap().unwrap_err().code, "not_ready");
}

fn syncs() -> impl Strategy<Value = Sync> {
    let parts = (any::<u64>(), any::<u64>(), any::<u32>(), any::<Option<u64>>(), any::<bool>());
    parts.prop_map(|(epoch, head, heartbeat_ms, digest, end)| Sync { epoch, head, heartbeat_ms, digest, end })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(number in any::<u64>(), is_snapshot in any::<bool>(), sync in syncs(), key in "[a-z]{0,40}", n in any::<i64>(), id in any::<Option<u128>>()) {
        let (arena, state) = (Arena::new(), Value::map([(key, Value::Int(n))]));
        let id = id.map_or(WorkflowId::Nil, |id| WorkflowId::Uuid(uuid::Uuid::from_u128(id)));
        let mut out = Vec::new();
        write_delta(number, is_snapshot, put(&wire(&state)), &id, &sync, &mut out);
        let read = read_delta(&out, &arena).unwrap();
        prop_assert_eq!((read.number, read.is_snapshot, read.sync), (Some(number), is_snapshot, Some(sync)));
        prop_assert_eq!(value_at(read.state), state.clone());
        // The same with another key in it takes the slower way to the same message.
        let Value::Map(mut pairs) = decode_value(&out).unwrap() else { panic!("a map") };
        pairs.insert(0, ("later".into(), Value::Nil));
        let other = wire(&Value::Map(pairs));
        let slow = read_delta(&other, &arena).unwrap();
        prop_assert_eq!((slow.number, slow.is_snapshot, slow.sync), (read.number, read.is_snapshot, read.sync));
        let mut out = Vec::new();
        write_reply(number, put(&wire(&state)), &sync, None, &mut out);
        let read = read_reply(&out, &arena).unwrap().unwrap();
        prop_assert_eq!((read.number, read.sync, value_at(read.state)), (number, Some(sync), state));
    }

    #[test]
    fn no_bytes_make_the_readers_panic(frame in proptest::collection::vec(any::<u8>(), 0..64), cut in 0_usize..120, byte in any::<u8>()) {
        let arena = Arena::new();
        let mut good = bytes(UPDATE);
        let at = cut.min(good.len() - 1);
        good[at] = byte;
        for frame in [&frame[..], &good[..], &good[..at]] {
            let _ = (read_delta(frame, &arena).is_ok(), read_full(frame, &arena).is_ok());
            let _ = (read_request(frame, &arena).is_ok(), read_reply(frame, &arena).is_ok());
        }
    }
}
