//! What the two sides of each contestant do in a turn.
//!
//! Owns the order that is published and the one that ends a turn, and the times of those that were heard. A turn begins when
//! the publisher is told so, and ends with a message that comes after a rest in which everything else arrives. Never sends
//! anything.

use std::time::Duration;

use bench_desk::process::told;
use bench_desk::{Order, message, publication};
use rmp::encode::ByteBuf;
use service_framework::{DateTime, Utc};

use crate::turn::{Said, Times, Turn, now};

/// The sequence of the message that ends a turn.
const END: i64 = -1;
/// How long a publisher rests before it ends a turn, and after.
pub(crate) const REST: Duration = Duration::from_millis(100);
/// How many messages a publisher sends before others have their turn: as many as the framework does.
pub(crate) const AT_ONCE: i64 = 64;
/// How often the clock is read while messages come as fast as they can.
const LOOKED_AT: i64 = 50;
/// Room for the messages of the benchmark.
const ROOM: usize = 384;

/// How many subscribers a publisher is to wait for: the first that it is told.
pub(crate) fn subscribers() -> u32 {
    told().and_then(|line| line.parse().ok()).expect("a number of subscribers")
}

/// The order of this number of a turn, once it is due. It says when that was, not when it was sent: what delays the
/// publisher is not left out of the figures.
pub(crate) fn order(turn: &Turn, number: i64) -> Order<'static> {
    let mut order = message::order(number);
    if turn.is_paced() {
        order.time = DateTime::from_timestamp_nanos(turn.wait(number).as_nanos() as i64);
    }
    order
}

/// The order that ends a turn.
pub(crate) fn last() -> Order<'static> {
    message::order(END)
}

/// The publications of a publisher by hand, as bytes.
#[derive(Default)]
pub(crate) struct Written {
    number: u64,
}

impl Written {
    pub(crate) fn next(&mut self, order: &Order<'_>) -> Vec<u8> {
        self.number += 1;
        let mut frame = ByteBuf::with_capacity(ROOM);
        publication::write(order, message::WORKFLOW_ID, (u64::MAX, self.number), &mut frame);
        frame.into_vec()
    }
}

/// What a subscriber has heard in this turn.
pub(crate) struct Heard {
    count: i64,
    first: Duration,
    last: Duration,
    times: Times,
    unpaced: DateTime<Utc>,
}

impl Heard {
    pub(crate) fn new() -> Self {
        let unpaced = message::order(message::SEQUENCE).time;
        Self { count: 0, first: Duration::ZERO, last: Duration::ZERO, times: Times::default(), unpaced }
    }

    /// Notes a message. At the end of a turn its figures are said.
    pub(crate) fn note(&mut self, order: &Order<'_>) {
        if order.sequence == END {
            return self.end();
        }
        self.count += 1;
        if order.time != self.unpaced {
            let due = order.time.timestamp_nanos_opt().unwrap_or_default().cast_unsigned();
            self.times.note(Duration::from_nanos(due));
        }
        if self.count == 1 {
            self.first = now();
        } else if order.sequence % LOOKED_AT == 0 {
            self.last = now();
        }
    }

    fn end(&mut self) {
        let seconds = self.last.saturating_sub(self.first).as_secs_f64();
        Said { count: self.count, seconds, times: std::mem::take(&mut self.times) }.say();
        self.count = 0;
    }
}
