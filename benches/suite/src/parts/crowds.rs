//! What requests cost where there are many services in one process, or many connections to one service.
//!
//! Owns the contestants and what is said of them.

use bench_desk::stats::median;

use super::{Grown, Run, entry, lines, power};
use crate::contestant::{Contestant, Entry, Figures, Measure, measure};
use crate::plot::Axes;
use crate::report::{cell, number, range, ratio};

const COUNTS: [usize; 4] = [1, 10, 100, 1_000];
/// How many requests are on their way at a time in the second measure.
const IN_FLIGHT: usize = 32;

const RAW: &str = "raw loop, `omq`, one thread";
const THREADS: &str = "raw loops, `omq`, a thread each";
const LIBZMQ: &str = "libzmq, polled";

const SERVICES: [Entry; 5] = [
    entry(RAW, "by-hand", "", RAW),
    entry(THREADS, "by-hand threads", "", THREADS),
    entry("framework, a thread each", "framework", "", THREADS),
    entry("framework, one group", "framework group", "", RAW),
    entry(LIBZMQ, "libzmq", "", LIBZMQ),
];

const ONE: &str = "raw loop, `omq`";
const CONNECTIONS: [Entry; 3] = [
    entry(ONE, "by-hand", "", ONE),
    entry("framework, inline", "framework", "", ONE),
    entry("libzmq", "libzmq", "", "libzmq"),
];

const GROUPS_GROW: &str = "What rises: a group looks at the sockets of all members whenever one of them is woken, as libzmq's \
                           poll does, some 0.3 us for each; where each has a thread, an idle one costs nothing. What all \
                           lines have in common, the loops by hand too, is the cache: what is asked once in a thousand \
                           requests has left it.";

pub(crate) fn of_services(run: &mut Run<'_>) {
    let all = measured(run, &SERVICES, |count| (count, count));
    let what = "One process has the services, another one, the same for all, a connection to each of them, and asks one \
                after another over tcp.";
    tell(run, &all, "services", what);
    run.report.say(GROUPS_GROW);
}

pub(crate) fn of_connections(run: &mut Run<'_>) {
    let all = measured(run, &CONNECTIONS, |count| (1, count));
    let what = "One service, and a process with many connections to it, the same for all, which asks one after \
                another.";
    tell(run, &all, "connections", what);
}

fn rounds(run: &Run<'_>) -> (usize, [Measure; 2]) {
    let [each, many] = [run.amount(2_000, 1_000), run.amount(10_000, 1_000)].map(Measure::of);
    (run.amount(5, 2), [each, many.in_flight(IN_FLIGHT)])
}

fn measured(run: &Run<'_>, entries: &[Entry], of: fn(usize) -> (usize, usize)) -> Vec<Grown> {
    let (rounds, measures) = rounds(run);
    let grown = |count: &usize| {
        let (desks, connections) = of(*count);
        let start = |entry: &Entry| Contestant::of_crowd(*entry, desks, connections, run.others);
        let mut contestants: Vec<Contestant> = entries.iter().map(start).collect();
        measure(&mut contestants, &measures, rounds);
        (*count as f64, contestants)
    };
    COUNTS.iter().map(grown).collect()
}

fn tell(run: &mut Run<'_>, all: &[Grown], what: &str, how: &str) {
    let (rounds, [each, many]) = rounds(run);
    run.report.say(&format!("## Growth with the number of {what}"));
    run.report.say(&format!(
        "{how} {rounds} rounds of {} requests, each of which leaves when the reply to the last has come, and of {} with \
         {IN_FLIGHT} on their way at a time. All threads of a contestant are on one core, so that a rate is that of what \
         both sides take together; they are stopped while others have their turn.",
        each.count, many.count
    ));
    let mut rows = Vec::new();
    for (count, contestants) in all {
        for contestant in contestants {
            let Entry { name, beside, .. } = contestant.entry;
            let [each, many] = [0, 1].map(|place| &contestant.figures[place]);
            let to_raw =
                |place, figure: fn(&Figures) -> &Vec<f64>| cell(ratio(contestants, (name, beside), place, figure));
            let mut row = vec![format!("{count}"), name.to_owned(), range(&each.p50), number(median(&each.p99))];
            row.extend([to_raw(0, |all| &all.p50), to_raw(0, |all| &all.p99)]);
            row.extend([range(&many.a_second), number(median(&many.p99)), to_raw(1, |all| &all.a_second)]);
            rows.push(row);
        }
    }
    let many = format!("{IN_FLIGHT} on their way: a second");
    let columns =
        [what, "", "one at a time: p50 us", "p99", "p50 to raw", "p99 to raw", &many, "p99 us", "rate to raw"];
    run.report.table(&columns, &rows);
    let axes = |title, y| Axes { title, x: what, y, label: power };
    let title = format!("p99 of a round trip by the number of {what}");
    let p99 = lines(all, |_, contestant| median(&contestant.figures[0].p99));
    run.report.plot(&format!("{what}-p99"), &axes(&title, "microseconds"), &p99);
    let title = format!("p99 with {IN_FLIGHT} on their way by the number of {what}");
    let p99 = lines(all, |_, contestant| median(&contestant.figures[1].p99));
    run.report.plot(&format!("{what}-p99-many"), &axes(&title, "microseconds"), &p99);
    let title = format!("Throughput with {IN_FLIGHT} on their way by the number of {what}");
    let rate = lines(all, |_, contestant| median(&contestant.figures[1].a_second));
    run.report.plot(&format!("{what}-throughput"), &axes(&title, "requests a second"), &rate);
}
