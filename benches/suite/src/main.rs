//! One command that measures the framework beside what one could use instead, and writes the report.
//!
//! Owns the command line. This program starts itself again for each side of each contestant ([`side`]). Contestants of a
//! table run at the same time and take turns, in another order each round; loops by hand read and write the same fields and
//! validate nothing, the framework checks everything.

mod asking;
mod contestant;
mod crowd;
mod machine;
mod others;
mod parts;
mod perf;
mod plot;
mod publish;
#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../../../tests/support/python.rs"]
mod python;
mod report;
mod request;
mod runner;
mod side;
mod states;
mod turn;

use std::path::Path;
use std::process::ExitCode;

use others::Others;
use parts::Run;
use report::Report;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../report");
const QUICK: &str = "--quick";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, role, words, endpoint] = arguments.as_slice()
        && flag == side::SIDE
    {
        side::play(role, words, endpoint);
        return ExitCode::SUCCESS;
    }
    let is_quick = arguments.iter().any(|argument| argument == QUICK);
    let wanted: Vec<&str> = arguments.iter().map(String::as_str).filter(|argument| *argument != QUICK).collect();
    if let Some(unknown) = wanted.iter().find(|name| parts::ALL.iter().all(|(part, _)| part != *name)) {
        let names = parts::ALL.map(|(name, _)| name).join(", ");
        eprintln!("there is no part `{unknown}`; the parts are {names}, and {QUICK} makes all of them short");
        return ExitCode::from(2);
    }
    let chosen: Vec<parts::Part> =
        parts::ALL.into_iter().filter(|(name, _)| wanted.is_empty() || wanted.contains(name)).collect();
    measure(&chosen, is_quick);
    ExitCode::SUCCESS
}

fn measure(chosen: &[parts::Part], is_quick: bool) {
    let folder = std::env::temp_dir().join(format!("bench-suite-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for socket files");
    let (others, before) = (Others::find(), machine::load());
    let mut report = Report::new(Path::new(FOLDER), is_quick);
    introduce(&mut report, &others);
    let mut loads = vec![before];
    for (_, part) in chosen {
        part(&mut Run { report: &mut report, others: &others, folder: &folder });
        loads.push(machine::load());
    }
    let loads: Vec<String> = loads.into_iter().map(report::number).collect();
    report.say("### The load meanwhile");
    report.say(&format!(
        "The load of the last minute before the run and after each of its parts, as the kernel counts it, the contestants \
         themselves included: {}.",
        loads.join(", ")
    ));
    let _ = std::fs::remove_dir_all(&folder);
}

fn introduce(report: &mut Report, others: &Others) {
    report.say("# Report of the benchmark suite");
    report.say(
        "Made by `cargo run --release --manifest-path benches/suite/Cargo.toml`, which writes it anew. \
         [The suite's own page](../suite/README.md) says what it measures and what it needs. Each figure is about the \
         machine and the run below; what is to be compared are the ratios, each the median of the ratios of every round.",
    );
    if report.is_quick {
        report.say(
            "**This was a quick run (`--quick`)**: few rounds of few messages, which shows that everything works. Its \
             ranges are wide, and no target is decided by it.",
        );
    }
    report.table(&["machine", ""], &machine::described(others));
    for missing in &others.missing {
        report.say(missing);
    }
}
