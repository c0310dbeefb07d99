//! A feed in main mode: it owns an order book, of which others hold copies, and publishes the trades.
//!
//! Owns the pace. What happens on the market comes from a file (`bybit`) or is made up (`generator`); what is sent of a
//! change is for the framework to work out.

// Nothing that input can reach may end the process; tests may.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bybit;
mod generator;
mod venue;

use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use book::{BOOK_TOPIC, Book, TRADES_TOPIC};
use service_framework::prelude::*;
use trades::Trade;

use bybit::Events;
use generator::Generator;
use venue::{Event, Level};

/// What can be set.
#[derive(Debug, Model)]
pub struct Config {
    /// A file of Bybit's public archive of order books. Without it the market is made up.
    path: Option<String>,
    /// What the market is made up from: the same seed makes the same market.
    #[model(default = 1)]
    seed: u64,
    /// After how many events nothing happens any more; never unless it is said, or when the file ends.
    #[model(min = 1)]
    count: Option<u64>,
    /// Events a second.
    #[model(default = 100.0, min = 0.01, max = 1_000_000.0)]
    rate: f64,
}

/// The book that this service owns.
pub const BOOK: OutState<Book> = OutState::new("book");
/// Where its trades go.
pub const TRADES: Publisher<Trade> = Publisher::new("trades");

/// The service.
#[derive(Debug)]
pub struct Market {
    events: Source,
    left: u64,
    pause: Duration,
}

/// Where events come from.
#[derive(Debug)]
enum Source {
    File(Events),
    MadeUp(Box<Generator>),
}

impl Iterator for Source {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::File(events) => events.next().map(|event| event.map_err(Error::from)),
            Self::MadeUp(generator) => generator.next().map(Ok),
        }
    }
}

impl ServiceDefinition for Market {
    type Config = Config;

    // The file is opened here, so that one that is not there is told of before anything is bound.
    fn new(Config { path, seed, count, rate }: Config) -> Result<Self> {
        let events = match path {
            Some(path) => Source::File(Events::open(Path::new(&path))?),
            None => Source::MadeUp(Box::new(Generator::new(seed))),
        };
        Ok(Self { events, left: count.unwrap_or(u64::MAX), pause: Duration::from_secs_f64(1.0 / rate) })
    }

    fn models(m: &mut Models<Self>) {
        m.delta_update_out(&BOOK).topic(BOOK_TOPIC).deep().peers(Peers::Own).heartbeat(Duration::from_millis(250));
        m.publisher(&TRADES).topic(TRADES_TOPIC);
        m.main(Self::run);
        m.on_sigint(Self::say_book);
        m.on_sigterm(Self::say_book);
    }
}

impl Market {
    fn run(&mut self, ctx: &mut Context) -> Result<()> {
        let mut due = Instant::now();
        while self.left > 0 && !ctx.should_stop() {
            let Some(event) = self.events.next() else { break };
            publish(&event?, ctx)?;
            self.left -= 1;
            due += self.pause;
            match due.checked_duration_since(Instant::now()) {
                Some(early) => ctx.wait(early)?,
                None => ctx.flush()?,
            }
        }
        info!("the market is closed");
        while !ctx.should_stop() {
            ctx.wait(Duration::from_secs(60))?;
        }
        Ok(())
    }

    /// The book as it is at the end, for whoever wants to compare it with a copy.
    fn say_book(&mut self, ctx: &mut Context) -> Result<()> {
        let book = ctx.state(&BOOK)?.value()?;
        std::io::stdout().write_all(book.written().as_bytes())?;
        Ok(())
    }
}

fn publish(event: &Event, ctx: &mut Context) -> Result<()> {
    let Event { symbol, update, is_snapshot, bids, asks, trades, .. } = event;
    if *is_snapshot {
        let levels = |levels: &[Level]| levels.iter().copied().filter(|(_, size)| !size.is_zero()).collect();
        let book = Book { symbol: symbol.clone(), update: *update, bids: levels(bids), asks: levels(asks) };
        ctx.replace(&BOOK, &book)?;
    } else {
        ctx.edit(&BOOK, |book| {
            book.set("update", update);
            for (side, levels) in [("bids", bids), ("asks", asks)] {
                for (price, size) in levels {
                    let level = (side, *price);
                    if size.is_zero() { book.remove(level) } else { book.set(level, size) }
                }
            }
        })?;
    }
    trades.iter().try_for_each(|trade| ctx.send(&TRADES, trade))
}

export_service!(Market);
