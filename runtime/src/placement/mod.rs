//! Where a service's sockets live relative to its code.
//!
//! `inline`: one thread for both, the default in service mode. `offloaded`: the sockets on an I/O thread of their own,
//! the default in main mode, where the code computes or waits for the world. Both offer the code the same [`Place`].

mod inline;
mod offloaded;

use std::sync::Arc;
use std::time::{Duration, Instant};

use service_framework_connections::Frames;

use crate::boundary::Port;
use crate::control::Control;
use crate::io::{Arrived, Io, Parts, Plan, Posts, WiringError};
use crate::logging::Sinks;
use crate::pool::Pool;
use crate::transport::SocketOptions;
use crate::wiring::Wiring;

use self::inline::Inline;
use self::offloaded::Offloaded;

/// Where a service's sockets live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// On the thread of its code: the shortest way. Nothing is sent or received while the code does not wait.
    Inline,
    /// On a thread of their own: they stay alive whatever the code does, at the price of a hop between threads.
    Offloaded,
}

/// A service's sockets, as its code sees them.
pub(crate) trait Place: Port {
    /// Sends what waits, then collects at least one message, unless `until` comes or the service stops before.
    fn collect(&mut self, out: &mut Vec<Arrived>, until: Option<Instant>);

    /// Takes what has arrived, without waiting; returns whether that was anything.
    fn sweep(&mut self, out: &mut Vec<Arrived>) -> bool;

    /// Has an answer sent, at the latest with the next call that drives the sockets.
    fn answer(&mut self, socket: usize, frames: Frames);

    /// Whether something waits for this thread to drive the sockets, or may do so.
    fn wants_a_turn(&self) -> bool;

    /// Sends what waits and closes the sockets.
    ///
    /// # Errors
    /// If the sockets were lost: their thread has panicked.
    fn close(self: Box<Self>) -> Result<(), SocketsLost>;
}

/// The thread of the sockets has panicked.
pub(crate) struct SocketsLost;

/// What it takes to open a service's sockets, on whichever thread they will live.
#[derive(Clone)]
pub(crate) struct Sockets {
    pub(crate) options: SocketOptions,
    pub(crate) plans: Vec<Plan>,
    pub(crate) wiring: Arc<Wiring>,
    pub(crate) control: Arc<Control>,
    /// How long what was sent may take to leave when the service stops.
    pub(crate) linger: Duration,
    /// Whether the threads spin instead of sleeping while they wait.
    pub(crate) busy: bool,
}

/// Addresses by the place of their connection.
pub(crate) type Opened = Vec<(usize, String)>;

/// Why the sockets could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpeningError {
    /// The system gave no thread or executor.
    #[error("cannot make an executor for the sockets: {0}")]
    Executor(#[from] std::io::Error),
    /// A connection could not be bound or connected.
    #[error(transparent)]
    Wiring(#[from] WiringError),
}

impl Sockets {
    /// Opens the sockets where they are to live. Returns the addresses of each connection with them.
    pub(crate) fn open(
        &self,
        placement: Placement,
        pools: Vec<Pool>,
        posts: Posts,
        (sinks, name): (&Sinks, &str),
    ) -> Result<(Box<dyn Place>, Opened), OpeningError> {
        match placement {
            Placement::Inline => {
                let (place, opened) = Inline::open(self, pools, posts)?;
                Ok((Box::new(place), opened))
            }
            Placement::Offloaded => {
                let (place, opened) = Offloaded::open(self.clone(), pools, posts, sinks.clone(), name.to_owned())?;
                Ok((Box::new(place), opened))
            }
        }
    }

    /// Opens the sockets in the executor of the calling thread.
    pub(crate) async fn open_here(
        &self,
        pools: Vec<Pool>,
        posts: Posts,
        is_apart: bool,
    ) -> Result<(Io, Opened), WiringError> {
        let (wiring, control) = (Arc::clone(&self.wiring), Arc::clone(&self.control));
        Io::open(Parts { options: &self.options, plans: &self.plans, pools, posts, wiring, control, is_apart }).await
    }
}

/// The executor that drives a service's sockets on the calling thread.
pub(crate) fn executor(busy: bool) -> std::io::Result<tokio::runtime::Runtime> {
    // The transport hands each handshake and each look-up of a name to a blocking thread, made when it is needed: one
    // slow look-up must not hold up the others.
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_io().enable_time().max_blocking_threads(4).build()?;
    if busy {
        // As long as a task is ready, the executor looks for work instead of going to sleep.
        runtime.spawn(async {
            loop {
                tokio::task::yield_now().await;
            }
        });
    }
    Ok(runtime)
}
