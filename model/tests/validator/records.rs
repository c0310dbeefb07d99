//! Records: the order of keys, what is absent, unknown or unnamed.

use super::*;

fn order() -> Record {
    Record::new()
        .required("price", ArgType::decimal())
        .optional("note", ArgType::str())
        .optional_with_default("side", ArgType::one_of(["buy", "sell"]), "sell")
        .required("quantity", ArgType::int())
}

#[test]
fn keys_come_in_any_order_and_slots_in_the_models() {
    let validator = Validator::new(&order()).unwrap();
    let entries =
        [("note", Value::from("n")), ("quantity", Value::Int(2)), ("price", decimal("1.0")), ("side", "buy".into())];
    let expected = vec![decimal("1.0"), Value::Int(2), Value::from("n"), Value::from("buy")];
    for turn in 0..entries.len() {
        let mut turned = entries.clone();
        turned.rotate_left(turn);
        assert_eq!(read(&validator, &wire(&Value::map(turned))), Ok(expected.clone()));
    }
}

#[test]
fn what_is_absent_is_read_as_its_default_or_not_at_all() {
    let validator = Validator::new(&order()).unwrap();
    let arena = Arena::new();
    let frame = wire(&Value::map([("quantity", Value::Int(2)), ("price", decimal("1.0"))]));
    let slots = validator.decode(&mut Reader::new(&frame), &arena).unwrap();
    assert!(slots[2].is_absent());
    assert!(matches!(slots[3].view(), View::OneOf(1, "sell")), "a default is read as a value of its type");
    let mut out = Vec::new();
    validator.encode(Slot::as_foreign(&slots[..2]), Peers::Any, &mut out).unwrap();
    assert_eq!(out, wire(&Value::map([("price", decimal("1.0")), ("quantity", Value::Int(2))])));
}

#[test]
fn a_record_refuses_what_is_missing_unknown_or_there_twice() {
    let validator = Validator::new(&order()).unwrap();
    let code = |entries: Vec<(Value, Value)>| read(&validator, &wire(&Value::Map(entries))).unwrap_err().0;
    let price = || ("price".into(), decimal("1"));
    let quantity = || ("quantity".into(), Value::Int(1));
    assert_eq!(code(vec![price()]), Code::MissingKey);
    assert_eq!(code(vec![price(), quantity(), ("pirce".into(), Value::Nil)]), Code::UnknownKey);
    assert_eq!(code(vec![price(), quantity(), (Value::Int(1), Value::Nil)]), Code::UnknownKey);
    assert_eq!(code(vec![price(), quantity(), price()]), Code::Duplicate);
    assert_eq!(code(vec![price(), quantity(), ("note".into(), Value::Nil)]), Code::WrongType);
    assert_eq!(read(&validator, &wire(&list([]))).unwrap_err().0, Code::WrongType);
}

#[test]
fn an_open_record_hands_over_what_it_does_not_name() {
    let validator = Validator::new(&Record::new().optional("a", ArgType::int()).open()).unwrap();
    let extra = Value::Map(vec![("b".into(), Value::Nil), (Value::Int(7), list([]))]);
    let Value::Map(mut entries) = extra.clone() else { panic!("a map") };
    entries.insert(1, ("a".into(), Value::Int(1)));
    assert_eq!(read(&validator, &wire(&Value::Map(entries.clone()))), Ok(vec![Value::Int(1), extra.clone()]));
    entries.push(("b".into(), Value::Nil));
    assert_eq!(read(&validator, &wire(&Value::Map(entries))).unwrap_err().0, Code::Duplicate);
    assert_eq!(read(&validator, b"\x80"), Ok(vec![Value::Nil, Value::Nil]));
    let arena = Arena::new();
    let write = |extra: &Value, peers| {
        let (slots, mut out) = ([Slot::int(1), extra.to_slot(&arena)], Vec::new());
        validator.encode(Slot::as_foreign(&slots), peers, &mut out).map(|()| out).map_err(|refusal| refusal.code())
    };
    let sent = Value::Map(vec![("a".into(), Value::Int(1)), ("b".into(), Value::Nil), (Value::Int(7), list([]))]);
    let both = sent.clone();
    assert_eq!(write(arena.alloc(extra.clone()), Peers::Own), Ok(wire(&sent)));
    assert_eq!(write(arena.alloc(extra), Peers::Any), Err(Code::NotForOldPeers));
    assert_eq!(write(arena.alloc(both), Peers::Own), Err(Code::Duplicate), "`a` is there already");
}

#[test]
fn a_nested_record_is_written_from_slots_or_from_a_map_by_name() {
    let validator = one(ArgType::Record(order()));
    let arena = Arena::new();
    let fields = [decimal("1.5"), Value::Int(2)];
    let slots = fields.each_ref().map(|field| field.to_slot(&arena));
    let write = |slot: Slot<'_>| {
        let mut out = Vec::new();
        let refused = validator.encode(Slot::as_foreign(&[slot]), Peers::Any, &mut out);
        refused.map(|()| out).map_err(|refusal| (refusal.code(), refusal.path()))
    };
    let expected = wire(&Value::map([("x", Value::map([("price", fields[0].clone()), ("quantity", Value::Int(2))]))]));
    assert_eq!(write(Slot::record(&slots)), Ok(expected.clone()));
    let turned = Value::map([("quantity", Value::Int(2)), ("price", fields[0].clone())]);
    assert_eq!(write(turned.to_slot(&arena)), Ok(expected));
    let unknown = Value::map([("pirce", Value::Nil)]);
    assert_eq!(write(unknown.to_slot(&arena)), Err((Code::UnknownKey, "x.pirce".to_owned())));
    let wrong = Value::map([("quantity", Value::Nil), ("price", fields[0].clone())]);
    assert_eq!(write(wrong.to_slot(&arena)), Err((Code::WrongType, "x.quantity".to_owned())));
    assert_eq!(
        write(Value::map([("quantity", Value::Int(2))]).to_slot(&arena)),
        Err((Code::MissingKey, "x.price".to_owned()))
    );
    assert_eq!(write(Slot::record(&[slots[0]; 5])), Err((Code::BadSlot, "x".to_owned())));
}
