//! The parts of the report, each of which can be measured alone.
//!
//! Owns their names and their order.

mod growth;
mod publications;
mod round_trip;
mod start;
mod states;

use std::path::Path;

use crate::contestant::Entry;
use crate::others::Others;
use crate::report::Report;

/// What a part is called on the command line, and what measures it.
pub(crate) type Part = (&'static str, fn(&mut Run<'_>));

/// All parts, in the order of the report.
pub(crate) const ALL: [Part; 8] = [
    ("round-trip", round_trip::run),
    ("publish", publications::to_one),
    ("fan-out", publications::to_eight),
    ("states", states::measure),
    ("services", start::many),
    ("start", start::start_up),
    ("idle", start::idle),
    ("growth", growth::measure_sizes),
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

/// How a place on a logarithmic axis of counts is written.
fn power(place: f64) -> String {
    format!("{:.0}", 10_f64.powf(place))
}
