//! What `#[derive(Model)]` makes of structs and enums: the same models as those written by hand, and values that are
//! read back as they were written.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use service_framework::__private::{Arena, Code, Refusal, Slot, View};
use service_framework::prelude::*;
use service_framework::schema::{Field, Length, Range};
use service_framework::{Argument, KeyType, OwnedModel};

#[derive(Debug, PartialEq, Model)]
struct Order<'a> {
    price: Decimal,
    quantity: Decimal,
    symbol: &'a str,
    order_id: &'a str,
    sequence: i64,
    time: DateTime<Utc>,
}

fn order(symbol: &str) -> Order<'_> {
    Order {
        price: Decimal::new(6_423_517, 2),
        quantity: Decimal::new(125, 4),
        symbol,
        order_id: "6a1f7e58-8c3a-4a55-9c8e-3f3a9d9b6a01",
        sequence: -7,
        time: DateTime::from_timestamp(1_700_000_000, 5).unwrap(),
    }
}

/// Writes a model and reads it back.
fn round_trip<M: OwnedModel>(model: &M) -> Result<M, Refusal> {
    model.with_slots(&Arena::new(), |slots| M::from_slots(slots))
}

#[test]
fn a_model_describes_its_fields_in_order() {
    let int64 = ArgType::int_range(i64::MIN.into(), i64::MAX.into());
    let expected = Record::new()
        .required("price", ArgType::decimal())
        .required("quantity", ArgType::decimal())
        .required("symbol", ArgType::str())
        .required("order_id", ArgType::str())
        .required("sequence", int64)
        .required("time", ArgType::DateTime);
    assert_eq!(Order::record(), expected);
}

#[test]
fn a_borrowed_model_points_into_the_message() {
    let text = "BTC-USD".to_owned();
    let sent = order(&text);
    sent.with_slots(&Arena::new(), |slots| {
        let read = Order::read_slots(slots).unwrap();
        assert_eq!(read, sent);
        assert_eq!(read.symbol.as_ptr(), text.as_ptr());
    });
}

