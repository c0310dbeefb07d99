//! Where the time of a round trip goes: what is the kernel's, the transport's and the framework's.
//!
//! Owns the contestants and what is said of them.

use super::{Run, entry};
use crate::contestant::{Contestant, Entry, Measure, measure};
use crate::others::free_address;
use crate::perf::{Layer, Recording};
use crate::report::number;

const OMQ: &str = "raw loop, `omq`";
const ZEROMQ: &str = "raw loop, `zeromq`";
const CONTESTANTS: [Entry; 4] = [
    entry(OMQ, "by-hand omq", "by-hand omq", OMQ),
    entry("framework, inline", "framework omq", "framework omq", OMQ),
    entry(ZEROMQ, "by-hand zeromq", "by-hand zeromq", ZEROMQ),
    entry("framework over `zeromq`", "framework zeromq", "framework zeromq", ZEROMQ),
];

pub(crate) fn measure_layers(run: &mut Run<'_>) {
    run.report.say("## Where the time of a round trip goes");
    let count = run.amount(60_000, 5_000);
    let mut all = Vec::new();
    for contestant in CONTESTANTS {
        // Each alone, as all samples are taken of one core.
        let Some(layers) = layers(run, contestant, count) else {
            run.report.say(
                "Left out: it needs the tool `perf` (Debian: `apt-get install linux-perf`), and the right to watch a whole \
                 core (root, or `sysctl kernel.perf_event_paranoid=-1`).",
            );
            return;
        };
        all.push(layers);
    }
    run.report.say(&format!(
        "{count} requests over tcp, one after another, both processes on one core, which is sampled meanwhile. Microseconds \
         of CPU for each round trip: the share of the samples that a layer has, of the CPU time that the kernel counted. \
         A function belongs to a layer by its name, and what was inlined into it with it, so that the borders are blurred; \
         a sample that comes while the kernel takes no interrupts is counted where it takes them again, which is often \
         where it switches."
    ));
    let mut rows: Vec<Vec<String>> = Vec::new();
    let difference = |row: &[f64]| [number(row[1] - row[0]), number(row[3] - row[2])];
    let row = |name: &str, figures: &[f64]| {
        let [omq, zeromq] = difference(figures);
        let [a, b, c, d] = [0, 1, 2, 3].map(|place| number(figures[place]));
        vec![name.to_owned(), a, b, omq, c, d, zeromq]
    };
    for (place, (_, name)) in Layer::ALL.iter().enumerate() {
        rows.push(row(name, &all.iter().map(|layers| layers[place]).collect::<Vec<_>>()));
    }
    rows.push(row("in all", &all.iter().map(|layers| layers.iter().sum()).collect::<Vec<_>>()));
    let [a, b, c, d] = CONTESTANTS.map(|entry| entry.name);
    run.report.table(&["us", a, b, "more", c, d, "more"], &rows);
}

/// The microseconds of each layer in one round trip; `None` if they cannot be told here.
fn layers(run: &Run<'_>, entry: Entry, count: i64) -> Option<Vec<f64>> {
    let at = format!("tcp://{}", free_address());
    let mut contestants = [Contestant::of_requests(entry, &at, run.others)];
    let recording = Recording::start(run.folder)?;
    measure(&mut contestants, &[Measure::of(count)], 1);
    let [contestant] = contestants;
    let samples = recording.ended(&contestant.processes());
    let of_all: usize = samples.iter().map(|(_, count)| count).sum();
    let cpu = contestant.figures[0].cpu.first().copied().filter(|_| of_all > 0)?;
    Some(samples.iter().map(|(_, count)| cpu * *count as f64 / of_all as f64).collect())
}
