//! What the framework takes before it does any work: build times, sizes, the time to a first reply, idle CPU, memory.
//!
//! Owns the order of the sections and the form of the tables, which are Markdown. `-- build start idle memory` (any of
//! them) after the command measures only those. This program starts itself again as the process that has many services.
//! Reads `/proc`, so only on Linux.

mod build;
mod host;
mod idle;
mod plugin;
mod start;
#[path = "../../tests/support/mod.rs"]
mod support;

use bench_desk::stats::{median, quantile};

/// A section's name, and what measures it.
const SECTIONS: [(&str, fn()); 4] =
    [("build", build::measure), ("start", start::measure), ("idle", idle::measure), ("memory", host::measure)];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, kind, count] = arguments.as_slice()
        && first == host::FLAG
    {
        return host::run(kind, count.parse().expect("a number of services"));
    }
    // Cargo adds a flag of its own.
    let wanted: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|argument| !argument.starts_with('-')).collect();
    let unknown = wanted.iter().find(|name| SECTIONS.iter().all(|(section, _)| section != *name));
    if let Some(name) = unknown {
        let names = SECTIONS.map(|(name, _)| name).join(", ");
        eprintln!("there is no section `{name}`; the sections are {names}");
        std::process::exit(2);
    }
    for (name, measure) in SECTIONS {
        if wanted.is_empty() || wanted.contains(&name) {
            measure();
        }
    }
}

/// Begins a table.
fn head(columns: &[&str]) {
    println!("\n| {} |", columns.join(" | "));
    println!("|{}", "---|".repeat(columns.len()));
}

fn row(cells: &[&str]) {
    println!("| {} |", cells.join(" | "));
}

/// The value in the middle, with the least and the greatest.
fn summed_up(values: &[f64], unit: &str) -> String {
    let [least, middle, most] = [quantile(values, 0.0), median(values), quantile(values, 1.0)];
    format!("{middle:.1} {unit} ({least:.1} to {most:.1})")
}

fn kib(bytes: u64) -> String {
    format!("{} KiB", bytes.div_ceil(1024))
}