#[derive(Debug, PartialEq, Model)]
struct Settings {
    #[model(default = 10, min = 1, max = 100)]
    depth: i64,
    note: Option<String>,
    symbol: String,
    #[model(required)]
    parent: Option<Uuid>,
    #[model(default = "USD", min_length = 3, max_length = 3, pattern = "[A-Z]+")]
    currency: String,
    #[model(min = Decimal::ZERO, rename = "fee-rate")]
    fee: Decimal,
    #[model(default = Some(0.5), max = 1.0)]
    weight: Option<f64>,
    #[model(optional, max_length = 4)]
    tags: std::option::Option<Vec<String>>,
    #[model(default = vec![Side::Buy])]
    sides: Vec<Side>,
    r#type: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Model)]
#[model(rename_all = "UPPERCASE")]
enum Side {
    Buy,
    Sell,
    #[model(rename = "short")]
    SellShort,
}

fn settings() -> Settings {
    Settings {
        depth: 5,
        note: None,
        symbol: "A".into(),
        parent: None,
        currency: "EUR".into(),
        fee: Decimal::ONE,
        weight: Some(0.25),
        tags: Some(vec!["x".into()]),
        sides: vec![Side::Sell, Side::SellShort],
        r#type: true,
    }
}

#[test]
fn constraints_and_defaults_are_those_of_the_builder() {
    let sides = || ArgType::one_of(["BUY", "SELL", "short"]);
    let currency = ArgType::Str { length: Length { min: 3, max: Some(3) }, pattern: Some("[A-Z]+".into()) };
    let tags = ArgType::List(Box::new(ArgType::str()), Length { min: 0, max: Some(4) });
    let half = ArgType::Float(Range { min: None, max: Some(1.0) });
    let expected = Record::new()
        .optional_with_default("depth", ArgType::int_range(1, 100), 10_i64)
        .optional("note", ArgType::option(ArgType::str()))
        .required("symbol", ArgType::str())
        .required("parent", ArgType::option(ArgType::Uuid))
        .optional_with_default("currency", currency, "USD")
        .required("fee-rate", ArgType::Decimal(Range { min: Some(Decimal::ZERO), max: None }))
        .optional_with_default("weight", ArgType::option(half), 0.5)
        .optional("tags", ArgType::option(tags))
        .optional_with_default("sides", ArgType::list(sides()), vec![Value::from("BUY")])
        .required("type", ArgType::Bool);
    assert_eq!(Settings::record(), expected);
}

#[test]
fn required_fields_come_first_in_the_slots_as_in_the_record() {
    let model = settings();
    let names: Vec<_> = Settings::record().fields().iter().map(|field: &Field| field.name.clone()).collect();
    let order = ["symbol", "parent", "fee-rate", "type", "depth", "note", "currency", "weight", "tags", "sides"];
    assert_eq!(names, order);
    model.with_slots(&Arena::new(), |slots| {
        assert_eq!(slots.len(), names.len());
        assert!(matches!(slots[0].view(), View::Str("A")));
        assert!(matches!(slots[1].view(), View::Nil), "a required None is nil");
        assert!(matches!(slots[4].view(), View::Int(5)));
        assert!(slots[5].is_absent(), "an optional None is left out");
    });
    assert_eq!(round_trip(&model), Ok(model));
}

#[derive(Debug, PartialEq, Model)]
struct Everything {
    bool: bool,
    i8: i8,
    i16: i16,
    i32: i32,
    i64: i64,
    u8: u8,
    u16: u16,
    u32: u32,
    u64: u64,
    f64: f64,
    string: String,
    bytes: Vec<u8>,
    decimal: Decimal,
    date_time: DateTime<Utc>,
    uuid: Uuid,
    list: Vec<Vec<i64>>,
    hash_set: HashSet<Side>,
    tree_set: BTreeSet<String>,
    tuple: (bool, String, (i64,)),
    hash_map: HashMap<String, Vec<Leaf>>,
    tree_map: BTreeMap<Decimal, Option<Leaf>>,
    by_uuid: HashMap<Uuid, DateTime<Utc>>,
    leaf: Leaf,
    side: Side,
    option: Option<Leaf>,
    boxed: Box<Leaf>,
    floats: FloatArray,
    any: Value,
    unit: (),
}

#[derive(Clone, Debug, PartialEq, Model)]
struct Leaf {
    note: Option<String>,
    size: Decimal,
}

fn leaf(note: Option<&str>) -> Leaf {
    Leaf { note: note.map(str::to_owned), size: Decimal::new(100, 2) }
}

fn everything() -> Everything {
    let time = DateTime::from_timestamp(-1, 999_999_999).unwrap();
    Everything {
        bool: true,
        i8: -8,
        i16: -16,
        i32: -32,
        i64: i64::MIN,
        u8: 8,
        u16: 16,
        u32: 32,
        u64: u64::MAX,
        f64: 0.1,
        string: "caf\u{e9}".into(),
        bytes: vec![0, 255],
        decimal: Decimal::MIN,
        date_time: time,
        uuid: Uuid::from_u128(1),
        list: vec![vec![], vec![1, 2]],
        hash_set: HashSet::from([Side::Buy, Side::SellShort]),
        tree_set: BTreeSet::from(["a".into()]),
        tuple: (false, "t".into(), (3,)),
        hash_map: HashMap::from([("k".into(), vec![leaf(None), leaf(Some("n"))])]),
        tree_map: BTreeMap::from([(Decimal::ONE, None), (Decimal::TWO, Some(leaf(None)))]),
        by_uuid: HashMap::from([(Uuid::from_u128(2), time)]),
        leaf: leaf(Some("x")),
        side: Side::Sell,
        option: Some(leaf(None)),
        boxed: Box::new(leaf(Some("b"))),
        floats: vec![0.5, -0.25].into(),
        any: Value::map([("k", Value::List(vec![Value::Nil, true.into()]))]),
        unit: (),
    }
}

#[test]
fn every_type_of_field_is_read_back_as_it_was_written() {
    assert_eq!(round_trip(&everything()), Ok(everything()));
}

#[test]
fn nested_values_keep_their_names_when_they_become_untyped() {
    let value = leaf(None).value();
    assert_eq!(value, Value::map([("note", Value::Nil), ("size", Decimal::new(100, 2).into())]));
    assert_eq!(everything().value().get("side"), Some(&Value::from("SELL")));
}

#[derive(Debug, PartialEq, Model)]
struct Book<'a> {
    levels: Vec<Level<'a>>,
    by_name: HashMap<&'a str, Level<'a>>,
    raw: &'a [u8],
    best: Option<Level<'a>>,
    pair: (&'a str, Box<Level<'a>>),
}

