//! What the desk must answer, summed up in another way than the desk does.
//!
//! Owns whole numbers of 10^-8 units and of 10^-16 money, in which nothing can be rounded. Knows nothing of average
//! prices: what was paid and received, and what is left, say what realised and unrealised profit must come to.

use std::fmt;

use service_framework::Decimal;
use trades::{DECIMALS, Holding, Side, Trade};

/// The sums of the trades so far.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    trades: u64,
    units: i128,
    cash: i128,
}

/// A trade that cannot be summed up, or an answer that differs from the sums.
#[derive(Debug)]
pub(crate) enum Difference {
    /// A number has too many decimals, or is too large.
    Unfit(&'static str, Decimal),
    /// The answer says another thing than the sums.
    Answer { figure: &'static str, expected: String, answered: String },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unfit(figure, number) => write!(f, "the {figure} {number} cannot be summed up exactly"),
            Self::Answer { figure, expected, answered } => {
                write!(f, "the desk's {figure} is {answered}, and must be {expected}")
            }
        }
    }
}

impl Sums {
    /// Counts a trade that the desk has answered.
    pub(crate) fn add(&mut self, trade: &Trade) -> Result<(), Difference> {
        let units = whole("quantity", trade.quantity, DECIMALS)?;
        let bought = match trade.side {
            Side::Buy => units,
            Side::Sell => -units,
        };
        let money = whole("price", trade.price, DECIMALS)?.checked_mul(bought);
        let cash = money.and_then(|money| self.cash.checked_sub(money));
        self.cash = cash.ok_or(Difference::Unfit("price", trade.price))?;
        self.units = self.units.checked_add(bought).ok_or(Difference::Unfit("quantity", trade.quantity))?;
        self.trades += 1;
        Ok(())
    }

    /// Compares the answer to the trade that was counted last.
    pub(crate) fn check(&self, trade: &Trade, holding: &Holding) -> Result<(), Difference> {
        same("symbol", &trade.symbol, &holding.symbol)?;
        same("trade id", &trade.trade_id, &holding.trade_id)?;
        same("number of trades", &self.trades, &holding.trades)?;
        same("position (in 10^-8)", &self.units, &whole("position", holding.position, DECIMALS)?)?;
        same("average price", &presence(self.units != 0), &presence(holding.average_price.is_some()))?;
        let value = whole("price", trade.price, DECIMALS)?.checked_mul(self.units);
        let profit = value.and_then(|value| self.cash.checked_add(value));
        let profit = profit.ok_or(Difference::Unfit("price", trade.price))?;
        let realised = whole("realised profit", holding.realised, 2 * DECIMALS)?;
        let unrealised = whole("unrealised profit", holding.unrealised, 2 * DECIMALS)?;
        same("profit (in 10^-16)", &profit, &realised.saturating_add(unrealised))
    }
}

/// The number as a whole one of 10^-`decimals`.
fn whole(figure: &'static str, number: Decimal, decimals: u32) -> Result<i128, Difference> {
    let exact = number.normalize();
    let shift = decimals.checked_sub(exact.scale());
    let whole = shift.and_then(|shift| exact.mantissa().checked_mul(10_i128.checked_pow(shift)?));
    whole.ok_or(Difference::Unfit(figure, number))
}

fn presence(present: bool) -> &'static str {
    if present { "there" } else { "absent" }
}

fn same<T: PartialEq + ToString>(figure: &'static str, expected: &T, answered: &T) -> Result<(), Difference> {
    if expected == answered {
        return Ok(());
    }
    Err(Difference::Answer { figure, expected: expected.to_string(), answered: answered.to_string() })
}

#[cfg(test)]
mod tests {
    use service_framework::DateTime;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn trade(side: Side, price: &str, quantity: &str) -> Trade {
        let (price, quantity) = (decimal(price), decimal(quantity));
        Trade { symbol: "A".into(), side, price, quantity, trade_id: 7, time: DateTime::UNIX_EPOCH }
    }

    /// Two units bought at 100 and one sold at 110, answered rightly.
    fn after_two() -> (Sums, Trade, Holding) {
        let mut sums = Sums::default();
        sums.add(&trade(Side::Buy, "100", "2")).unwrap();
        let last = trade(Side::Sell, "110.0", "1.00");
        sums.add(&last).unwrap();
        let holding = Holding {
            symbol: "A".into(),
            trade_id: 7,
            trades: 2,
            position: decimal("1"),
            average_price: Some(decimal("100")),
            realised: decimal("10"),
            unrealised: decimal("10"),
        };
        (sums, last, holding)
    }

    #[test]
    fn an_answer_that_agrees_passes_however_its_zeros_are_written() {
        let (sums, last, mut holding) = after_two();
        holding.position = decimal("1.000000000000");
        sums.check(&last, &holding).unwrap();
    }

    #[test]
    fn each_figure_that_differs_is_named() {
        type Change = fn(&mut Holding);
        let changes: [(Change, &str); 6] = [
            (|h| h.symbol = "B".into(), "symbol is B, and must be A"),
            (|h| h.trade_id = 8, "trade id is 8, and must be 7"),
            (|h| h.trades = 3, "number of trades is 3, and must be 2"),
            (|h| h.position = decimal("1.00000001"), "position (in 10^-8) is 100000001, and must be 100000000"),
            (|h| h.average_price = None, "average price is absent, and must be there"),
            (
                |h| h.realised += decimal("0.0000000000000001"),
                "profit (in 10^-16) is 200000000000000001, and must be 200000000000000000",
            ),
        ];
        for (change, said) in changes {
            let (sums, last, mut holding) = after_two();
            change(&mut holding);
            let difference = sums.check(&last, &holding).unwrap_err().to_string();
            assert!(difference.contains(said), "{difference}");
        }
    }

    #[test]
    fn a_number_that_does_not_fit_is_refused_rather_than_rounded() {
        let mut sums = Sums::default();
        let difference = sums.add(&trade(Side::Buy, "0.000000001", "1")).unwrap_err();
        assert_eq!(difference.to_string(), "the price 0.000000001 cannot be summed up exactly");
    }
}
