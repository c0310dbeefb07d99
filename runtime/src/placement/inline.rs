//! Code and sockets on one thread.
//!
//! The functions of the service run outside of the executor, and everything that drives the sockets inside of it: a
//! function that sends a request drives the same executor and needs no other thread.

use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_connections::Frames;
use service_framework_connections::requests::Unanswered;
use service_framework_model::wire::envelope::WorkflowId;
use service_framework_states::owner::Update;
use tokio::runtime::Runtime;

use super::{Opened, OpeningError, Place, Sockets, SocketsLost, executor};
use crate::boundary::Port;
use crate::io::{Arrived, Io, Posts};
use crate::pool::Pool;

/// How many publications wait for the function that is running to return: more than that leave at once, so that a function
/// which sends many neither fills the memory nor the queues of its subscribers.
const AT_ONCE: usize = 64;

/// A service's sockets on the thread of its code.
pub(super) struct Inline {
    runtime: Runtime,
    io: Io,
    linger: Duration,
}

impl Inline {
    /// Opens the sockets on this thread. Returns the addresses of each connection with them.
    pub(super) fn open(sockets: &Sockets, pools: Vec<Pool>, posts: Posts) -> Result<(Self, Opened), OpeningError> {
        let runtime = executor(sockets.busy)?;
        let (io, addresses) = runtime.block_on(sockets.open_here(pools, posts, false))?;
        Ok((Self { runtime, io, linger: sockets.linger }, addresses))
    }
}

impl Place for Inline {
    fn collect(&mut self, out: &mut Vec<Arrived>, until: Option<Instant>) {
        self.runtime.block_on(self.io.collect(out, until, true));
    }

    fn sweep(&mut self, out: &mut Vec<Arrived>) -> bool {
        self.io.sweep(out)
    }

    fn answer(&mut self, socket: usize, frames: Frames) {
        self.io.answer(socket, frames);
    }

    fn wants_a_turn(&self) -> bool {
        self.io.wants_a_turn()
    }

    fn close(self: Box<Self>) -> Result<(), SocketsLost> {
        let Self { runtime, io, linger } = *self;
        runtime.block_on(io.close(linger));
        // A host name that is still looked up is nobody's business any more.
        runtime.shutdown_background();
        Ok(())
    }
}

impl Port for Inline {
    fn request(&mut self, place: usize, body: Bytes, deadline: Instant, may_finish: bool) -> Result<Bytes, Unanswered> {
        self.runtime.block_on(self.io.request(place, body, deadline, may_finish))
    }

    fn publish(&mut self, place: usize, publication: &mut Vec<u8>) {
        if self.io.publish(place, publication) >= AT_ONCE {
            self.runtime.block_on(self.io.flush());
        }
    }

    fn ask_for_snapshot(&mut self, place: usize, of_copy: u64, body: Bytes, deadline: Instant) {
        self.io.ask_for_snapshot(place, of_copy, body, deadline);
    }

    fn rebuild(&mut self, place: usize) {
        self.runtime.block_on(self.io.rebuild(place));
    }

    fn publish_update(&mut self, place: usize, update: Update, id: &WorkflowId<'_>) {
        if self.io.publish_update(place, &update, id) >= AT_ONCE {
            self.runtime.block_on(self.io.flush());
        }
    }

    fn wait_for_subscribers(&mut self, place: usize, count: usize, until: Instant, ends_on_stop: bool) -> usize {
        self.runtime.block_on(self.io.wait_for_subscribers(place, count, until, ends_on_stop))
    }

    fn wait(&mut self, until: Instant, ends_on_stop: bool) {
        self.runtime.block_on(self.io.rest(until, ends_on_stop));
    }

    fn flush(&mut self) {
        self.runtime.block_on(self.io.flush());
    }
}
