//! What the kernel says of a process: CPU time, wake-ups, memory.
//!
//! Owns the reading of `/proc`. What `tests/support` reads there is not read here again. Never keeps a figure.

use std::fs;

/// What all threads of a process have used so far.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    /// Time on a CPU, in nanoseconds.
    pub nanoseconds: u64,
    /// How often a thread went to sleep and was woken.
    pub wake_ups: u64,
}

/// What a process has used.
///
/// # Panics
/// If there is no such process.
#[must_use]
pub fn used(process: &str) -> Used {
    let mut used = Used { nanoseconds: 0, wake_ups: 0 };
    for thread in fs::read_dir(format!("/proc/{process}/task")).expect("a process that runs") {
        let thread = thread.expect("a thread").path();
        // `utime` and `stime` of `stat` are in hundredths of a second, which an idle service does not reach.
        let times = fs::read_to_string(thread.join("schedstat")).expect("a kernel with schedstat");
        let on_cpu = times.split(' ').next().expect("a time");
        used.nanoseconds += on_cpu.parse::<u64>().expect("a time");
        used.wake_ups += number(&thread.join("status"), "voluntary_ctxt_switches:");
    }
    used
}

/// Memory in RAM, in bytes: all that a process has mapped, and its share of it where others have mapped it too.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// All of it.
    pub resident: u64,
    /// Its share.
    pub proportional: u64,
}

/// What a process has in RAM.
///
/// # Panics
/// If there is no such process.
#[must_use]
pub fn memory(process: &str) -> Memory {
    let path = format!("/proc/{process}/smaps_rollup");
    let number = |name| number(path.as_ref(), name) * 1024;
    Memory { resident: number("Rss:"), proportional: number("Pss:") }
}

/// The number in the line that begins with `name`.
fn number(path: &std::path::Path, name: &str) -> u64 {
    let text = fs::read_to_string(path).expect("a process that runs");
    let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("a line of that name");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
