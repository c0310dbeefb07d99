//! What the kernel says of a process. Reads `/proc`, so only on Linux.

use std::time::Duration;

/// The threads of a process; `self` for this one.
pub(crate) fn threads(process: &str) -> usize {
    count(&format!("/proc/{process}/task"))
}

/// The open descriptors of a process.
pub(crate) fn descriptors(process: &str) -> usize {
    count(&format!("/proc/{process}/fd"))
}

fn count(directory: &str) -> usize {
    std::fs::read_dir(directory).expect("a Linux with /proc").count()
}

/// The memory of a process that is in RAM, in bytes.
pub(crate) fn resident(process: &str) -> usize {
    field(process, "VmRSS:") * 1024
}

fn field(process: &str, name: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a Linux with /proc");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of the status");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// What the threads of a process are called; the kernel keeps fifteen bytes of each name.
pub(crate) fn thread_names(process: &str) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).expect("a Linux with /proc");
    // A thread may end while its name is read.
    let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).ok();
    tasks.flatten().filter_map(name).map(|name| name.trim_end().to_owned()).collect()
}

/// Whether a process has been stopped by a signal, with all of its threads.
pub(crate) fn is_frozen(process: &str) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).expect("a Linux with /proc");
    let is_frozen = |task: std::fs::DirEntry| {
        std::fs::read_to_string(task.path().join("status")).is_ok_and(|status| status.contains("State:\tT"))
    };
    tasks.flatten().all(is_frozen)
}

/// How long a process has used a processor.
pub(crate) fn cpu_time(process: &str) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("a Linux with /proc");
    // The second field is a name in brackets, which may hold blanks.
    let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
    let ticks = |at: usize| fields.split_whitespace().nth(at).and_then(|field| field.parse::<u64>().ok());
    // Linux counts in hundredths of a second, whatever the machine.
    Duration::from_millis(10 * (ticks(11).expect("a number") + ticks(12).expect("a number")))
}
