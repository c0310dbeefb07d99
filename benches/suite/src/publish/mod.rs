//! Publications: the sides of each contestant.
//!
//! Owns which side is called what. Never starts a process: that is [`crate::contestant`].

pub(crate) mod by_hand;
mod libzmq;
mod nats;
mod services;
pub(crate) mod turns;

use std::time::Duration;

/// How long a publisher waits for subscribers that it cannot see.
const CONNECTING: Duration = Duration::from_millis(500);

/// Publishes at this endpoint, until nobody tells it to any more.
pub(crate) fn publisher(words: &[&str], at: &str) {
    match words {
        ["by-hand", "omq"] => by_hand::omq_publisher(at),
        ["by-hand", "zeromq"] => by_hand::zeromq_publisher(at),
        ["libzmq", more @ ..] => libzmq::publisher(at, more),
        ["framework", more @ ..] => services::publisher(at, more),
        ["nats", subject] => nats::publisher(at, subject),
        _ => panic!("no publisher is called `{words:?}`"),
    }
}

/// Listens at this endpoint.
pub(crate) fn subscriber(words: &[&str], at: &str) {
    match words {
        ["by-hand", "omq"] => by_hand::omq_subscriber(at),
        ["by-hand", "zeromq"] => by_hand::zeromq_subscriber(at),
        ["libzmq", more @ ..] => libzmq::subscriber(at, more),
        ["framework", more @ ..] => services::subscriber(at, more),
        ["nats", subject] => nats::subscriber(at, subject),
        _ => panic!("no subscriber is called `{words:?}`"),
    }
}
