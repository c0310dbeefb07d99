//! A trade as a line of the feed: `17 2026-01-05T09:30:00Z BTC-USD buy 0.25 64235.1`.
//!
//! Owns the words and their order. Whether the figures are those that a trade may have is for its model to say.

use std::str::FromStr;

use service_framework::prelude::*;
use trades::{Side, Trade};

/// Reads a line.
pub(crate) fn read(line: &str) -> Result<Trade> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [trade_id, time, symbol, side, quantity, price] = words.as_slice() else {
        let message = format!("expected an id, a time, a symbol, a side, a quantity and a price, got {line:?}");
        return Err(Error::new(message));
    };
    Ok(Trade {
        trade_id: word("a whole number as the id", trade_id)?,
        time: word("a time such as 2026-01-05T09:30:00Z", time)?,
        symbol: (*symbol).to_owned(),
        side: match *side {
            "buy" => Side::Buy,
            "sell" => Side::Sell,
            other => return Err(Error::new(format!("expected `buy` or `sell` as the side, got {other:?}"))),
        },
        quantity: word("a decimal as the quantity", quantity)?,
        price: word("a decimal as the price", price)?,
    })
}

fn word<T: FromStr>(what: &str, word: &str) -> Result<T> {
    word.parse().map_err(|_| Error::new(format!("expected {what}, got {word:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_all_of_a_trade() {
        let trade = read("17 2026-01-05T09:30:00Z BTC-USD sell 0.25 64235.1").unwrap();
        assert_eq!((trade.trade_id, trade.symbol.as_str(), trade.side), (17, "BTC-USD", Side::Sell));
        assert_eq!((trade.quantity, trade.price), (Decimal::new(25, 2), Decimal::new(642_351, 1)));
        assert_eq!(trade.time.to_rfc3339(), "2026-01-05T09:30:00+00:00");
    }

    #[test]
    fn a_line_that_is_none_is_told_with_what_was_expected() {
        for (line, said) in [
            ("", "expected an id, a time, a symbol, a side, a quantity and a price, got \"\""),
            ("17 2026-01-05T09:30:00Z BTC-USD hold 1 1", "expected `buy` or `sell` as the side, got \"hold\""),
            ("17 today BTC-USD buy 1 1", "expected a time such as 2026-01-05T09:30:00Z, got \"today\""),
            ("17 2026-01-05T09:30:00Z BTC-USD buy 1 1,5", "expected a decimal as the price, got \"1,5\""),
            ("-1 2026-01-05T09:30:00Z BTC-USD buy 1 1", "expected a whole number as the id, got \"-1\""),
        ] {
            assert_eq!(read(line).unwrap_err().message(), said);
        }
    }
}
