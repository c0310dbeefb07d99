//! Contestants that take turns, and their table.
//!
//! Owns the order of the turns and the times. Each turn takes about a millisecond, the order is another one each round,
//! and each round gives one ratio: what slows the machine down for a while slows all of them down, and falls out. (A
//! harness that measures one after the other would blame the last one for it.)

use std::time::{Duration, Instant};

use bench_desk::stats::{median, paired_ratio, quantile};

pub(crate) const ROUNDS: usize = 401;
pub(crate) const TURN: usize = 1_500;
/// Messages that are made before they are measured: so few that they are in the cache, as what just arrived is.
pub(crate) const AT_ONCE: usize = 50;

/// One way to do the same work.
pub(crate) struct Contestant {
    name: &'static str,
    work: Box<dyn FnMut() -> Duration>,
    nanoseconds: Vec<f64>,
}

impl Contestant {
    /// One that does its work once whenever it is called.
    pub(crate) fn new(name: &'static str, mut once: impl FnMut() + 'static) -> Self {
        let turn = move || {
            let began = Instant::now();
            for _ in 0..TURN {
                once();
            }
            began.elapsed()
        };
        Self { name, work: Box::new(turn), nanoseconds: Vec::with_capacity(ROUNDS) }
    }

    /// One that needs something new each time: `make` fills what `once` takes, and is not measured.
    pub(crate) fn with_each<T: 'static>(
        name: &'static str,
        mut make: impl FnMut() -> T + 'static,
        mut once: impl FnMut(&T) + 'static,
    ) -> Self {
        let turn = move || {
            let mut took = Duration::ZERO;
            for _ in 0..TURN / AT_ONCE {
                let each: Vec<T> = (0..AT_ONCE).map(|_| make()).collect();
                let began = Instant::now();
                each.iter().for_each(&mut once);
                took += began.elapsed();
            }
            took
        };
        Self { name, work: Box::new(turn), nanoseconds: Vec::with_capacity(ROUNDS) }
    }

    fn turn(&mut self) {
        self.nanoseconds.push((self.work)().as_nanos() as f64 / TURN as f64);
    }
}

/// Measures, and prints a line for each; the first is what the others are compared to.
pub(crate) fn table(title: &str, mut contestants: Vec<Contestant>) {
    for round in 0..ROUNDS {
        let count = contestants.len();
        for turn in 0..count {
            contestants[(round + turn) % count].turn();
        }
    }
    println!("\n{title:<48} {:>9} {:>17} {:>7}", "median ns", "p5 to p95 ns", "ratio");
    let to = contestants[0].nanoseconds.clone();
    for Contestant { name, nanoseconds, .. } in &contestants {
        let range = format!("{:.0} to {:.0}", quantile(nanoseconds, 0.05), quantile(nanoseconds, 0.95));
        println!("  {name:<46} {:>9.1} {range:>17} {:>7.2}", median(nanoseconds), paired_ratio(nanoseconds, &to));
    }
}
