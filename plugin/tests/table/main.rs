//! What crosses between a service's table and a host that remembers.

mod calls;
mod publications;
mod senders;
mod states;
#[path = "../support/mod.rs"]
mod support;
mod targets;
mod timers;
