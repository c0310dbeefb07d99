//! What the strategy does on a trade: orders where the book says so, and none on a book that is not to be relied on.

use service_framework::testing::{Answer, TestService};
use service_framework::{Json, json};
use strategy::Strategy;

fn strategy() -> TestService {
    TestService::of::<Strategy>().config(json!({"weight": 2.0, "limit": "1"})).start().unwrap()
}

/// A book with this much on the best level of each side.
fn book(bid: &str, ask: &str) -> Json {
    json!({"symbol": "ABC", "update": 1, "bids": {"1.4": "9", "1.5": bid}, "asks": {"1.6": ask, "1.7": "9"}})
}

/// Somebody has traded. What was ordered then: side and price.
fn orders(strategy: &mut TestService) -> Vec<(String, String)> {
    let holding = |order: &Json| {
        let position = if order["side"] == "buy" { "1" } else { "-1" };
        Answer::from(json!({
            "symbol": order["symbol"], "trade_id": order["trade_id"], "trades": 1, "position": position,
            "average_price": order["price"], "realised": "0", "unrealised": "0",
        }))
    };
    strategy.answer("desk", holding).unwrap();
    let trade = json!({
        "symbol": "ABC", "side": "buy", "price": "1.6", "quantity": "1", "trade_id": 1, "time": "2025-01-01T00:00:00Z",
    });
    strategy.deliver("trades", trade).unwrap();
    let text = |json: &Json| json.as_str().unwrap().to_owned();
    let sent = strategy.sent();
    sent.iter().map(|sent| (text(&sent.arguments["side"]), text(&sent.arguments["price"]))).collect()
}

fn order(side: &str, price: &str) -> Vec<(String, String)> {
    vec![(side.to_owned(), price.to_owned())]
}

#[test]
fn it_buys_where_more_is_bid_for_and_sells_where_more_is_asked() {
    let mut strategy = strategy();
    strategy.set_state("book", &book("100", "1")).unwrap();
    assert_eq!(orders(&mut strategy), order("buy", "1.6"));
    assert_eq!(orders(&mut strategy), [], "it holds as much as it may");
    strategy.set_state("book", &book("1", "100")).unwrap();
    assert_eq!(orders(&mut strategy), order("sell", "1.5"));
    strategy.set_state("book", &book("10", "10")).unwrap();
    assert_eq!(orders(&mut strategy), []);
}

#[test]
fn it_does_nothing_on_a_book_that_is_not_there_or_stale() {
    let mut strategy = strategy();
    assert_eq!(orders(&mut strategy), []);
    strategy.set_state("book", &book("100", "1")).unwrap();
    strategy.lose_state("book").unwrap();
    assert_eq!(orders(&mut strategy), []);
    // The owner is heard again.
    strategy.set_state("book", &book("200", "1")).unwrap();
    assert_eq!(orders(&mut strategy), order("buy", "1.6"));
}

#[test]
fn every_trade_is_counted() {
    let mut strategy = strategy();
    for _ in 0..3 {
        orders(&mut strategy);
    }
    assert_eq!(strategy.stats().inbound["trades"].received, 3);
}
