//! Requests and replies over each transport.
//!
//! Owns the contestants and what is said of them.

use bench_desk::stats::median;

use super::{Run, entry};
use crate::contestant::{Contestant, Entry, Figures, Measure, measure};
use crate::others::free_address;
use crate::report::{Target, cell, number, range, ratio};

const OMQ: &str = "raw loop, `omq`";
const ZEROMQ: &str = "raw loop, `zeromq`";
const CHANNELS: &str = "raw loop, two channels";
const LIBZMQ: &str = "libzmq";
const OURS: &str = "framework, inline";
const OURS_ZEROMQ: &str = "framework over `zeromq`";
const SPINNING: &str = "raw loop, `omq`, spinning";
const BUSY: &str = "framework, busy mode";

const SOCKETS: [Entry; 15] = [
    entry(OMQ, "by-hand omq", "by-hand omq", OMQ),
    entry(OURS, "framework omq", "framework omq", OMQ),
    entry("framework asks, raw loop answers", "by-hand omq", "framework omq", OMQ),
    entry("raw loop asks, framework answers", "framework omq", "by-hand omq", OMQ),
    entry("framework, both offloaded", "framework omq offloaded", "framework omq offloaded", OMQ),
    entry("framework, client in main mode", "framework omq", "framework omq main", OMQ),
    entry("framework, main mode, inline", "framework omq", "framework omq main inline", OMQ),
    entry(ZEROMQ, "by-hand zeromq", "by-hand zeromq", ZEROMQ),
    entry(OURS_ZEROMQ, "framework zeromq", "framework zeromq", ZEROMQ),
    entry(LIBZMQ, "libzmq", "libzmq", LIBZMQ),
    entry("NATS", "nats", "nats", "NATS"),
    entry("Python library 0.0.17", "python", "python", "Python library 0.0.17"),
    entry(SPINNING, "by-hand omq busy", "by-hand omq busy", SPINNING),
    entry(BUSY, "framework omq busy", "framework omq busy", SPINNING),
    entry("libzmq, spinning", "libzmq busy", "libzmq busy", "libzmq, spinning"),
];

/// One process has both sides.
const WITHIN: [Entry; 4] = [
    entry(CHANNELS, "within by-hand", "", CHANNELS),
    entry(OURS, "within framework inproc", "", CHANNELS),
    entry("framework, main mode, inline", "within framework inproc main inline", "", CHANNELS),
    entry(LIBZMQ, "within libzmq", "", LIBZMQ),
];

/// How many requests a second are due in the second measure.
const RATE: u32 = 4_000;

pub(crate) fn run(run: &mut Run<'_>) {
    run.report.say("## Request and reply");
    let endpoints = run.folder.to_owned();
    let tcp = |_: usize| format!("tcp://{}", free_address());
    let ipc = move |number: usize| format!("ipc://{}", endpoints.join(format!("request-{number}")).display());
    table(run, ("tcp", "over tcp"), &SOCKETS, tcp, &targets("tcp", 0.85, 0.80));
    let local: Vec<Entry> = SOCKETS.into_iter().filter(|entry| !entry.is_nats() && !entry.is_python()).collect();
    table(run, ("ipc", "over ipc"), &local, ipc, &targets("ipc", 0.55, 0.45));
    let within: [Wanted; 1] =
        [("in-process: p50 to two channels by hand".to_owned(), (OURS, CHANNELS), p50 as Figure, 1.1, OURS_TAKES)];
    table(run, ("in-process", "within one process"), &WITHIN, |_| String::new(), &within);
}

/// Why targets are missed where they are; the part `profile` shows it in figures.
const OURS_TAKES: &str = "the framework's own part of a round trip. Both sides together enter the executor twice, hand the \
                          message from the sockets to the code and back, look after deadlines, peers and the stop, and count";
const TRANSPORT_TAKES: &str = "the transport and the kernel: the raw loop over the same transport is most of it";
const TAIL: &str = "the same part, and that the slowest of a hundred is one that something else has interrupted or whose code \
                    has left the cache: the framework has more of it";

