//! States of ten to a hundred thousand keys, with copies that join.
//!
//! Owns the contestants, the order of turns and what is said of them.

use bench_desk::proc::{memory, used};
use bench_desk::process::Process;
use bench_desk::stats::{median, paired_ratio};

use super::{Run, entry};
use crate::contestant::{Entry, Measure, start};
use crate::others::{Others, free_address};
use crate::plot::{Axes, Line};
use crate::report::{cell, number, plain, range};
use crate::turn::Times;

const KEYS: [u32; 5] = [10, 100, 1_000, 10_000, 100_000];
/// How many changes a second are due where latencies are measured.
const RATE: u32 = 2_000;

const RAW: &str = "last-value cache by hand, `omq`";
const OURS: &str = "framework";
const CONTESTANTS: [Entry; 3] = [
    entry(RAW, "by-hand", "", RAW),
    entry(OURS, "framework", "", RAW),
    entry("Python library 0.0.17", "python", "", RAW),
];

/// Some copies that joined at the same time, a figure for each round.
#[derive(Default)]
struct Joined {
    live: Vec<f64>,
    /// Milliseconds of CPU of the owner and of the process with the copies.
    owner: Vec<f64>,
    copies: Vec<f64>,
    /// What that process has in memory, in MiB, when there were that many for the first time: it does not give all back.
    memory: f64,
}

/// An owner with a state of one size, one process with its copies, and what was measured.
struct Sized {
    entry: Entry,
    keys: u32,
    /// The owner and the copies, until they are stopped.
    processes: Option<[Process; 2]>,
    a_second: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    /// How many changes of those that had a time were seen, and of how many.
    seen: (u64, i64),
    joined: Vec<(usize, Joined)>,
}

impl Sized {
    fn start(entry: Entry, keys: u32, others: &Others) -> Self {
        let at = format!("{},{}", free_address(), free_address());
        let [mut owner, mut copies] = ["owner", "copies"].map(|role| start(role, entry.first, &at, others));
        owner.tell(&keys.to_string());
        assert_eq!([owner.line(), copies.line()], ["ready", "ready"], "{}", entry.name);
        let joiners: &[usize] = if keys == KEYS[KEYS.len() - 1] { &[1, 20, 100] } else { &[1, 20] };
        let joined = joiners.iter().filter(|count| **count == 1 || !entry.is_python());
        let joined = joined.map(|count| (*count, Joined::default())).collect();
        let [a_second, p50, p99] = [(); 3].map(|()| Vec::new());
        Self { entry, keys, processes: Some([owner, copies]), a_second, p50, p99, seen: (0, 0), joined }
    }

    fn stopped(self) -> Self {
        Self { processes: None, ..self }
    }

    fn turn(&mut self, measures: [Measure; 2]) {
        for place in 0..self.joined.len() {
            self.join(place);
            if place == 0 {
                self.change(measures);
            }
            let Some([_, copies]) = &mut self.processes else { return };
            copies.tell("");
            assert_eq!(copies.line(), "gone");
        }
    }

    /// Has copies join, and waits until all are live.
    fn join(&mut self, place: usize) {
        let Some(processes) = &mut self.processes else { return };
        let (count, figures) = &mut self.joined[place];
        let before = processes.each_ref().map(|process| used(&process.id()).nanoseconds);
        let [_, copies] = processes;
        copies.tell(&count.to_string());
        figures.live.push(copies.line().parse().expect("a time"));
        if figures.memory == 0.0 {
            figures.memory = memory(&copies.id()).resident as f64 / f64::from(1 << 20);
        }
        let after = processes.each_ref().map(|process| used(&process.id()).nanoseconds);
        figures.owner.push((after[0] - before[0]) as f64 / 1e6);
        figures.copies.push((after[1] - before[1]) as f64 / 1e6);
    }

    /// Changes keys as fast as can be, then at a pace.
    fn change(&mut self, measures: [Measure; 2]) {
        let Some([owner, copies]) = &mut self.processes else { return };
        for measure in measures {
            let slower = if self.entry.is_python() { 20 } else { 1 };
            let measure = Measure::of(measure.count / slower).at(measure.rate / slower as u32);
            copies.tell(&measure.line());
            assert_eq!(copies.line(), "ready");
            owner.tell(&measure.line());
            let began: f64 = owner.line().parse().expect("a time");
            let line = copies.line();
            let (came, times) = line.split_once(' ').expect("two words");
            if measure.rate == 0 {
                let came: f64 = came.parse().expect("a time");
                self.a_second.push(measure.count as f64 / ((came - began) / 1e9));
            } else {
                let times = Times::read(times);
                self.p50.push(times.within(0.5));
                self.p99.push(times.within(0.99));
                self.seen = (self.seen.0 + times.count(), self.seen.1 + measure.count);
            }
        }
    }

    fn live(&self, count: usize) -> &[f64] {
        self.joined.iter().find(|(of, _)| *of == count).map_or(&[], |(_, joined)| &joined.live)
    }
}

pub(crate) fn measure(run: &mut Run<'_>) {
    let (rounds, updates, paced) = (run.amount(5, 2), run.amount(20_000, 1_000), run.amount(1_000, 200));
    let measures = [Measure::of(updates), Measure::of(paced).at(RATE)];
    let have = CONTESTANTS.into_iter().filter(|entry| run.others.have(entry));
    let (theirs, ours): (Vec<Entry>, Vec<Entry>) = have.partition(Entry::is_python);
    let sized = |entry: Entry| KEYS.map(|keys| Sized::start(entry, keys, run.others));
    let mut all: Vec<Sized> = ours.into_iter().flat_map(sized).collect();
    let count = all.len();
    for round in 0..rounds {
        for turn in 0..count {
            all[(round + turn) % count].turn(measures);
        }
    }
    // The library spins whether it has something to do or not: each of its owners runs alone, after all others.
    for (entry, keys) in theirs.into_iter().flat_map(|entry| KEYS.map(|keys| (entry, keys))) {
        let mut sized = Sized::start(entry, keys, run.others);
        (0..rounds).for_each(|_| sized.turn(measures));
        all.push(sized.stopped());
    }
    tell(run, &all, &format!("{rounds} rounds of {updates}"), paced);
}

