//! The runner as a process, with real plugins: what it prints and where, what signals do, and every exit code.

mod bus;
mod config;
mod hostile_texts;
mod invalid;
mod logs;
mod printed;
mod reports;
mod running;
mod stopping;
#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::Command;

use service_framework::json;
use support::plugins::plugin;
use support::runner::{Ended, Folder, Running, runner};

/// Where nobody listens: a port of this machine that only its administrator could bind.
const NOBODY: &str = "127.0.0.1:1";

/// The addresses of the desk, in a file.
fn desk_addresses(folder: &Folder, peer: &str) -> PathBuf {
    let anywhere = json!({"replyer": "127.0.0.1:0"});
    let addresses = json!({"connections": {
        "in": {"echo": anywhere, "trouble": anywhere}, "out": {"peer": {"requester": peer}},
    }});
    folder.file("desk.json", addresses.to_string())
}

/// The runner of the desk with these further arguments.
fn desk(folder: &Folder, peer: &str, arguments: &[&str]) -> Command {
    let mut command = runner();
    command.arg("-s").arg(plugin("desk")).arg("-a").arg(desk_addresses(folder, peer)).args(arguments);
    command
}

/// The runner of the driver in main mode with these further arguments.
fn driver(folder: &Folder, peer: &str, arguments: &[&str]) -> Command {
    let addresses =
        folder.file("driver.json", json!({"connections": {"out": {"peer": {"requester": peer}}}}).to_string());
    let mut command = runner();
    command.arg("-s").arg(plugin("driver")).arg("-a").arg(addresses).arg("-m").args(arguments);
    command
}

/// Starts it and waits until it serves.
fn started(mut command: Command) -> (Running, String) {
    let mut running = Running::start(&mut command);
    let endpoint = running.address("echo");
    (running, endpoint)
}

fn stopped(running: Running) -> Ended {
    running.signal("TERM");
    running.ended()
}
