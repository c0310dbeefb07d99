//! The example `desk.c`: what it answers to requesters in Rust and by hand, and what it refuses.

use bench_desk::{OwnedAck, message};
use service_framework::Value;
use service_framework::prelude::*;

use crate::ours::{Lead, Leader, lead};
use crate::support::PATIENCE;
use crate::support::messages::{Reply, request_with};
use crate::support::peer::Peer;
use crate::support::runner::{Folder, Running};
use crate::{c_runner, listening, stopped};

/// The source of the desk in C.
pub(crate) const DESK: &str = "examples/c/desk.c";

fn started(folder: &Folder, arguments: &[&str]) -> Running {
    Running::start(c_runner(DESK, &listening("order"), folder).args(arguments))
}

/// An order with these decimals.
fn order(price: &str, quantity: &str) -> Value {
    let decimal = |text: &str| Value::Decimal(Decimal::from_str_exact(text).unwrap());
    let time = Value::DateTime(service_framework::Timestamp { seconds: 1_700_000_000, nanoseconds: 5 });
    Value::map([
        ("price", decimal(price)),
        ("quantity", decimal(quantity)),
        ("symbol", "BTC-USD".into()),
        ("order_id", "o-1".into()),
        ("sequence", Value::Int(i64::MAX)),
        ("time", time),
    ])
}

fn ask(desk: &mut Running, order: Value) -> Reply {
    Peer::dealer(&desk.address("order")).ask(&request_with(order, "w"))
}

#[test]
fn the_desk_in_c_multiplies_exactly_and_says_goodbye() {
    let folder = Folder::new();
    let mut desk = started(&folder, &[]);
    for (price, quantity, notional) in [
        ("64235.17", "0.0125", "802.939625"),
        ("-0.10", "3", "-0.30"),
        ("-0.10", "0", "0.00"),
        ("79228162514264337593543950335", "1", "79228162514264337593543950335"),
        ("281474976710655", "281474976710655", "79228162514263774643590529025"),
        ("0.00000000000001", "0.00000000000001", "0.0000000000000000000000000001"),
    ] {
        let reply = ask(&mut desk, order(price, quantity));
        let returned = reply.returned();
        let Some(Value::Decimal(worth)) = returned.get("notional") else { panic!("{returned:?}") };
        assert_eq!(worth.to_string(), notional);
        assert_eq!(returned.get("symbol").and_then(Value::as_str), Some("BTC-USD"));
        assert_eq!(returned.get("sequence"), Some(&Value::Int(i64::MAX)));
        assert_eq!(reply.workflow_id().as_str(), Some("w"));
    }
    assert!(stopped(desk).contains("the desk closes after 6 orders"));
}

#[test]
fn what_the_desk_in_c_refuses_comes_back_with_its_code_and_field() {
    let folder = Folder::new();
    let mut desk = started(&folder, &["--decimals", "2"]);
    for (price, quantity, code) in [
        ("1.25", "0.5", "too_precise"),
        ("281474976710656", "281474976710656", "too_large"),
        ("0.000000000000001", "0.00000000000001", "too_large"),
    ] {
        let reply = ask(&mut desk, order(price, quantity));
        assert_eq!(reply.code(), code, "{reply:?}");
        assert_eq!(reply.of_error("field").and_then(Value::as_str), Some("quantity"));
        assert_eq!(reply.of_error("is_caller_error"), Some(&Value::Bool(true)));
    }
    assert_eq!(ask(&mut desk, Value::map([("price", Value::from("dear"))])).code(), "wrong_type");
    assert_eq!(ask(&mut desk, order("1.5", "0.5")).code(), "no error");
    assert!(stopped(desk).contains("the desk closes after 1 orders"));
}

#[test]
fn a_requester_in_rust_is_answered_by_the_desk_in_c() {
    const NEXT: Requester<bench_desk::Order<'static>, OwnedAck> = Requester::new("next");
    struct Asker;
    impl Lead for Asker {
        fn declare(m: &mut Models<Leader<Self>>) {
            m.requester(&NEXT).timeout(PATIENCE);
        }
        fn lead(ctx: &mut Context) -> Result<()> {
            for sequence in 1..=100 {
                let ack = ctx.send(&NEXT, &message::order(sequence))?;
                let notional = Decimal::new(802_939_625, 6);
                assert_eq!(ack, OwnedAck { symbol: "BTC-USD".into(), notional, sequence });
            }
            Ok(())
        }
    }
    let folder = Folder::new();
    let mut desk = started(&folder, &[]);
    lead::<Asker>(desk.address("order").strip_prefix("tcp://").unwrap());
    assert!(stopped(desk).contains("the desk closes after 100 orders"));
}
