//! Round trips of texts of 64 bytes to a megabyte.
//!
//! Owns the contestants and what is said of them.

use bench_desk::stats::median;

use super::{Grown, Run, entry, lines};
use crate::contestant::{Contestant, Figures, Measure, measure};
use crate::others::free_address;
use crate::plot::Axes;
use crate::report::{cell, number, range, ratio};

/// The sizes, and how many requests a turn has of each.
const SIZES: [(usize, i64); 5] = [(64, 1_000), (1_024, 1_000), (16_384, 500), (131_072, 200), (1_048_576, 50)];
const RAW: &str = "raw loop, `omq`";
const OURS: &str = "framework, inline";
const LIBZMQ: &str = "libzmq";
const CONTESTANTS: [(&str, &str); 3] = [(RAW, "by-hand omq"), (OURS, "framework omq"), (LIBZMQ, "libzmq")];

/// Megabytes a second of texts of this size, both ways.
fn megabytes(size: f64, contestant: &Contestant) -> f64 {
    2.0 * size * median(&contestant.figures[0].a_second) / 1e6
}

pub(crate) fn measure_sizes(run: &mut Run<'_>) {
    let rounds = run.amount(7, 5);
    let mut all: Vec<Grown> = Vec::new();
    for (size, usually) in SIZES {
        let start = |(name, words): (&'static str, &str)| {
            // A contestant's words live as long as the program.
            let words: &'static str = format!("{words} text={size}").leak();
            let at = format!("tcp://{}", free_address());
            Contestant::of_requests(entry(name, words, words, RAW), &at, run.others)
        };
        let mut contestants: Vec<Contestant> = CONTESTANTS.map(start).into();
        let count = run.amount(usually, 20);
        measure(&mut contestants, &[Measure::of(count)], rounds);
        all.push((size as f64, contestants));
    }
    run.report.say("## Growth with the size of a message");
    run.report.say(&format!(
        "Requests over tcp of one text, which comes back as the reply, one after another; {rounds} rounds for each size. The \
         raw loops read and write the same bytes; the framework checks that they are text."
    ));
    let mut rows = Vec::new();
    for (size, contestants) in &all {
        for contestant in contestants {
            let (name, figures) = (contestant.entry.name, &contestant.figures[0]);
            let to = |to, figure: fn(&Figures) -> &Vec<f64>| cell(ratio(contestants, (name, to), 0, figure));
            let [p99, both_ways] = [median(&figures.p99), megabytes(*size, contestant)].map(number);
            let mut row = vec![size.to_string(), name.to_owned(), range(&figures.p50), p99, both_ways];
            row.extend([to(RAW, |all| &all.p50), to(RAW, |all| &all.p99), to(LIBZMQ, |all| &all.p50)]);
            rows.push(row);
        }
    }
    let columns = ["bytes", "", "p50 us", "p99", "MB a second, both ways", "p50 to raw", "p99 to raw", "p50 to libzmq"];
    run.report.table(&columns, &rows);
    let axes = Axes { title: "p99 of a round trip", x: "bytes of the text", y: "microseconds", label: super::power };
    run.report.plot("size-p99", &axes, &lines(&all, |_, contestant| median(&contestant.figures[0].p99)));
    let axes = Axes { title: "Throughput, both ways", x: "bytes of the text", y: "MB a second", label: super::power };
    run.report.plot("size-throughput", &axes, &lines(&all, megabytes));
}
