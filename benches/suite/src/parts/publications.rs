//! Publications to one subscriber, at a pace and as fast as can be, and to eight.
//!
//! Owns the contestants and what is said of them.

use bench_desk::stats::median;

use super::{Run, entry};
use crate::contestant::{Contestant, Entry, Figures, Measure, measure};
use crate::others::free_address;
use crate::report::{Target, cell, number, of, range, ratio};

const OMQ: &str = "raw loop, `omq`";
const LIBZMQ: &str = "libzmq";
const UNBOUNDED: &str = "libzmq, queues without bound";
const OURS: &str = "framework, inline";
const OFFLOADED: &str = "framework, subscriber offloaded";
const PYTHON: &str = "Python library 0.0.17";

const ONE: [Entry; 11] = [
    entry(OMQ, "by-hand omq", "by-hand omq", OMQ),
    entry(OURS, "framework omq", "framework omq", OMQ),
    entry("framework publishes, raw loop hears", "framework omq", "by-hand omq", OMQ),
    entry("raw loop publishes, framework hears", "by-hand omq", "framework omq", OMQ),
    entry(OFFLOADED, "framework omq", "framework omq offloaded", OMQ),
    entry("framework, publisher in main mode", "framework omq main", "framework omq", OMQ),
    entry("raw loop, `zeromq`", "by-hand zeromq", "by-hand zeromq", "raw loop, `zeromq`"),
    entry("framework over `zeromq`", "framework zeromq", "framework zeromq", "raw loop, `zeromq`"),
    entry(LIBZMQ, "libzmq", "libzmq", LIBZMQ),
    entry(UNBOUNDED, "libzmq unbounded", "libzmq unbounded", UNBOUNDED),
    entry("NATS", "nats orders", "nats orders", "NATS"),
];

const LIBRARY: Entry = entry(PYTHON, "python", "python", PYTHON);

const EIGHT: [Entry; 4] = [
    entry(OMQ, "by-hand omq", "by-hand omq", OMQ),
    entry(OURS, "framework omq", "framework omq", OMQ),
    entry(LIBZMQ, "libzmq", "libzmq", LIBZMQ),
    entry("NATS", "nats all", "nats all", "NATS"),
];

/// Why a latency at a slow pace is what it is.
const WAKING: &str =
    "the kernel: most of it is to wake a subscriber that sleeps, as the raw loop over the same transport shows";

/// How many subscribers there are in the second table.
const FAN_OUT: usize = 8;

