//! Updates and whole values of states against their models.
#![cfg(feature = "host")]

use service_framework_model::dynamic::Arena;
use service_framework_model::error::Code;
use service_framework_model::schema::{ArgType, KeyType, Length, Merge, Peers, Record, StateValue};
use service_framework_model::slot::{ForeignSlot, Slot};
use service_framework_model::state::{Change, Entry, KeyRef, StateValidator};
use service_framework_model::validator::ModelError;
use service_framework_model::value::Value;
use service_framework_model::wire::{Reader, decode_value, encode_value};

fn book() -> StateValue {
    let side = || ArgType::map(KeyType::Decimal, ArgType::decimal());
    let meta = Record::new().required("venue", ArgType::str()).optional("depth", ArgType::int());
    Record::new().required("bids", side()).optional("asks", side()).optional("meta", ArgType::Record(meta)).into()
}

fn validator(value: &StateValue, merge: Merge) -> StateValidator {
    StateValidator::new(value, merge, Peers::Own).unwrap()
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::map(entries)
}

fn wire(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    encode_value(value, &mut out);
    out
}

/// An update in words.
fn told(entries: &[Entry<'_>]) -> String {
    let tell = |entry: &Entry<'_>| match entry.change {
        Change::Remove => format!("{} removed", entry.key),
        Change::Leaf(leaf) => format!("{} = {:?}", entry.key, decode_value(leaf).unwrap()),
        Change::Merge { entries, missing, .. } => {
            let missing = missing.map(|name| format!(" without {name}")).unwrap_or_default();
            format!("{} {{{}}}{missing}", entry.key, told(entries))
        }
    };
    entries.iter().map(tell).collect::<Vec<_>>().join(", ")
}

fn update(validator: &StateValidator, value: &Value) -> Result<String, (Code, String)> {
    let (wire, arena) = (wire(value), Arena::new());
    let read = validator.read_update(&mut Reader::new(&wire), &arena).map(told);
    read.map_err(|refusal| (refusal.code(), refusal.path()))
}

fn whole(validator: &StateValidator, value: &Value) -> Result<String, (Code, String)> {
    let (wire, arena) = (wire(value), Arena::new());
    let read = validator.read_whole(&mut Reader::new(&wire), &arena).map(told);
    read.map_err(|refusal| (refusal.code(), refusal.path()))
}

#[test]
fn an_update_is_checked_key_by_key_and_nil_deletes() {
    let counts = validator(&StateValue::map(KeyType::Int, ArgType::int_range(0, 9)), Merge::TopLevel);
    let good = map([("7", 1_i64.into()), ("-2", Value::Nil)]);
    assert_eq!(update(&counts, &good), Ok("7 = Int(1), -2 removed".into()));
    assert_eq!(update(&counts, &map([("7", 10_i64.into())])), Err((Code::OutOfRange, "7".into())));
    assert_eq!(update(&counts, &map([("a", 1_i64.into())])), Err((Code::BadKey, String::new())));
    assert_eq!(update(&counts, &map([("7", 1_i64.into()), ("07", Value::Nil)])), Err((Code::Duplicate, String::new())));
    assert_eq!(update(&counts, &Value::Nil), Err((Code::WrongType, String::new())));
}

#[test]
fn a_record_needs_its_required_keys_as_a_whole_but_not_in_an_update() {
    let book = validator(&book(), Merge::TopLevel);
    let asks = map([("asks", map([("1.50", Value::Decimal("2.0".parse().unwrap()))]))]);
    assert!(update(&book, &asks).is_ok());
    assert_eq!(whole(&book, &asks), Err((Code::MissingKey, "bids".into())));
    assert_eq!(update(&book, &map([("bids", Value::Nil)])), Err((Code::MissingKey, "bids".into())));
    assert_eq!(update(&book, &map([("asks", Value::Nil)])), Ok("asks removed".into()));
    assert_eq!(update(&book, &map([("bid", Value::Nil)])), Err((Code::UnknownKey, "bid".into())));
}

#[test]
fn with_deep_merge_an_update_goes_into_maps_and_records() {
    let book = validator(&book(), Merge::Deep);
    let one = Value::Decimal("1".parse().unwrap());
    let partial =
        map([("bids", map([("10.50", one.clone()), ("9", Value::Nil)])), ("meta", map([("depth", 5_i64.into())]))]);
    let said = "bids {10.5 = Decimal(1), 9 removed}, meta {depth = Int(5)} without venue";
    assert_eq!(update(&book, &partial), Ok(said.into()));
    let bids = ("bids", map([]));
    assert_eq!(whole(&book, &map([bids.clone(), ("meta", map([]))])), Err((Code::MissingKey, "meta.venue".into())));
    let bad = map([("bids", map([("10", 1_i64.into())]))]);
    assert_eq!(update(&book, &bad), Err((Code::WrongType, "bids.10".into())));
    let venue = map([bids, ("meta", map([("venue", Value::Nil)]))]);
    assert_eq!(update(&book, &venue), Err((Code::MissingKey, "meta.venue".into())));
}

