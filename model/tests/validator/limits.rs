//! What a frame makes the reader allocate.

use super::*;

#[test]
fn nothing_is_allocated_that_a_frame_merely_claims() {
    // A megabyte of heads, each of which claims all the bytes that follow.
    let mut frame = b"\x81\xa1x".to_vec();
    for _ in 0..(1 << 20) / 5 {
        frame.extend_from_slice(&[0xdd, 0, 15, 0, 0]);
    }
    let arena = Arena::new();
    for kind in [ArgType::Any, ArgType::list(ArgType::Any), ArgType::list(ArgType::list(ArgType::Any))] {
        let refused = one(kind).decode(&mut Reader::new(&frame), &arena).map(<[_]>::len).unwrap_err();
        assert_eq!(refused.code(), Code::LengthExceedsFrame);
    }
    assert!(arena.allocated_bytes() < 80 << 20, "{} bytes", arena.allocated_bytes());
}

#[test]
fn a_limit_on_the_arena_bounds_what_one_message_takes() {
    let wide = (0..50).fold(Record::new(), |record, n| record.optional(format!("f{n}"), ArgType::Any));
    let validator = one(ArgType::list(ArgType::Record(wide)));
    // A byte for each record, 800 bytes for its slots.
    let frame = [&b"\x81\xa1x\xdd\0\x01\0\0"[..], &vec![0x80; 1 << 16]].concat();
    let arena = Arena::new();
    arena.set_allocation_limit(Some(4 << 20));
    let refused = validator.decode(&mut Reader::new(&frame), &arena).map(<[_]>::len).unwrap_err();
    assert_eq!(refused.code(), Code::TooLarge);
}
