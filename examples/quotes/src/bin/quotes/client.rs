//! Asks for quotes, one after the other, and prints what comes back.

use std::io::Write as _;
use std::time::Instant;

use quotes::{Query, Quote};
use service_framework::prelude::*;

/// What can be set.
#[derive(Debug, Model)]
pub(crate) struct Config {
    /// What is asked for.
    symbols: Vec<String>,
}

const QUOTES: Requester<Query, Quote> = Requester::new("quotes");

/// A service that drives.
pub(crate) struct Client {
    symbols: Vec<String>,
}

impl ServiceDefinition for Client {
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        Ok(Self { symbols: config.symbols })
    }

    fn models(m: &mut Models<Self>) {
        m.requester(&QUOTES).timeout(Duration::from_secs(5));
        m.main(Self::ask);
    }
}

impl Client {
    fn ask(&mut self, ctx: &mut Context) -> Result<()> {
        for symbol in &self.symbols {
            let asked = Instant::now();
            let answer = match ctx.send(&QUOTES, &Query { symbol: symbol.clone() }) {
                Ok(quote) => quote.price.to_string(),
                Err(error) if error.kind() == ErrorKind::Refused => format!("{} ({})", error.code(), whose(&error)),
                Err(error) => return Err(error),
            };
            writeln!(std::io::stdout(), "  {symbol:<8} {answer}, after {} ms", asked.elapsed().as_millis())?;
        }
        Ok(())
    }
}

/// What the answer says of what to do.
fn whose(error: &Error) -> &'static str {
    match (error.is_caller_error(), error.is_retryable()) {
        (true, _) => "the question is wrong",
        (false, true) => "trying again may help",
        (false, false) => "trying again will not help",
    }
}