/// A pace, and what it is called.
type Pace = (&'static str, Measure);

pub(crate) fn to_one(run: &mut Run<'_>) {
    let paces = [
        ("10,000 a second", Measure::of(run.amount(5_000, 1_000)).at(10_000)),
        ("100,000 a second", Measure::of(run.amount(20_000, 5_000)).at(100_000)),
        ("flat out", Measure::of(run.amount(300_000, 20_000))),
    ];
    run.report.say("## Publish and subscribe");
    run.report.say(
        "From the time at which a message was due to the function that hears it. What is lost is counted by the \
         subscriber; the raw loops and the framework have queues of the same length. Flat out, a rate is that of what \
         came: beside a loss it says little. CPU is that of \
         all processes, the NATS server included; at a pace without the publisher, which spins until a message is due.",
    );
    let mut entries = ONE.to_vec();
    entries.push(LIBRARY);
    let contestants = measured(run, &entries, 1, &paces, 5);
    tables(run, &contestants, &paces, "publish");
    let to = |who, to, measure, figure: fn(&Figures) -> &Vec<f64>| ratio(&contestants, (who, to), measure, figure);
    let lost = of(&contestants, OURS, 2).map_or(f64::NAN, |figures| figures.lost as f64);
    run.report.targets(&[
        Target::at_most("10,000 a second: p50 to libzmq, inline", 0.45, to(OURS, LIBZMQ, 0, |all| &all.p50))
            .missed_for(WAKING),
        Target::at_most("10,000 a second: p50 to libzmq, offloaded", 0.80, to(OFFLOADED, LIBZMQ, 0, |all| &all.p50))
            .missed_for(WAKING),
        Target::at_most("10,000 a second: p99.9 to the raw loop", 1.1, to(OURS, OMQ, 0, |all| &all.p999)),
        Target::at_least("flat out: rate to the raw loop", 0.95, to(OURS, OMQ, 2, |all| &all.a_second)),
        Target::at_least("flat out: rate to the Python library", 100.0, to(OURS, PYTHON, 2, |all| &all.a_second)),
        Target::at_least(
            "flat out: rate to libzmq with queues without bound",
            1.0,
            to(OURS, UNBOUNDED, 2, |all| &all.a_second),
        ),
        Target::at_most("flat out: messages lost", 0.0, lost),
    ]);
}

pub(crate) fn to_eight(run: &mut Run<'_>) {
    let paces = [
        ("10,000 a second", Measure::of(run.amount(3_000, 500)).at(10_000)),
        ("flat out", Measure::of(run.amount(50_000, 5_000))),
    ];
    run.report.say("## Fan-out to eight subscribers");
    run.report.say(
        "Each subscriber is a process. A latency is that of any of them, a rate that of the slowest of them, and CPU as \
         above, for each message that came to one of them.",
    );
    let contestants = measured(run, &EIGHT, FAN_OUT, &paces, 5);
    tables(run, &contestants, &paces, "fan-out");
}

fn measured(run: &Run<'_>, entries: &[Entry], subscribers: usize, paces: &[Pace], rounds: usize) -> Vec<Contestant> {
    let others = run.others;
    let start = |entry: &Entry| {
        let at = others.endpoint(entry, || format!("tcp://{}", free_address()));
        Contestant::of_publications(*entry, subscribers, &at, others)
    };
    let mut contestants: Vec<Contestant> = entries.iter().filter(|entry| others.have(entry)).map(start).collect();
    let measures: Vec<Measure> = paces.iter().map(|(_, measure)| *measure).collect();
    measure(&mut contestants, &measures, rounds);
    contestants
}

fn tables(run: &mut Run<'_>, contestants: &[Contestant], paces: &[Pace], file: &str) {
    for (place, (pace, Measure { count, rate, .. })) in paces.iter().enumerate() {
        let rounds = contestants.first().map_or(0, |contestant| contestant.figures[place].p50.len());
        let title = format!("{pace}, {rounds} rounds of {count}");
        let is_paced = *rate > 0;
        let figure: fn(&Figures) -> &Vec<f64> = if is_paced { |all| &all.p50 } else { |all| &all.a_second };
        let row = |contestant: &Contestant| {
            let (Entry { name, beside, .. }, figures) = (contestant.entry, &contestant.figures[place]);
            let [raw, libzmq] = [beside, LIBZMQ].map(|to| cell(ratio(contestants, (name, to), place, figure)));
            let share = match figures.lost {
                0 => "0".to_owned(),
                lost => format!("{lost} of {}", figures.sent),
            };
            let [p99, p999, cpu] = [&figures.p99, &figures.p999, &figures.cpu].map(|values| number(median(values)));
            let mut cells = vec![name.to_owned(), range(figure(figures))];
            cells.extend(is_paced.then_some([p99, p999]).into_iter().flatten());
            cells.extend([raw, libzmq, share, cpu]);
            cells
        };
        let rows: Vec<Vec<String>> = contestants.iter().map(row).collect();
        let mut columns = vec![title.as_str()];
        columns.extend(if is_paced { &["p50 us", "p99", "p99.9"][..] } else { &["a second"] });
        columns.extend(["to raw", "to libzmq", "lost", "CPU us"]);
        run.report.table(&columns, &rows);
        if is_paced {
            run.report.latencies(&format!("{file}-{rate}"), &format!("Publications, {pace}"), contestants, place);
        }
    }
    if contestants.iter().any(|contestant| contestant.entry.is_python()) {
        run.report.say("The Python library publishes a twentieth of that, at a twentieth of the pace.");
    }
}
