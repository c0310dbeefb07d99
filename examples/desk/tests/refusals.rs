//! What the desk answers to whoever is wrong, over real sockets; and that a refused trade changes nothing.

use std::sync::Mutex;

use desk::Desk;
use service_framework::prelude::*;
use service_framework::{Json, Service, json};
use trades::{Holding, Side, Trade};

const DESK: Requester<Trade, Holding> = Requester::new("desk");

/// Sends what its test has put into `SCRIPT`, and keeps the answers there.
struct Teller;

static SCRIPT: Mutex<(Vec<Trade>, Vec<Result<Holding>>)> = Mutex::new((Vec::new(), Vec::new()));
/// One test at a time has the script.
static TURN: Mutex<()> = Mutex::new(());

impl ServiceDefinition for Teller {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.requester(&DESK);
        m.main(Self::tell);
    }
}

impl Teller {
    fn tell(&mut self, ctx: &mut Context) -> Result<()> {
        let trades = std::mem::take(&mut SCRIPT.lock().unwrap().0);
        let answers = trades.iter().map(|trade| ctx.send(&DESK, trade)).collect();
        SCRIPT.lock().unwrap().1 = answers;
        Ok(())
    }
}

/// What a new desk answers to these trades.
fn answers(config: Json, trades: Vec<Trade>) -> Vec<Result<Holding>> {
    let _turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    SCRIPT.lock().unwrap().0 = trades;
    let mut desk = Service::of::<Desk>()
        .addresses(json!({"connections": {"in": {"trade": {"replyer": "127.0.0.1:0"}}}}))
        .config(config)
        .build()
        .unwrap();
    desk.run_service().unwrap();
    let mut teller = Service::of::<Teller>()
        .addresses(json!({"connections": {"out": {"desk": {"requester": desk.address("trade").unwrap()}}}}))
        .build()
        .unwrap();
    teller.run_service_as_main_blocking().unwrap();
    desk.stop_service().unwrap();
    std::mem::take(&mut SCRIPT.lock().unwrap().1)
}

fn trade(symbol: &str, trade_id: u64, side: Side, quantity: &str, price: &str) -> Trade {
    let (price, quantity) = (price.parse().unwrap(), quantity.parse().unwrap());
    Trade { symbol: symbol.into(), side, price, quantity, trade_id, time: DateTime::UNIX_EPOCH }
}

/// Code and field of a refusal.
fn refusal(answer: &Result<Holding>) -> (&str, Option<&str>) {
    let error = answer.as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
    (error.code(), error.field())
}

#[test]
fn symbols_are_kept_apart_and_answered_with_what_is_held() {
    let trades = vec![
        trade("A", 1, Side::Buy, "2.00", "10.0"),
        trade("B", 1, Side::Sell, "1", "5"),
        trade("A", 2, Side::Sell, "2", "11"),
    ];
    let answers = answers(json!({}), trades);
    let holding = |symbol: &str, trades, position, average_price: Option<i64>, realised| Holding {
        symbol: symbol.into(),
        trade_id: trades,
        trades,
        position: Decimal::from(position),
        average_price: average_price.map(Decimal::from),
        realised: Decimal::from(realised),
        unrealised: Decimal::ZERO,
    };
    let expected = [holding("A", 1, 2, Some(10), 0), holding("B", 1, -1, Some(5), 0), holding("A", 2, 0, None, 2)];
    assert_eq!(answers.into_iter().map(|answer| answer.unwrap()).collect::<Vec<_>>(), expected);
}

#[test]
fn a_trade_that_is_sent_again_is_not_counted_twice() {
    let first = || trade("A", 7, Side::Buy, "1", "10");
    let answers = answers(json!({}), vec![first(), first(), trade("A", 8, Side::Buy, "1", "10")]);
    assert_eq!(refusal(&answers[1]), ("trade_seen", Some("trade_id")));
    assert_eq!(answers[2].as_ref().unwrap().position, Decimal::TWO);
}

#[test]
fn a_number_that_the_desk_cannot_keep_exact_is_refused_with_its_name() {
    let trades = vec![
        trade("A", 1, Side::Buy, "0.000000015", "10"),
        trade("A", 2, Side::Buy, "1", "10.000000001"),
        trade("A", 3, Side::Buy, "1000000000", "1000000000"),
        trade("A", 4, Side::Buy, "1.0000000000", "10.000000000000"),
    ];
    let answers = answers(json!({}), trades);
    assert_eq!(refusal(&answers[0]), ("too_precise", Some("quantity")));
    assert_eq!(refusal(&answers[1]), ("too_precise", Some("price")));
    assert_eq!(refusal(&answers[2]), ("too_large", None));
    assert_eq!(answers[3].as_ref().unwrap().trades, 1, "zeros at the end are no decimals, and nothing was counted");
}

#[test]
fn a_full_desk_takes_no_new_symbol_and_goes_on_with_those_it_has() {
    let trades = vec![
        trade("A", 1, Side::Buy, "1", "10"),
        trade("B", 1, Side::Buy, "1", "10"),
        trade("A", 2, Side::Buy, "1", "10"),
    ];
    let answers = answers(json!({"max_symbols": 1}), trades);
    assert_eq!(refusal(&answers[1]), ("desk_full", None));
    assert_eq!(answers[2].as_ref().unwrap().trades, 2);
}
