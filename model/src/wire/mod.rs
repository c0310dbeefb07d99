//! The MessagePack wire form: values, and the envelopes of calls and answers.
//!
//! Owns which bytes stand for which value, for this library's peers and for the Python library's. The primitives of
//! MessagePack are the `rmp` crate's. Whether a value fits a model is the validator's to say.

pub(crate) mod decimal;
mod decode;
pub(crate) mod distinct;
mod encode;
pub mod envelope;
pub(crate) mod extras;
mod glance;
pub(crate) mod marker;
pub(crate) mod old_peers;
mod reader;
mod room;
mod seq;
pub mod state_message;
mod workflow_id;

pub use crate::dynamic::Arena;
pub use decode::{decode_dynamic, decode_value};
pub use encode::encode_value;
pub use glance::glance;
pub use old_peers::for_old_peers;
pub use reader::Reader;
pub use room::Room;
pub use seq::Seq;

pub(crate) use decode::under;
pub(crate) use encode::Writer;
pub(crate) use reader::{Item, utf8};

pub(crate) use crate::error::shown;
use crate::error::{Code, Refusal};

/// The most containers inside each other that are read: what the Python library reads too.
pub const MAX_DEPTH: usize = 1024;

/// The most containers inside each other that are sent where the Python library may be the peer.
pub const OLD_PEER_DEPTH: usize = 500;

#[cold]
pub(crate) fn too_large() -> Refusal {
    Refusal::new(Code::TooLarge, "the values take more memory than one message is allowed")
}

pub(crate) fn not_empty(frame: &[u8]) -> Result<(), Refusal> {
    if frame.is_empty() { Err(Refusal::new(Code::Empty, "a frame without a byte")) } else { Ok(()) }
}
