//! What a request costs, beside loops written by hand over the same sockets: between two processes over each transport
//! and placement, and within one process.
//!
//! Owns the contestants and the tables. This program starts itself again for each side of each contestant: a desk that
//! answers, and a client that asks when it is told to. All contestants of a table stay connected and take turns, in
//! another order each round, so that each round gives one ratio; those that spin while they have nothing to do are
//! alone on the machine for theirs. The loops by hand use the sockets of the same crate with the same framing, read and
//! write the same fields, and validate nothing; the framework checks everything.

mod by_hand;
mod process;
mod services;
mod turns;
mod within;

use bench_desk::stats::{median, paired_ratio, quantile};

use process::Contestant;

const ROUNDS: usize = 61;
/// Rounds of those that start anew for each: ten turns are one of theirs.
const ROUNDS_ALONE: usize = 7;
const TURNS_ALONE: usize = 10;

/// A contestant's name, and the words that say what its two sides are; the first is what the others are compared to.
type Pair = (&'static str, &'static str, &'static str);

const OMQ: [Pair; 9] = [
    ("both by hand", "by-hand omq", "by-hand omq"),
    ("both of the framework", "framework omq", "framework omq"),
    ("framework asks, by hand answers", "framework omq", "by-hand omq"),
    ("by hand asks, framework answers", "by-hand omq", "framework omq"),
    ("client offloaded", "framework omq offloaded", "framework omq"),
    ("desk offloaded", "framework omq", "framework omq offloaded"),
    ("both offloaded", "framework omq offloaded", "framework omq offloaded"),
    ("client in main mode (offloaded)", "framework omq main", "framework omq"),
    ("client in main mode, inline", "framework omq main inline", "framework omq"),
];

const ZEROMQ: [Pair; 5] = [
    ("both by hand", "by-hand zeromq", "by-hand zeromq"),
    ("both of the framework", "framework zeromq", "framework zeromq"),
    ("framework asks, by hand answers", "framework zeromq", "by-hand zeromq"),
    ("by hand asks, framework answers", "by-hand zeromq", "framework zeromq"),
    ("client in main mode (offloaded)", "framework zeromq main", "framework zeromq"),
];

const SPINNING: [Pair; 4] = [
    ("both by hand, spinning", "by-hand omq busy", "by-hand omq busy"),
    ("both of the framework, `busy`", "framework omq busy", "framework omq busy"),
    ("client in main mode, inline, `busy`", "framework omq main inline busy", "framework omq busy"),
    ("both of the framework, asleep while idle", "framework omq", "framework omq"),
];

/// One process has both sides.
const WITHIN: [Pair; 3] = [
    ("two threads and two channels by hand", "within by-hand", ""),
    ("both of the framework, `inproc://`", "within framework inproc", ""),
    ("client in main mode, inline, `inproc://`", "within framework inproc main inline", ""),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [flag, role, words, endpoint] if flag == process::SIDE => process::side(role, words, endpoint),
        _ => measure(),
    }
}

fn measure() {
    println!("{ROUNDS} rounds of {} round trips each", turns::TURN);
    let folder = std::env::temp_dir().join(format!("round-trip-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for socket files");
    let tcp = |_: usize| "tcp://127.0.0.1:0".to_owned();
    // Not every crate binds where another has left its file.
    let ipc = |table: &'static str| {
        let folder = &folder;
        move |number: usize| format!("ipc://{}", folder.join(format!("{table}-{number}")).display())
    };
    together("omq, tcp", &OMQ, tcp);
    together("omq, ipc", &OMQ, ipc("omq"));
    together("zeromq, tcp", &ZEROMQ, tcp);
    together("zeromq, ipc", &ZEROMQ, ipc("zeromq"));
    together("within one process", &WITHIN, |_| String::new());
    one_by_one("omq, tcp, each pair alone", &SPINNING, tcp);
    one_by_one("omq, ipc, each pair alone", &SPINNING, ipc("alone"));
    std::fs::remove_dir_all(&folder).expect("the folder is still there");
}

/// Measures contestants that are connected all the time.
fn together(title: &str, pairs: &[Pair], endpoint: impl Fn(usize) -> String) {
    let start = |(number, pair): (usize, &Pair)| Contestant::start(pair, &endpoint(number));
    let mut contestants: Vec<Contestant> = pairs.iter().enumerate().map(start).collect();
    for round in 0..ROUNDS {
        let count = contestants.len();
        for turn in 0..count {
            contestants[(round + turn) % count].turn();
        }
    }
    let figures = contestants.iter().map(|contestant| contestant.figures.clone()).collect();
    table(title, pairs, figures);
}

/// Measures contestants of which only one runs at a time.
fn one_by_one(title: &str, pairs: &[Pair], endpoint: impl Fn(usize) -> String) {
    let mut figures = vec![Figures::default(); pairs.len()];
    for round in 0..ROUNDS_ALONE {
        for turn in 0..pairs.len() {
            let number = (round + turn) % pairs.len();
            let mut contestant = Contestant::start(&pairs[number], &endpoint(number));
            (0..TURNS_ALONE).for_each(|_| contestant.turn());
            figures[number].p50.push(median(&contestant.figures.p50));
            figures[number].p99.push(median(&contestant.figures.p99));
        }
    }
    table(title, pairs, figures);
}

/// Quantiles of each round, in microseconds.
#[derive(Clone, Default)]
struct Figures {
    p50: Vec<f64>,
    p99: Vec<f64>,
}

/// Prints a line for each contestant, as Markdown.
fn table(title: &str, pairs: &[Pair], figures: Vec<Figures>) {
    println!("\n| {title} | p50 us | of rounds | p99 us | ratio |\n|---|---|---|---|---|");
    for ((name, ..), Figures { p50, p99 }) in pairs.iter().zip(&figures) {
        let (least, most) = (quantile(p50, 0.0), quantile(p50, 1.0));
        let ratio = paired_ratio(p50, &figures[0].p50);
        println!("| {name} | {:.1} | {least:.1} to {most:.1} | {:.1} | {ratio:.2} |", median(p50), median(p99));
    }
}
