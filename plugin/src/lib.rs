//! What the author of a service links.
pub mod abi;
