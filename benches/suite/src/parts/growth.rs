//! Round trips of texts of 64 bytes to a megabyte.
//!
//! Owns the contestants and what is said of them.

use bench_desk::stats::median;

use super::{Run, entry};
use crate::contestant::{Contestant, Figures, Measure, measure};
use crate::others::free_address;
use crate::plot::{Axes, Line};
use crate::report::{cell, number, plain, range, ratio};

/// The sizes, and how many requests a turn has of each.
const SIZES: [(usize, i64); 5] = [(64, 1_000), (1_024, 1_000), (16_384, 500), (131_072, 200), (1_048_576, 50)];
const RAW: &str = "raw loop, `omq`";
const OURS: &str = "framework, inline";
const LIBZMQ: &str = "libzmq";
const CONTESTANTS: [(&str, &str); 3] = [(RAW, "by-hand omq"), (OURS, "framework omq"), (LIBZMQ, "libzmq")];

pub(crate) fn measure_sizes(run: &mut Run<'_>) {
    let rounds = run.amount(7, 5);
    let mut all = Vec::new();
    for (size, usually) in SIZES {
        let start = |(name, words): (&'static str, &str)| {
            // A contestant's words live as long as the program.
            let words: &'static str = format!("{words} text={size}").leak();
            let at = format!("tcp://{}", free_address());
            Contestant::of_requests(entry(name, words, words, RAW), &at, run.others)
        };
        let mut contestants: Vec<Contestant> = CONTESTANTS.map(start).into();
        let count = run.amount(usually, 20);
        measure(&mut contestants, &[Measure { count, rate: 0 }], rounds);
        all.push((size, contestants));
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
            let [p99, a_second] = [&figures.p99, &figures.a_second].map(|values| median(values));
            let megabytes = number(2.0 * *size as f64 * a_second / 1e6);
            let mut row = vec![size.to_string(), name.to_owned(), range(&figures.p50), number(p99), megabytes];
            row.extend([to(RAW, |all| &all.p50), to(RAW, |all| &all.p99), to(LIBZMQ, |all| &all.p50)]);
            rows.push(row);
        }
    }
    let columns = ["bytes", "", "p50 us", "p99", "MB a second, both ways", "p50 to raw", "p99 to raw", "p50 to libzmq"];
    run.report.table(&columns, &rows);
    let line = |place: usize, figure: fn(&Figures, f64) -> f64| Line {
        name: plain(CONTESTANTS[place].0),
        points: all
            .iter()
            .map(|(size, all)| ((*size as f64).log2(), figure(&all[place].figures[0], *size as f64)))
            .collect(),
    };
    let lines =
        |figure: fn(&Figures, f64) -> f64| (0..CONTESTANTS.len()).map(|place| line(place, figure)).collect::<Vec<_>>();
    let label = |place: f64| number(2_f64.powf(place));
    let axes = Axes { title: "p99 of a round trip", x: "bytes of the text", y: "microseconds", label };
    run.report.plot("size-p99", &axes, &lines(|all, _| median(&all.p99)));
    let axes = Axes { title: "Throughput, both ways", x: "bytes of the text", y: "MB a second", label };
    run.report.plot("size-throughput", &axes, &lines(|all, size| 2.0 * size * median(&all.a_second) / 1e6));
}