#[test]
fn what_may_be_nil_has_no_key_of_its_own_in_a_state() {
    let refused = |value: StateValue, merge| StateValidator::new(&value, merge, Peers::Own).err();
    let path = |path: &str| Some(ModelError::NilDeletes { path: path.into() });
    let option = || ArgType::option(ArgType::int());
    assert_eq!(refused(StateValue::map(KeyType::Str, option()), Merge::TopLevel), path("value[]"));
    let nested = || Record::new().optional("a", ArgType::map(KeyType::Str, option())).into();
    assert_eq!(refused(nested(), Merge::TopLevel), None);
    assert_eq!(refused(nested(), Merge::Deep), path("a[]"));
    assert_eq!(refused(Record::new().required("a", option()).into(), Merge::TopLevel), path("a"));
    let defaulted = Record::new().optional_with_default("a", option(), 1_i64);
    assert_eq!(refused(defaulted.into(), Merge::TopLevel), path("a"));
    let length = Length { min: 2, max: Some(1) };
    let empty = StateValue::Map(KeyType::Str, Box::new(ArgType::int()), length);
    assert!(matches!(refused(empty, Merge::TopLevel), Some(ModelError::EmptyRange { .. })));
}

#[test]
fn an_optional_field_that_may_be_nil_is_left_out_of_a_state() {
    let record = || Record::new().required("a", ArgType::int()).optional("b", ArgType::option(ArgType::str()));
    let deep = Record::new().required("inside", ArgType::Record(record()));
    for (model, merge) in [(record(), Merge::TopLevel), (record(), Merge::Deep), (deep, Merge::Deep)] {
        assert!(StateValidator::new(&model.into(), merge, Peers::Own).is_ok());
    }
    let model = validator(&record().into(), Merge::TopLevel);
    assert_eq!(whole(&model, &map([("a", 1_i64.into())])), Ok("a = Int(1)".into()));
    let both = map([("a", 1_i64.into()), ("b", "b".into())]);
    assert_eq!(whole(&model, &both), Ok("a = Int(1), b = Str(\"b\")".into()));
    assert_eq!(update(&model, &map([("b", Value::Nil)])), Ok("b removed".into()));
    let required = Record::new().required("b", ArgType::option(ArgType::str()));
    assert!(StateValidator::new(&required.into(), Merge::TopLevel, Peers::Own).is_err());
}

#[test]
fn nil_and_absence_are_one_where_a_key_is_optional() {
    let option = || ArgType::option(ArgType::map(KeyType::Str, ArgType::int()));
    let value = || Record::new().optional("a", option()).optional("b", ArgType::option(ArgType::int())).into();
    for (merge, said) in [(Merge::TopLevel, "a = "), (Merge::Deep, "a {x = Int(1)}")] {
        let state = StateValidator::new(&value(), merge, Peers::Own).unwrap();
        let given = map([("a", map([("x", 1_i64.into())])), ("b", Value::Nil)]);
        let told = update(&state, &given).unwrap();
        assert!(told.starts_with(said) && told.ends_with("b removed"), "{told}");
    }
}

#[test]
fn what_a_service_says_is_written_as_it_is_read() {
    let (book, arena) = (validator(&book(), Merge::Deep), Arena::new());
    let foreign = |value: &Value, whole: bool| {
        let slot = value.to_slot(&arena);
        let slots: &[ForeignSlot<'_>] = Slot::as_foreign(std::slice::from_ref(&slot));
        let mut out = b"before".to_vec();
        let written =
            if whole { book.write_whole(&slots[0], &mut out) } else { book.write_update(&slots[0], &mut out) };
        written.map_err(|refusal| (refusal.code(), refusal.path(), out.len())).map(|()| out.split_off(6))
    };
    let price = |text: &str| Value::Decimal(text.parse().unwrap());
    let bids = Value::Map(vec![(price("10.50"), price("1.0")), (price("9"), Value::Nil)]);
    let partial = map([("bids", bids)]);
    let bytes = foreign(&partial, false).unwrap();
    let read = book.read_update(&mut Reader::new(&bytes), &arena).unwrap();
    assert_eq!(told(read), "bids {10.5 = Decimal(1.0), 9 removed}");
    assert_eq!(foreign(&partial, true), Err((Code::WrongType, "bids.9".into(), 6)));
    assert_eq!(foreign(&map([("bid", map([]))]), false), Err((Code::UnknownKey, "bid".into(), 6)));
    let fields = [Slot::map(&[]), Slot::ABSENT, Slot::NIL];
    let record = Slot::record(&fields);
    let slots = Slot::as_foreign(std::slice::from_ref(&record));
    let mut out = Vec::new();
    book.write_update(&slots[0], &mut out).unwrap();
    assert_eq!(decode_value(&out).unwrap(), map([("bids", map([])), ("meta", Value::Nil)]));
    assert!(book.write_whole(&slots[0], &mut Vec::new()).is_err());
}

#[test]
fn a_leaf_is_read_by_the_part_of_the_model_that_it_belongs_to() {
    let (book, arena) = (validator(&book(), Merge::Deep), Arena::new());
    let price = KeyRef::Decimal("1".parse().unwrap());
    let level = book.top().child(KeyRef::Str("bids")).unwrap().child(price).unwrap();
    let leaf = wire(&Value::Decimal("2.50".parse().unwrap()));
    assert_eq!(level.read_leaf(&leaf, &arena).unwrap().as_decimal(), Some("2.50".parse().unwrap()));
    assert!(book.top().child(KeyRef::Str("bid")).is_none());
    assert_eq!(book.required().collect::<Vec<_>>(), ["bids"]);
}
