//! The Python library as the other side: requests and replies in both directions, every type, the workflow ids along a
//! chain, errors, a peer that dies and comes back, publications, the bus between publishers and subscribers, its copies
//! of our states and our copies of its own. The scripts of the other side are in `python/`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod bus;
mod c_desk;
mod copying;
mod exchange;
mod failure;
mod ours;
mod owning;
mod publications;
mod publishing;
mod states;
#[path = "../support/mod.rs"]
mod support;
mod theirs;
mod values;
mod workflow;
