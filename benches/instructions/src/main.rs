//! How many instructions a message takes on each hot path, counted by callgrind and held to a budget.
//!
//! Owns the command line: without arguments all paths are counted and compared to `benches/budget.json`, `--lower`
//! lowers the budgets there to what was counted, `--path NAME` walks one path (what the counter runs). Never measures
//! time: what else the machine does changes no count.

mod budget;
mod counting;
mod group;
mod paths;
mod states;

use std::path::Path;
use std::process::ExitCode;

use budget::Budgets;

/// Beside the benchmarks, so that a change of it is seen in a review.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../budget.json");

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["--path", name] => paths::walk(name),
        [] => guard(false),
        ["--lower"] => guard(true),
        _ => Err("usage: cargo budget [--lower]".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(told) => {
            eprintln!("{told}");
            ExitCode::FAILURE
        }
    }
}

fn guard(lowers: bool) -> Result<(), String> {
    let file = Path::new(FILE);
    let mut budgets = Budgets::read(file)?;
    let counted = counting::all(paths::NAMES)?;
    println!("{:36} {:>12} {:>8}", "instructions for each message", "counted", "budget");
    for (name, counted) in &counted {
        let budget = budgets.of(name).map_or_else(|| "none".to_owned(), |budget| budget.to_string());
        println!("{name:36} {counted:>12} {budget:>8}");
    }
    if lowers {
        budgets.lower(&counted);
        std::fs::write(file, budgets.to_json()).map_err(|error| format!("{FILE}: {error}"))?;
    }
    let problems = budgets.judge(&counted);
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}
