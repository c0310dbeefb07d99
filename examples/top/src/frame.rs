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

#[cfg(test)]
mod tests {
    use book::Book;
    use service_framework::testing::TestService;
    use service_framework::{json, prelude::*};

    /// Shows what a frame is of a copy with this book: one line, and the levels below it.
    struct Shown;

    const BOOK: InState<Book> = InState::new("book");

    #[derive(Model)]
    struct Text {
        line: String,
        drawn: String,
    }

    impl ServiceDefinition for Shown {
        type Config = ();

        fn new(_: ()) -> Result<Self> {
            Ok(Self)
        }

        fn models(m: &mut Models<Self>) {
            m.delta_update_in(&BOOK).deep().peers(Peers::Own);
            m.replyer("show", Self::on_show);
        }
    }

    impl Shown {
        fn on_show(&mut self, _: (), ctx: &mut Context) -> Result<Text> {
            let view = ctx.state(&BOOK)?;
            let (status, book) = (view.status()?, view.value()?);
            let (bids, asks) = (book.bids.into_iter().rev().collect(), book.asks.into_iter().collect());
            let frame = super::Frame { symbol: book.symbol, status, updates: 1, bids, asks };
            Ok(Text { line: frame.line(), drawn: frame.drawn() })
        }
    }

    #[test]
    fn a_frame_has_the_best_levels_in_the_middle_and_what_is_known_of_the_copy_above() {
        let mut shown = TestService::of::<Shown>().start().unwrap();
        let levels = json!({"symbol": "ABC", "update": 1, "bids": {"1.4": "9", "1.5": "2"}, "asks": {"1.6": "3"}});
        shown.set_state("book", &levels).unwrap();
        let text = shown.deliver("show", json!({})).unwrap();
        let line = "Live      1  heard 0 ms ago  updates 1  missed 0  merged 0  ignored 0  bid 1.5 x 2  ask 1.6 x 3";
        assert_eq!(text["line"], line);
        let drawn: Vec<_> = text["drawn"].as_str().unwrap().lines().map(str::split_whitespace).collect();
        let drawn: Vec<Vec<_>> = drawn.into_iter().map(Iterator::collect).collect();
        assert_eq!(drawn[2..], [vec!["1.6", "3"], vec!["bid", "ask"], vec!["2", "1.5"], vec!["9", "1.4"]]);
    }
}
