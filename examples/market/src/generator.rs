//! A busy market, made from a seed: the same seed makes the same events everywhere.
//!
//! Owns the made-up book: orders come, go and trade around a price that walks, quietly for most of the time and in bursts
//! now and then. All is in whole ticks, so that no machine's floating point can change an event.

use std::collections::BTreeMap;

use service_framework::prelude::*;
use trades::random::SplitMix64;
use trades::{Side, Trade};

use crate::venue::{Event, Level};

const SYMBOL: &str = "XRPUSDT";
/// The first price, in ticks of 0.0001.
const FIRST_PRICE: i64 = 19_531;
/// Levels on each side.
const DEPTH: i64 = 500;
/// 2025-01-01T00:00:00Z, in milliseconds since 1970.
const FIRST_TIME: i64 = 1_735_689_600_000;
/// The price stays this far from the first, in ticks, so that none is ever zero.
const WIDEST: i64 = 10_000;

/// Sizes by price, in ticks.
type Levels = BTreeMap<i64, i64>;

/// An endless stream of events.
#[derive(Debug)]
pub(crate) struct Generator {
    random: SplitMix64,
    bids: Levels,
    asks: Levels,
    /// The lowest price that is asked, in ticks.
    price: i64,
    time: i64,
    update: u64,
    trade_id: u64,
}

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        let (bids, asks) = (Levels::new(), Levels::new());
        let random = SplitMix64::new(seed);
        Self { random, bids, asks, price: FIRST_PRICE, time: FIRST_TIME, update: 0, trade_id: 0 }
    }

    fn size(&mut self) -> i64 {
        1 + self.random.rare(16)
    }

    /// The whole book, made anew.
    fn snapshot(&mut self) -> Event {
        for away in 0..DEPTH {
            let (bid, ask) = (self.size(), self.size());
            self.bids.insert(self.price - 1 - away, bid);
            self.asks.insert(self.price + away, ask);
        }
        let levels = |levels: &Levels| levels.iter().map(|(price, size)| level(*price, *size)).collect();
        let (bids, asks) = (levels(&self.bids), levels(&self.asks));
        self.event(true, bids, asks, Vec::new())
    }

    /// A few orders that come, go or trade; in a burst, many.
    fn changes(&mut self) -> Event {
        let before = (self.bids.clone(), self.asks.clone());
        let orders = if self.random.below(12) == 0 { 60 + self.random.below(120) } else { 4 + self.random.below(24) };
        let mut trades = Vec::new();
        for _ in 0..orders {
            match self.random.below(40) {
                0 => self.walk(),
                1..4 => trades.extend(self.trade()),
                _ => self.order(),
            }
        }
        self.fill();
        let (bids, asks) = (changed(&before.0, &self.bids), changed(&before.1, &self.asks));
        self.event(false, bids, asks, trades)
    }

    /// An order comes or goes, more often near the price.
    fn order(&mut self) {
        let away = self.random.rare(9).min(DEPTH - 1);
        let size = if self.random.below(4) == 0 { 0 } else { self.size() };
        let is_bid = self.random.below(2) == 0;
        let (side, price) =
            if is_bid { (&mut self.bids, self.price - 1 - away) } else { (&mut self.asks, self.price + away) };
        if size == 0 {
            side.remove(&price)
        } else {
            side.insert(price, size)
        };
    }

    /// The price moves: what it moves over is gone.
    fn walk(&mut self) {
        let price = self.price + self.random.below(7) - 3;
        self.price = price.clamp(FIRST_PRICE - WIDEST, FIRST_PRICE + WIDEST);
        self.bids.retain(|price, _| *price < self.price);
        self.asks.retain(|price, _| *price >= self.price);
    }

    /// Somebody takes from the best level.
    fn trade(&mut self) -> Option<Trade> {
        let side = if self.random.below(2) == 0 { Side::Buy } else { Side::Sell };
        let wanted = self.size();
        let levels = if side == Side::Buy { &mut self.asks } else { &mut self.bids };
        let mut best = if side == Side::Buy { levels.first_entry()? } else { levels.last_entry()? };
        let (price, taken) = (*best.key(), wanted.min(*best.get()));
        *best.get_mut() -= taken;
        if *best.get() == 0 {
            best.remove();
        }
        self.trade_id += 1;
        Some(Trade {
            symbol: SYMBOL.to_owned(),
            side,
            price: Decimal::new(price, 4),
            quantity: Decimal::from(taken),
            trade_id: self.trade_id,
            time: DateTime::from_timestamp_millis(self.time)?,
        })
    }

    /// Each side keeps its depth: levels far away come and go as the price moves.
    fn fill(&mut self) {
        while self.bids.len() < DEPTH as usize {
            let (size, lowest) = (self.size(), self.bids.first_key_value().map_or(self.price, |(price, _)| *price));
            self.bids.insert(lowest - 1, size);
        }
        while self.asks.len() < DEPTH as usize {
            let (size, highest) = (self.size(), self.asks.last_key_value().map_or(self.price, |(price, _)| *price));
            self.asks.insert(highest + 1, size);
        }
        while self.bids.len() > DEPTH as usize {
            self.bids.pop_first();
        }
        while self.asks.len() > DEPTH as usize {
            self.asks.pop_last();
        }
    }

    fn event(&mut self, is_snapshot: bool, bids: Vec<Level>, asks: Vec<Level>, trades: Vec<Trade>) -> Event {
        self.update += 1;
        self.time += 90 + self.random.below(21);
        let time = DateTime::from_timestamp_millis(self.time).unwrap_or_default();
        Event { symbol: SYMBOL.to_owned(), time, update: self.update, is_snapshot, bids, asks, trades }
    }
}

