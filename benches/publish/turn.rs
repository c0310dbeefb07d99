//! What the two sides of each contestant do in a turn.
//!
//! Owns when a message is due and which one ends the turn, and the times of those that were heard. A turn begins when the
//! publisher is told so, and ends with a message that comes after a rest in which everything else arrives. Never sends
//! anything.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bench_desk::process::told;
use bench_desk::stats::quantile;
use bench_desk::{Order, message};
use service_framework::{DateTime, Utc};

/// The sequence of the message that ends a turn.
pub(crate) const END: i64 = -1;
/// How long a publisher rests before it ends a turn.
pub(crate) const REST: Duration = Duration::from_millis(100);
/// How many messages a publisher sends before others have their turn: as many as the framework does.
pub(crate) const AT_ONCE: i64 = 64;
/// How often the clock is read while messages come as fast as they can.
const LOOKED_AT: i64 = 50;

/// A turn of a publisher.
#[derive(Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) count: i64,
    /// The time from one message to the next; zero if they leave as fast as they can.
    every: Duration,
    began: Duration,
}

impl Turn {
    /// The next turn; `None` if there is none any more.
    pub(crate) fn next() -> Option<Self> {
        let line = told()?;
        let (count, rate) = line.split_once(' ').expect("a count and a rate");
        let rate: u32 = rate.parse().expect("a rate");
        let every = Duration::from_secs(1).checked_div(rate).unwrap_or_default();
        // The first message is due when the sides have settled.
        Some(Self { count: count.parse().expect("a count"), every, began: now() + Duration::from_millis(5) })
    }

    /// Whether each message has its time.
    pub(crate) fn is_paced(&self) -> bool {
        !self.every.is_zero()
    }

    /// The message with this sequence, at the time when it is due. It says when that is, not when it was sent: what
    /// delays the publisher is not left out of the figures.
    pub(crate) fn order(&self, sequence: i64) -> Order<'static> {
        let mut order = message::order(sequence);
        if self.is_paced() {
            let due = self.began + self.every * sequence as u32;
            while now() < due {
                std::hint::spin_loop();
            }
            order.time = DateTime::from_timestamp_nanos(due.as_nanos() as i64);
        }
        order
    }
}

/// The time since 1970, which is the same for both sides.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970")
}

/// What a subscriber has heard in this turn.
pub(crate) struct Heard {
    count: i64,
    first: Duration,
    last: Duration,
    microseconds: Vec<f64>,
    unpaced: DateTime<Utc>,
}

impl Heard {
    pub(crate) fn new() -> Self {
        let unpaced = message::order(message::SEQUENCE).time;
        Self { count: 0, first: Duration::ZERO, last: Duration::ZERO, microseconds: Vec::new(), unpaced }
    }

    /// Notes a message. At the end of a turn its figures are said.
    pub(crate) fn note(&mut self, order: &Order<'_>) {
        if order.sequence == END {
            return self.end();
        }
        self.count += 1;
        if order.time != self.unpaced {
            let took = now().as_nanos() as f64 - order.time.timestamp_nanos_opt().unwrap_or_default() as f64;
            self.microseconds.push(took / 1e3);
        } else if self.count == 1 {
            self.first = now();
        } else if order.sequence % LOOKED_AT == 0 {
            self.last = now();
        }
    }

    fn end(&mut self) {
        let seconds = self.last.saturating_sub(self.first).as_secs_f64();
        let [p50, p99] = [0.5, 0.99].map(|share| quantile(&self.microseconds, share));
        println!("{} {seconds} {p50} {p99}", self.count);
        self.count = 0;
        self.microseconds.clear();
    }
}
