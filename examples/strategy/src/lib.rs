//! A strategy: it holds a copy of the book, follows the trades, and asks the desk for orders.
//!
//! Owns the decision, and the promise that none is made on a book that is not the owner's: a copy that is stale or behind
//! is looked at by nobody.

// Nothing that input can reach may end the process; tests may.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::Write as _;
use std::ops::ControlFlow;

use book::{BOOK_TOPIC, Book, TRADES_TOPIC};
use service_framework::StateView;
use service_framework::prelude::*;
use trades::{Holding, Side, Trade};

/// What can be set.
#[derive(Debug, Model)]
pub struct Config {
    /// How many levels of each side are weighed.
    #[model(default = 5, min = 1, max = 100)]
    levels: u32,
    /// How many times as much must be bid for as is asked, or the other way, for an order.
    #[model(default = 3.0, min = 1.0)]
    weight: f64,
    /// The most that is held, in units, either way.
    #[model(default = Decimal::from(1_000), min = Decimal::ONE)]
    limit: Decimal,
}

/// The copy of the book.
pub const BOOK: InState<Book> = InState::new("book");
const DESK: Requester<Trade, Holding> = Requester::new("desk");

/// The service.
#[derive(Debug)]
pub struct Strategy {
    config: Config,
    position: Decimal,
    orders: u64,
    trades: u64,
    /// Trades that were let pass because the book was not to be relied on.
    passed: u64,
    /// How the book was when it was last looked at.
    condition: Option<Condition>,
}

impl ServiceDefinition for Strategy {
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        Ok(Self { config, position: Decimal::ZERO, orders: 0, trades: 0, passed: 0, condition: None })
    }

    fn models(m: &mut Models<Self>) {
        m.subscriber("trades", Self::on_trade).topic(TRADES_TOPIC);
        m.delta_update_in(&BOOK).topic(BOOK_TOPIC).deep().peers(Peers::Own).on_change(Self::on_book);
        m.requester(&DESK).timeout(Duration::from_secs(2));
        m.on_sigint(Self::say_figures);
        m.on_sigterm(Self::say_figures);
    }
}

impl Strategy {
    /// Says when the book becomes reliable and when it ceases to be.
    fn on_book(&mut self, _: Changes<'_>, ctx: &mut Context) -> Result<()> {
        let status = ctx.state(&BOOK)?.status()?;
        if self.condition.replace(status.condition) != Some(status.condition) {
            info!("the book is {:?} at update {}", status.condition, status.number);
        }
        Ok(())
    }

    fn on_trade(&mut self, trade: Trade, ctx: &mut Context) -> Result<()> {
        self.trades += 1;
        let book = ctx.state(&BOOK)?;
        if !book.status()?.is_live() {
            self.passed += 1;
            return Ok(());
        }
        let (bid, ask) = (self.weight_of(&book, "bids", true)?, self.weight_of(&book, "asks", false)?);
        let weight = Decimal::try_from(self.config.weight)?;
        let (side, best) = if bid > ask * weight && self.position < self.config.limit {
            (Side::Buy, book.first::<Decimal, Decimal>("asks")?)
        } else if ask > bid * weight && self.position > -self.config.limit {
            (Side::Sell, book.last::<Decimal, Decimal>("bids")?)
        } else {
            return Ok(());
        };
        let Some((price, _)) = best else { return Ok(()) };
        self.order(side, price, &trade, ctx)
    }

    /// How much there is on the best levels of a side.
    fn weight_of(&self, book: &StateView<'_, Book>, side: &str, is_backward: bool) -> Result<Decimal> {
        let (mut sum, mut left) = (Decimal::ZERO, self.config.levels);
        book.scan::<Decimal, Decimal>(side, None, is_backward, |_, size| {
            sum += size;
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(sum)
    }

    fn order(&mut self, side: Side, price: Decimal, trade: &Trade, ctx: &mut Context) -> Result<()> {
        self.orders += 1;
        let Trade { symbol, time, .. } = trade.clone();
        let order = Trade { symbol, side, price, quantity: Decimal::ONE, trade_id: self.orders, time };
        let holding = ctx.send(&DESK, &order)?;
        self.position = holding.position;
        Ok(())
    }

    fn say_figures(&mut self, ctx: &mut Context) -> Result<()> {
        let Self { trades, passed, orders, position, .. } = self;
        let view = ctx.state(&BOOK)?;
        let status = view.status()?;
        let mut said = format!(
            "trades: {trades}\npassed: {passed}\norders: {orders}\nposition: {position}\nbook: {:?}\nepoch: {}\nnumber: {}\n\
             missed: {}\nmerged: {}\nignored: {}\n",
            status.condition, status.epoch, status.number, status.missed, status.merged, status.ignored
        );
        if status.keys > 0 {
            said.push_str(&view.value()?.written());
        }
        std::io::stdout().write_all(said.as_bytes())?;
        Ok(())
    }
}

export_service!(Strategy);