#[derive(Clone, Debug, PartialEq, Model)]
struct Level<'a> {
    venue: &'a str,
    price: Decimal,
}

#[test]
fn nested_models_borrow_from_the_same_message() {
    let level = Level { venue: "X", price: Decimal::TEN };
    let book = Book {
        levels: vec![level.clone()],
        by_name: HashMap::from([("x", level.clone())]),
        raw: &[1, 2],
        best: None,
        pair: ("p", Box::new(level)),
    };
    let key = KeyType::Str;
    let level =
        || ArgType::Record(Record::new().required("venue", ArgType::str()).required("price", ArgType::decimal()));
    let record = Book::record();
    assert_eq!(record.fields()[1].kind, ArgType::map(key, level()));
    assert_eq!(record.fields()[2].kind, ArgType::bytes());
    book.with_slots(&Arena::new(), |slots| assert_eq!(Book::read_slots(slots).as_ref(), Ok(&book)));
}

#[derive(Debug, PartialEq, Model)]
#[model(open, rename_all = "camelCase")]
struct Open {
    order_id: i64,
}

#[test]
fn an_open_model_ignores_what_it_does_not_name() {
    assert_eq!(Open::record(), Record::new().required("orderId", <i64 as Argument>::arg_type()).open());
    let unnamed = [Slot::str("other"), Slot::bool(true)];
    assert_eq!(Open::from_slots(&[Slot::int(7), Slot::map(&unnamed)]), Ok(Open { order_id: 7 }));
    Open { order_id: 7 }.with_slots(&Arena::new(), |slots| {
        assert_eq!(slots.len(), Open::record().slot_count());
        assert!(slots[1].is_absent());
    });
}

mod framework {
    #[derive(Debug, PartialEq, service_framework::Model)]
    pub(super) struct Name<'message> {
        pub(super) slots: &'message str,
        pub(super) arena: i64,
    }
}

#[derive(Debug, PartialEq, Model)]
struct Named<'message> {
    inner: framework::Name<'message>,
}

#[test]
fn the_names_of_an_author_do_not_meet_those_of_the_derive() {
    let named = Named { inner: framework::Name { slots: "a", arena: 1 } };
    named.with_slots(&Arena::new(), |slots| assert_eq!(Named::read_slots(slots).as_ref(), Ok(&named)));
}

#[derive(Debug, PartialEq, Model)]
struct Ping;

#[test]
fn a_struct_without_fields_and_the_unit_are_empty_models() {
    assert_eq!(Ping::record(), Record::new());
    assert_eq!(round_trip(&Ping), Ok(Ping));
    assert_eq!(<() as Model>::record(), Record::new());
    assert_eq!(round_trip(&()), Ok(()));
}

#[test]
fn a_refusal_names_the_key_path() {
    let items = [Slot::record(&[])];
    let refusal = <Vec<Leaf>>::read(&Slot::list(&items)).unwrap_err();
    assert_eq!((refusal.code(), refusal.path().as_str()), (Code::BadSlot, "[0]"));
    let fields = [Slot::int(1), Slot::ABSENT];
    let refusal = Leaf::from_slots(&fields).unwrap_err();
    assert_eq!(refusal.to_string(), "`size`: expected Decimal, got Int");
    assert_eq!(Leaf::from_slots(&[Slot::ABSENT, Slot::ABSENT]).unwrap_err().code(), Code::MissingKey);
    let refusal = <Side as Argument>::read(&Slot::str("HOLD")).unwrap_err();
    assert_eq!(refusal.to_string(), "expected one of `BUY`, `SELL`, `short`, got `HOLD`");
}
