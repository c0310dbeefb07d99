//! States of ten to a hundred thousand keys, with copies that join.
//!
//! Owns the order of turns and what is said of them. There is nothing by hand beside it: the figures are no ratios.

use bench_desk::process::Process;
use bench_desk::stats::median;

use super::Run;
use crate::others::free_address;
use crate::plot::{Axes, Line};
use crate::report::range;
use crate::side::SIDE;

const KEYS: [u32; 5] = [10, 100, 1_000, 10_000, 100_000];
const JOINERS: usize = 20;

/// An owner with a state of one size, one process with its copies, and what was measured.
struct Sized {
    keys: u32,
    owner: Process,
    copies: Process,
    a_second: Vec<f64>,
    one_live: Vec<f64>,
    many_live: Vec<f64>,
}

impl Sized {
    fn start(keys: u32) -> Self {
        let at = format!("{},{}", free_address(), free_address());
        let [mut owner, mut copies] = ["owner", "copies"].map(|role| Process::again(&[SIDE, role, "", &at]));
        owner.tell(&keys.to_string());
        assert_eq!([owner.line(), copies.line()], ["ready", "ready"]);
        Self { keys, owner, copies, a_second: Vec::new(), one_live: Vec::new(), many_live: Vec::new() }
    }

    fn turn(&mut self, updates: i64) {
        let one = self.joined(1);
        self.one_live.push(one);
        self.copies.tell("a turn");
        self.owner.tell(&updates.to_string());
        let [began, came]: [f64; 2] =
            [&mut self.owner, &mut self.copies].map(|process| process.line().parse().expect("a time"));
        self.a_second.push(updates as f64 / ((came - began) / 1e9));
        self.leave();
        let many = self.joined(JOINERS);
        self.many_live.push(many);
        self.leave();
    }

    /// The milliseconds until this many services have a copy that is live.
    fn joined(&mut self, count: usize) -> f64 {
        self.copies.tell(&count.to_string());
        self.copies.line().parse().expect("a time")
    }

    fn leave(&mut self) {
        self.copies.tell("");
        assert_eq!(self.copies.line(), "gone");
    }
}

pub(crate) fn measure(run: &mut Run<'_>) {
    let (rounds, updates) = (5, run.amount(20_000, 1_000));
    let mut all = KEYS.map(Sized::start);
    for round in 0..rounds {
        for turn in 0..all.len() {
            all[(round + turn) % KEYS.len()].turn(updates);
        }
    }
    run.report.say("## States and copies that join");
    run.report.say(&format!(
        "An owner in main mode and services with a copy, over tcp in two processes; keys are texts, values whole numbers. \
         {rounds} rounds of {updates} changes of one key each, as fast as the owner makes them, to the end of the last at a \
         copy; and the time from before services with a copy are started until the copies of all are live. All checks and \
         digests are on; nothing by hand stands beside it."
    ));
    let row = |sized: &Sized| {
        vec![sized.keys.to_string(), range(&sized.a_second), range(&sized.one_live), range(&sized.many_live)]
    };
    let columns = ["keys", "updates a second", "1 joiner live after ms", "20 joiners live after ms"];
    run.report.table(&columns, &all.iter().map(row).collect::<Vec<_>>());
    let line = |name: &str, values: fn(&Sized) -> &Vec<f64>| {
        let points = all.iter().map(|sized| (f64::from(sized.keys).log10(), median(values(sized)))).collect();
        Line { name: name.to_owned(), points }
    };
    let axes = Axes { title: "Time until copies are live", x: "keys", y: "milliseconds", label: super::power };
    run.report.plot(
        "joiners",
        &axes,
        &[line("1 joiner", |all| &all.one_live), line("20 joiners", |all| &all.many_live)],
    );
    let axes = Axes { title: "Updates through sockets", x: "keys", y: "a second", label: super::power };
    run.report.plot("updates", &axes, &[line("owner to copy", |all| &all.a_second)]);
}
