//! A desk: it is told of trades, and answers each with what is held of the symbol since.
//!
//! Owns what a request may be and what is refused; the arithmetic is in `position`. A refused trade changes nothing.

// Nothing that input can reach may end the process; tests may.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod position;

use std::collections::HashMap;

use position::Position;
use service_framework::prelude::*;
use trades::{DECIMALS, Holding, Side, Trade};

/// What can be set.
#[derive(Debug, Model)]
pub struct Config {
    /// How many symbols are kept at most, so that no requester can make the desk grow without end.
    #[model(default = 1000, min = 1)]
    max_symbols: u64,
}

/// The service.
#[derive(Debug)]
pub struct Desk {
    max_symbols: u64,
    books: HashMap<String, Book>,
}

/// What is known of one symbol.
#[derive(Clone, Copy, Debug, Default)]
struct Book {
    position: Position,
    trades: u64,
    last_trade_id: Option<u64>,
}

impl ServiceDefinition for Desk {
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        Ok(Self { max_symbols: config.max_symbols, books: HashMap::new() })
    }

    fn models(m: &mut Models<Self>) {
        m.replyer("trade", Self::on_trade);
        m.on_sigint(Self::sign_off);
        m.on_sigterm(Self::sign_off);
    }
}

impl Desk {
    fn on_trade(&mut self, trade: Trade, _: &mut Context) -> Result<Holding> {
        let price = checked("price", trade.price)?;
        let quantity = checked("quantity", trade.quantity)?;
        let bought = match trade.side {
            Side::Buy => quantity,
            Side::Sell => -quantity,
        };
        let book = self.books.get(&trade.symbol).copied();
        if book.is_none() && self.books.len() as u64 >= self.max_symbols {
            let message = format!("the desk keeps {} symbols already, which is `max_symbols`", self.max_symbols);
            return Err(Error::with_code("desk_full", message));
        }
        let book = book.unwrap_or_default();
        // A request that is sent again after its answer was lost must not count twice.
        if let Some(last) = book.last_trade_id.filter(|last| trade.trade_id <= *last) {
            let message = format!("trade {} is not newer than trade {last}, the last that was counted", trade.trade_id);
            return Err(Error::caller("trade_seen", message).with_field("trade_id"));
        }
        let position =
            book.position.after(bought, price).map_err(|error| Error::caller("too_large", error.to_string()))?;
        let book = Book { position, trades: book.trades + 1, last_trade_id: Some(trade.trade_id) };
        let holding = Holding {
            symbol: trade.symbol.clone(),
            trade_id: trade.trade_id,
            trades: book.trades,
            position: position.quantity(),
            average_price: position.average_price().map(|price| price.round_dp(DECIMALS)),
            realised: position.realised(),
            unrealised: position.unrealised(price),
        };
        self.books.insert(trade.symbol, book);
        Ok(holding)
    }

    /// Says what was done, when a signal ends the service.
    fn sign_off(&mut self, _: &mut Context) -> Result<()> {
        let trades: u64 = self.books.values().map(|book| book.trades).sum();
        info!(trades, symbols = self.books.len(), "the desk closes");
        Ok(())
    }
}

/// The number without trailing zeros, if it has no more decimals than the desk computes with.
fn checked(field: &'static str, number: Decimal) -> Result<Decimal> {
    let number = number.normalize();
    if number.scale() > DECIMALS {
        let message = format!("{number} has more than {DECIMALS} decimals");
        return Err(Error::caller("too_precise", message).with_field(field));
    }
    Ok(number)
}

export_service!(Desk);
