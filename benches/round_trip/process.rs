//! A contestant's processes, and what this program does as one of them.
//!
//! Owns what the two sides are told: the client prints its figures for each line that it reads, and every side ends when
//! nobody is left to write to it.

use bench_desk::process::{Process, told};

use crate::{Figures, Pair, by_hand, services, within};

/// The argument that makes this program one side of a contestant: it is followed by the role, the words that say what
/// it is, and the endpoint.
pub(crate) const SIDE: &str = "--side";

/// Two connected processes, or one that has both sides.
pub(crate) struct Contestant {
    client: Process,
    /// Stays until the client has gone.
    _desk: Option<Process>,
    pub(crate) figures: Figures,
}

impl Contestant {
    pub(crate) fn start(&(name, client, desk): &Pair, endpoint: &str) -> Self {
        let mut desk = (!desk.is_empty()).then(|| Process::again(&[SIDE, "desk", desk, endpoint]));
        let bound = desk.as_mut().map(Process::line).unwrap_or_default();
        let mut client = Process::again(&[SIDE, "client", client, &bound]);
        assert_eq!(client.line(), "ready", "{name}");
        Self { client, _desk: desk, figures: Figures::default() }
    }

    pub(crate) fn turn(&mut self) {
        self.client.tell("go");
        let line = self.client.line();
        let (p50, p99) = line.split_once(' ').expect("two figures");
        self.figures.p50.push(p50.parse().expect("a number"));
        self.figures.p99.push(p99.parse().expect("a number"));
    }
}

/// What this program does as one side.
pub(crate) fn side(role: &str, words: &str, endpoint: &str) {
    let words: Vec<&str> = words.split(' ').collect();
    match (role, words.as_slice()) {
        ("desk", ["by-hand", "omq", more @ ..]) => by_hand::omq_desk(endpoint, more),
        ("client", ["by-hand", "omq", more @ ..]) => by_hand::omq_client(endpoint, more),
        ("desk", ["by-hand", "zeromq"]) => by_hand::zeromq_desk(endpoint),
        ("client", ["by-hand", "zeromq"]) => by_hand::zeromq_client(endpoint),
        ("desk", ["framework", more @ ..]) => services::desk(endpoint, more),
        ("client", ["framework", more @ ..]) => services::client(endpoint, more),
        ("client", ["within", "by-hand"]) => within::by_hand(),
        ("client", ["within", "framework", more @ ..]) => within::framework(more),
        _ => panic!("no side is called `{role} {words:?}`"),
    }
}

/// Runs until nobody is left to write to this process.
pub(crate) fn until_left() {
    let _ = told();
}
