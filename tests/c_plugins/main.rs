//! Services in C, compiled as their authors would compile them and run by the runner: the examples, a service that sends
//! back every value that there is, and one that breaks the rules of the boundary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod bad;
mod desk;
mod driver;
mod journal;
mod ledger;
mod mirror;
#[path = "../interop/ours.rs"]
#[allow(dead_code, reason = "the tests with Python use all of it")]
mod ours;
#[path = "../support/mod.rs"]
mod support;
#[path = "../interop/values.rs"]
#[allow(dead_code, reason = "the tests with Python use all of it")]
mod values;

use std::path::Path;
use std::process::Command;

use service_framework::Json;
use support::plugins::c_plugin;
use support::runner::{Folder, Running, runner};

/// A runner of the service in C at `source`, with its addresses in a file of `folder`.
fn c_runner(source: &str, addresses: &Json, folder: &Folder) -> Command {
    let stem = Path::new(source).file_stem().unwrap().to_str().unwrap();
    let addresses = folder.file(&format!("{stem}.json"), addresses.to_string());
    let mut command = runner();
    command.arg("-s").arg(c_plugin(source)).arg("-a").arg(addresses);
    command
}

/// Addresses with one connection of `in`, on a port that the system picks.
fn listening(name: &str) -> Json {
    service_framework::json!({"connections": {"in": {name: {"replyer": "127.0.0.1:0"}}}})
}

/// Addresses with one requester, which asks `endpoint`.
fn asking(name: &str, endpoint: &str) -> Json {
    let address = endpoint.strip_prefix("tcp://").unwrap();
    service_framework::json!({"connections": {"out": {name: {"requester": address}}}})
}

/// Stops a service and checks that it ends well; returns its log.
#[track_caller]
fn stopped(running: Running) -> String {
    running.signal("TERM");
    let ended = running.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stderr
}
