//! What is there before any work: the time to a first reply, and what an idle desk takes.
//!
//! Owns the contestants and what is said of them.

use std::path::Path;
use std::time::{Duration, Instant};

use bench_desk::proc::{memory, used};
use bench_desk::process::Process;
use bench_desk::stats::{median, paired_ratio};

use super::{Run, entry};
use crate::asking::ask;
use crate::contestant::{Entry, start};
use crate::others::{Killed, Others, Server, free_address};
use crate::report::{Target, cell, number, range};
use crate::request::nats::ask as ask_nats;

const OURS: &str = "framework, embedded";
const RAW: &str = "raw loop, `omq`";
const RUNNER: &str = "framework, runner with a plugin";
const DESKS: [Entry; 7] = [
    entry(RAW, "by-hand omq", "", RAW),
    entry(OURS, "framework omq", "", RAW),
    entry("framework, offloaded", "framework omq offloaded", "", RAW),
    entry(RUNNER, "runner", "", RAW),
    entry("libzmq", "libzmq", "", RAW),
    entry("NATS", "nats", "", RAW),
    entry("Python library 0.0.17", "python", "", RAW),
];

/// A process of a desk, which ends when this is dropped.
enum Running {
    Side(Process),
    Runner(Killed),
    Server(Server),
}

impl Running {
    fn id(&self) -> String {
        match self {
            Self::Side(process) => process.id(),
            Self::Runner(process) => process.id(),
            Self::Server(server) => server.id(),
        }
    }
}

/// The processes of a desk that has answered, and the milliseconds which that took from before the first was started.
fn started(entry: &Entry, others: &Others, folder: &Path) -> (Vec<Running>, f64) {
    let address = free_address();
    let (endpoint, began) = (format!("tcp://{address}"), Instant::now());
    let processes = if entry.is_nats() {
        let server = Server::start_at(address).expect("a NATS server");
        // The desk looks for it once a millisecond.
        let desk = start("desk", entry.first, &server.url, others);
        ask_nats(&server.url);
        vec![Running::Server(server), Running::Side(desk)]
    } else {
        let desk = match others.runner().filter(|_| entry.is_runner()) {
            Some(runner) => Running::Runner(runner.start(&endpoint, folder)),
            None => Running::Side(start("desk", entry.first, &endpoint, others)),
        };
        assert_eq!(ask(&[&endpoint]), 1, "{}", entry.name);
        vec![desk]
    };
    (processes, milliseconds(began))
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// The desks that can be had here.
fn entries(others: &Others) -> Vec<Entry> {
    DESKS.into_iter().filter(|entry| others.have(entry)).collect()
}

fn say_what_is_missing(run: &mut Run<'_>) {
    if run.others.runner().is_none() {
        run.report.say("The runner with a plugin is left out: cargo could not build them here.");
    }
}

pub(crate) fn start_up(run: &mut Run<'_>) {
    let (rounds, others) = (run.amount(15, 5), run.others);
    let entries = entries(others);
    let mut times = vec![Vec::new(); entries.len()];
    for round in 0..rounds {
        for turn in 0..entries.len() {
            let place = (round + turn) % entries.len();
            times[place].push(started(&entries[place], others, run.folder).1);
        }
    }
    run.report.say("## From start to first reply");
    run.report.say(&format!(
        "{rounds} rounds. Milliseconds from before a process is started to a good reply, asked over tcp by a loop which looks \
         once a millisecond whether somebody listens. Of NATS a server and a desk are started together."
    ));
    say_what_is_missing(run);
    let raw = times[0].clone();
    let rows: Vec<Vec<String>> = entries
        .iter()
        .zip(&times)
        .map(|(entry, times)| vec![entry.name.to_owned(), range(times), cell(paired_ratio(times, &raw))])
        .collect();
    run.report.table(&["desk", "first reply ms", "to raw"], &rows);
    let targets = entries.iter().zip(&times).filter(|(entry, _)| [OURS, RUNNER].contains(&entry.name));
    let target = |(entry, times): (&Entry, &Vec<f64>)| {
        Target::at_most(&format!("start to first reply, {}, ms", entry.name), 10.0, median(times))
    };
    run.report.targets(&targets.map(target).collect::<Vec<_>>());
}

pub(crate) fn idle(run: &mut Run<'_>) {
    let (seconds, others) = (run.amount(3, 1), run.others);
    let (python, others_of_it): (Vec<Entry>, Vec<Entry>) = entries(others).into_iter().partition(Entry::is_python);
    run.report.say("## Idle");
    run.report.say(&format!(
        "Desks that have answered once and have had nothing to do for a second, five times for {seconds} s: the share of a \
         core that each process took, and its memory. The Python library, which spins, is watched after the others."
    ));
    say_what_is_missing(run);
    let (mut rows, mut targets) = (Vec::new(), Vec::new());
    for entries in [others_of_it, python] {
        let desk = |entry: &Entry| {
            let name = |process: &Running| match process {
                Running::Server(_) => format!("{}, the server", entry.name),
                Running::Side(_) if entry.is_nats() => format!("{}, the desk", entry.name),
                _ => entry.name.to_owned(),
            };
            let (processes, _) = started(entry, others, run.folder);
            processes.into_iter().map(move |process| (name(&process), process)).collect::<Vec<_>>()
        };
        let desks: Vec<(String, Running)> = entries.iter().flat_map(desk).collect();
        std::thread::sleep(Duration::from_secs(1));
        let mut shares = vec![Vec::new(); desks.len()];
        for _ in 0..5 {
            let before: Vec<u64> = desks.iter().map(|(_, desk)| used(&desk.id()).nanoseconds).collect();
            std::thread::sleep(Duration::from_secs(seconds));
            for (((_, desk), before), shares) in desks.iter().zip(before).zip(&mut shares) {
                shares.push((used(&desk.id()).nanoseconds - before) as f64 / 1e7 / seconds as f64);
            }
        }
        for ((name, desk), shares) in desks.iter().zip(&shares) {
            let memory = memory(&desk.id());
            let [resident, own] = [memory.resident, memory.proportional].map(|bytes| number(bytes as f64 / 1024.0));
            let range = shares.iter().map(|share| format!("{share:.3}")).collect::<Vec<_>>();
            let middle = median(shares);
            if [OURS, RUNNER].contains(&name.as_str()) {
                targets.push(Target::at_most(&format!("idle, {name}: % of a core"), 0.2, middle));
            }
            rows.push(vec![name.clone(), format!("{middle:.3}"), range.join(", "), resident, own]);
        }
    }
    run.report.table(&["desk", "% of a core", "each time", "RSS KiB", "PSS KiB"], &rows);
    run.report.targets(&targets);
}
