//! The order book that a market owns and others hold copies of: its model, its topics, and how it is written down.
//!
//! A crate of its own, so that owner and copies use the same one and neither links the other. It is no plugin.

// Nothing that input can reach may end the process; tests may.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use service_framework::prelude::*;

/// The topic of the book's updates.
pub const BOOK_TOPIC: &str = "BOOK";
/// The topic of the trades.
pub const TRADES_TOPIC: &str = "TRADES";

/// One side of a book: how much there is at each price.
pub type Levels = BTreeMap<Decimal, Decimal>;

/// An order book. Each level is a key of its own, so that one level's change is one small update.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct Book {
    /// What is traded.
    pub symbol: String,
    /// The venue's number of the last change.
    pub update: u64,
    /// What is bid for, by price.
    pub bids: Levels,
    /// What is asked for, by price.
    pub asks: Levels,
}

impl Book {
    /// Everything in it, one line a level and the best levels first, for a comparison by eye or by a program.
    #[must_use]
    pub fn written(&self) -> String {
        let line = |side: &str, price: &Decimal, size: &Decimal| format!("{side} {price} {size}\n");
        let head = format!("{} {}\n", self.symbol, self.update);
        let asks = self.asks.iter().map(|(price, size)| line("ask", price, size));
        let bids = self.bids.iter().rev().map(|(price, size)| line("bid", price, size));
        [head].into_iter().chain(asks).chain(bids).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_book_is_written_with_its_best_levels_first() {
        let levels = |prices: [i64; 2]| prices.map(|price| (Decimal::new(price, 1), Decimal::new(50, 1))).into();
        let book = Book { symbol: "XRPUSDT".into(), update: 7, bids: levels([98, 99]), asks: levels([102, 101]) };
        assert_eq!(book.written(), "XRPUSDT 7\nask 10.1 5.0\nask 10.2 5.0\nbid 9.9 5.0\nbid 9.8 5.0\n");
    }
}
