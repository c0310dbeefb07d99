//! JSON with places: text as a tree that knows where each part was written, and values typed by a model out of that
//! tree or out of plain text. (Writing values as JSON is `schema_json`'s.)
//!
//! Owns the reading of the JSON form. Never knows where a text came from. Shape and type are checked while reading;
//! ranges, lengths and patterns are the validator's, which [`check_field`] asks.

mod constraints;
mod node;
mod read;
#[cfg(test)]
mod round_trip;
mod scalar;
mod syntax;
mod text;
mod typed;

pub use constraints::check_field;
pub use node::{Json, Member, Node};
pub use read::read;
pub use text::{TextProblems, value_from_text};
pub use typed::{read_record, read_value};
