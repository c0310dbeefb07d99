//! Publishers and subscribers on the service's side: what is handed to their functions, and what they hand over.

use service_framework::__private::Slot;
use service_framework::abi::*;
use service_framework::prelude::*;
use service_framework::{Json, json};

use crate::support::{Hosted, Run, describe};

#[derive(Model)]
struct Trade<'a> {
    symbol: &'a str,
    quantity: i64,
}

#[derive(Model)]
struct OwnedTrade {
    symbol: String,
    quantity: i64,
}

const TRADES: Publisher<Trade<'static>> = Publisher::new("trades_out");
const UNDECLARED: Publisher<()> = Publisher::new("nowhere");

struct Relay;

impl ServiceDefinition for Relay {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        let record = || Record::new().required("symbol", ArgType::str()).required("quantity", ArgType::int());
        m.subscriber("owned", Self::on_owned).topic("T").conflate_by(&["symbol"]).queue_messages(5).queue_bytes(99);
        m.subscriber_borrowed::<Trade>("borrowed", Self::on_borrowed).binds().conflate_by(&["symbol"]).drop_newest();
        m.subscriber_untyped("raw", record(), Self::on_raw).drop_oldest().block().peers(Peers::Own);
        m.publisher(&TRADES).topic("T").connects().unnumbered().wait_after_creation(Duration::from_millis(500));
        m.publisher_untyped("raw_out", record()).wait_for_subscribers(2, Duration::from_secs(3));
        m.init(Self::init);
    }
}

impl Relay {
    fn on_owned(&mut self, trade: OwnedTrade, ctx: &mut Context) -> Result<()> {
        if trade.symbol.is_empty() {
            return Err(Error::with_code("nameless", "a trade of nothing"));
        }
        ctx.send(&TRADES, &Trade { symbol: &trade.symbol, quantity: trade.quantity })
    }

    fn on_borrowed(&mut self, trade: Trade<'_>, ctx: &mut Context) -> Result<()> {
        ctx.send(&TRADES, &trade)
    }

    fn on_raw(&mut self, trade: Value, ctx: &mut Context) -> Result<()> {
        assert_eq!(ctx.send_value("raw_out", &trade)?, Value::Map(vec![]));
        Ok(())
    }

    fn init(&mut self, ctx: &mut Context) -> Result<()> {
        ctx.wait_for_subscribers(&TRADES, 2, Duration::from_millis(7))?;
        ctx.wait_for_subscribers(&UNDECLARED, 1, Duration::ZERO)
    }
}

fn relay() -> Hosted {
    Hosted::new::<Relay>(&[], &mut Run::default()).unwrap()
}

#[test]
fn a_publication_is_handed_to_its_function_and_on_to_a_publisher() {
    let mut relay = relay();
    for (function, publisher) in [(0, 3), (1, 3), (2, 4)] {
        let mut run = Run::default();
        assert_eq!(relay.call(function, &[Slot::str("A"), Slot::int(3)], &mut run), OK);
        let slots = Value::List(vec!["A".into(), Value::Int(3)]);
        assert_eq!((run.sends, run.replies.len()), (vec![(publisher, slots)], 0));
    }
    let mut run = Run::default();
    assert_eq!(relay.call(0, &[Slot::str(""), Slot::int(3)], &mut run), FAILED);
    assert_eq!((run.failure.unwrap().0.as_str(), run.sends.len()), ("nameless", 0));
}

#[test]
fn subscribers_are_waited_for_by_the_place_of_their_publisher() {
    let mut run = Run::default();
    assert_eq!(relay().call(FUNCTION_INIT, &[], &mut run), FAILED);
    assert_eq!(run.waited_for, [(3, 2, 7_000_000)]);
    let (_, message, ..) = run.failure.unwrap();
    assert!(message.contains("declares no out connection `nowhere`"), "{message}");
}

#[test]
fn what_was_said_last_of_a_queue_counts() {
    let (status, model) = describe::<Relay>();
    assert_eq!(status, OK);
    let model: Json = service_framework::serde_json::from_str(&model).unwrap();
    let creation = |side: &str, name: &str| model["connections"][side][name]["optional_creation_arguments"].clone();
    assert_eq!(
        creation("in", "owned"),
        json!({"topic": "T", "queue": "conflate", "conflate_by": ["symbol"], "queue_messages": 5, "queue_bytes": 99})
    );
    assert_eq!(creation("in", "borrowed"), json!({"is_binder": true, "queue": "drop_newest"}));
    assert_eq!(creation("in", "raw"), json!({"queue": "block"}));
    assert_eq!(
        creation("out", "trades_out"),
        json!({"topic": "T", "is_x_pub": true, "seq": false, "wait_after_creation_s": 0.5})
    );
    assert_eq!(creation("out", "raw_out"), json!({"wait_for_subscribers": 2, "wait_for_subscribers_s": 3.0}));
    assert_eq!(model["connections"]["in"]["owned"]["required_creation_arguments"], json!({"function": "owned"}));
}
