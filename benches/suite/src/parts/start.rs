//! What is there before any work: the time to a first reply, and what an idle desk takes.
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
use crate::report::{Target, cell, number, range};

const OURS: &str = "framework, embedded";
const RAW: &str = "raw loop, `omq`";
const DESKS: [Entry; 5] = [
    entry(RAW, "by-hand omq", "", RAW),
    entry(OURS, "framework omq", "", RAW),
    entry("framework, offloaded", "framework omq offloaded", "", RAW),
    entry("libzmq", "libzmq", "", RAW),
    entry("Python library 0.0.17", "python", "", RAW),
];

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