impl Iterator for Generator {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        Some(if self.update == 0 { self.snapshot() } else { self.changes() })
    }
}

fn level(price: i64, size: i64) -> Level {
    (Decimal::new(price, 4), Decimal::from(size))
}

/// What has another size than before; what is gone has the size 0.
fn changed(before: &Levels, after: &Levels) -> Vec<Level> {
    let gone = before.keys().filter(|price| !after.contains_key(price)).map(|price| level(*price, 0));
    let new = after.iter().filter(|(price, size)| before.get(price) != Some(size));
    gone.chain(new.map(|(price, size)| level(*price, *size))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_events_and_another_makes_others() {
        let first = |seed| Generator::new(seed).take(20).collect::<Vec<_>>();
        assert_eq!(first(7), first(7));
        assert_ne!(first(7), first(8));
    }

    #[test]
    fn the_changes_lead_from_book_to_book_and_no_side_crosses_the_other() {
        let mut generator = Generator::new(3);
        let (mut bids, mut asks) = (BTreeMap::new(), BTreeMap::new());
        let apply = |side: &mut BTreeMap<Decimal, Decimal>, levels: &[Level]| {
            for (price, size) in levels {
                if size.is_zero() {
                    side.remove(price)
                } else {
                    side.insert(*price, *size)
                };
            }
        };
        for update in 1..2_000 {
            let event = generator.next().unwrap();
            assert_eq!((event.update, event.is_snapshot), (update, update == 1));
            apply(&mut bids, &event.bids);
            apply(&mut asks, &event.asks);
            assert_eq!((bids.len(), asks.len()), (500, 500));
            assert!(bids.last_key_value() < asks.first_key_value(), "{event:?}");
        }
    }

    #[test]
    fn some_changes_are_bursts_and_some_bring_trades() {
        let events: Vec<_> = Generator::new(1).skip(1).take(1_000).collect();
        let levels = |event: &Event| event.bids.len() + event.asks.len();
        let bursts = events.iter().filter(|event| levels(event) > 60).count();
        assert!((30..200).contains(&bursts), "{bursts}");
        let trades: usize = events.iter().map(|event| event.trades.len()).sum();
        assert!((500..6_000).contains(&trades), "{trades}");
    }
}
