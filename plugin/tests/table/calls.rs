//! Models, calls, replies, sends, errors and panics.

use service_framework::__private::Slot;
use service_framework::abi::*;
use service_framework::prelude::*;
use service_framework::{Json, json};

use crate::support::{HOST_TABLE, Hosted, Run, describe, setup};

#[derive(Model)]
struct Order<'a> {
    symbol: &'a str,
    quantity: i64,
}

#[derive(Model)]
struct OwnedOrder {
    symbol: String,
    quantity: i64,
}

#[derive(Debug, Model)]
struct Ack {
    note: Option<String>,
    sequence: i64,
}

#[derive(Model)]
struct Config {
    #[model(default = 10)]
    depth: i64,
    symbol: String,
}

const DESK: Requester<Order<'static>, Ack> = Requester::new("desk");
const UNDECLARED: Requester<(), ()> = Requester::new("nowhere");

struct Trader {
    seen: i64,
}

impl ServiceDefinition for Trader {
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        match config.symbol.as_str() {
            "" => Err(Error::new("no symbol").with_field("symbol")),
            "BOOM" => panic!("no such symbol"),
            _ => Ok(Self { seen: config.depth }),
        }
    }

    fn models(m: &mut Models<Self>) {
        m.requester(&DESK).timeout(Duration::from_secs(2)).peers(Peers::Own);
        m.replyer("order", Self::on_order);
        m.replyer_borrowed::<Order, Ack>("forward", Self::on_forward);
        let record = || Record::new().optional("note", ArgType::str()).required("sequence", ArgType::int());
        m.replyer_untyped("raw", record(), record(), Self::on_raw);
        m.requester_untyped("raw_out", record(), record());
        m.setup_config(|config| Ok(json!({ "depth": config["depth"].as_i64().unwrap_or(0) + 1 })));
        m.setup_addresses(|config, mut addresses| {
            addresses["seen"] = config;
            Ok(addresses)
        });
        m.init(Self::init);
        m.main(Self::main);
    }
}

impl Trader {
    fn on_order(&mut self, order: OwnedOrder, ctx: &mut Context) -> Result<Ack> {
        match order.symbol.as_str() {
            "PANIC" => panic!("the book of {} is gone", order.symbol),
            "REFUSE" => return Err(Error::caller("unknown_symbol", "no such symbol").with_field("symbol")),
            "UNDECLARED" => ctx.send(&UNDECLARED, &())?,
            _ => {}
        }
        self.seen += order.quantity;
        Ok(Ack { note: None, sequence: self.seen })
    }

    fn on_forward(&mut self, order: Order<'_>, ctx: &mut Context) -> Result<Ack> {
        let symbol = order.symbol.to_lowercase();
        ctx.send(&DESK, &Order { symbol: &symbol, ..order })
    }

    fn on_raw(&mut self, arguments: Value, ctx: &mut Context) -> Result<Value> {
        ctx.send_value("raw_out", &arguments)
    }

    fn init(&mut self, ctx: &mut Context) -> Result<()> {
        ctx.wait(Duration::from_millis(5))
    }

    fn main(&mut self, ctx: &mut Context) -> Result<()> {
        if ctx.should_stop() { Err(Error::with_code("asked_to_stop", "")) } else { Ok(()) }
    }
}

const ORDER: u32 = 0;
const FORWARD: u32 = 1;
const RAW: u32 = 2;
const DESK_PLACE: u32 = 3;
const RAW_OUT_PLACE: u32 = 4;

fn trader() -> Hosted {
    Hosted::new::<Trader>(&[Slot::str("A"), Slot::int(10)], &mut Run::default()).unwrap()
}

fn order(symbol: &str) -> [Slot<'_>; 2] {
    [Slot::str(symbol), Slot::int(5)]
}

fn ack(sequence: i64, note: Value) -> Value {
    Value::List(vec![Value::Int(sequence), note])
}

