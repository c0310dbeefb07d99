//! Nesting up to the limit fits the stack that a thread has by default, in an unoptimised build too.
#![cfg(feature = "host")]

use service_framework_model::error::Code;
use service_framework_model::parse::MAX_TYPE_DEPTH;
use service_framework_model::schema::{ArgType, Peers, Record};
use service_framework_model::slot::Slot;
use service_framework_model::validator::Validator;
use service_framework_model::value::Value;
use service_framework_model::wire::envelope::{read_call, write_call};
use service_framework_model::wire::{
    Arena, MAX_DEPTH, OLD_PEER_DEPTH, Reader, decode_value, encode_value, for_old_peers,
};

/// Runs a test in a thread with a stack of this many bytes.
fn with_stack(bytes: usize, test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(bytes).spawn(test).unwrap().join().unwrap();
}

const DEFAULT_STACK: usize = 2 << 20;

/// A frame of `depth` containers inside each other, lists and maps in turn.
fn frame(depth: usize) -> Vec<u8> {
    let mut frame = Vec::new();
    for level in 0..depth {
        frame.extend_from_slice(if level % 2 == 0 { b"\x91" } else { b"\x81\xa1k" });
    }
    frame.push(0xc0);
    frame
}

#[test]
fn a_value_of_the_greatest_depth_is_read_and_written() {
    with_stack(DEFAULT_STACK, || {
        let frame = frame(MAX_DEPTH);
        let value = decode_value(&frame).unwrap();
        let mut out = Vec::new();
        encode_value(&value, &mut out);
        assert_eq!(out, frame);
        assert_eq!(for_old_peers(&value).unwrap_err().code(), Code::NotForOldPeers);
        let arena = Arena::new();
        assert_eq!(Value::from_view(&value.to_slot(&arena)), value);
        assert!(value.clone() == value);
    });
}

#[test]
fn one_container_more_is_refused() {
    with_stack(DEFAULT_STACK, || {
        assert_eq!(decode_value(&frame(MAX_DEPTH + 1)).unwrap_err().code(), Code::TooDeep);
        // A decimal is a map on the wire.
        let decimal = b"\x82\xab__decimal__\xc3\xa6as_str\xa11";
        let nested = |depth: usize| [&vec![0x91; depth][..], decimal].concat();
        assert!(decode_value(&nested(MAX_DEPTH - 1)).is_ok());
        assert_eq!(decode_value(&nested(MAX_DEPTH)).unwrap_err().code(), Code::TooDeep);
        assert_eq!(decode_value(&vec![0x91; 1 << 20]).unwrap_err().code(), Code::TooDeep);
    });
}

#[test]
fn messages_are_sent_as_deep_as_the_other_side_reads() {
    with_stack(DEFAULT_STACK, || {
        let validator = Validator::new(&Record::new().required("any", ArgType::Any)).unwrap();
        let send = |depth: usize, peers: Peers| {
            let value = decode_value(&frame(depth)).unwrap();
            let (arena, mut out) = (Arena::new(), Vec::new());
            let slots = [value.to_slot(&arena)];
            write_call(&validator, Slot::as_foreign(&slots), peers, &Default::default(), &mut out)
                .map(|()| out)
                .map_err(|refusal| refusal.code())
        };
        // The envelope and its arguments are two containers.
        assert_eq!(send(OLD_PEER_DEPTH - 1, Peers::Any), Err(Code::NotForOldPeers));
        assert_eq!(send(MAX_DEPTH - 1, Peers::Own), Err(Code::TooDeep));
        for (depth, peers) in [(OLD_PEER_DEPTH - 2, Peers::Any), (MAX_DEPTH - 2, Peers::Own)] {
            let message = send(depth, peers).unwrap();
            let arena = Arena::new();
            assert!(read_call(&message, &validator, &arena).is_ok());
        }
    });
}

#[test]
fn a_nested_model_is_followed_to_the_limit_and_no_further() {
    with_stack(DEFAULT_STACK, || {
        let of_depth = |depth: usize| (0..depth).fold(ArgType::Any, |inner, _| ArgType::list(inner));
        let validator = Validator::new(&Record::new().required("deep", of_depth(MAX_TYPE_DEPTH))).unwrap();
        let message = |depth: usize| [&b"\x81\xa4deep"[..], &vec![0x91; depth], b"\xc0"].concat();
        let read = |depth| {
            let read = validator.decode(&mut Reader::new(&message(depth)), &Arena::new()).map(<[_]>::len);
            read.map_err(|refusal| refusal.code())
        };
        assert_eq!(read(MAX_DEPTH - 1), Ok(1));
        assert_eq!(read(MAX_DEPTH), Err(Code::TooDeep));
        assert_eq!(read(1), Err(Code::WrongType));
    });
}
