//! Why a connection could not be opened, in words for whoever has to mend it.

use crate::transport::{BindError, ConnectError, OpenError, SubscribeError};

/// A connection that could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("connection `{name}`: {reason}")]
pub struct WiringError {
    /// The name of the connection.
    pub name: String,
    /// Why.
    pub reason: WiringProblem,
}

/// Why a connection could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum WiringProblem {
    /// The transport gave no socket.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The address could not be bound.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The address can never be connected to.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The socket takes no subscription.
    #[error(transparent)]
    Subscribe(#[from] SubscribeError),
}
