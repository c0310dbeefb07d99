//! Requests and replies: the sides of each contestant.
//!
//! Owns which side is called what. Never starts a process: that is [`crate::contestant`].

pub(crate) mod by_hand;
pub(crate) mod libzmq;
pub(crate) mod nats;
pub(crate) mod services;
mod texts;
pub(crate) mod turns;
mod within;

/// Room for the messages of the benchmark.
pub(crate) const ROOM: usize = 256;

/// Answers at this endpoint, after it has said which one that is.
pub(crate) fn desk(words: &[&str], at: &str) {
    match words {
        ["by-hand", "omq", more @ ..] => by_hand::omq_desk(at, more),
        ["by-hand", "zeromq", more @ ..] => by_hand::zeromq_desk(at, more),
        ["libzmq", more @ ..] => libzmq::desk(at, more),
        ["framework", more @ ..] => services::desk(at, more),
        ["nats"] => nats::desk(at),
        _ => panic!("no desk is called `{words:?}`"),
    }
}

/// Asks at this endpoint, until nobody tells it to any more.
pub(crate) fn client(words: &[&str], at: &str) {
    match words {
        ["by-hand", "omq", more @ ..] => by_hand::omq_client(at, more),
        ["by-hand", "zeromq", more @ ..] => by_hand::zeromq_client(at, more),
        ["libzmq", more @ ..] => libzmq::client(at, more),
        ["framework", more @ ..] => services::client(at, more),
        ["nats"] => nats::client(at),
        ["within", "by-hand"] => within::by_hand(),
        ["within", "libzmq"] => libzmq::within(),
        ["within", "framework", more @ ..] => within::framework(more),
        _ => panic!("no client is called `{words:?}`"),
    }
}
