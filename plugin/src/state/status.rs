//! How good a state is, as its reader is told.
//!
//! Owns the form on the author's side of what crosses the boundary.

use std::time::Duration;

use crate::abi;

/// Whether the value of a state can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Condition {
    /// There is no value, and nobody was asked yet.
    Absent,
    /// There is no value yet; it was asked for.
    Syncing,
    /// The value is the owner's, as far as anybody can tell.
    Live,
    /// The owner has been silent for too long.
    Stale,
    /// Updates are missing, and the value is an older one until a snapshot has come.
    Resyncing,
    /// The owner has not answered for long; it is still asked, now and then.
    Failed,
}

/// How good a state is at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateStatus {
    /// Whether its value can be relied on.
    pub condition: Condition,
    /// Whether its owner numbers its updates in a way that shows every loss. An owner that is a service of the Python
    /// library does not.
    pub is_verified: bool,
    /// The life of the owner that the value is of; 0 if it is not known, and of a state that the service owns itself.
    pub epoch: u64,
    /// The number of the last update in the value; 0 of a state that the service owns itself.
    pub number: u64,
    /// How long ago the owner was last heard; `None` if it never was.
    pub age: Option<Duration>,
    /// Updates that never came; a snapshot made up for them.
    pub missed: u64,
    /// Updates that were merged with others before a function saw them.
    pub merged: u64,
    /// Updates that came a second time or too late, and were ignored.
    pub ignored: u64,
    /// The keys at the top of the value.
    pub keys: u64,
}

impl StateStatus {
    /// Whether the value is the owner's, as far as anybody can tell.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.condition == Condition::Live
    }

    pub(crate) fn from_abi(status: abi::StateStatus) -> Self {
        let condition = match status.condition {
            abi::STATE_SYNCING => Condition::Syncing,
            abi::STATE_LIVE => Condition::Live,
            abi::STATE_STALE => Condition::Stale,
            abi::STATE_RESYNCING => Condition::Resyncing,
            abi::STATE_FAILED => Condition::Failed,
            _ => Condition::Absent,
        };
        Self {
            condition,
            is_verified: status.flags & abi::STATE_IS_VERIFIED != 0,
            epoch: status.epoch,
            number: status.number,
            age: (status.age != u64::MAX).then(|| Duration::from_nanos(status.age)),
            missed: status.missed,
            merged: status.merged,
            ignored: status.ignored,
            keys: status.keys,
        }
    }
}
