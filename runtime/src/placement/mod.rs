//! Where a service's sockets live relative to its code.
//!
//! `inline`: one thread for both, the default in service mode. `offloaded`: the sockets on an I/O thread of their own,
//! the default in main mode, where the code computes or waits for the world. Both offer the code a [`Port`].

pub(crate) mod inline;
pub(crate) mod offloaded;

use std::sync::Arc;
use std::time::Duration;

use crate::control::Control;
use crate::io::{Io, Plan, WiringError};
use crate::transport::{SocketOptions, Transport};
use crate::wiring::Wiring;

/// What it takes to open a service's sockets, on whichever thread they will live.
#[derive(Clone)]
pub(crate) struct Sockets {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) options: SocketOptions,
    pub(crate) plans: Vec<Plan>,
    pub(crate) wiring: Arc<Wiring>,
    pub(crate) control: Arc<Control>,
    /// How long what was sent may take to leave when the service stops.
    pub(crate) linger: Duration,
}

impl Sockets {
    async fn open(&self) -> Result<(Io, Vec<(usize, String)>), WiringError> {
        let (wiring, control) = (Arc::clone(&self.wiring), Arc::clone(&self.control));
        Io::open(self.transport.as_ref(), &self.options, &self.plans, wiring, control).await
    }
}

/// The executor that drives a service's sockets on the calling thread.
fn executor() -> std::io::Result<tokio::runtime::Runtime> {
    // The transport hands each handshake to a blocking thread for an instant: one such thread is enough.
    tokio::runtime::Builder::new_current_thread().enable_io().enable_time().max_blocking_threads(1).build()
}
