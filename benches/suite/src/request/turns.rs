//! What every client does: takes a turn whenever it is told to, and says what came of it.
//!
//! Owns the order of a request and the check of its reply. Never sends anything.

use std::time::Duration;

use bench_desk::{Ack, Order, acknowledge, message};

use crate::turn::{Said, Times, Turn, now};

/// Round trips before the first turn.
const CONNECTING: i64 = 10;

/// The turns of a client.
#[derive(Default)]
pub(crate) struct Turns {
    turn: Option<Turn>,
    is_connected: bool,
    began: Duration,
    due: Duration,
    number: i64,
    times: Times,
}

impl Turns {
    /// Returns how many round trips come next; `None` when it is over. What was measured before is said.
    pub(crate) fn next(&mut self) -> Option<i64> {
        let said = Said { count: self.number, seconds: (now() - self.began).as_secs_f64(), times: self.times.clone() };
        self.times = Times::default();
        self.number = 0;
        if !self.is_connected {
            // A peer does not wait for long for the first words of a connection, and nothing else drives it.
            self.is_connected = true;
            return Some(CONNECTING);
        }
        match self.turn {
            Some(_) => said.say(),
            None => println!("ready"),
        }
        self.turn = Turn::next();
        self.began = now();
        self.turn.map(|turn| turn.count)
    }

    /// The next order, once it is due.
    pub(crate) fn order(&mut self) -> Order<'static> {
        self.number += 1;
        self.due = self.turn.map_or_else(now, |turn| turn.wait(self.number));
        self.expected()
    }

    /// Notes a round trip, whose reply was read.
    pub(crate) fn took(&mut self, ack: &Ack<'_>) {
        self.times.note(self.due);
        assert_eq!(*ack, acknowledge(&self.expected()));
    }

    fn expected(&self) -> Order<'static> {
        message::order(message::SEQUENCE + self.number)
    }
}