#[test]
fn the_models_cross_as_json_with_the_in_connections_first() {
    let (status, text) = describe::<Trader>();
    assert_eq!(status, OK);
    let model: Json = serde_json::from_str(&text).unwrap();
    let int64 = json!({ "type": "Int", "min": i64::MIN.to_string(), "max": i64::MAX.to_string() });
    assert_eq!(model["service"], "table");
    assert_eq!(model["config"]["optional"]["depth"]["default"], 10);
    assert_eq!(
        model["connections"]["in"]["order"],
        json!({
            "connection_type": "replyer",
            "required_creation_arguments": { "function": "order" },
            "required_arguments": { "symbol": "Str", "quantity": int64 },
            "required_return_arguments": { "sequence": int64 },
            "optional_return_arguments": { "note": { "type": "Option", "of": "Str" } },
        })
    );
    assert_eq!(model["connections"]["out"]["desk"]["optional_creation_arguments"], json!({ "timeout_s": 2.0 }));
    assert_eq!(model["connections"]["out"]["desk"]["peers"], "own");
    assert_eq!(model["functions"], json!(["setup_config", "setup_addresses", "init", "main"]));
    let places: Vec<_> =
        ["\"order\"", "\"forward\"", "\"raw\"", "\"desk\"", "\"raw_out\""].map(|n| text.find(n)).into();
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn a_request_is_answered_in_the_order_of_the_model() {
    let (mut trader, mut run) = (trader(), Run::default());
    assert_eq!(trader.call(ORDER, &order("A"), &mut run), OK);
    assert_eq!(trader.call(ORDER, &order("A"), &mut run), OK);
    assert_eq!(run.replies, [ack(15, Value::Nil), ack(20, Value::Nil)]);
    assert_eq!(run.failure, None);
}

#[test]
fn an_error_crosses_with_its_code_field_and_flags() {
    let (mut trader, mut run) = (trader(), Run::default());
    assert_eq!(trader.call(ORDER, &order("REFUSE"), &mut run), FAILED);
    let expected = ("unknown_symbol".into(), "no such symbol".into(), "symbol".into(), ERROR_IS_CALLERS);
    assert_eq!(run.failure, Some(expected));
    assert_eq!(run.replies, []);
}

#[test]
fn a_panic_crosses_as_an_error_and_the_service_goes_on() {
    let (mut trader, mut run) = (trader(), Run::default());
    assert_eq!(trader.call(ORDER, &order("PANIC"), &mut run), PANICKED);
    let expected = ("panicked".into(), "the book of PANIC is gone".into(), String::new(), 0);
    assert_eq!(run.failure, Some(expected));
    assert_eq!(trader.call(ORDER, &order("A"), &mut run), OK);
    assert_eq!(run.replies, [ack(15, Value::Nil)]);
}

#[test]
fn a_send_carries_borrowed_arguments_and_brings_back_the_reply() {
    let (mut trader, mut run) = (trader(), Run::default());
    run.answer = Some(ack(7, "ok".into()));
    assert_eq!(trader.call(FORWARD, &order("ABC"), &mut run), OK);
    assert_eq!(run.sends, [(DESK_PLACE, Value::List(vec!["abc".into(), Value::Int(5)]))]);
    assert_eq!(run.replies, [ack(7, "ok".into())]);
}

#[test]
fn what_the_host_says_of_a_failed_send_comes_back_out_of_the_handler() {
    let (mut trader, mut run) = (trader(), Run::default());
    run.refusal = Some(("halted", ERROR_IS_REMOTE | ERROR_IS_RETRYABLE));
    assert_eq!(trader.call(FORWARD, &order("A"), &mut run), FAILED);
    let flags = ERROR_IS_REMOTE | ERROR_IS_RETRYABLE;
    assert_eq!(run.failure, Some(("halted".into(), "as the host says".into(), String::new(), flags)));
}

#[test]
fn a_reply_that_the_type_cannot_hold_is_a_bad_reply() {
    for answer in [None, Some(Value::List(vec![])), Some(ack(7, Value::Int(1)))] {
        let (mut trader, mut run) = (trader(), Run { answer, ..Run::default() });
        assert_eq!(trader.call(FORWARD, &order("A"), &mut run), FAILED);
        assert_eq!(run.failure.unwrap().0, "bad_reply");
    }
}

#[test]
fn untyped_arguments_have_names_on_this_side_and_places_on_the_other() {
    let (mut trader, mut run) = (trader(), Run::default());
    run.answer = Some(ack(9, "back".into()));
    assert_eq!(trader.call(RAW, &[Slot::int(3), Slot::ABSENT], &mut run), OK);
    assert_eq!(run.sends, [(RAW_OUT_PLACE, ack(3, Value::Nil))]);
    assert_eq!(run.replies, [ack(9, "back".into())]);
}

#[test]
fn arguments_that_do_not_fit_are_refused_with_their_place() {
    let (mut trader, mut run) = (trader(), Run::default());
    assert_eq!(trader.call(ORDER, &[Slot::int(1), Slot::int(5)], &mut run), FAILED);
    let (code, _, field, flags) = run.failure.take().unwrap();
    assert_eq!((code.as_str(), field.as_str(), flags), ("wrong_type", "symbol", ERROR_IS_CALLERS));
    assert_eq!(trader.call(ORDER, &[], &mut run), FAILED);
    assert_eq!(run.failure.unwrap().0, "bad_slot");
}

#[test]
fn a_send_to_what_is_not_declared_names_it() {
    let (mut trader, mut run) = (trader(), Run::default());
    assert_eq!(trader.call(ORDER, &order("UNDECLARED"), &mut run), FAILED);
    assert!(run.failure.unwrap().1.contains("`nowhere`"));
}

#[test]
fn functions_are_called_by_number_and_those_that_are_not_there_are_refused() {
    let (mut trader, mut run) = (trader(), Run::default());
    assert_eq!(trader.call(FUNCTION_INIT, &[], &mut run), OK);
    assert_eq!(run.waited, [5_000_000]);
    assert_eq!(trader.call(FUNCTION_MAIN, &[], &mut run), OK);
    run.stopping = true;
    assert_eq!(trader.call(FUNCTION_MAIN, &[], &mut run), FAILED);
    assert_eq!(run.failure.take().unwrap().0, "asked_to_stop");
    for missing in [FUNCTION_ON_SIGTERM, DESK_PLACE, 99, u32::MAX] {
        assert_eq!(trader.call(missing, &[], &mut run), FAILED);
        assert!(run.failure.take().is_some());
    }
}

#[test]
fn a_service_that_cannot_be_made_says_why() {
    let mut run = Run::default();
    assert_eq!(Hosted::new::<Trader>(&[Slot::str(""), Slot::int(1)], &mut run).err(), Some(FAILED));
    assert_eq!(run.failure.take().unwrap().2, "symbol");
    assert_eq!(Hosted::new::<Trader>(&[Slot::str("BOOM"), Slot::int(1)], &mut run).err(), Some(PANICKED));
    assert_eq!(run.failure.take().unwrap().1, "no such symbol");
    assert_eq!(Hosted::new::<Trader>(&[Slot::NIL, Slot::int(1)], &mut run).err(), Some(FAILED));
    assert_eq!(run.failure.take().unwrap().2, "symbol");
}

#[test]
fn setup_functions_take_and_give_json() {
    let mut run = Run::default();
    let config = json!({ "depth": 4 });
    assert_eq!(setup::<Trader>(SETUP_CONFIG, &config, &mut run), (OK, r#"{"depth":5}"#.to_owned()));
    let both = json!({ "config": { "a": 1 }, "addresses": {} });
    assert_eq!(setup::<Trader>(SETUP_ADDRESSES, &both, &mut run), (OK, r#"{"seen":{"a":1}}"#.to_owned()));
    assert_eq!(setup::<Trader>(SETUP_CONNECTIONS, &config, &mut run).0, FAILED);
    assert!(run.failure.unwrap().1.contains("no setup function"));
}

#[test]
fn a_host_of_another_abi_is_refused_without_being_called() {
    let (mut trader, mut run) = (trader(), Run::default());
    let changed = |change: fn(&mut HostTable)| {
        let mut host = HOST_TABLE;
        change(&mut host);
        host
    };
    for host in [changed(|host| host.magic = 0), changed(|host| host.major += 1), changed(|host| host.size -= 1)] {
        assert_eq!(trader.call_from(&raw const host, ORDER, &order("A"), &mut run), FAILED);
    }
    assert_eq!(trader.call_from(std::ptr::null(), ORDER, &order("A"), &mut run), FAILED);
    assert!(run.replies.is_empty() && run.failure.is_none());
}

struct Broken;

impl ServiceDefinition for Broken {
    type Config = ();

    fn new((): ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(_: &mut Models<Self>) {
        panic!("the models are in a file that is not there")
    }
}

#[test]
fn a_service_that_cannot_describe_itself_says_why() {
    let (status, text) = describe::<Broken>();
    assert_eq!(status, PANICKED);
    assert!(text.contains("the models are in a file that is not there"), "{text}");
}

struct Bomb;

impl ServiceDefinition for Bomb {
    type Config = ();

    fn new((): ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(_: &mut Models<Self>) {}

    fn name() -> &'static str {
        "bomb"
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped")
    }
}

#[test]
fn a_service_that_panics_when_dropped_does_no_harm() {
    drop(Hosted::new::<Bomb>(&[], &mut Run::default()).unwrap());
    assert_eq!(describe::<Bomb>(), (OK, r#"{"service":"bomb","connections":{"in":{},"out":{}}}"#.to_owned()));
}
