//! Many services in one process, and a client with many connections.
//!
//! Owns which host is called what, and what hosts have in common: each starts one service and says where it is, then as many
//! more as it is told, and says how long that took and where these are. All end with the process. Never starts a process:
//! that is [`crate::contestant`].

mod asker;
mod by_hand;
mod libzmq;
mod nats;
mod services;

use std::time::Instant;

use bench_desk::process::told;

pub(crate) use asker::asker;
pub(crate) use nats::ask as ask_nats;

const ANYWHERE: &str = "tcp://127.0.0.1:0";

/// Starts services in this process. A NATS server is at `at`, where one is needed.
pub(crate) fn host(words: &[&str], at: &str) {
    match words {
        ["by-hand"] => by_hand::on_one_thread(),
        ["by-hand", "threads"] => by_hand::on_threads(),
        ["libzmq"] => libzmq::host(),
        ["framework"] => services::on_threads(),
        ["framework", "group"] => services::in_a_group(),
        ["nats"] => nats::host(at),
        _ => panic!("no host is called `{words:?}`"),
    }
}

/// How many more are to be started.
fn wanted() -> usize {
    told().and_then(|line| line.parse().ok()).expect("a number of services")
}

/// Says that they have been started, and where they are.
fn say(began: Instant, endpoints: &[impl AsRef<str>]) {
    let endpoints: Vec<&str> = endpoints.iter().map(AsRef::as_ref).collect();
    println!("{} {}", began.elapsed().as_secs_f64() * 1e3, endpoints.join(" "));
}
