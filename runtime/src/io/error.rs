//! Why a connection could not be opened, in words for whoever has to mend it.

use crate::states::HeadFileError;
use crate::transport::{BindError, BindProblem, ConnectError, OpenError, SubscribeError};

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
    /// The file that keeps the number of an owner's last update cannot be used.
    #[error(transparent)]
    HeadFile(#[from] HeadFileError),
    /// The socket takes no subscription.
    #[error(transparent)]
    Subscribe(#[from] SubscribeError),
}

impl WiringError {
    /// What can be done about it, where that is known.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        let WiringProblem::Bind(BindError { endpoint, problem }) = &self.reason else { return None };
        let is_file = endpoint.starts_with("ipc://");
        match problem {
            BindProblem::InUse if is_file => {
                Some("stop who listens there (`ss -lxp` shows it), or choose another path")
            }
            BindProblem::InUse => Some("stop who listens there (`ss -ltnp` shows it), or choose another port"),
            BindProblem::Denied if is_file => Some("choose a folder into which this user may write"),
            BindProblem::Denied => Some("choose a port from 1024 on: those below are not for every user"),
            BindProblem::NoSuchInterface => Some("write an address of this machine, or `*` for all of them"),
            BindProblem::UnknownHost(_) => Some("write a name that this machine can resolve, an IP address, or `*`"),
            BindProblem::NoDirectory(_) => Some("make it, or choose another path"),
            BindProblem::NotASocket(_) => Some("choose another path, or move it away"),
            _ => None,
        }
    }
}