/// What a target is about: who beside whom, which figure, its limit, and why it is missed where it is.
type Wanted = (String, (&'static str, &'static str), Figure, f64, &'static str);
type Figure = fn(&Figures) -> &Vec<f64>;

fn p50(figures: &Figures) -> &Vec<f64> {
    &figures.p50
}

fn p99(figures: &Figures) -> &Vec<f64> {
    &figures.p99
}

fn targets(transport: &str, to_libzmq: f64, zeromq_to_libzmq: f64) -> [Wanted; 7] {
    let named = |what: &str, who, figure: Figure, limit, why| (format!("{transport}: {what}"), who, figure, limit, why);
    [
        named("p50 to the raw loop", (OURS, OMQ), p50, 1.05, OURS_TAKES),
        named("p50 to libzmq", (OURS, LIBZMQ), p50, to_libzmq, TRANSPORT_TAKES),
        named("p99 to the raw loop", (OURS, OMQ), p99, 1.15, TAIL),
        named("`zeromq`, p50 to the raw loop", (OURS_ZEROMQ, ZEROMQ), p50, 1.05, OURS_TAKES),
        named("`zeromq`, p50 to libzmq", (OURS_ZEROMQ, LIBZMQ), p50, zeromq_to_libzmq, TRANSPORT_TAKES),
        named("`zeromq`, p99 to the raw loop", (OURS_ZEROMQ, ZEROMQ), p99, 1.15, TAIL),
        named("busy mode, p50 to the raw loop that spins", (BUSY, SPINNING), p50, 1.10, OURS_TAKES),
    ]
}

fn table(
    run: &mut Run<'_>,
    (file, way): (&str, &str),
    entries: &[Entry],
    endpoint: impl Fn(usize) -> String,
    wanted: &[Wanted],
) {
    let (others, rounds) = (run.others, run.amount(7, 5));
    let (count, due) = (run.amount(4_000, 400), run.amount(1_000, 200));
    let measures = [Measure::of(count), Measure::of(due).at(RATE)];
    let start = |(number, entry): (usize, &Entry)| {
        Contestant::of_requests(*entry, &others.endpoint(entry, || endpoint(number)), others)
    };
    let mut contestants: Vec<Contestant> =
        entries.iter().filter(|entry| others.have(entry)).enumerate().map(start).collect();
    measure(&mut contestants, &measures, rounds);

    let report = &mut *run.report;
    report.say(&format!("### Requests {way}"));
    report.say(&format!(
        "{rounds} rounds of {count} requests, one after another, and of {due} that are due {RATE} times a second (of the \
         Python library a twentieth of both). Microseconds; medians of the rounds with the least and the greatest. \
         All threads of a contestant, and the NATS server, are on one core, because to wake a process on another one takes \
         longer than the rest of the way, and where the scheduler puts them differs from start to start; those that spin \
         have all cores, and share them with whatever else runs. \
         CPU is that of all processes, and of the desk and the server alone where the client spins until a request is due."
    ));
    for (number_of, title) in [(0, "one after another"), (1, "from the time at which it was due")] {
        let rows: Vec<Vec<String>> = contestants
            .iter()
            .map(|contestant| {
                let Entry { name, beside, .. } = contestant.entry;
                let figures = &contestant.figures[number_of];
                let [raw, libzmq] = [beside, LIBZMQ].map(|to| cell(ratio(&contestants, (name, to), number_of, p50)));
                let tail = cell(ratio(&contestants, (name, beside), number_of, p99));
                let [p99, p999] = [&figures.p99, &figures.p999].map(|values| number(median(values)));
                vec![name.to_owned(), range(&figures.p50), p99, p999, raw, tail, libzmq, number(median(&figures.cpu))]
            })
            .collect();
        let columns = [title, "p50", "p99", "p99.9", "p50 to raw", "p99 to raw", "p50 to libzmq", "CPU us"];
        report.table(&columns, &rows);
    }
    report.latencies(&format!("request-{file}"), &format!("Requests {way}, one after another"), &contestants, 0);
    report.latencies(&format!("request-{file}-due"), &format!("Requests {way}, {RATE} a second"), &contestants, 1);
    let judged = |(what, who, figure, limit, why): &Wanted| {
        Target::at_most(what, *limit, ratio(&contestants, *who, 0, *figure)).missed_for(why)
    };
    report.targets(&wanted.iter().map(judged).collect::<Vec<_>>());
}
