//! A message's way through a service without sockets, for benchmarks and for tests of what that way costs.
//!
//! Owns nothing of its own: it is what the service loop does between the frames that a socket gave and the bytes that
//! it takes. Not part of the interface; it changes without notice.

use bytes::Bytes;

use crate::dispatch::Dispatcher;
use crate::io::postbox;
use crate::life::{self, Nowhere};
use crate::prepare::Prepared;
use crate::running::StartError;

/// A service that was made, and that no socket feeds.
pub struct HotPath {
    dispatcher: Dispatcher,
    connections: Vec<String>,
    out: Vec<u8>,
}

impl HotPath {
    /// Makes the service on this thread.
    ///
    /// # Errors
    /// If the service refuses to be made.
    pub fn new(prepared: Prepared) -> Result<Self, StartError> {
        let blueprint = prepared.into_blueprint();
        // Nobody posts: what a Sender would send has nowhere to go.
        let (postbox, _) = postbox();
        let dispatcher = life::dispatcher(&blueprint, postbox)?;
        let connections = blueprint.connections.into_iter().map(|(_, name)| name).collect();
        Ok(Self { dispatcher, connections, out: Vec::new() })
    }

    /// The place of a connection, by which messages are handed to it.
    #[must_use]
    pub fn place_of(&self, name: &str) -> Option<usize> {
        self.connections.iter().position(|connection| connection == name)
    }

    /// Handles the frames of one message as the service loop does. Returns the way back and the bytes of the answer.
    pub fn handle<'f>(&mut self, place: usize, frames: &'f [Bytes]) -> Option<(&'f [Bytes], &[u8])> {
        let route = self.dispatcher.handle(place, frames, &mut Nowhere, &mut self.out).route?;
        Some((route, &self.out))
    }
}
