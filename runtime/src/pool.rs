//! The threads on which a service's external targets are called.
//!
//! Owns the threads, one for each target object, and the channels to them. Which call goes to which thread, and when a
//! call has failed, is for [`Calls`] to say. Never waits for a target, except for a bounded time when the service ends.

use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_connections::calls::Calls;
use service_framework_connections::requests::Unanswered;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::boundary::Target;
use crate::control::Control;
use crate::logging::Sinks;
use crate::wiring::Wiring;

/// How often a service that ends looks whether its targets have returned.
const TICK: Duration = Duration::from_millis(1);
/// How long a thread with nothing to do may take to end.
const AT_LEAST: Duration = Duration::from_millis(100);

/// The threads of one external target.
pub(crate) struct Pool {
    place: usize,
    name: String,
    calls: Calls,
    workers: Vec<Worker>,
    done: UnboundedReceiver<(usize, Done)>,
}

/// What a thread has to say of its call.
enum Done {
    Answered(Bytes),
    /// It ended in the middle of it.
    Lost,
}

struct Worker {
    /// None once the thread is gone.
    jobs: Option<mpsc::Sender<Bytes>>,
    thread: JoinHandle<()>,
}

/// What the threads of a pool need besides their targets.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) service: String,
    pub(crate) wiring: Arc<Wiring>,
    pub(crate) control: Arc<Control>,
    pub(crate) sinks: Sinks,
}

impl Pool {
    /// Starts a thread for each of these targets of the connection at `place`.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(crate) fn start(
        place: usize,
        name: &str,
        targets: Vec<Target>,
        surroundings: &Surroundings,
    ) -> std::io::Result<Self> {
        let (returns, done) = unbounded_channel();
        let start = |(worker, target)| Worker::start(worker, name, target, returns.clone(), surroundings.clone());
        let workers = targets.into_iter().enumerate().map(start).collect::<Result<Vec<_>, _>>()?;
        let calls = Calls::new(workers.len());
        Ok(Self { place, name: name.to_owned(), calls, workers, done })
    }

    pub(crate) const fn place(&self) -> usize {
        self.place
    }

    pub(crate) fn begin(&mut self, ticket: u64, body: Bytes, deadline: Instant) {
        self.calls.begin(ticket, body, deadline);
    }

    /// Starts the calls that can be started and takes what has returned, without waiting.
    pub(crate) fn drive(&mut self, cx: &mut Context<'_>, wiring: &Wiring) {
        while let Poll::Ready(Some((worker, done))) = self.done.poll_recv(cx) {
            let Done::Answered(answer) = done else {
                self.calls.handle_lost(worker);
                continue;
            };
            if let Err(stray) = self.calls.handle_done(worker, answer)
                && let Some(counters) = wiring.counters(self.place)
            {
                counters.dropped(stray.word());
            }
        }
        // A call that expired while nobody looked is not made any more.
        self.calls.handle_timeout(Instant::now());
        while let Some((_, worker, body)) = self.calls.poll_start() {
            let Some(Worker { jobs, .. }) = self.workers.get_mut(worker) else { continue };
            if jobs.as_ref().is_none_or(|jobs| jobs.send(body).is_err()) {
                *jobs = None;
                self.calls.handle_lost(worker);
            }
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.calls.handle_timeout(now);
    }

    pub(crate) fn handle_stop(&mut self, ticket: u64) {
        self.calls.handle_stop(ticket);
    }

    pub(crate) fn poll_outcome(&mut self) -> Option<(u64, Result<Bytes, Unanswered>)> {
        self.calls.poll_outcome()
    }

    pub(crate) fn poll_deadline(&self) -> Option<Instant> {
        self.calls.poll_deadline()
    }

    /// Has the threads end: those that call nothing at once, the others when their targets return.
    pub(crate) fn hang_up(self) -> Vec<Closing> {
        let Self { name, workers, .. } = self;
        // Without its sender a thread that has nothing to do ends.
        workers.into_iter().map(|worker| Closing { name: name.clone(), thread: worker.thread }).collect()
    }
}

/// A thread that is to end.
pub(crate) struct Closing {
    name: String,
    thread: JoinHandle<()>,
}

/// Waits for threads to end. A target that does not return until then is left behind with its thread, and named.
pub(crate) fn wait_for(threads: Vec<Closing>, until: Instant) {
    // A thread that has nothing to do ends as soon as it sees that.
    let until = until.max(Instant::now() + AT_LEAST);
    for Closing { name, thread } in threads {
        while !thread.is_finished() && Instant::now() < until {
            std::thread::sleep(TICK);
        }
        if !thread.is_finished() {
            tracing::warn!("a call of the external target `{name}` has not returned; its thread is left behind");
        } else if thread.join().is_err() {
            tracing::error!("a thread of the external target `{name}` panicked");
        }
    }
}

impl Worker {
    fn start(
        number: usize,
        name: &str,
        mut target: Target,
        returns: UnboundedSender<(usize, Done)>,
        surroundings: Surroundings,
    ) -> std::io::Result<Self> {
        let (jobs, inbox) = mpsc::channel::<Bytes>();
        let thread_name = format!("{}-{name}-{number}", surroundings.service);
        let thread = std::thread::Builder::new().name(thread_name).spawn(move || {
            let Surroundings { service, wiring, control, sinks } = surroundings;
            let _logs = sinks.enter(&service);
            let _lost = TellsOfLoss { number, returns: returns.clone() };
            while let Ok(body) = inbox.recv() {
                let answer = target.call(&wiring, &control, body);
                if returns.send((number, Done::Answered(answer))).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { jobs: Some(jobs), thread })
    }
}

/// Says that its thread ends, however it does.
struct TellsOfLoss {
    number: usize,
    returns: UnboundedSender<(usize, Done)>,
}

impl Drop for TellsOfLoss {
    fn drop(&mut self) {
        // A service that is gone need not know.
        let _ = self.returns.send((self.number, Done::Lost));
    }
}
