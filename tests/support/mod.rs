//! What the whole-system tests share: waiting for conditions, peers made by hand, plugins, the runner as a process.
#![allow(dead_code, reason = "each test program uses its own part of this")]

pub(crate) mod messages;
pub(crate) mod peer;
pub(crate) mod plugins;
pub(crate) mod process;
pub(crate) mod python;
pub(crate) mod recorder;
pub(crate) mod runner;

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up on it. Much longer than it takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Looks again and again until there is what is waited for.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// An address of this machine that nobody has, as HOST:PORT, and that nobody is given while its owner is away: each has a
/// host of its own, and what connects somewhere does so from 127.0.0.1.
pub(crate) fn free_address() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let (count, process) = (COUNT.fetch_add(1, Ordering::Relaxed), std::process::id());
    let host = format!("127.{}.{}.{}", 1 + process % 250, 1 + count / 250 % 250, 1 + count % 250);
    let listener = TcpListener::bind((host.as_str(), 0)).expect("a free port");
    listener.local_addr().expect("an address").to_string()
}
