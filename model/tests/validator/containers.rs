//! Lists, sets, tuples, maps with typed keys, markers, and values of any type.

use super::*;

#[test]
fn collections_check_their_items_and_say_which() {
    let ints = ArgType::List(Box::new(ArgType::int()), Length { min: 1, max: Some(2) });
    takes(&ints, [list([Value::Int(1)]), list([Value::Int(1), Value::Int(1)])]);
    refuses(&ints, Code::BadLength, [list([]), list([Value::Int(1), Value::Int(2), Value::Int(3)])]);
    refuses(&ints, Code::WrongType, [list([Value::Nil]), Value::Set(vec![Value::Int(1)]), Value::Nil]);
    let set = ArgType::set(ArgType::int());
    takes(&set, [Value::Set(vec![]), Value::Set(vec![Value::Int(2), Value::Int(1)])]);
    refuses(&set, Code::Duplicate, [Value::Set(vec![Value::Int(2), Value::Int(1), Value::Int(2)])]);
    refuses(
        &set,
        Code::WrongType,
        [list([Value::Int(1)]), Value::Set(vec![Value::Nil]), Value::map([("a", Value::Nil)])],
    );
    let pair = ArgType::Tuple(vec![ArgType::str(), ArgType::option(ArgType::int())]);
    takes(&pair, [list([Value::from("a"), Value::Nil]), list([Value::from("a"), Value::Int(1)])]);
    refuses(&pair, Code::BadLength, [list([Value::from("a")]), list([])]);
    refuses(&pair, Code::WrongType, [list([Value::Int(1), Value::Nil])]);
    let nested = wire(&Value::map([("x", list([list([]), list([Value::Int(1), Value::Nil])]))]));
    let refused = read(&one(ArgType::list(ArgType::list(ArgType::int()))), &nested);
    assert_eq!(refused, Err((Code::WrongType, "x[1][1]".to_owned())));
}

#[test]
fn one_of_is_handed_over_with_its_place() {
    let side = ArgType::one_of(["buy", "sell"]);
    takes(&side, [Value::from("buy"), Value::from("sell")]);
    refuses(&side, Code::NotOneOf, [Value::from("hold"), Value::from("")]);
    refuses(&side, Code::WrongType, [Value::Int(1)]);
    let (validator, arena) = (one(side), Arena::new());
    let slots = validator.decode(&mut Reader::new(b"\x81\xa1x\xa4sell"), &arena).unwrap();
    assert!(matches!(slots[0].view(), View::OneOf(1, "sell")));
}

#[test]
fn keys_of_maps_are_text_on_the_wire_and_typed_in_slots() {
    let entry = |key: Value| Value::Map(vec![(key, Value::Nil)]);
    for (kind, typed, text) in [
        (KeyType::Str, Value::from("a"), "a"),
        (KeyType::Int, Value::Int(-7), "-7"),
        (KeyType::Int, Value::UInt(u64::MAX), "18446744073709551615"),
        (KeyType::Decimal, decimal("1.5"), "1.5"),
        (KeyType::Uuid, Value::Uuid(Uuid::from_u128(7)), "00000000-0000-0000-0000-000000000007"),
        (KeyType::DateTime, Value::DateTime(SECOND), "2023-11-14T22:13:20.000000005Z"),
    ] {
        let map = ArgType::map(kind, ArgType::Any);
        let as_text = wire(&entry(text.into()));
        assert_eq!(written(&map, &entry(typed.clone()), Peers::Any), Ok(as_text.clone()));
        assert_eq!(read_bytes(&map, &as_text), Ok(entry(typed)));
    }
    let by_number = ArgType::map(KeyType::Int, ArgType::Any);
    assert_eq!(written(&by_number, &entry(Value::Int(300)), Peers::Own), Ok(wire(&entry(Value::Int(300)))));
    assert_eq!(read_value(&by_number, &entry(Value::Int(300))), Ok(entry(Value::Int(300))));
    assert_eq!(
        written(&ArgType::map(KeyType::Decimal, ArgType::Any), &entry(decimal("1.00")), Peers::Any),
        Ok(wire(&entry("1".into())))
    );
}

#[test]
fn equal_keys_are_one_key_however_they_are_written() {
    let entries = |keys: &[&str]| Value::Map(keys.iter().map(|key| (Value::from(*key), Value::Nil)).collect());
    let by = |kind| ArgType::map(kind, ArgType::Any);
    assert_eq!(read_value(&by(KeyType::Decimal), &entries(&["1.0", "1.00"])), Err(Code::Duplicate));
    assert_eq!(read_value(&by(KeyType::Int), &entries(&["2", "1", "02"])), Err(Code::Duplicate));
    let mixed = Value::Map(vec![("5".into(), Value::Nil), (Value::Int(5), Value::Nil)]);
    assert_eq!(read_value(&by(KeyType::Int), &mixed), Err(Code::Duplicate));
    let both = Value::Map(vec![(decimal("1.0"), Value::Nil), (decimal("1.00"), Value::Nil)]);
    assert_eq!(written(&by(KeyType::Decimal), &both, Peers::Any), Err(Code::Duplicate));
    assert_eq!(read_value(&by(KeyType::Int), &entries(&["x"])), Err(Code::BadKey));
    assert_eq!(read_value(&by(KeyType::Str), &Value::Map(vec![(Value::Int(1), Value::Nil)])), Err(Code::BadKey));
}

