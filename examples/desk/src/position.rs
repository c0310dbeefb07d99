//! What is held of one symbol, by the average-cost rule, in exact decimals.
//!
//! The rule:
//!
//! - A trade that adds to the position leaves all units held at one average price: the money that they cost, divided by
//!   their number.
//! - A trade that reduces it releases its share of that cost and does not move the average price. What the trade
//!   brought, less the cost released, is realised profit.
//! - A trade that goes through zero closes the whole position first; the rest opens a new one at the trade's price.
//!
//! A short position is the same with its signs turned. Three sums are kept: units, their cost, and cash. Everything
//! else follows from them, so that always, to the last digit, `realised + unrealised = cash + position * last price`.
//! Only the share of the cost that a reduction releases may need rounding. It moves less than 10^-16 of profit between
//! realised and unrealised, and nothing out of the sum of the two.

use service_framework::Decimal;

/// The decimals of money: those of a price and of a quantity together.
const MONEY_DECIMALS: u32 = 2 * trades::DECIMALS;

/// Amounts stay below 10^12: with 16 decimals that is 28 digits, which a `Decimal` holds without rounding.
const LIMIT: Decimal = Decimal::from_parts(3_567_587_328, 232, 0, false, 0);

/// The units held of one symbol and the money that they took and brought. It begins with nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    /// Negative when short.
    quantity: Decimal,
    /// What the units held cost; of the sign of the quantity.
    cost: Decimal,
    /// All money that came in less all that went out.
    cash: Decimal,
}

/// An amount is too large to be kept exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

impl std::fmt::Display for TooLarge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "an amount would reach {LIMIT}, and no longer be exact")
    }
}

impl std::error::Error for TooLarge {}

impl Position {
    /// The position after `bought` units (negative: sold) at `price`, each of at most [`trades::DECIMALS`] decimals.
    ///
    /// # Errors
    /// If an amount would no longer be exact.
    pub(crate) fn after(self, bought: Decimal, price: Decimal) -> Result<Self, TooLarge> {
        let money = product(bought, price)?;
        let quantity = sum(self.quantity, bought)?;
        // Asked for here, so that no price at which the position was traded makes its value inexact.
        let value = product(quantity, price)?;
        let adds = self.quantity.is_zero() || self.quantity.is_sign_negative() == bought.is_sign_negative();
        let cost = if adds {
            sum(self.cost, money)?
        } else if bought.abs() < self.quantity.abs() {
            // Cost and quantity are below the limit, so that their product is far below the greatest `Decimal`.
            let released = self.cost * bought.abs() / self.quantity.abs();
            self.cost - released.round_dp(MONEY_DECIMALS)
        } else {
            value
        };
        Ok(Self { quantity, cost, cash: sum(self.cash, -money)? })
    }

    /// Units held; negative when short.
    pub(crate) fn quantity(&self) -> Decimal {
        self.quantity.normalize()
    }

    /// What a held unit cost on average. None if nothing is held.
    pub(crate) fn average_price(&self) -> Option<Decimal> {
        self.cost.checked_div(self.quantity).map(|price| price.normalize())
    }

    /// Profit of what was closed.
    pub(crate) fn realised(&self) -> Decimal {
        (self.cash + self.cost).normalize()
    }

    /// Profit that closing what is held at `price` would bring. The price is the one that was traded at last: its
    /// product with the quantity is known to be exact.
    pub(crate) fn unrealised(&self, price: Decimal) -> Decimal {
        (self.quantity * price - self.cost).normalize()
    }
}

fn sum(a: Decimal, b: Decimal) -> Result<Decimal, TooLarge> {
    a.checked_add(b).ok_or(TooLarge).and_then(bounded)
}

fn product(a: Decimal, b: Decimal) -> Result<Decimal, TooLarge> {
    a.checked_mul(b).ok_or(TooLarge).and_then(bounded)
}

