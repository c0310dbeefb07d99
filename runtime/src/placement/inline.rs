//! Code and sockets on one thread: the loop of service mode.
//!
//! Owns the order: collect inside the executor, call the functions outside of it, send inside it again. A function
//! that sends a request drives the same executor and needs no other thread.

use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_connections::link::Unanswered;
use service_framework_connections::replyer;
use tokio::runtime::Runtime;

use super::{Sockets, executor};
use crate::boundary::{Failure, Port};
use crate::dispatch::Dispatcher;
use crate::io::{Arrived, Io, WiringError};

/// How long answers wait for more of their kind; they wait for the function that is running in any case.
const BATCH_TIME: Duration = Duration::from_micros(100);

/// How often a stopping service lets its sockets read once more: what a peer had sent before is answered.
const LAST_TURNS: usize = 4;

/// A service's sockets on the thread of its code.
pub(crate) struct Inline {
    runtime: Runtime,
    io: Io,
    linger: Duration,
    batch: Vec<Arrived>,
    out: Vec<u8>,
}

/// Why the sockets could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpeningError {
    /// The system gave no executor.
    #[error("cannot make an executor for the sockets: {0}")]
    Executor(#[from] std::io::Error),
    /// A connection could not be bound or connected.
    #[error(transparent)]
    Wiring(#[from] WiringError),
}

impl Inline {
    /// Opens the sockets on this thread. Returns the address of each connection with them.
    pub(crate) fn open(sockets: &Sockets) -> Result<(Self, Vec<(usize, String)>), OpeningError> {
        let runtime = executor()?;
        let (io, addresses) = runtime.block_on(sockets.open())?;
        let linger = sockets.linger;
        Ok((Self { runtime, io, linger, batch: Vec::new(), out: Vec::new() }, addresses))
    }

    /// Runs one pass of the service loop: waits for messages, and handles what is queued, at most one batch of each
    /// connection in turn.
    ///
    /// # Errors
    /// The failure of a function, if the service stops on it. What is left of the batch is turned away.
    pub(crate) fn pass(&mut self, dispatcher: &mut Dispatcher) -> Result<(), Failure> {
        let Self { runtime, io, batch, out, .. } = self;
        runtime.block_on(io.collect(batch, None));
        // A message that came alone is answered by the next pass, which sends at once.
        let mut sent_last = (batch.len() > 1).then(Instant::now);
        let mut failed = None;
        for arrived in batch.drain(..) {
            if failed.is_some() || dispatcher.is_stopping() {
                turn_away(dispatcher, &arrived, io, out);
                continue;
            }
            let mut port = InlinePort { runtime, io };
            let handled = dispatcher.handle(arrived.place, &arrived.frames, &mut port, out);
            if let Some(route) = handled.route {
                io.answer(arrived.socket, replyer::answer(route, Bytes::copy_from_slice(out)));
            }
            failed = handled.stop;
            if let Some(sent_last) = &mut sent_last
                && io.has_answers()
                && sent_last.elapsed() > BATCH_TIME
            {
                runtime.block_on(io.flush());
                *sent_last = Instant::now();
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Sends what waits, and turns away what has arrived and was not handled: the service is stopping.
    pub(crate) fn turn_away(&mut self, dispatcher: &mut Dispatcher) {
        let Self { runtime, io, batch, out, .. } = self;
        for _ in 0..LAST_TURNS {
            runtime.block_on(io.flush());
            while io.sweep(batch) {
                for arrived in batch.drain(..) {
                    turn_away(dispatcher, &arrived, io, out);
                }
            }
        }
        runtime.block_on(io.flush());
    }

    /// Lets the time between two passes go by, driving the sockets.
    pub(crate) fn rest(&mut self, until: Instant) {
        self.runtime.block_on(self.io.rest(until, true));
    }

    /// Sends what waits and closes the sockets.
    pub(crate) fn close(self) {
        self.runtime.block_on(self.io.close(self.linger));
    }
}

impl Port for Inline {
    fn request(&mut self, place: usize, body: Bytes, deadline: Instant, may_finish: bool) -> Result<Bytes, Unanswered> {
        InlinePort { runtime: &self.runtime, io: &mut self.io }.request(place, body, deadline, may_finish)
    }

    fn wait(&mut self, until: Instant, ends_on_stop: bool) {
        InlinePort { runtime: &self.runtime, io: &mut self.io }.wait(until, ends_on_stop);
    }
}

fn turn_away(dispatcher: &mut Dispatcher, arrived: &Arrived, io: &mut Io, out: &mut Vec<u8>) {
    if let Some(route) = dispatcher.turn_away(arrived.place, &arrived.frames, out) {
        io.answer(arrived.socket, replyer::answer(route, Bytes::copy_from_slice(out)));
    }
}

/// The way from code to the sockets of its own thread.
struct InlinePort<'a> {
    runtime: &'a Runtime,
    io: &'a mut Io,
}

impl Port for InlinePort<'_> {
    fn request(&mut self, place: usize, body: Bytes, deadline: Instant, may_finish: bool) -> Result<Bytes, Unanswered> {
        self.runtime.block_on(self.io.request(place, body, deadline, may_finish))
    }

    fn wait(&mut self, until: Instant, ends_on_stop: bool) {
        self.runtime.block_on(self.io.rest(until, ends_on_stop));
    }
}
