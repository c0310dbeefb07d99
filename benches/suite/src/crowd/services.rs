//! Desks as services of the framework: each with a thread of its own, or all in one group, on one thread.
//!
//! Owns how they are started. The desk is the one of [`crate::request`].

use std::time::Instant;

use service_framework::{Group, Service};

use super::{ANYWHERE, say, wanted};
use crate::request::services::{desk_at, started_desk};
use crate::side::until_left;

pub(super) fn on_threads() {
    let first = started_desk(ANYWHERE, &[]);
    println!("{}", first.address("desk").expect("an address"));
    let count = wanted();
    let began = Instant::now();
    let desks: Vec<Service> = (0..count).map(|_| started_desk(ANYWHERE, &[])).collect();
    let endpoints: Vec<&str> = desks.iter().filter_map(|desk| desk.address("desk")).collect();
    say(began, &endpoints);
    until_left();
    std::process::exit(0);
}

pub(super) fn in_a_group() {
    let first = started_group(1);
    println!("{}", first.address("0", "desk").expect("an address"));
    let count = wanted();
    let began = Instant::now();
    let group = started_group(count);
    let names = (0..count).map(|number| number.to_string());
    let endpoints: Vec<&str> = names.filter_map(|name| group.address(&name, "desk")).collect();
    say(began, &endpoints);
    until_left();
    std::process::exit(0);
}

/// As many desks, which are called by their numbers.
fn started_group(count: usize) -> Group {
    let with = |group: service_framework::GroupBuilder, number: usize| {
        group.service(&number.to_string(), desk_at(ANYWHERE, &[]))
    };
    let mut group = (0..count).fold(Group::new(), with).build().expect("a group");
    group.run().expect("free endpoints");
    group
}
