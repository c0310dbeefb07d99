//! What a user may choose, and what it does: where two processes run, the transport, whether they spin, and how long a
//! subscriber's queue is.
//!
//! Owns the contestants and what is said of them: all are services of the framework. Other parts measure other choices.

use bench_desk::stats::median;

use super::{Run, entry};
use crate::contestant::{Contestant, Entry, Measure, measure};
use crate::others::free_address;
use crate::report::{cell, number, range, ratio};

/// Two processes that ask and answer: what they are, and the cores of each, of client and desk.
type Placed = (Entry, &'static str, Option<[&'static str; 2]>);

const FIRST: &str = "tcp, both on one core";
const PLACED: [Placed; 11] = [
    placed(FIRST, "omq", "tcp", Some(["0", "0"])),
    placed("tcp, a core each", "omq", "tcp", Some(["0", "1"])),
    placed("tcp, wherever the system puts them", "omq", "tcp", None),
    placed("ipc, both on one core", "omq", "ipc", Some(["0", "0"])),
    placed("ipc, a core each", "omq", "ipc", Some(["0", "1"])),
    placed("tcp, `zeromq`, both on one core", "zeromq", "tcp", Some(["0", "0"])),
    placed("ipc, `zeromq`, both on one core", "zeromq", "ipc", Some(["0", "0"])),
    placed("tcp, both offloaded, on one core", "omq offloaded", "tcp", Some(["0", "0"])),
    placed("tcp, busy, a core each", "omq busy", "tcp", Some(["0", "1"])),
    placed("ipc, busy, a core each", "omq busy", "ipc", Some(["0", "1"])),
    placed("tcp, busy, both on one core", "omq busy", "tcp", Some(["0", "0"])),
];

const fn placed(
    name: &'static str,
    words: &'static str,
    way: &'static str,
    cores: Option<[&'static str; 2]>,
) -> (Entry, &'static str, Option<[&'static str; 2]>) {
    // Sides are built from words, of which the first says what they are.
    let words = match words.as_bytes() {
        b"omq" => "framework omq",
        b"zeromq" => "framework zeromq",
        b"omq offloaded" => "framework omq offloaded",
        _ => "framework omq busy",
    };
    (entry(name, words, words, FIRST), way, cores)
}

const QUEUES: [Entry; 5] = [
    entry("100", "framework omq", "framework omq queue=100", DEFAULT),
    entry("1,000", "framework omq", "framework omq queue=1000", DEFAULT),
    entry("10,000", "framework omq", "framework omq queue=10000", DEFAULT),
    entry(DEFAULT, "framework omq", "framework omq", DEFAULT),
    entry("100,000, offloaded", "framework omq", "framework omq offloaded", DEFAULT),
];
const DEFAULT: &str = "100,000, as it is unless it is said";

pub(crate) fn measure_choices(run: &mut Run<'_>) {
    run.report.say("## Choices");
    places(run);
    queues(run);
}

fn places(run: &mut Run<'_>) {
    let (count, rounds) = (run.amount(4_000, 200), run.amount(7, 3));
    let start = |(number, (entry, way, cores)): (usize, &Placed)| {
        let at = match *way {
            "tcp" => format!("tcp://{}", free_address()),
            _ => format!("ipc://{}", run.folder.join(format!("choice-{number}")).display()),
        };
        Contestant::of_requests(*entry, &at, run.others).on_cores(*cores)
    };
    let mut contestants: Vec<Contestant> = PLACED.iter().enumerate().map(start).collect();
    measure(&mut contestants, &[Measure::of(count)], rounds);
    run.report.say(&format!(
        "Requests one after another, {rounds} rounds of {count}, of services which differ in where they run and by which way \
         their messages go. Microseconds."
    ));
    let row = |contestant: &Contestant| {
        let (name, figures) = (contestant.entry.name, &contestant.figures[0]);
        let to = cell(ratio(&contestants, (name, FIRST), 0, |all| &all.p50));
        let [p99, p999, cpu] = [&figures.p99, &figures.p999, &figures.cpu].map(|values| number(median(values)));
        vec![name.to_owned(), range(&figures.p50), p99, p999, to, cpu]
    };
    let rows: Vec<Vec<String>> = contestants.iter().map(row).collect();
    run.report.table(&["services", "p50", "p99", "p99.9", "p50 to the first", "CPU us"], &rows);
}

fn queues(run: &mut Run<'_>) {
    let (count, rounds) = (run.amount(200_000, 20_000), run.amount(5, 3));
    let start =
        |entry: &Entry| Contestant::of_publications(*entry, 1, &format!("tcp://{}", free_address()), run.others);
    let mut contestants: Vec<Contestant> = QUEUES.iter().map(start).collect();
    measure(&mut contestants, &[Measure::of(count), Measure::of(count / 10).at(100_000)], rounds);
    run.report.say(&format!(
        "Publications over tcp to a subscriber whose queue (`queue_messages`) has room for so many, {rounds} rounds of \
         {count} as fast as can be, and of a tenth of that at 100,000 a second."
    ));
    let row = |contestant: &Contestant| {
        let [flood, pace] = &contestant.figures[..] else { return Vec::new() };
        let lost = |lost: i64, sent: i64| format!("{:.2} %", 100.0 * lost as f64 / sent as f64);
        vec![
            contestant.entry.name.to_owned(),
            range(&flood.a_second),
            lost(flood.lost, flood.sent),
            range(&pace.p50),
            number(median(&pace.p99)),
            lost(pace.lost, pace.sent),
        ]
    };
    let rows: Vec<Vec<String>> = contestants.iter().map(row).collect();
    let columns = ["room for", "a second, flat out", "lost", "p50 us at a pace", "p99", "lost"];
    run.report.table(&columns, &rows);
}
