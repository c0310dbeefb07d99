//! The parts of the report, each of which can be measured alone.
//!
//! Owns their names and their order.

mod crowds;
mod growth;
mod many;
mod profile;
mod publications;
mod round_trip;
mod start;
mod states;

use std::path::Path;

use crate::contestant::{Contestant, Entry};
use crate::others::Others;
use crate::plot::Line;
use crate::report::{Report, plain};

/// What a part is called on the command line, and what measures it.
pub(crate) type Part = (&'static str, fn(&mut Run<'_>));

/// All parts, in the order of the report.
pub(crate) const ALL: [Part; 11] = [
    ("round-trip", round_trip::run),
    ("profile", profile::measure_layers),
    ("publish", publications::to_one),
    ("fan-out", publications::to_eight),
    ("states", states::measure),
    ("services", many::measure),
    ("start", start::start_up),
    ("idle", start::idle),
    ("growth", growth::measure_sizes),
    ("growth-services", crowds::of_services),
    ("growth-connections", crowds::of_connections),
];

/// What each part needs.
pub(crate) struct Run<'a> {
    pub(crate) report: &'a mut Report,
    pub(crate) others: &'a Others,
    /// For socket files.
    pub(crate) folder: &'a Path,
}

impl Run<'_> {
    /// This many, or this many in a quick run.
    pub(crate) fn amount<T>(&self, usually: T, quick: T) -> T {
        if self.report.is_quick { quick } else { usually }
    }
}

const fn entry(name: &'static str, first: &'static str, second: &'static str, beside: &'static str) -> Entry {
    Entry { name, first, second, beside }
}

/// The contestants at one place of what grows.
type Grown = (f64, Vec<Contestant>);

/// A line for each contestant, over the logarithm of what grows.
fn lines(all: &[Grown], figure: impl Fn(f64, &Contestant) -> f64) -> Vec<Line> {
    let names = all.first().into_iter().flat_map(|(_, contestants)| contestants).enumerate();
    let line = |(place, contestant): (usize, &Contestant)| Line {
        name: plain(contestant.entry.name),
        points: all.iter().map(|(of, contestants)| (of.log10(), figure(*of, &contestants[place]))).collect(),
    };
    names.map(line).collect()
}

/// How a place on a logarithmic axis of counts is written.
fn power(place: f64) -> String {
    format!("{:.0}", 10_f64.powf(place))
}
