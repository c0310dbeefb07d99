//! What becomes of a question, whatever the exchange does: it is asked over real HTTP, or played by a script.

#[path = "../src/bin/quotes/server.rs"]
#[allow(dead_code, reason = "the program uses more of it")]
mod server;

use std::time::Duration;

use quotes::Quotes;
use server::Server;
use service_framework::json;
use service_framework::testing::{Answer, Refused, TestService};

fn quotes(url: &str) -> TestService {
    TestService::of::<Quotes>().config(json!({"url": url, "timeout_s": 0.5})).start().unwrap()
}

/// What somebody is told who asks for this symbol and gets no quote.
fn refused(quotes: &mut TestService, symbol: &str) -> Refused {
    quotes.deliver("quote", json!({"symbol": symbol})).unwrap_err().refused().unwrap().clone()
}

/// The code, whether the caller is at fault, and whether trying again may help.
fn told(quotes: &mut TestService, symbol: &str) -> (String, bool, bool) {
    let Refused { code, is_caller_error, is_retryable, .. } = refused(quotes, symbol);
    (code, is_caller_error, is_retryable)
}

#[test]
fn a_quote_is_what_the_exchange_says() {
    let exchange = Server::start().unwrap();
    let mut quotes = quotes(&exchange.url());
    let quote = quotes.deliver("quote", json!({"symbol": "BTC-USD"})).unwrap();
    assert_eq!(quote, json!({"symbol": "BTC-USD", "price": "64235.17"}));
}

#[test]
fn each_answer_of_the_exchange_that_is_no_quote_is_an_error_of_its_own() {
    let exchange = Server::start().unwrap();
    let mut quotes = quotes(&exchange.url());
    assert_eq!(told(&mut quotes, "NOPE"), ("unknown_symbol".into(), true, false));
    assert_eq!(told(&mut quotes, "FAIL"), ("exchange_failed".into(), false, true));
    assert_eq!(told(&mut quotes, "GARBLED"), ("exchange_garbled".into(), false, false));
    assert_eq!(told(&mut quotes, "MINUS"), ("bad_return".into(), false, false));

    let unknown = refused(&mut quotes, "NOPE");
    assert_eq!(unknown.field.as_deref(), Some("symbol"));
    assert_eq!(unknown.message, "the exchange knows no symbol NOPE");
    let garbled = refused(&mut quotes, "GARBLED").message;
    assert!(garbled.ends_with("of the exchange, got \"<html>maintenance</html>\""), "{garbled}");
}

#[test]
fn an_exchange_that_is_not_there_is_told_with_its_address() {
    // A port that only the administrator of this machine could bind.
    let mut quotes = quotes("http://127.0.0.1:1");
    assert_eq!(told(&mut quotes, "BTC-USD"), ("exchange_unreachable".into(), false, true));
    let message = refused(&mut quotes, "BTC-USD").message;
    assert!(message.starts_with("the exchange at http://127.0.0.1:1 does not answer: "), "{message}");
}

#[test]
fn a_call_that_is_given_up_or_not_made_may_be_made_again() {
    let mut quotes = quotes("http://127.0.0.1:1");
    quotes.answer("exchange", |_| Answer::never()).unwrap();
    assert_eq!(told(&mut quotes, "BTC-USD"), ("timed_out".into(), false, true));
    assert_eq!(quotes.elapsed(), Duration::from_millis(500), "the timeout is that of the config");
    quotes.answer("exchange", |_| Answer::busy()).unwrap();
    assert_eq!(told(&mut quotes, "BTC-USD"), ("busy".into(), false, true));
    quotes.answer("exchange", |_| Answer::peer_lost()).unwrap();
    assert_eq!(told(&mut quotes, "BTC-USD"), ("peer_lost".into(), false, true));
}

#[test]
fn what_could_mean_something_else_in_a_url_never_gets_there() {
    let mut quotes = quotes("http://127.0.0.1:1");
    for symbol in ["../BTC-USD", "BTC-USD?x", "BTC USD", "BTC-USD\n", ""] {
        assert_eq!(told(&mut quotes, symbol), ("no_match".into(), true, false), "{symbol:?}");
    }
    assert_eq!(quotes.sent(), []);
}
