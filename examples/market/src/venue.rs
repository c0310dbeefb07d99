//! What a venue sends of its book and its trades, wherever it comes from.
//!
//! Owns the form. Where it is read from is `bybit`'s business, how it is made up `generator`'s.

use service_framework::prelude::*;
use trades::Trade;

/// A price, and how much there is at it from now on; nothing if that is 0.
pub(crate) type Level = (Decimal, Decimal);

/// What a venue sends at one time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    /// What is traded.
    pub(crate) symbol: String,
    /// When it was sent.
    pub(crate) time: DateTime<Utc>,
    /// Grows by one from event to event.
    pub(crate) update: u64,
    /// Whether the levels are the whole book.
    pub(crate) is_snapshot: bool,
    pub(crate) bids: Vec<Level>,
    pub(crate) asks: Vec<Level>,
    /// What was traded meanwhile.
    pub(crate) trades: Vec<Trade>,
}
