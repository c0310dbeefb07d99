//! Desks as loops over raw sockets of `omq`: all on one executor, or each on a thread of its own.
//!
//! Owns the threads. The loop is the one of [`crate::request`].

use std::sync::mpsc::channel;
use std::time::Instant;

use super::{ANYWHERE, say, wanted};
use crate::request::by_hand::{answer, bound};
use crate::side::{block_on, until_left};

pub(super) fn on_one_thread() {
    block_on(&[], async {
        println!("{}", started().await);
        let count = tokio::task::spawn_blocking(wanted).await.expect("a number");
        let (began, mut endpoints) = (Instant::now(), Vec::with_capacity(count));
        for _ in 0..count {
            endpoints.push(started().await);
        }
        say(began, &endpoints);
        tokio::task::spawn_blocking(until_left).await.expect("an end");
        std::process::exit(0);
    });
}

/// Starts a desk on this executor.
async fn started() -> String {
    let (socket, at) = bound(ANYWHERE).await;
    tokio::spawn(answer(socket, &[]));
    at
}

pub(super) fn on_threads() {
    println!("{}", started_on_a_thread());
    let count = wanted();
    let began = Instant::now();
    let endpoints: Vec<String> = (0..count).map(|_| started_on_a_thread()).collect();
    say(began, &endpoints);
    until_left();
    std::process::exit(0);
}

fn started_on_a_thread() -> String {
    let (says, said) = channel();
    std::thread::spawn(move || {
        block_on(&[], async {
            let (socket, at) = bound(ANYWHERE).await;
            says.send(at).expect("somebody who waits for it");
            answer(socket, &[]).await;
        });
    });
    said.recv().expect("a desk that starts")
}
