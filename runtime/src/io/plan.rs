//! What is to be opened for each connection and state.
//!
//! Owns the description. Opens nothing.

use std::sync::Arc;

use crate::transport::Transport;

/// A connection that is to be opened, or one address of a state.
#[derive(Clone)]
pub(crate) struct Plan {
    /// Its place in the model.
    pub(crate) place: usize,
    /// Its name, for errors.
    pub(crate) name: String,
    pub(crate) role: Role,
    /// Where it binds, or connects, in the order in which the addresses are tried.
    pub(crate) ends: Vec<End>,
}

/// What a connection does with its addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Answers whoever connects.
    Answers,
    /// Sends requests, each as often again as this says.
    Asks { retries: u32 },
    /// Sends to whoever subscribes.
    Publishes { binds: bool },
    /// Takes what publishers send.
    Subscribes { binds: bool },
    /// Sends the updates of a state to whoever has a copy.
    Updates { binds: bool },
    /// Gives snapshots of a state to whoever asks.
    GivesSnapshots,
    /// Takes the updates of a state.
    Follows { binds: bool },
    /// Asks for snapshots of a state.
    AsksForSnapshots,
}

impl Role {
    /// Whether it binds its addresses.
    pub(super) const fn binds(self) -> bool {
        match self {
            Self::Answers | Self::GivesSnapshots => true,
            Self::Asks { .. } | Self::AsksForSnapshots => false,
            Self::Publishes { binds }
            | Self::Subscribes { binds }
            | Self::Updates { binds }
            | Self::Follows { binds } => binds,
        }
    }
}

/// One address, and by what it is reached.
#[derive(Clone)]
pub(crate) struct End {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) endpoint: String,
}
