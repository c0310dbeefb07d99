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

/// An address of this machine that nobody has just now, as HOST:PORT.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").to_string()
}
