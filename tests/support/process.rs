//! What the kernel says of a process. Reads `/proc`, so only on Linux.

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
