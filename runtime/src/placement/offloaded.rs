//! Sockets on an I/O thread, the code on its own: liveness does not depend on what the code does.
//!
//! Owns the I/O thread and the channel to it.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use bytes::Bytes;
use service_framework_connections::link::Unanswered;
use tokio::sync::{mpsc, oneshot};

use super::inline::OpeningError;
use super::{Sockets, executor};
use crate::boundary::Port;
use crate::control::Control;
use crate::io::Io;
use crate::logging::Sinks;

struct Request {
    place: usize,
    body: Bytes,
    deadline: Instant,
    may_finish: bool,
    answer: oneshot::Sender<Result<Bytes, Unanswered>>,
}

/// A service's sockets on a thread of their own. They are closed when this is.
pub(crate) struct Offloaded {
    requests: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
    control: Arc<Control>,
}

impl Offloaded {
    /// Opens the sockets on a new thread. Returns the address of each connection with them.
    pub(crate) fn open(
        sockets: Sockets,
        sinks: Sinks,
        name: String,
    ) -> Result<(Self, Vec<(usize, String)>), OpeningError> {
        let control = Arc::clone(&sockets.control);
        // The code waits for each request: one is in the channel at most.
        let (requests, inbox) = mpsc::channel(1);
        let (opened, opening) = oneshot::channel();
        let thread = std::thread::Builder::new().name(format!("{name}-io")).spawn(move || {
            let _logs = sinks.enter(&name);
            run(&sockets, opened, inbox);
        })?;
        let mut offloaded = Self { requests: Some(requests), thread: Some(thread), control };
        match opening.blocking_recv() {
            Ok(Ok(addresses)) => Ok((offloaded, addresses)),
            Ok(Err(error)) => {
                offloaded.close();
                Err(error)
            }
            Err(_) => Err(std::io::Error::other("the I/O thread ended before it opened its sockets").into()),
        }
    }

    /// Sends what waits, closes the sockets and ends the thread.
    pub(crate) fn close(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the I/O thread panicked");
        }
    }
}

impl Drop for Offloaded {
    fn drop(&mut self) {
        self.close();
    }
}

impl Port for Offloaded {
    fn request(&mut self, place: usize, body: Bytes, deadline: Instant, may_finish: bool) -> Result<Bytes, Unanswered> {
        let (answer, answered) = oneshot::channel();
        let request = Request { place, body, deadline, may_finish, answer };
        let Some(requests) = &self.requests else { return Err(Unanswered::Stopping) };
        if requests.blocking_send(request).is_err() {
            return Err(Unanswered::Stopping);
        }
        answered.blocking_recv().unwrap_or(Err(Unanswered::Stopping))
    }

    fn wait(&mut self, until: Instant, ends_on_stop: bool) {
        let duration = until.saturating_duration_since(Instant::now());
        if ends_on_stop {
            self.control.wait(duration);
        } else {
            std::thread::sleep(duration);
        }
    }
}

type Opened = oneshot::Sender<Result<Vec<(usize, String)>, OpeningError>>;

/// The I/O thread: opens, serves requests and drops what nobody waits for, closes when the code lets go of it.
fn run(sockets: &Sockets, opened: Opened, mut inbox: mpsc::Receiver<Request>) {
    let runtime = match executor() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = opened.send(Err(error.into()));
            return;
        }
    };
    runtime.block_on(async {
        let mut io: Io = match sockets.open().await {
            Ok((io, addresses)) => {
                let _ = opened.send(Ok(addresses));
                io
            }
            Err(error) => {
                let _ = opened.send(Err(error.into()));
                return;
            }
        };
        loop {
            tokio::select! {
                biased;
                request = inbox.recv() => match request {
                    Some(Request { place, body, deadline, may_finish, answer }) => {
                        let outcome = io.request(place, body, deadline, may_finish).await;
                        let _ = answer.send(outcome);
                    }
                    None => break,
                },
                () = io.discard_strays() => {}
            }
        }
        io.close(sockets.linger).await;
    });
}
