//! Answers quotes that it asks of an exchange over HTTP: a service with something outside, an *external target*.
//!
//! The exchange knows nothing of this project, so somebody has to speak its language: [`Exchange`], an object that the
//! service makes and the runtime calls on threads of its own. What goes to it and what it brings back has a model like
//! any connection, and is checked against it: a price of -1 never gets any further.
//!
//! A function that sends to the exchange waits for it, and its service with it. So the connection has a timeout, short
//! enough for whoever asks. A call that is given up goes on in its thread until the HTTP client gives up, too;
//! meanwhile the service answers others, with the threads that are left. Where all are taken, a request is `busy`.
//!
//! Each way to fail has a code of its own, and says whether the caller is at fault and whether trying again may help:
//!
//! | what happens | code | the caller's fault | try again |
//! |---|---|---|---|
//! | the exchange knows no such symbol | `unknown_symbol` | yes | no |
//! | the exchange answers 500, or that it is asked too often | `exchange_failed` | no | yes |
//! | the exchange cannot be reached | `exchange_unreachable` | no | yes |
//! | the exchange takes too long | `timed_out` | no | yes |
//! | all calls are taken by those that take too long | `busy` | no | yes |
//! | what the exchange says makes no sense | `exchange_garbled`, `bad_return` | no | no |

// Nothing that input can reach may end the process; tests may.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod exchange;

pub use exchange::Exchange;
use service_framework::prelude::*;
use service_framework::{Json, json};

/// What can be set.
#[derive(Debug, Model)]
pub struct Config {
    /// Where the exchange is, such as `http://127.0.0.1:7180`.
    #[model(pattern = "http://[^/]+")]
    url: String,
    /// How long a quote is waited for, in seconds.
    #[model(default = 0.5, min = 0.01, max = 60.0)]
    timeout_s: f64,
}

/// What is asked.
#[derive(Clone, Debug, Model)]
pub struct Query {
    /// Such as `BTC-USD`. It becomes a part of a URL, so there is nothing in it that a URL could mean otherwise.
    #[model(pattern = "[A-Z0-9-]{1,32}")]
    pub symbol: String,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Model)]
pub struct Quote {
    /// That of the query.
    pub symbol: String,
    /// Money for one unit.
    #[model(min = Decimal::new(1, 8))]
    pub price: Decimal,
}

/// How many calls may be in flight.
const CALLS: u32 = 2;
const EXCHANGE: ExternalTarget<Query, Quote> = ExternalTarget::new("exchange");

/// The service.
#[derive(Debug)]
pub struct Quotes {
    exchange: Exchange,
}

impl ServiceDefinition for Quotes {
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        Ok(Self { exchange: Exchange::at(config.url) })
    }

    fn models(m: &mut Models<Self>) {
        m.replyer("quote", Self::on_quote);
        m.external_target(&EXCHANGE, Self::exchange).calls_in_flight(CALLS);
        m.setup_connections(Self::setup_connections);
    }
}

impl Quotes {
    /// What a model leaves to the config.
    fn setup_connections(config: Json) -> Result<Json> {
        Ok(json!({"exchange": {"timeout_s": config.get("timeout_s")}}))
    }

    /// One for each call that may be in flight. They share what can be shared: the connections to the exchange.
    fn exchange(&mut self) -> Result<Exchange> {
        Ok(self.exchange.clone())
    }

    fn on_quote(&mut self, query: Query, ctx: &mut Context) -> Result<Quote> {
        ctx.send(&EXCHANGE, &query).map_err(|error| match (error.kind(), error.code()) {
            // What this service sends is its own fault, unless it says whose it is.
            (ErrorKind::Refused, exchange::UNKNOWN_SYMBOL) => {
                Error::caller(exchange::UNKNOWN_SYMBOL, error.message()).with_field("symbol")
            }
            // A call that timed out may have been acted on, and not every call may be made twice. A quote may.
            (ErrorKind::TimedOut | ErrorKind::PeerLost, _) => error.retryable(),
            _ => error,
        })
    }
}

export_service!(Quotes);
