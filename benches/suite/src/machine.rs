//! What the figures were measured on.
//!
//! Owns the reading of the machine's description and of the versions of all contestants.

use std::fs;
use std::process::Command;

use crate::others::Others;

/// The lines of the description, without the load.
pub(crate) fn described(others: &Others) -> Vec<Vec<String>> {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("not known");
    let cores = std::thread::available_parallelism().map_or_else(|_| "not known".to_owned(), |cores| cores.to_string());
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or("not known").trim();
    let kernel = said("uname", &["-srm"]);
    let (major, minor, patch) = zmq::version();
    let mut rows = vec![
        ("CPU", model.trim_start_matches([' ', '\t', ':']).to_owned()),
        ("cores", cores),
        ("memory", memory.to_owned()),
        ("kernel", kernel),
        ("compiler", said("rustc", &["--version"])),
        ("framework", locked("service_framework")),
        ("`omq-tokio`", locked("omq-tokio")),
        ("`zeromq`", locked("zeromq")),
        ("libzmq", format!("{major}.{minor}.{patch}, `zmq` {}", locked("zmq"))),
    ];
    if others.nats.is_some() {
        let server = said("nats-server", &["--version"]);
        rows.push(("NATS", format!("{server}, `async-nats` {}", locked("async-nats"))));
    }
    if let Some(python) = others.python {
        let interpreter = said(&python.interpreter().display().to_string(), &["--version"]);
        rows.push(("Python library", format!("0.0.17, {interpreter}")));
    }
    rows.into_iter().map(|(what, is)| vec![what.to_owned(), is]).collect()
}

/// The load of the last minute, as the kernel counts it.
pub(crate) fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(f64::NAN)
}

/// What a program says; "not known" if it does not.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    if text.is_empty() { "not known".to_owned() } else { text }
}

/// The version of a package that this program was built with.
fn locked(package: &str) -> String {
    let lines = include_str!("../Cargo.lock").lines();
    let name = format!("name = \"{package}\"");
    let mut after = lines.skip_while(|line| **line != name).filter_map(|line| line.strip_prefix("version = "));
    after.next().map_or_else(|| "not known".to_owned(), |version| version.trim_matches('"').to_owned())
}
