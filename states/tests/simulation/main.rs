//! Owners and copies, the real machines, in thousands of simulated worlds in which everything goes wrong.
//!
//! A world is made of one number. One that breaks a promise is named, and is run alone with
//! `STATES_SEED=<number> cargo test -p service_framework_states --test simulation`. `STATES_SEEDS` says how many are run.

mod chance;
mod invariants;
mod mutants;
mod owners;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};

use invariants::Broken;
use service_framework_states::rules::{Protocol, Rules};
use world::World;

/// How many worlds are run unless somebody says otherwise.
const SEEDS: u64 = 10_000;

/// In how many worlds a broken rule is looked for. Most are found in the first hundred.
const SEEDS_FOR_BROKEN: u64 = 100_000;

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("`{name}` is no whole number: {text:?}")))
}

fn run<R: Rules + Clone>(seed: u64, rules: R) -> Result<(), Broken> {
    World::new(seed, rules).run()
}

/// The first world in which these rules break a promise.
fn first_broken<R: Rules + Clone>(rules: R) -> Option<(u64, Broken)> {
    (0..SEEDS_FOR_BROKEN).find_map(|seed| run(seed, rules.clone()).err().map(|broken| (seed, broken)))
}

#[test]
fn every_promise_is_kept_in_every_world() {
    if let Some(seed) = from_environment("STATES_SEED") {
        run(seed, Protocol).unwrap();
        return;
    }
    let (next, seeds) = (AtomicU64::new(0), from_environment("STATES_SEEDS").unwrap_or(SEEDS));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let broken: Vec<_> = std::thread::scope(|scope| {
        let work = || {
            let seeds = std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < seeds));
            seeds.filter_map(|seed| run(seed, Protocol).err().map(|broken| (seed, broken))).take(5).collect::<Vec<_>>()
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a world that panics names itself")).collect()
    });
    let tell = |(seed, Broken { promise, how }): &(u64, Broken)| format!("STATES_SEED={seed}: {promise}: {how}");
    assert!(broken.is_empty(), "promises are broken:\n{}", broken.iter().map(tell).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_world_is_the_same_each_time() {
    #[derive(Clone, Copy)]
    struct Skips;
    impl Rules for Skips {
        fn is_next(&self, held: u64, number: u64) -> bool {
            number > held
        }
    }
    let (seed, broken) = first_broken(Skips).expect("a world that shows it");
    assert_eq!(run(seed, Skips), Err(broken));
}
