//! Trades that look like those of a busy market, made from a seed: the same seed makes the same trades everywhere.
//!
//! Owns the made-up market. The walk is in whole ticks and the randomness in whole numbers, so that no machine's
//! floating point can change a trade.

use service_framework::prelude::*;
use trades::random::SplitMix64;
use trades::{Side, Trade};

const SYMBOL: &str = "XBTUSDT";
/// The first price, in ticks of 0.1.
const FIRST_PRICE: i64 = 1_054_336;
/// Prices stay this far from the first, in ticks, so that none is ever zero.
const WIDEST: i64 = 500_000;
/// 2025-01-01T00:00:00Z, in microseconds since 1970.
const FIRST_TIME: i64 = 1_735_689_600_000_000;

/// An endless stream of trades.
#[derive(Debug)]
pub(crate) struct Generator {
    random: SplitMix64,
    /// In ticks of 0.1.
    price: i64,
    /// In microseconds since 1970.
    time: i64,
    side: Side,
    trade_id: u64,
    /// How many trades the order at work still makes: a large one sweeps through several prices at one time.
    burst: u64,
}

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        let random = SplitMix64::new(seed);
        Self { random, price: FIRST_PRICE, time: FIRST_TIME, side: Side::Buy, trade_id: 0, burst: 0 }
    }

    /// A new order: later, perhaps the other way, near the last price, and mostly small.
    fn next_order(&mut self) {
        self.time += self.random.rare(24) * 1_000 + self.random.below(1_000);
        self.side = if self.random.below(2) == 0 { Side::Buy } else { Side::Sell };
        self.price += self.random.below(21) - 10;
        self.burst = if self.random.below(8) == 0 { 1 + self.random.below(12).unsigned_abs() } else { 1 };
    }
}

impl Iterator for Generator {
    type Item = Trade;

    fn next(&mut self) -> Option<Trade> {
        if self.burst == 0 {
            self.next_order();
        } else {
            let away = self.random.below(6);
            self.price += if self.side == Side::Buy { away } else { -away };
        }
        self.burst = self.burst.saturating_sub(1);
        self.price = self.price.clamp(FIRST_PRICE - WIDEST, FIRST_PRICE + WIDEST);
        self.trade_id += 1;
        Some(Trade {
            symbol: SYMBOL.to_owned(),
            side: self.side,
            price: Decimal::new(self.price, 1),
            quantity: Decimal::new(1 + self.random.rare(30), 8),
            trade_id: self.trade_id,
            time: DateTime::from_timestamp_micros(self.time)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_trades_and_another_makes_others() {
        let first = |seed| Generator::new(seed).take(100).collect::<Vec<_>>();
        assert_eq!(first(7), first(7));
        assert_ne!(first(7), first(8));
    }

    #[test]
    fn the_trades_are_ones_that_a_desk_takes() {
        let trades: Vec<_> = Generator::new(0).take(100_000).collect();
        for pair in trades.windows(2) {
            assert!(pair[0].trade_id < pair[1].trade_id && pair[0].time <= pair[1].time, "{pair:?}");
        }
        for trade in &trades {
            assert!(trade.price > Decimal::from(1_000) && trade.price.scale() <= 8, "{trade:?}");
            assert!(trade.quantity > Decimal::ZERO && trade.quantity < Decimal::from(100), "{trade:?}");
        }
    }

    #[test]
    fn some_trades_come_in_bursts_at_one_time_and_both_sides_are_traded() {
        let trades: Vec<_> = Generator::new(1).take(1_000).collect();
        let at_once = trades.windows(2).filter(|pair| pair[0].time == pair[1].time).count();
        assert!((200..900).contains(&at_once), "{at_once}");
        let buys = trades.iter().filter(|trade| trade.side == Side::Buy).count();
        assert!((300..700).contains(&buys), "{buys}");
    }
}
