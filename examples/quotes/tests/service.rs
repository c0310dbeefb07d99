//! What becomes of a question, whatever the exchange does: over real HTTP and real sockets.

#[path = "../src/bin/quotes/server.rs"]
mod server;

use std::sync::{Mutex, PoisonError};

use quotes::{Quote, Quotes};
use server::Server;
use service_framework::prelude::*;
use service_framework::{Service, json};

/// A query of somebody who thinks that a symbol is any text.
#[derive(Debug, Model)]
pub struct AnyQuery {
    symbol: String,
}

const QUOTES: Requester<AnyQuery, Quote> = Requester::new("quotes");

/// Somebody who lends the test a way to ask.
struct Caller;

static LENT: Mutex<Option<Sender>> = Mutex::new(None);

impl ServiceDefinition for Caller {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.requester(&QUOTES);
        m.init(Self::init);
    }
}

impl Caller {
    fn init(&mut self, ctx: &mut Context) -> Result<()> {
        *LENT.lock().unwrap() = Some(ctx.sender()?);
        Ok(())
    }
}

/// What is answered to somebody who asks for each of these. A quote is waited for this long, in seconds.
fn asked(url: &str, timeout_s: f64, symbols: &[&str]) -> Vec<Result<Quote>> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut quotes = Service::of::<Quotes>()
        .addresses(json!({"connections": {"in": {"quote": {"replyer": "127.0.0.1:0"}}}}))
        .config(json!({"url": url, "timeout_s": timeout_s}))
        .build()
        .unwrap();
    quotes.run_service().unwrap();
    let mut caller = Service::of::<Caller>()
        .addresses(json!({"connections": {"out": {"quotes": {"requester": quotes.address("quote")}}}}))
        .build()
        .unwrap();
    caller.run_service().unwrap();
    let sender = LENT.lock().unwrap().take().unwrap();
    symbols.iter().map(|symbol| sender.send(&QUOTES, &AnyQuery { symbol: (*symbol).to_owned() })).collect()
}

/// How an error presents itself to who asked: its code, whether the caller is at fault, whether to try again.
fn told(answer: &Result<Quote>) -> (&str, bool, bool) {
    let error = answer.as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    (error.code(), error.is_caller_error(), error.is_retryable())
}

/// Long enough for any answer that comes at all.
const LONG: f64 = 30.0;

#[test]
fn a_quote_is_what_the_exchange_says() {
    let exchange = Server::start().unwrap();
    let answers = asked(&exchange.url(), LONG, &["BTC-USD", "ETH-USD"]);
    let quote = |symbol: &str, price| Quote { symbol: symbol.to_owned(), price };
    assert_eq!(
        answers,
        [Ok(quote("BTC-USD", Decimal::new(6_423_517, 2))), Ok(quote("ETH-USD", Decimal::new(31_205, 1)))]
    );
}

#[test]
fn each_answer_of_the_exchange_that_is_no_quote_is_an_error_of_its_own() {
    let exchange = Server::start().unwrap();
    let answers = asked(&exchange.url(), LONG, &["NOPE", "FAIL", "GARBLED", "MINUS"]);
    let expected = [
        ("unknown_symbol", true, false),
        ("exchange_failed", false, true),
        ("exchange_garbled", false, false),
        ("bad_return", false, false),
    ];
    assert_eq!(answers.iter().map(told).collect::<Vec<_>>(), expected);
    assert_eq!(answers[0].as_ref().unwrap_err().to_string(), "`symbol`: the exchange knows no symbol NOPE");
    let garbled = answers[2].as_ref().unwrap_err().message();
    assert!(garbled.ends_with("of the exchange, got \"<html>maintenance</html>\""), "{garbled}");
}

#[test]
fn an_exchange_that_is_not_there_is_told_with_its_address() {
    // A port that only the administrator of this machine could bind.
    let answers = asked("http://127.0.0.1:1", LONG, &["BTC-USD"]);
    assert_eq!(told(&answers[0]), ("exchange_unreachable", false, true));
    let message = answers[0].as_ref().unwrap_err().message();
    assert!(message.starts_with("the exchange at http://127.0.0.1:1 does not answer: "), "{message}");
}

#[test]
fn calls_that_are_given_up_stay_in_flight_and_take_the_place_of_others() {
    let exchange = Server::start().unwrap();
    let answers = asked(&exchange.url(), 0.3, &["SLOW", "SLOW", "BTC-USD"]);
    let expected = [("timed_out", false, true), ("timed_out", false, true), ("busy", false, true)];
    assert_eq!(answers.iter().map(told).collect::<Vec<_>>(), expected);
}

#[test]
fn what_could_mean_something_else_in_a_url_never_gets_there() {
    let exchange = Server::start().unwrap();
    let answers = asked(&exchange.url(), LONG, &["../SLOW", "BTC-USD?x", "BTC USD", ""]);
    for answer in &answers {
        assert_eq!(told(answer), ("no_match", true, false));
        assert_eq!(answer.as_ref().unwrap_err().field(), Some("symbol"));
    }
    assert_eq!(exchange.held(), 0);
}
