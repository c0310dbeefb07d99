//! Replays trades to a desk, one request a trade, and checks every answer against sums of its own.
//!
//! Owns what is sent and what is said at the end. The trades come from a file (`kraken`) or are made (`generator`);
//! the sums are in `sums`.

// Nothing that input can reach may end the process; tests may.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod generator;
mod kraken;
mod summary;
mod sums;

use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use service_framework::prelude::*;
use trades::{Holding, Trade};

use generator::Generator;
use summary::Summary;
use sums::Sums;

/// What can be set.
#[derive(Debug, Model)]
pub struct Config {
    /// A file of Kraken's public trades. Without it the trades are made.
    path: Option<String>,
    /// What the trades are made from: the same seed makes the same trades.
    #[model(default = 1)]
    seed: u64,
    /// How many trades are replayed at most: all of the file unless it is said, or 10,000 that are made.
    #[model(min = 1)]
    count: Option<u64>,
}

const DESK: Requester<Trade, Holding> = Requester::new("desk");
/// How many trades are made unless it is said.
const COUNT: u64 = 10_000;

/// The service.
#[derive(Debug)]
pub struct Replay {
    trades: Vec<Trade>,
}

impl ServiceDefinition for Replay {
    type Config = Config;

    // The file is read here, so that a bad one is told of before anything is connected.
    fn new(Config { path, seed, count }: Config) -> Result<Self> {
        let limit = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let trades = match path {
            Some(path) => {
                let mut trades = kraken::read(Path::new(&path))?;
                trades.truncate(count.map_or(usize::MAX, limit));
                trades
            }
            None => Generator::new(seed).take(limit(count.unwrap_or(COUNT))).collect(),
        };
        Ok(Self { trades })
    }

    fn models(m: &mut Models<Self>) {
        m.requester(&DESK).timeout(Duration::from_secs(5));
        m.main(Self::replay);
    }
}

impl Replay {
    fn replay(&mut self, ctx: &mut Context) -> Result<()> {
        let mut sums = Sums::default();
        let mut round_trips = Vec::with_capacity(self.trades.len());
        let mut last = None;
        let began = Instant::now();
        for (trade, n) in self.trades.iter().zip(1_u64..) {
            let asked = Instant::now();
            let holding = match ctx.send(&DESK, trade) {
                Ok(holding) => holding,
                // Asked to stop: what was done so far is summed up.
                Err(error) if error.kind() == ErrorKind::Stopping => break,
                Err(error) => return Err(Error::new(format!("trade {n} of {}: {error}", self.trades.len()))),
            };
            round_trips.push(asked.elapsed());
            sums.add(trade)
                .and_then(|()| sums.check(trade, &holding))
                .map_err(|difference| Error::new(format!("trade {n} of {}: {difference}", self.trades.len())))?;
            last = Some((holding, trade.price));
        }
        let took = began.elapsed();
        let Some((holding, price)) = last else { return Ok(()) };
        let summary = Summary { holding, price, took, round_trips };
        std::io::stdout().write_all(summary.to_string().as_bytes())?;
        Ok(())
    }
}

export_service!(Replay);
