//! Where the CPU time of processes goes, as the tool `perf` samples it.
//!
//! Owns its command lines, and which layer a function belongs to. It goes by the names of functions: what was inlined counts
//! as a part of what it was inlined into, so that the borders between layers are blurred. Samples are taken of a whole core,
//! as to sample a process makes each switch to it expensive.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::others::Killed;

/// Samples a second.
const FREQUENCY: &str = "4000";
const STARTED: Duration = Duration::from_millis(500);

/// Who does what.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Layer {
    Waking,
    Network,
    Kernel,
    Transport,
    Framework,
    Benchmark,
    Library,
}

impl Layer {
    pub(crate) const ALL: [(Self, &'static str); 7] = [
        (Self::Waking, "kernel: sleep, wake-up, switch"),
        (Self::Network, "kernel: sockets and TCP"),
        (Self::Kernel, "kernel: everything else"),
        (Self::Transport, "transport crate, tokio, mio"),
        (Self::Framework, "framework"),
        (Self::Benchmark, "the benchmark's own code"),
        (Self::Library, "libc and vdso: allocation, copies, clock"),
    ];

    /// The one of a function in a file.
    fn of(function: &str, file: &str) -> Self {
        if file.starts_with("[kernel") || file.starts_with("[guest") {
            return Self::of_kernel(function);
        }
        // The first crate that a name has counts: `<omq::Socket as tokio::io::AsyncRead>::poll` is one of `omq`.
        const CRATES: [(&str, Layer); 9] = [
            ("omq_", Layer::Transport),
            ("zeromq::", Layer::Transport),
            ("tokio", Layer::Transport),
            ("mio::", Layer::Transport),
            ("fanring::", Layer::Transport),
            ("service_framework", Layer::Framework),
            ("bench_", Layer::Benchmark),
            ("hdrhistogram::", Layer::Benchmark),
            ("rmp::", Layer::Benchmark),
        ];
        let places = CRATES.iter().filter_map(|(name, layer)| Some((function.find(name)?, *layer)));
        match places.min_by_key(|(place, _)| *place) {
            Some((_, layer)) => layer,
            None if file.contains("/libc") || file.starts_with("[vdso]") => Self::Library,
            None => Self::Benchmark,
        }
    }

    fn of_kernel(function: &str) -> Self {
        const WAKING: [&str; 16] = [
            "schedule",
            "finish_task_switch",
            "switch_",
            "wake",
            "ttwu",
            "futex",
            "ep_",
            "epoll",
            "enqueue_",
            "dequeue_",
            "pick_",
            "put_prev",
            "update_curr",
            "select_task",
            "hrtimer",
            "raw_spin",
        ];
        const NETWORK: [&str; 13] = [
            "tcp_", "bbr_", "ip_", "inet_", "sk_", "sock_", "skb_", "net_", "netif", "loopback", "dev_", "backlog",
            "_skb",
        ];
        match function {
            name if WAKING.iter().any(|part| name.contains(part)) => Self::Waking,
            name if NETWORK.iter().any(|part| name.contains(part)) => Self::Network,
            _ => Self::Kernel,
        }
    }
}

/// Samples of the first core that are being taken.
pub(crate) struct Recording {
    perf: Killed,
    file: PathBuf,
}

impl Recording {
    /// Begins, if `perf` is here and may do that.
    pub(crate) fn start(folder: &Path) -> Option<Self> {
        let file = folder.join("perf.data");
        let mut command = Command::new("perf");
        command.args(["record", "--quiet", "--event", "cpu-clock", "--freq", FREQUENCY, "--cpu", "0", "--output"]);
        command.arg(&file);
        let mut perf = Killed::start(command)?;
        // Where it may not, it ends at once.
        std::thread::sleep(STARTED);
        (!perf.has_ended()).then_some(Self { perf, file })
    }

    /// Ends, and returns how many samples each layer of these processes has.
    pub(crate) fn ended(self, processes: &[String]) -> Vec<(Layer, usize)> {
        self.perf.interrupt();
        let mut script = Command::new("perf");
        script.args(["script", "--fields", "ip,sym,dso", "--pid", &processes.join(","), "--input"]).arg(&self.file);
        let output = script.output().expect("what was recorded");
        let text = String::from_utf8_lossy(&output.stdout);
        let layers: Vec<Layer> = text.lines().filter_map(sampled).collect();
        let count = |layer| layers.iter().filter(|of| **of == layer).count();
        Layer::ALL.iter().map(|(layer, _)| (*layer, count(*layer))).collect()
    }
}

/// The layer of a line, which has an address, the name of a function and, in brackets, that of a file.
fn sampled(line: &str) -> Option<Layer> {
    let (_, named) = line.trim_start().split_once(' ')?;
    let (function, file) = named.rsplit_once(" (")?;
    Some(Layer::of(function, file.trim_end_matches(')')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_belong_to_the_first_crate_that_their_names_have() {
        let layers = [
            (" ffffffff8 __schedule ([kernel.kallsyms])", Layer::Waking),
            (" ffffffff8 tcp_ack ([kernel.kallsyms])", Layer::Network),
            (" ffffffff8 fput ([kernel.kallsyms])", Layer::Kernel),
            (" 55d8 <omq_tokio::Socket as tokio::Read>::poll::{{closure}} (/suite)", Layer::Transport),
            (" 55d8 core::ptr::drop_in_place<service_framework_model::X> (/suite)", Layer::Framework),
            (" 55d8 bench_suite::request::Turns::next (/suite)", Layer::Benchmark),
            (" 7ffe malloc (/usr/lib/x86_64-linux-gnu/libc.so.6)", Layer::Library),
        ];
        for (line, layer) in layers {
            assert_eq!(sampled(line), Some(layer), "{line}");
        }
    }
}
