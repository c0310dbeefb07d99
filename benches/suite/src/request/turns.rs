//! What every client does: takes a turn whenever it is told to, and says what came of it.
//!
//! Owns what a request by hand is, an order or a text of some size (the word `text=SIZE`), how it is answered, and the check
//! of its reply. Never sends anything.

use std::time::Duration;

use bench_desk::{Ack, Order, acknowledge, by_hand, message, text};
use rmp::encode::ByteBuf;

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
    /// What is asked, if it is no order.
    text: Option<String>,
}

impl Turns {
    /// Those of a client that is called this.
    pub(crate) fn of(words: &[&str]) -> Self {
        Self { text: size(words).map(|size| "x".repeat(size)), ..Self::default() }
    }

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

    /// Waits until the next request is due.
    pub(crate) fn wait(&mut self) {
        self.number += 1;
        self.due = self.turn.map_or_else(now, |turn| turn.wait(self.number));
    }

    /// Notes a round trip, whose reply was read; whether it is the right one.
    pub(crate) fn came(&mut self, is_right: bool) {
        self.times.note(self.due);
        assert!(is_right, "a reply to something else");
    }

    /// The next order, once it is due.
    pub(crate) fn order(&mut self) -> Order<'static> {
        self.wait();
        self.expected()
    }

    /// Notes a round trip, whose reply was read.
    pub(crate) fn took(&mut self, ack: &Ack<'_>) {
        self.times.note(self.due);
        assert_eq!(*ack, acknowledge(&self.expected()));
    }

    /// Appends the next request by hand, once it is due.
    pub(crate) fn write(&mut self, out: &mut ByteBuf) {
        self.wait();
        match &self.text {
            Some(of) => text::write_call(of, message::WORKFLOW_ID, out),
            None => by_hand::write_call(&self.expected(), message::WORKFLOW_ID, out),
        }
    }

    /// Reads the reply by hand, and notes the round trip.
    pub(crate) fn read(&mut self, reply: &[u8]) {
        if self.text.is_some() {
            let is_right = text::read_answer(reply) == self.text.as_deref();
            self.came(is_right);
        } else {
            self.took(&by_hand::read_answer(reply).expect("a good reply"));
        }
    }

    fn expected(&self) -> Order<'static> {
        message::order(message::SEQUENCE + self.number)
    }
}

/// The size of the texts that a side sends which is called this; `None` if it sends orders.
pub(crate) fn size(words: &[&str]) -> Option<usize> {
    words.iter().find_map(|word| word.strip_prefix("text=")).map(|size| size.parse().expect("a size"))
}

/// A desk by hand.
pub(crate) struct Desk {
    orders: by_hand::Desk,
    has_texts: bool,
}

impl Desk {
    /// The one that is called this.
    pub(crate) fn of(words: &[&str]) -> Self {
        Self { orders: by_hand::Desk::default(), has_texts: size(words).is_some() }
    }

    /// From the bytes of a request to those of its reply. `None` if it is no such request.
    pub(crate) fn answer(&mut self, request: &[u8]) -> Option<Vec<u8>> {
        // Orders have replies of about a size.
        let mut reply = ByteBuf::with_capacity(request.len().max(super::ROOM));
        match self.has_texts {
            true => text::answer(request, &mut reply)?,
            false => self.orders.answer(request, &mut reply)?,
        }
        Some(reply.into_vec())
    }
}
