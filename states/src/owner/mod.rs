//! The owner's side of a state, in two halves: its value, on the thread of the service, and its life, where the sockets
//! are.
//!
//! Owns the numbers, the heartbeats and what joiners get. The halves are apart because an offloaded service changes its
//! value on one thread and serves it on another: there a [`Mirror`] stands in for the value.

mod life;
mod ring;
mod value;
mod whole;

pub use life::{Owner, Reply};
pub use value::{Mirror, OwnedValue, Update};
pub use whole::KEPT_FOR;

#[cfg(test)]
mod tests;