#[test]
fn a_marker_is_taken_in_every_valid_form_and_never_for_a_map() {
    let cases: [(ArgType, &[u8], &[u8]); 4] = [
        (
            ArgType::decimal(),
            b"\x82\xa6as_str\xa31.5\xab__decimal__\xc3",
            b"\xde\0\x02\xd9\x0b__decimal__\xc3\xa6as_str\xa31.5",
        ),
        (
            ArgType::Uuid,
            b"\x82\xa6as_str\xd9\x2400000000-0000-0000-0000-00000000000A\xa8__uuid__\xc3",
            b"\x82\xa8__uuid__\xc3\xd9\x06as_str\xd9\x2400000000-0000-0000-0000-00000000000a",
        ),
        (
            ArgType::set(ArgType::int()),
            b"\x82\xa5value\x91\x07\xa7__set__\xc3",
            b"\x82\xa7__set__\xc3\xa5value\x91\xcc\x07",
        ),
        (
            ArgType::FloatArray(Length::ANY),
            b"\x82\xa8as_bytes\xc4\0\xb1__numpy.ndarray__\xc3",
            b"\x82\xb1__numpy.ndarray__\xc3\xa8as_bytes\xc5\0\0",
        ),
    ];
    for (kind, turned, wide) in cases {
        let read = read_bytes(&kind, turned).unwrap();
        assert_eq!(read_bytes(&ArgType::Any, turned).as_ref(), Ok(&read));
        assert_eq!(read_bytes(&kind, wide).as_ref(), Ok(&read));
        let map = ArgType::map(KeyType::Str, ArgType::Any);
        assert_eq!(read_bytes(&map, wide), Err(Code::WrongType));
        assert_eq!(read_bytes(&ArgType::Record(Record::new().open()), wide), Err(Code::WrongType));
    }
    for (kind, bytes) in [
        (ArgType::decimal(), &b"\x81\xab__decimal__\xc3"[..]),
        (ArgType::decimal(), b"\x82\xab__decimal__\xc2\xa6as_str\xa11"),
        (ArgType::decimal(), b"\x82\xab__decimal__\xc3\xa6as_str\x01"),
        (ArgType::set(ArgType::int()), b"\x82\xa7__set__\xc3\xa5value\xa1a"),
        (ArgType::set(ArgType::int()), b"\x82\xa7__set__\xc2\xa5value\x90"),
        (ArgType::set(ArgType::int()), b"\x83\xa7__set__\xc3\xa5value\x90\xa1a\xc0"),
        (ArgType::map(KeyType::Str, ArgType::Any), b"\x82\xa1a\xc0\xa7__set__\xc3"),
        (ArgType::Any, b"\x82\xa1a\xc0\xa7__set__\xc3"),
    ] {
        assert_eq!(read_bytes(&kind, bytes), Err(Code::BadMarker), "{kind:?}");
    }
}

#[test]
fn any_is_lossless_and_what_old_peers_cannot_read_is_not_sent_to_them() {
    let odd = Value::Map(vec![(Value::Nil, list([])), (Value::Uuid(Uuid::nil()), Value::Ext(5, vec![1]))]);
    assert_eq!(read_value(&ArgType::Any, &odd).as_ref(), Ok(&odd));
    assert_eq!(written(&ArgType::Any, &odd, Peers::Own), Ok(wire(&odd)));
    assert_eq!(written(&ArgType::Any, &odd, Peers::Any), Err(Code::NotForOldPeers));
    for text in ["NaN", "sNaN123", "-Infinity", "1E+400", "007", "+1"] {
        takes(&ArgType::Any, [Value::DecimalText(text.into())]);
    }
    let marker = Value::map([("__set__", Value::Bool(true))]);
    assert_eq!(written(&ArgType::Any, &marker, Peers::Any), Err(Code::NotForOldPeers));
    assert_eq!(written(&ArgType::Any, &marker, Peers::Own), Err(Code::BadMarker));
    assert_eq!(written(&ArgType::Any, &Value::Ext(-1, vec![0]), Peers::Own), Err(Code::BadTimestamp));
    let twice = Value::Map(vec![("b".into(), Value::Nil), ("a".into(), Value::Nil), ("b".into(), Value::Nil)]);
    refuses(&ArgType::Any, Code::Duplicate, [twice]);
    let of_lists = Value::Set(vec![list([])]);
    assert_eq!(written(&ArgType::Any, &of_lists, Peers::Any), Err(Code::NotForOldPeers));
    assert_eq!(written(&ArgType::Any, &of_lists, Peers::Own), Ok(wire(&of_lists)));
}

#[test]
fn what_a_service_leaves_out_is_not_sent_as_something_else() {
    let items = [Slot::ABSENT];
    for (kind, slot) in [
        (ArgType::Any, Slot::list(&items)),
        (ArgType::list(ArgType::option(ArgType::int())), Slot::list(&items)),
        (ArgType::Any, Slot::record(&[])),
    ] {
        let refused = one(kind).encode(Slot::as_foreign(&[slot]), Peers::Own, &mut Vec::new()).unwrap_err();
        assert_eq!(refused.code(), Code::WrongType);
    }
    let missing = one(ArgType::Any).encode(Slot::as_foreign(&[Slot::ABSENT]), Peers::Own, &mut Vec::new());
    assert_eq!(missing.unwrap_err().code(), Code::MissingKey);
}
