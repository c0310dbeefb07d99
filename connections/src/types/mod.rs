//! One file for each connection type: what it is, in the words of the registry.

mod replyer;
mod requester;

pub use replyer::REPLYER;
pub use requester::REQUESTER;
