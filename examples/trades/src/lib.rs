//! The messages between a desk and whoever tells it of trades.
//!
//! A crate of their own, so that both services use the same ones and neither links the other. It is no plugin.

// Nothing that input can reach may end the process; tests may.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod random;

use service_framework::prelude::*;

/// The most decimals that a price or a quantity has.
pub const DECIMALS: u32 = 8;

/// A trade that was made.
#[derive(Clone, Debug, PartialEq, Model)]
pub struct Trade {
    /// What was traded, such as `XBTUSDT`.
    #[model(min_length = 1, max_length = 32)]
    pub symbol: String,
    /// Which way.
    pub side: Side,
    /// Money for one unit, of at most [`DECIMALS`] decimals.
    #[model(min = Decimal::new(1, DECIMALS), max = Decimal::from(1_000_000_000))]
    pub price: Decimal,
    /// Units, of at most [`DECIMALS`] decimals.
    #[model(min = Decimal::new(1, DECIMALS), max = Decimal::from(1_000_000_000))]
    pub quantity: Decimal,
    /// Grows from trade to trade of a symbol.
    pub trade_id: u64,
    /// When it was made.
    pub time: DateTime<Utc>,
}

/// Which way a trade went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Model)]
#[model(rename_all = "lowercase")]
pub enum Side {
    /// Units came in, money went out.
    Buy,
    /// Units went out, money came in.
    Sell,
}

/// What is held of a symbol after a trade.
#[derive(Clone, Debug, PartialEq, Model)]
pub struct Holding {
    /// That of the trade.
    pub symbol: String,
    /// That of the trade.
    pub trade_id: u64,
    /// How many trades of the symbol were counted.
    pub trades: u64,
    /// Units held; negative where more was sold than bought.
    pub position: Decimal,
    /// What a held unit cost on average, rounded to [`DECIMALS`] decimals; nil where nothing is held.
    #[model(required)]
    pub average_price: Option<Decimal>,
    /// Profit of what was closed.
    pub realised: Decimal,
    /// Profit of what is held, at the price of the trade.
    pub unrealised: Decimal,
}
