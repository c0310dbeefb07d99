//! The exchange, as its HTTP interface has it: `GET /quotes/BTC-USD` is answered with `{"price": "64235.17"}`.
//!
//! Owns the translation: from a query to a URL, from a status and a body to a quote or an error with a code. Never
//! retries: whoever asks knows whether a late quote is of use.

use service_framework::prelude::*;
use service_framework::{Json, serde_json};
use ureq::Agent;
use ureq::http::StatusCode;

use crate::{Query, Quote};

/// The code of what only the caller can mend.
pub(crate) const UNKNOWN_SYMBOL: &str = "unknown_symbol";
/// Nothing interrupts a call from outside, so that it ends is the client's own concern. This is longer than a quote is
/// waited for: a call that came too late leaves its connection open for the next one.
const LONGEST_CALL: Duration = Duration::from_secs(10);
/// An answer has less than a hundred bytes; nobody can make the service read without end.
const LONGEST_BODY: u64 = 64 << 10;

/// A client of the exchange. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Exchange {
    agent: Agent,
    url: String,
}

impl Exchange {
    pub(crate) fn at(url: String) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(LONGEST_CALL))
            .http_status_as_error(false)
            // The exchange is where the config says, whatever the environment says of proxies.
            .proxy(None)
            .build();
        Self { agent: config.into(), url }
    }

    fn unreachable(&self, error: &ureq::Error) -> Error {
        let message = format!("the exchange at {} does not answer: {error}", self.url);
        Error::with_code("exchange_unreachable", message).retryable()
    }
}

impl Target<Query, Quote> for Exchange {
    fn call(&mut self, query: Query) -> Result<Quote> {
        let Query { symbol } = query;
        let response = self.agent.get(format!("{}/quotes/{symbol}", self.url)).call();
        let mut response = response.map_err(|error| self.unreachable(&error))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => {
                return Err(Error::caller(UNKNOWN_SYMBOL, format!("the exchange knows no symbol {symbol}")));
            }
            status => {
                let error = Error::with_code("exchange_failed", format!("the exchange answers {status}"));
                let is_passing = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
                return Err(if is_passing { error.retryable() } else { error });
            }
        }
        let body = response.body_mut().with_config().limit(LONGEST_BODY).read_to_vec();
        let price = price_in(&body.map_err(|error| self.unreachable(&error))?)?;
        Ok(Quote { symbol, price })
    }
}

/// The price in the body of a good answer. Whether it is one that a quote may have is for the model to say.
fn price_in(body: &[u8]) -> Result<Decimal> {
    let json: Option<Json> = serde_json::from_slice(body).ok();
    let price = json.as_ref().and_then(|json| json.get("price")?.as_str()?.parse().ok());
    price.ok_or_else(|| {
        let said = String::from_utf8_lossy(body.get(..200).unwrap_or(body));
        Error::with_code("exchange_garbled", format!("expected {{\"price\": \"1.5\"}} of the exchange, got {said:?}"))
    })
}
