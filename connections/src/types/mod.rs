//! One file for each connection type: what it is, in the words of the registry.

mod external_target;
mod publisher;
mod replyer;
mod requester;
mod subscriber;

pub use external_target::EXTERNAL_TARGET;
pub use publisher::PUBLISHER;
pub use replyer::REPLYER;
pub use requester::REQUESTER;
pub use subscriber::SUBSCRIBER;
