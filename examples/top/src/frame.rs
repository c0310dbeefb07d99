//! One look at the copy, as text.
//!
//! Owns the layout. Reads nothing and writes nothing.

use std::fmt::Write as _;

use service_framework::StateStatus;
use service_framework::prelude::*;

/// A price and what there is at it.
pub(crate) type Level = (Decimal, Decimal);

/// What is shown, the best levels first.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) symbol: String,
    pub(crate) status: StateStatus,
    pub(crate) updates: u64,
    pub(crate) bids: Vec<Level>,
    pub(crate) asks: Vec<Level>,
}

/// Moves a terminal's cursor to its first place and clears what follows.
const HOME: &str = "\x1b[H\x1b[J";

impl Frame {
    /// A whole frame for a terminal.
    pub(crate) fn drawn(&self) -> String {
        let Self { symbol, bids, asks, .. } = self;
        let mut text = format!("{HOME}{symbol}  {}\n\n", self.counters());
        for (price, size) in asks.iter().rev() {
            let _ = writeln!(text, "{:>30}  {size:>14}", price.to_string());
        }
        let _ = writeln!(text, "{:>14}  ask", "bid");
        for (price, size) in bids {
            let _ = writeln!(text, "{size:>14}  {:<14}", price.to_string());
        }
        text
    }

    /// The same in one line.
    pub(crate) fn line(&self) -> String {
        let best =
            |levels: &[Level]| levels.first().map_or("-".to_owned(), |(price, size)| format!("{price} x {size}"));
        format!("{}  bid {}  ask {}", self.counters(), best(&self.bids), best(&self.asks))
    }

    fn counters(&self) -> String {
        let StateStatus { condition, number, age, missed, merged, ignored, .. } = self.status;
        let age = age.map_or("never heard".to_owned(), |age| format!("heard {} ms ago", age.as_millis()));
        let condition = format!("{condition:?}");
        let updates = self.updates;
        format!(
            "{condition:<9} {number}  {age}  updates {updates}  missed {missed}  merged {merged}  ignored {ignored}"
        )
    }
}
