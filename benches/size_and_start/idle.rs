//! What a service takes that has nothing to do: CPU time, wake-ups, memory.
//!
//! Owns this section. Those that sleep do so at the same time; those that spin come after them, one by one. Each desk has
//! answered one request before.

use std::time::Duration;

use bench_desk::proc::{memory, used};

use crate::host::{self, Host};
use crate::start::{self, Desk};
use crate::support::process::threads;
use crate::support::python::Python;
use crate::support::runner::Folder;
use crate::{head, kib, row};

const SECONDS: u32 = 10;
/// How long a process that has just started is left alone before it counts as idle.
const SETTLED: Duration = Duration::from_secs(1);

pub(crate) fn measure() {
    println!("\n## Idle for {SECONDS} s");
    head(&["", "CPU time", "wake-ups", "threads", "RSS", "PSS"]);
    let folder = Folder::new();
    let runner = |flags: &[&str]| started(|port| start::ours(port, &folder, flags));
    let [plain, offloaded] = [runner(&[]), runner(&["--placement", "offloaded"])];
    let unwatched = runner(&["--slow-after", "0"]);
    let [service, main] = [host::SERVICE, host::MAIN].map(|kind| Host::start(kind, 1));
    watch(&[
        ("runner with a plugin", plain.id()),
        ("the same, `--slow-after 0`", unwatched.id()),
        ("the same, `--placement offloaded`", offloaded.id()),
        ("embedded, service mode", service.id()),
        ("embedded, waiting in main", main.id()),
    ]);
    drop((plain, offloaded, unwatched, service, main));
    let busy = runner(&["--busy"]);
    watch(&[("runner with a plugin, `--busy`", busy.id())]);
    drop(busy);
    if let Some(python) = Python::find() {
        let desk = started(|port| start::theirs(port, python));
        watch(&[("service of the Python library", desk.id())]);
    }
}

/// A desk that has answered.
fn started(start: impl FnOnce(u16) -> Desk) -> Desk {
    let port = start::free_port();
    let desk = start(port);
    start::ask(port);
    desk
}

/// Watches processes do nothing, and tells what that took.
fn watch(processes: &[(&str, String)]) {
    std::thread::sleep(SETTLED);
    let before: Vec<_> = processes.iter().map(|(_, id)| used(id)).collect();
    std::thread::sleep(Duration::from_secs(SECONDS.into()));
    for ((name, id), before) in processes.iter().zip(before) {
        let (after, memory) = (used(id), memory(id));
        let milliseconds = format!("{:.2} ms", (after.nanoseconds - before.nanoseconds) as f64 / 1e6);
        let wake_ups = (after.wake_ups - before.wake_ups).to_string();
        let (threads, resident, proportional) = (threads(id), kib(memory.resident), kib(memory.proportional));
        row(&[name, &milliseconds, &wake_ups, &threads.to_string(), &resident, &proportional]);
    }
}
