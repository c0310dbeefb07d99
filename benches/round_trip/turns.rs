//! What every client does: warms up, then takes a turn whenever it is told to, and prints its figures.
//!
//! Owns the times. Never sends anything.

use std::time::Instant;

use bench_desk::process::told;
use bench_desk::stats::{median, quantile};
use bench_desk::{Ack, Order, acknowledge, message};

/// The round trips of a turn.
pub(crate) const TURN: i64 = 500;
/// Round trips before the first turn, in which connections and buffers settle.
const WARM_UP: i64 = 500;

#[derive(Default)]
pub(crate) struct Turns {
    turn: usize,
    sequence: i64,
    microseconds: Vec<f64>,
}

impl Turns {
    /// Returns how many round trips come next; `None` when it is over. What was measured before is printed.
    pub(crate) fn next(&mut self) -> Option<i64> {
        self.turn += 1;
        match self.turn {
            1 => return Some(WARM_UP),
            2 => println!("ready"),
            _ => println!("{} {}", median(&self.microseconds), quantile(&self.microseconds, 0.99)),
        }
        self.microseconds.clear();
        told().map(|_| TURN)
    }

    pub(crate) fn order(&mut self) -> Order<'static> {
        self.sequence += 1;
        message::order(message::SEQUENCE + self.sequence)
    }

    /// Notes a round trip, whose reply was read.
    pub(crate) fn took(&mut self, began: Instant, ack: &Ack<'_>) {
        self.microseconds.push(began.elapsed().as_nanos() as f64 / 1e3);
        assert_eq!(*ack, acknowledge(&message::order(message::SEQUENCE + self.sequence)));
    }
}
