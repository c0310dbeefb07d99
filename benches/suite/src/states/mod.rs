//! A state over sockets: its owner, and a process with copies of it.
//!
//! Owns which side is called what, what a side does in a turn, and what it says: the owner when it began a turn, the copies
//! when they are live and when they have seen the end of a turn. Never computes a figure.

mod by_hand;
mod services;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};

use bench_desk::process::told;

use crate::turn::{Times, Turn, now};

/// What a state is called where it is published.
const TOPIC: &str = "KEYS";
/// The key that a turn ends with.
const TURN: &str = "turn";

/// Whether the copies look at each value, which is the time at which its change was due.
static IS_PACED: AtomicBool = AtomicBool::new(false);

/// Owns a state at these two addresses: it has as many keys as it is told at first, and changes them as often as it is told
/// then.
pub(crate) fn owner(words: &[&str], at: &str) {
    match words {
        ["framework"] => services::owner(at),
        ["by-hand"] => by_hand::owner(at),
        _ => panic!("no owner is called `{words:?}`"),
    }
}

/// Starts as many copies as it is told, and says when all are live; then for each turn when it has come, and the times of
/// its changes.
pub(crate) fn copies(words: &[&str], at: &str) {
    println!("ready");
    while let Some(line) = told() {
        let count: usize = line.parse().expect("a number of copies");
        let (says, heard) = channel();
        let began = now();
        let copies = match words {
            ["framework"] => services::copies(at, count, &says),
            ["by-hand"] => by_hand::copies(at, count, &says),
            _ => panic!("no copy is called `{words:?}`"),
        };
        let mut live = 0;
        while live < count {
            let Event::Live = heard.recv().expect("a copy that says something") else { continue };
            live += 1;
        }
        println!("{}", (now() - began).as_secs_f64() * 1e3);
        // A line that is not empty is a turn.
        while let Some(line) = told().filter(|line| !line.is_empty()) {
            IS_PACED.store(Turn::read(&line).is_paced(), Ordering::Relaxed);
            println!("ready");
            let times = loop {
                if let Event::End(times) = heard.recv().expect("a copy that says something") {
                    break times;
                }
            };
            println!("{} {}", now().as_nanos(), times.word());
        }
        copies();
        println!("gone");
    }
}

/// Ends copies.
type Leave = Box<dyn FnOnce()>;

/// What a copy says.
enum Event {
    Live,
    /// A turn is over: these are the times of its changes, if it was paced.
    End(Times),
}

/// To whom a copy says it.
type Says = Sender<Event>;

/// Names of keys.
fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("key_{number}")).collect()
}

/// The values of a turn, each once its change is due: the time at which it was, or a number. None is that of its key in an
/// earlier turn, as what changes nothing is not sent.
fn values(turn: &Turn, turns: i64) -> impl Iterator<Item = i64> {
    let before = turns * turn.count;
    let value = move |number| if turn.is_paced() { turn.wait(number).as_nanos() as i64 } else { before + number };
    (1..=turn.count).map(value)
}
