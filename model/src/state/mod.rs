//! What a state's updates and snapshots are, checked key by key against its model.
//!
//! Owns the compiled form of a state's model and what it makes of a map on the wire: entries with typed keys, and leaves
//! as the bytes that were sent, known to be good. Never holds a state: what changes in which value is said elsewhere.

mod key;
mod plan;
mod read;
mod write;

pub use key::{Key, KeyRef};
pub use plan::{Node, StateValidator};
pub use read::{Change, Entry};

use crate::schema::Peers;
use crate::wire::Writer;

/// Appends the head of a map of so many pairs.
pub fn write_map_head(count: usize, out: &mut Vec<u8>) {
    Writer::new(out).map(count);
}

/// Appends a key. For [`Peers::Own`] whole numbers are written as such, else every key is text.
pub fn write_key(key: KeyRef<'_>, peers: Peers, out: &mut Vec<u8>) {
    key.write(peers == Peers::Own, &mut Writer::new(out));
}
