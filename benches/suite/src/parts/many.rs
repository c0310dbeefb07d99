//! Many services in one process: what it takes to start them, and each of them.
//!
//! Owns the contestants and what is said of them.

use std::time::Instant;

use bench_desk::proc::memory;
use bench_desk::stats::median;

use super::{Run, entry};
use crate::contestant::{Entry, Hosted};
use crate::others::Others;
use crate::plot::{Axes, Line};
use crate::report::{Target, plain, range};

const COUNTS: [usize; 4] = [1, 10, 100, 1_000];
const RAW: &str = "raw loop, `omq`, one thread";
const OURS: &str = "framework, a thread each";
const HOSTS: [Entry; 6] = [
    entry(RAW, "by-hand", "", RAW),
    entry("raw loops, `omq`, a thread each", "by-hand threads", "", RAW),
    entry(OURS, "framework", "", RAW),
    entry("framework, one group", "framework group", "", RAW),
    entry("libzmq, polled", "libzmq", "", RAW),
    entry("NATS, one client", "nats", "", RAW),
];

/// What was measured of one contestant with so many services, a figure for each round.
struct Sized {
    entry: Entry,
    count: usize,
    started: Vec<f64>,
    answered: Vec<f64>,
    memory: Vec<f64>,
    /// The least of all rounds.
    answers: usize,
}

impl Sized {
    fn turn(&mut self, others: &Others) {
        let hosted = Hosted::start(self.entry, self.count, others);
        self.started.push(hosted.took);
        let began = Instant::now();
        self.answers = self.answers.min(hosted.answered(&self.entry, others));
        self.answered.push(began.elapsed().as_secs_f64() * 1e3);
        let resident = memory(&hosted.host.id()).resident.saturating_sub(hosted.before);
        self.memory.push(resident as f64 / 1024.0 / self.count as f64);
    }
}

pub(crate) fn measure(run: &mut Run<'_>) {
    let rounds = run.amount(5, 2);
    let sized = |entry: Entry, count| {
        let [started, answered, memory] = [(); 3].map(|()| Vec::new());
        Sized { entry, count, started, answered, memory, answers: count }
    };
    let entries = || HOSTS.into_iter().filter(|entry| run.others.have(entry));
    let mut all: Vec<Sized> =
        COUNTS.iter().flat_map(|count| entries().map(move |entry| sized(entry, *count))).collect();
    let turns = all.len();
    for round in 0..rounds {
        for turn in 0..turns {
            all[(round + turn) % turns].turn(run.others);
        }
    }
    run.report.say("## Many services in one process");
    run.report.say(&format!(
        "{rounds} rounds. Milliseconds until all have been started one after another, and from a connection to each of them \
         until all, which were asked at once, have answered; KiB of resident memory for each. The process has had one \
         more before, which has answered and is not counted. Of NATS each is a subscription of one client, and its memory \
         is that of the client's process without the server's."
    ));
    let row = |sized: &Sized| {
        let (count, name) = (sized.count.to_string(), sized.entry.name.to_owned());
        vec![count, name, range(&sized.started), range(&sized.answered), range(&sized.memory)]
    };
    let columns = ["services", "", "started ms", "all answered ms", "KiB each"];
    run.report.table(&columns, &all.iter().map(row).collect::<Vec<_>>());
    let lines = |figure: fn(&Sized) -> &Vec<f64>| {
        let line = |entry: Entry| {
            let of = all.iter().filter(|sized| sized.entry.name == entry.name);
            let points = of.map(|sized| ((sized.count as f64).log10(), median(figure(sized)))).collect();
            Line { name: plain(entry.name), points }
        };
        entries().map(line).collect::<Vec<_>>()
    };
    let axes = |title| Axes { title, x: "services", y: "ms", label: super::power };
    run.report.plot("services-started", &axes("Many services: all started"), &lines(|all| &all.started));
    run.report.plot("services-answered", &axes("Many services: all answered"), &lines(|all| &all.answered));
    let axes = Axes { y: "KiB", ..axes("Memory of each of many services") };
    run.report.plot("services-memory", &axes, &lines(|all| &all.memory));
    let targets = all.iter().filter(|sized| sized.entry.name == OURS && sized.count == COUNTS[3]).flat_map(|sized| {
        [
            Target::at_most("KiB for each of 1,000 services beside the first", 300.0, median(&sized.memory)),
            Target::at_least("1,000 services in one process answer at once", 1_000.0, sized.answers as f64),
        ]
    });
    run.report.targets(&targets.collect::<Vec<_>>());
}
