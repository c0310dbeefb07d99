//! What is there before any work: the time to a first reply, what an idle desk takes, and many desks in one process.
//!
//! Owns the contestants and what is said of them.

use std::time::{Duration, Instant};

use bench_desk::proc::{memory, used};
use bench_desk::process::Process;
use bench_desk::stats::{median, paired_ratio};

use super::{Run, entry};
use crate::asking::ask;
use crate::contestant::{Entry, start};
use crate::others::{Others, free_address};
use crate::plot::{Axes, Line};
use crate::report::{Target, cell, number, range};
use crate::side::SIDE;

const OURS: &str = "framework, embedded";
const RAW: &str = "raw loop, `omq`";
const DESKS: [Entry; 5] = [
    entry(RAW, "by-hand omq", "", RAW),
    entry(OURS, "framework omq", "", RAW),
    entry("framework, offloaded", "framework omq offloaded", "", RAW),
    entry("libzmq", "libzmq", "", RAW),
    entry("Python library 0.0.17", "python", "", RAW),
];
const COUNTS: [usize; 4] = [1, 10, 100, 1_000];

/// A desk that has answered, and the milliseconds which that took from before its process was started.
fn started(entry: &Entry, others: &Others) -> (Process, f64) {
    let endpoint = format!("tcp://{}", free_address());
    let began = Instant::now();
    let desk = start("desk", entry.first, &endpoint, others);
    ask(&[&endpoint]);
    (desk, milliseconds(began))
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

pub(crate) fn start_up(run: &mut Run<'_>) {
    let (rounds, others) = (run.amount(15, 5), run.others);
    let entries: Vec<Entry> = DESKS.into_iter().filter(|entry| others.have(entry)).collect();
    let mut times = vec![Vec::new(); entries.len()];
    for round in 0..rounds {
        for turn in 0..entries.len() {
            let place = (round + turn) % entries.len();
            times[place].push(started(&entries[place], others).1);
        }
    }
    run.report.say("## From start to first reply");
    run.report.say(&format!(
        "{rounds} rounds. Milliseconds from before a process is started to a good reply, asked over tcp by a loop which looks \
         once a millisecond whether somebody listens."
    ));
    let raw = times[0].clone();
    let rows: Vec<Vec<String>> = entries
        .iter()
        .zip(&times)
        .map(|(entry, times)| vec![entry.name.to_owned(), range(times), cell(paired_ratio(times, &raw))])
        .collect();
    run.report.table(&["desk", "first reply ms", "to raw"], &rows);
    run.report.targets(&[Target::at_most("start to first reply, embedded, ms", 10.0, median(&times[1]))]);
}

pub(crate) fn idle(run: &mut Run<'_>) {
    let (seconds, others) = (run.amount(3, 1), run.others);
    run.report.say("## Idle");
    run.report.say(&format!(
        "Desks that have answered once and have had nothing to do for a second, five times for {seconds} s: the share of a \
         core that each took, and its memory. The Python library, which spins, is watched after the others."
    ));
    let (python, others_of_it): (Vec<Entry>, Vec<Entry>) =
        DESKS.into_iter().filter(|entry| others.have(entry)).partition(Entry::is_python);
    let mut rows = Vec::new();
    let mut ours = f64::NAN;
    for entries in [others_of_it, python] {
        let desks: Vec<Process> = entries.iter().map(|entry| started(entry, others).0).collect();
        std::thread::sleep(Duration::from_secs(1));
        let mut shares = vec![Vec::new(); desks.len()];
        for _ in 0..5 {
            let before: Vec<u64> = desks.iter().map(|desk| used(&desk.id()).nanoseconds).collect();
            std::thread::sleep(Duration::from_secs(seconds));
            for ((desk, before), shares) in desks.iter().zip(before).zip(&mut shares) {
                shares.push((used(&desk.id()).nanoseconds - before) as f64 / 1e7 / seconds as f64);
            }
        }
        for ((entry, desk), shares) in entries.iter().zip(&desks).zip(&shares) {
            let memory = memory(&desk.id());
            let [resident, own] = [memory.resident, memory.proportional].map(|bytes| number(bytes as f64 / 1024.0));
            let range = shares.iter().map(|share| format!("{share:.3}")).collect::<Vec<_>>();
            let middle = median(shares);
            if entry.name == OURS {
                ours = middle;
            }
            rows.push(vec![entry.name.to_owned(), format!("{middle:.3}"), range.join(", "), resident, own]);
        }
    }
    run.report.table(&["desk", "% of a core", "each time", "RSS KiB", "PSS KiB"], &rows);
    run.report.targets(&[Target::at_most("idle service, embedded: % of a core", 0.2, ours)]);
}

pub(crate) fn many(run: &mut Run<'_>) {
    let rounds = 5;
    run.report.say("## Many services in one process");
    run.report.say(&format!(
        "{rounds} rounds. Milliseconds until all have been started one after another, and from a connection to each of them \
         until all have answered once; KiB of resident memory for each. The process has had one more before, which has answered and is not counted."
    ));
    let mut all = COUNTS.map(|count| (count, [(); 3].map(|()| Vec::new())));
    for round in 0..rounds {
        for turn in 0..COUNTS.len() {
            let (count, figures) = &mut all[(round + turn) % COUNTS.len()];
            for (values, figure) in figures.iter_mut().zip(many_of(*count)) {
                values.push(figure);
            }
        }
    }
    let row = |(count, [start, answer, memory]): &(usize, [Vec<f64>; 3])| {
        vec![count.to_string(), range(start), range(answer), range(memory)]
    };
    run.report
        .table(&["services", "started ms", "all answered ms", "KiB each"], &all.iter().map(row).collect::<Vec<_>>());
    let line = |name: &str, place: usize| Line {
        name: name.to_owned(),
        points: all.iter().map(|(count, figures)| ((*count as f64).log10(), median(&figures[place]))).collect(),
    };
    let axes = Axes { title: "Many services in one process", x: "services", y: "ms", label: super::power };
    run.report.plot("services", &axes, &[line("all started", 0), line("all answered", 1)]);
    let axes = Axes { title: "Memory of each of many services", x: "services", y: "KiB", label: super::power };
    run.report.plot("services-memory", &axes, &[line("resident, each", 2)]);
    let [_, _, memory] = &all[3].1;
    run.report.targets(&[Target::at_most("KiB for each of 1,000 services beside the first", 300.0, median(memory))]);
}

/// Starts this many desks in a process that has one already, which has answered: the milliseconds to start them and until all have answered, and the KiB of each.
fn many_of(count: usize) -> [f64; 3] {
    let mut host = Process::again(&[SIDE, "many", "", ""]);
    ask(&[&host.line()]);
    let before = memory(&host.id()).resident;
    host.tell(&count.to_string());
    let line = host.line();
    let (took, endpoints) = line.split_once(' ').expect("a time and endpoints");
    let endpoints: Vec<&str> = endpoints.split(' ').collect();
    let began = Instant::now();
    ask(&endpoints);
    let answered = milliseconds(began);
    let resident = memory(&host.id()).resident.saturating_sub(before) as f64 / 1024.0 / count as f64;
    [took.parse().expect("a time"), answered, resident]
}
