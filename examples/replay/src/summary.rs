//! What is said at the end of a replay: one `name: value` a line, for people and for programs.
//!
//! Owns the names and their order. Computes nothing but the spread of the round trips.

use std::fmt;
use std::time::Duration;

use service_framework::Decimal;
use trades::Holding;

/// A replay that ended with at least one answer.
pub(crate) struct Summary {
    /// The last answer.
    pub(crate) holding: Holding,
    /// The price of the last trade.
    pub(crate) price: Decimal,
    pub(crate) took: Duration,
    /// One for each answer that was checked, in their order.
    pub(crate) round_trips: Vec<Duration>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { holding, price, took, round_trips } = self;
        let mut sorted = round_trips.clone();
        sorted.sort_unstable();
        let microseconds = |percent| percentile(&sorted, percent).as_secs_f64() * 1e6;
        writeln!(f, "symbol: {}", holding.symbol)?;
        writeln!(f, "answers checked: {}", round_trips.len())?;
        writeln!(f, "seconds: {:.3}", took.as_secs_f64())?;
        writeln!(f, "round trip p50 us: {:.0}", microseconds(50))?;
        writeln!(f, "round trip p99 us: {:.0}", microseconds(99))?;
        writeln!(f, "last price: {}", price.normalize())?;
        writeln!(f, "position: {}", holding.position)?;
        match holding.average_price {
            Some(average) => writeln!(f, "average price: {average}")?,
            None => writeln!(f, "average price: none")?,
        }
        writeln!(f, "realised profit: {}", holding.realised)?;
        writeln!(f, "unrealised profit: {}", holding.unrealised)
    }
}

/// The least of the sorted values that `percent` of them do not exceed.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        let hundred: Vec<_> = (1..=100).map(Duration::from_micros).collect();
        assert_eq!([50, 99, 100].map(|percent| percentile(&hundred, percent).as_micros()), [50, 99, 100]);
        assert_eq!(percentile(&hundred[..1], 50), hundred[0]);
        assert_eq!(percentile(&hundred[..3], 50), hundred[1]);
    }
}
