//! One file for each connection type: what it is, in the words of the registry.

mod external_target;
mod replyer;
mod requester;

pub use external_target::EXTERNAL_TARGET;
pub use replyer::REPLYER;
pub use requester::REQUESTER;
