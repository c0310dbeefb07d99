//! What the desk answers to whoever is wrong; and that a refused trade changes nothing.

use desk::Desk;
use service_framework::prelude::*;
use service_framework::testing::{TestError, TestService};
use service_framework::{Json, json};
use trades::{Holding, Side, Trade};

type Answer = Result<Holding, TestError>;

/// What a new desk answers to these trades.
fn answers(config: Json, trades: &[Trade]) -> Vec<Answer> {
    let mut desk = TestService::of::<Desk>().config(config).start().unwrap();
    trades.iter().map(|trade| desk.deliver_as("trade", trade)).collect()
}

fn trade(symbol: &str, trade_id: u64, side: Side, quantity: &str, price: &str) -> Trade {
    let (price, quantity) = (price.parse().unwrap(), quantity.parse().unwrap());
    Trade { symbol: symbol.into(), side, price, quantity, trade_id, time: DateTime::UNIX_EPOCH }
}

/// Code and field of a refusal.
fn refusal(answer: &Answer) -> (&str, Option<&str>) {
    let refused = answer.as_ref().unwrap_err().refused().unwrap();
    (refused.code.as_str(), refused.field.as_deref())
}

#[test]
fn symbols_are_kept_apart_and_answered_with_what_is_held() {
    let trades = [
        trade("A", 1, Side::Buy, "2.00", "10.0"),
        trade("B", 1, Side::Sell, "1", "5"),
        trade("A", 2, Side::Sell, "2", "11"),
    ];
    let answers = answers(json!({}), &trades);
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
    let answers = answers(json!({}), &[first(), first(), trade("A", 8, Side::Buy, "1", "10")]);
    assert_eq!(refusal(&answers[1]), ("trade_seen", Some("trade_id")));
    assert_eq!(answers[2].as_ref().unwrap().position, Decimal::TWO);
}

#[test]
fn a_number_that_the_desk_cannot_keep_exact_is_refused_with_its_name() {
    let trades = [
        trade("A", 1, Side::Buy, "0.000000015", "10"),
        trade("A", 2, Side::Buy, "1", "10.000000001"),
        trade("A", 3, Side::Buy, "1000000000", "1000000000"),
        trade("A", 4, Side::Buy, "1.0000000000", "10.000000000000"),
    ];
    let answers = answers(json!({}), &trades);
    assert_eq!(refusal(&answers[0]), ("too_precise", Some("quantity")));
    assert_eq!(refusal(&answers[1]), ("too_precise", Some("price")));
    assert_eq!(refusal(&answers[2]), ("too_large", None));
    assert_eq!(answers[3].as_ref().unwrap().trades, 1, "zeros at the end are no decimals, and nothing was counted");
}

#[test]
fn a_full_desk_takes_no_new_symbol_and_goes_on_with_those_it_has() {
    let trades =
        [trade("A", 1, Side::Buy, "1", "10"), trade("B", 1, Side::Buy, "1", "10"), trade("A", 2, Side::Buy, "1", "10")];
    let answers = answers(json!({"max_symbols": 1}), &trades);
    assert_eq!(refusal(&answers[1]), ("desk_full", None));
    assert_eq!(answers[2].as_ref().unwrap().trades, 2);
}