fn tell(run: &mut Run<'_>, all: &[Sized], rounds: &str, paced: i64) {
    let with = |keys: u32| all.iter().filter(move |sized| sized.keys == keys);
    let to_raw = |sized: &Sized, figure: &dyn Fn(&Sized) -> Vec<f64>| {
        let raw = with(sized.keys).find(|other| other.entry.name == sized.entry.beside);
        cell(raw.map_or(f64::NAN, |raw| paired_ratio(&figure(sized), &figure(raw))))
    };
    run.report.say("## States and copies that join");
    run.report.say(&format!(
        "An owner in main mode and a process with copies, over tcp; keys are texts, values whole numbers. {rounds} changes of \
         one key each, as fast as the owner makes them, to the end of the last at a copy; and of {paced} that are due \
         {RATE} times a second, from when each was due until the copy's function sees it. What was changed again before \
         it was seen has no time. All checks and digests of the framework are on. The cache by hand publishes each key \
         and its value, gives the whole on request, and checks nothing but the numbers. The Python library makes a \
         twentieth of the changes, at a twentieth of the pace; its copies call no function, and are looked at where the \
         library changes them."
    ));
    let mut rows = Vec::new();
    for sized in KEYS.iter().flat_map(|keys| with(*keys)) {
        let seen = format!("{} of {}", sized.seen.0, sized.seen.1);
        let mut row = vec![sized.keys.to_string(), sized.entry.name.to_owned(), range(&sized.a_second)];
        row.push(to_raw(sized, &|all| all.a_second.clone()));
        row.extend([range(&sized.p50), number(median(&sized.p99)), to_raw(sized, &|all| all.p50.clone())]);
        row.extend([to_raw(sized, &|all| all.p99.clone()), seen]);
        rows.push(row);
    }
    let paced = format!("{RATE} a second: p50 us");
    let columns = ["keys", "", "updates a second", "to raw", &paced, "p99", "p50 to raw", "p99 to raw", "seen"];
    run.report.table(&columns, &rows);
    let axes = |title, y| Axes { title, x: "keys", y, label: super::power };
    let plot = |figure: &dyn Fn(&Sized) -> f64| lines(all, |_| true, figure, "");
    run.report.plot("updates", &axes("Updates through sockets", "a second"), &plot(&|all| median(&all.a_second)));
    let title = format!("p99 of an update, {RATE} a second");
    run.report.plot("updates-p99", &axes(&title, "microseconds"), &plot(&|all| median(&all.p99)));

    run.report.say(
        "Milliseconds from before copies are started, each with a thread of its own, until all are live. Copies of the \
         framework wait first until their subscriptions have surely come to the owner; the library's cannot join while \
         there are updates.",
    );
    let of_ours = |sized: &&Sized| !sized.entry.is_python();
    let row = |sized: &Sized| {
        let [one, many] =
            [1, 20].map(|count| [range(sized.live(count)), to_raw(sized, &move |all| all.live(count).to_vec())]);
        let name = sized.entry.name.to_owned();
        [sized.keys.to_string(), name].into_iter().chain(one).chain(many).collect()
    };
    let rows: Vec<Vec<String>> = KEYS.iter().flat_map(|keys| with(*keys)).filter(of_ours).map(row).collect();
    run.report.table(&["keys", "", "1 joiner live after ms", "to raw", "20 joiners", "to raw"], &rows);
    let joiners = |count: usize, name: &str| {
        lines(all, |entry| !entry.is_python(), &move |all: &Sized| median(all.live(count)), name)
    };
    let both: Vec<Line> = joiners(1, ", 1 joiner").into_iter().chain(joiners(20, ", 20 joiners")).collect();
    run.report.plot("joiners", &axes("Time until copies are live", "milliseconds"), &both);

    let most = KEYS[KEYS.len() - 1];
    run.report.say(&format!(
        "Copies of {most} keys that join at the same time, with the CPU that this takes, which tells what is done once from \
         what is done for each, and the memory of the process with the copies."
    ));
    let mut rows = Vec::new();
    for sized in with(most).filter(of_ours) {
        for (count, joined) in &sized.joined {
            let figures = [&joined.live, &joined.owner, &joined.copies].map(|values| range(values));
            let mut row = vec![count.to_string(), sized.entry.name.to_owned()];
            row.extend(figures);
            row.push(number(joined.memory));
            row.push(to_raw(sized, &move |all| all.live(*count).to_vec()));
            rows.push(row);
        }
    }
    let columns = ["joiners", "", "all live after ms", "CPU ms, owner", "CPU ms, copies", "MiB, copies", "to raw"];
    run.report.table(&columns, &rows);
}

/// A line over the number of keys for each contestant that is wanted.
fn lines(all: &[Sized], wanted: fn(&Entry) -> bool, figure: &dyn Fn(&Sized) -> f64, tail: &str) -> Vec<Line> {
    let line = |entry: Entry| {
        let of = all.iter().filter(|sized| sized.entry.name == entry.name);
        let points = of.map(|sized| (f64::from(sized.keys).log10(), figure(sized))).collect();
        Line { name: plain(entry.name) + tail, points }
    };
    CONTESTANTS.into_iter().filter(wanted).map(line).collect()
}