fn bounded(amount: Decimal) -> Result<Decimal, TooLarge> {
    if amount.abs() < LIMIT { Ok(amount) } else { Err(TooLarge) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// The position after trades written as `[units, price]`, beginning with nothing.
    fn traded(trades: &[[&str; 2]]) -> Position {
        trades.iter().fold(Position::default(), |position, [bought, price]| {
            position.after(decimal(bought), decimal(price)).unwrap()
        })
    }

    /// Position, average price, realised, and unrealised at `price`.
    fn figures(position: Position, price: &str) -> [Option<Decimal>; 4] {
        let [realised, unrealised] = [position.realised(), position.unrealised(decimal(price))];
        [Some(position.quantity()), position.average_price(), Some(realised), Some(unrealised)]
    }

    fn expected(figures: [&str; 4]) -> [Option<Decimal>; 4] {
        figures.map(|figure| (figure != "none").then(|| decimal(figure)))
    }

    #[test]
    fn buying_more_averages_the_price_by_the_units() {
        // 1 * 100 + 3 * 120 = 460 for 4 units.
        let position = traded(&[["1", "100"], ["3", "120"]]);
        assert_eq!(figures(position, "120"), expected(["4", "115", "0", "20"]));
    }

    #[test]
    fn selling_a_part_realises_its_share_and_keeps_the_average_price() {
        let position = traded(&[["1", "100"], ["3", "120"], ["-1", "130"]]);
        assert_eq!(figures(position, "130"), expected(["3", "115", "15", "45"]));
    }

    #[test]
    fn selling_all_leaves_no_average_price() {
        let position = traded(&[["4", "115"], ["-4", "110"]]);
        assert_eq!(figures(position, "110"), expected(["0", "none", "-20", "0"]));
    }

    #[test]
    fn a_short_position_gains_when_the_price_falls() {
        // Sold 2 at 50 and 2 at 40, an average of 45; 1 bought back at 30.
        let position = traded(&[["-2", "50"], ["-2", "40"], ["1", "30"]]);
        assert_eq!(figures(position, "30"), expected(["-3", "45", "15", "45"]));
    }

    #[test]
    fn crossing_from_long_to_short_closes_all_and_opens_the_rest_at_the_trades_price() {
        // 3 of the 5 close a position bought at 100, at a loss of 10 each; the other 2 are short at 90.
        let position = traded(&[["3", "100"], ["-5", "90"]]);
        assert_eq!(figures(position, "90"), expected(["-2", "90", "-30", "0"]));
        assert_eq!(figures(position, "85"), expected(["-2", "90", "-30", "10"]));
    }

    #[test]
    fn crossing_from_short_to_long_is_the_same_turned_round() {
        let position = traded(&[["-3", "100"], ["5", "90"]]);
        assert_eq!(figures(position, "95"), expected(["2", "90", "30", "10"]));
    }

    #[test]
    fn the_last_digit_of_small_trades_counts() {
        // 0.00027625 * 105433.6 = 29.126032 and 0.00005 * 105410.1 = 5.270505; 0.00032625 * 105750.05 = 34.5009538125.
        let position = traded(&[["0.00027625", "105433.6"], ["0.00005", "105410.1"], ["-0.00032625", "105750.05"]]);
        assert_eq!(figures(position, "105750.05"), expected(["0", "none", "0.1044168125", "0"]));
    }

    #[test]
    fn a_share_that_has_no_end_is_rounded_and_what_is_left_over_is_not_lost() {
        // 10 for 3 units: 3.333... each. Closing them one by one at 4 gains 2 in all, not 1.999...
        let position = Position { quantity: decimal("3"), cost: decimal("10"), cash: decimal("-10") };
        let closed = (0..3).fold(position, |position, _| position.after(decimal("-1"), decimal("4")).unwrap());
        assert_eq!(figures(closed, "4"), expected(["0", "none", "2", "0"]));
    }

    #[test]
    fn an_amount_that_cannot_be_kept_exact_is_refused() {
        let [million, price] = [decimal("1000000"), decimal("999999.99")];
        let position = Position::default().after(million, price).unwrap();
        assert_eq!(Position::default().after(million, million), Err(TooLarge));
        assert_eq!(position.after(million, price), Err(TooLarge), "the cost of both");
        assert_eq!(position.after(-decimal("1"), decimal("1000002")), Err(TooLarge), "the value of what is held");
        assert_eq!(Position::default().after(Decimal::MAX, Decimal::MAX), Err(TooLarge));
    }

    proptest! {
        /// In whole units of 10^-16, in which nothing can be rounded.
        #[test]
        fn profit_is_cash_and_the_value_of_what_is_held_to_the_last_digit(
            trades in prop::collection::vec((-2_000_000_000_i64..2_000_000_000, 1_i64..20_000_000_000_000), 1..60)
        ) {
            let (mut position, mut units, mut cash) = (Position::default(), 0_i128, 0_i128);
            for (bought, price) in trades {
                let next = position.after(Decimal::new(bought, 8), Decimal::new(price, 8));
                position = next.unwrap();
                units += i128::from(bought);
                cash -= i128::from(bought) * i128::from(price);
                let last = Decimal::new(price, 8);
                let profit = position.realised() + position.unrealised(last);
                prop_assert_eq!(profit, Decimal::from_i128_with_scale(cash + units * i128::from(price), 16));
                prop_assert_eq!(position.quantity(), Decimal::from_i128_with_scale(units, 8));
            }
        }

        #[test]
        fn the_average_price_is_one_that_was_traded_at_or_between_them(
            trades in prop::collection::vec((-1000_i64..1000, 1_i64..1_000_000), 1..60)
        ) {
            let mut position = Position::default();
            let (mut least, mut most) = (Decimal::MAX, Decimal::ZERO);
            for (bought, price) in trades {
                let price = Decimal::new(price, 2);
                (least, most) = (least.min(price), most.max(price));
                position = position.after(Decimal::new(bought, 3), price).unwrap();
                if let Some(average) = position.average_price() {
                    prop_assert!(least <= average.round_dp(8) && average.round_dp(8) <= most, "{}", average);
                }
            }
        }
    }
}
