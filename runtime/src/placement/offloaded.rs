//! Sockets on an I/O thread, the code on its own: liveness does not depend on what the code does.
//!
//! Owns the I/O thread and the channels to and from it. What has arrived is handed over a batch at a time, and only as
//! much of it as the code takes: the rest waits in the sockets' own bounded queues.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_connections::Frames;
use service_framework_connections::requests::Unanswered;
use service_framework_model::wire::envelope::WorkflowId;
use service_framework_states::owner::Update;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use super::{Opened, OpeningError, Place, Sockets, SocketsLost, executor};
use crate::alarm::Alarm;
use crate::boundary::Port;
use crate::control::{Control, StopReason, Stopped};
use crate::io::{Arrived, Io, Posts};
use crate::logging::Sinks;
use crate::pool::Pool;

/// How many batches the code may be behind.
const BATCHES: usize = 1;

/// How many publications the code may be ahead of the I/O thread, and how many bytes: it waits for that thread, which
/// waits for no subscriber.
const MOST_AHEAD: usize = 4096;
const MOST_BYTES_AHEAD: usize = 16 << 20;
/// After how many publications the sockets write and read on.
const TURN: usize = 64;

/// What the code asks of the I/O thread.
enum Command {
    Request {
        place: usize,
        body: Bytes,
        deadline: Instant,
        may_finish: bool,
        answer: oneshot::Sender<Answer>,
    },
    Answer {
        socket: usize,
        frames: Frames,
    },
    Publish {
        place: usize,
        publication: Vec<u8>,
    },
    PublishUpdate {
        place: usize,
        update: Update,
        id: WorkflowId<'static>,
    },
    AskForSnapshot {
        place: usize,
        of_copy: u64,
        body: Bytes,
        deadline: Instant,
    },
    Rebuild {
        place: usize,
    },
    Subscribers {
        place: usize,
        count: usize,
        until: Instant,
        ends_on_stop: bool,
        there: oneshot::Sender<usize>,
    },
    Flush {
        done: oneshot::Sender<()>,
    },
    /// The last batches: nothing is collected any more but by this.
    Sweep {
        swept: oneshot::Sender<Vec<Arrived>>,
    },
}

type Answer = Result<Bytes, Unanswered>;

/// A service's sockets on a thread of their own. They are closed when this is.
pub(super) struct Offloaded {
    /// Drives nothing but the waits of the code's thread.
    runtime: Runtime,
    commands: Option<mpsc::UnboundedSender<Command>>,
    /// Publications, and their bytes, that were handed over since the I/O thread was last waited for.
    ahead: (usize, usize),
    batches: mpsc::Receiver<Vec<Arrived>>,
    thread: Option<JoinHandle<()>>,
    control: Arc<Control>,
    stopped: Stopped,
    alarm: Alarm,
}

impl Offloaded {
    /// Opens the sockets on a new thread. Returns the addresses of each connection with them.
    pub(super) fn open(
        sockets: Sockets,
        pools: Vec<Pool>,
        posts: Posts,
        sinks: Sinks,
        name: String,
    ) -> Result<(Self, Opened), OpeningError> {
        let control = Arc::clone(&sockets.control);
        let runtime = executor(sockets.busy)?;
        let (commands, inbox) = mpsc::unbounded_channel();
        let (outbox, batches) = mpsc::channel(BATCHES);
        let (opened, opening) = oneshot::channel();
        let thread = std::thread::Builder::new().name(format!("{name}-io")).spawn(move || {
            let _logs = sinks.enter(&name);
            run(&sockets, pools, posts, opened, inbox, outbox);
        })?;
        let stopped = Stopped::of(Arc::clone(&control));
        let (commands, thread, alarm) = (Some(commands), Some(thread), Alarm::default());
        let mut offloaded = Self { runtime, commands, ahead: (0, 0), batches, thread, control, stopped, alarm };
        match offloaded.runtime.block_on(opening) {
            Ok(Ok(addresses)) => Ok((offloaded, addresses)),
            Ok(Err(error)) => {
                // A panic has been logged; the error says why there are no sockets.
                let _ = offloaded.end();
                Err(error)
            }
            Err(_) => Err(std::io::Error::other("the I/O thread ended before it opened its sockets").into()),
        }
    }

    fn command(&self, command: Command) {
        if let Some(commands) = &self.commands {
            // A thread that is gone has panicked; closing says so.
            let _ = commands.send(command);
        }
    }

    /// Counts a message that the I/O thread is handed, and says whether that thread is to be waited for.
    fn is_far_ahead(&mut self, size: usize) -> bool {
        let (count, bytes) = &mut self.ahead;
        (*count, *bytes) = (*count + 1, *bytes + size);
        *count > MOST_AHEAD || *bytes > MOST_BYTES_AHEAD
    }

    /// The thread of the sockets does not answer: only a panic ends it before it is asked to end. A service without
    /// sockets stops.
    fn is_lost(&self) {
        self.control.stop(StopReason::Requested, Duration::ZERO);
    }

    /// Has what waits sent, the sockets closed and the thread ended.
    fn end(&mut self) -> Result<(), SocketsLost> {
        self.commands = None;
        let Some(thread) = self.thread.take() else { return Ok(()) };
        thread.join().map_err(|_| {
            tracing::error!("the thread of the sockets panicked");
            SocketsLost
        })
    }
}

impl Drop for Offloaded {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

impl Place for Offloaded {
    fn collect(&mut self, out: &mut Vec<Arrived>, until: Option<Instant>) {
        let Self { runtime, batches, control, stopped, alarm, .. } = self;
        runtime.block_on(poll_fn(|cx| {
            loop {
                match batches.poll_recv(cx) {
                    Poll::Ready(Some(mut batch)) => out.append(&mut batch),
                    Poll::Ready(None) => {
                        // As in `is_lost`, which cannot be called while these parts are borrowed.
                        control.stop(StopReason::Requested, Duration::ZERO);
                        break;
                    }
                    Poll::Pending => break,
                }
            }
            let is_over = stopped.poll(cx).is_ready() || until.is_some_and(|until| alarm.poll(until, cx).is_ready());
            if is_over || !out.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        }));
    }

    fn sweep(&mut self, out: &mut Vec<Arrived>) -> bool {
        let before = out.len();
        let (sweep, swept) = oneshot::channel();
        self.command(Command::Sweep { swept: sweep });
        let last = self.runtime.block_on(swept);
        // What was handed over before comes first.
        while let Ok(mut batch) = self.batches.try_recv() {
            out.append(&mut batch);
        }
        match last {
            Ok(mut last) => out.append(&mut last),
            Err(_) => self.is_lost(),
        }
        out.len() > before
    }

    fn answer(&mut self, socket: usize, frames: Frames) {
        self.command(Command::Answer { socket, frames });
    }

    fn wants_a_turn(&self) -> bool {
        // The thread of the sockets drives them.
        false
    }

    fn close(mut self: Box<Self>) -> Result<(), SocketsLost> {
        self.end()
    }
}

impl Port for Offloaded {
    fn request(&mut self, place: usize, body: Bytes, deadline: Instant, may_finish: bool) -> Result<Bytes, Unanswered> {
        let (answer, answered) = oneshot::channel();
        self.command(Command::Request { place, body, deadline, may_finish, answer });
        self.runtime.block_on(answered).unwrap_or_else(|_| {
            self.is_lost();
            Err(Unanswered::Abandoned)
        })
    }

    fn publish(&mut self, place: usize, publication: &mut Vec<u8>) {
        let is_far_ahead = self.is_far_ahead(publication.len());
        // The next one may well be as long; a buffer that grows is copied again and again.
        let next = Vec::with_capacity(publication.len());
        self.command(Command::Publish { place, publication: std::mem::replace(publication, next) });
        if is_far_ahead {
            self.flush();
        }
    }

    fn ask_for_snapshot(&mut self, place: usize, of_copy: u64, body: Bytes, deadline: Instant) {
        self.command(Command::AskForSnapshot { place, of_copy, body, deadline });
    }

    fn rebuild(&mut self, place: usize) {
        self.command(Command::Rebuild { place });
    }

    fn publish_update(&mut self, place: usize, update: Update, id: &WorkflowId<'_>) {
        let is_far_ahead = self.is_far_ahead(update.changes.len());
        self.command(Command::PublishUpdate { place, update, id: id.clone().into_owned() });
        if is_far_ahead {
            self.flush();
        }
    }

    fn wait_for_subscribers(&mut self, place: usize, count: usize, until: Instant, ends_on_stop: bool) -> usize {
        let (there, answered) = oneshot::channel();
        self.command(Command::Subscribers { place, count, until, ends_on_stop, there });
        self.runtime.block_on(answered).unwrap_or_else(|_| {
            self.is_lost();
            0
        })
    }

    fn wait(&mut self, until: Instant, ends_on_stop: bool) {
        let Self { runtime, stopped, alarm, .. } = self;
        runtime.block_on(poll_fn(|cx| {
            let is_stopped = ends_on_stop && stopped.poll(cx).is_ready();
            if is_stopped || alarm.poll(until, cx).is_ready() { Poll::Ready(()) } else { Poll::Pending }
        }));
    }

    fn flush(&mut self) {
        self.ahead = (0, 0);
        let (done, flushed) = oneshot::channel();
        self.command(Command::Flush { done });
        if self.runtime.block_on(flushed).is_err() {
            self.is_lost();
        }
    }
}

type Opening = oneshot::Sender<Result<Opened, OpeningError>>;

/// The I/O thread: opens, serves the code and hands it what arrives, closes when the code lets go of it.
fn run(
    sockets: &Sockets,
    pools: Vec<Pool>,
    posts: Posts,
    opened: Opening,
    inbox: mpsc::UnboundedReceiver<Command>,
    outbox: mpsc::Sender<Vec<Arrived>>,
) {
    let runtime = match executor(sockets.busy) {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = opened.send(Err(error.into()));
            return;
        }
    };
    runtime.block_on(async {
        match sockets.open_here(pools, posts, true).await {
            Ok((mut io, addresses)) => {
                let _ = opened.send(Ok(addresses));
                serve(&mut io, inbox, outbox).await;
                io.close(sockets.linger).await;
            }
            Err(error) => {
                let _ = opened.send(Err(error.into()));
            }
        }
    });
    // A host name that is still looked up is nobody's business any more.
    runtime.shutdown_background();
}

/// What the I/O thread works with.
struct IoThread<'i> {
    io: &'i mut Io,
    /// What has arrived and was not yet handed over.
    batch: Vec<Arrived>,
    outbox: mpsc::Sender<Vec<Arrived>>,
    /// Whether the code sweeps by itself by now.
    is_swept: bool,
}

async fn serve(io: &mut Io, mut inbox: mpsc::UnboundedReceiver<Command>, outbox: mpsc::Sender<Vec<Arrived>>) {
    let mut thread = IoThread { io, batch: Vec::new(), outbox, is_swept: false };
    while let Some(command) = thread.next(&mut inbox).await {
        thread.obey(command).await;
        while let Ok(command) = inbox.try_recv() {
            thread.obey(command).await;
        }
        thread.io.send_answers();
    }
}

impl IoThread<'_> {
    /// Hands over what arrives until the code asks for something; none when it asks for nothing any more.
    async fn next(&mut self, inbox: &mut mpsc::UnboundedReceiver<Command>) -> Option<Command> {
        let Self { io, batch, outbox, is_swept } = self;
        let is_swept = *is_swept;
        loop {
            let is_behind = !batch.is_empty();
            let work =
                async { if is_behind || is_swept { io.drive().await } else { io.collect(batch, None, false).await } };
            // What was collected stays in the batch when a command comes first.
            tokio::select! {
                biased;
                command = inbox.recv() => return command,
                permit = outbox.reserve(), if is_behind => permit.ok()?.send(std::mem::take(batch)),
                () = work => {}
            }
        }
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Request { place, body, deadline, may_finish, answer } => {
                let outcome = self.io.request(place, body, deadline, may_finish).await;
                let _ = answer.send(outcome);
            }
            Command::Answer { socket, frames } => self.io.answer(socket, frames),
            Command::Publish { place, mut publication } => {
                if self.io.publish(place, &mut publication) >= TURN {
                    self.io.flush().await;
                }
            }
            Command::PublishUpdate { place, update, id } => {
                if self.io.publish_update(place, &update, &id) >= TURN {
                    self.io.flush().await;
                }
            }
            Command::AskForSnapshot { place, of_copy, body, deadline } => {
                self.io.ask_for_snapshot(place, of_copy, body, deadline);
            }
            Command::Rebuild { place } => self.io.rebuild(place).await,
            Command::Subscribers { place, count, until, ends_on_stop, there } => {
                let _ = there.send(self.io.wait_for_subscribers(place, count, until, ends_on_stop).await);
            }
            Command::Flush { done } => {
                self.io.flush().await;
                let _ = done.send(());
            }
            Command::Sweep { swept } => {
                self.is_swept = true;
                self.io.sweep(&mut self.batch);
                let _ = swept.send(std::mem::take(&mut self.batch));
            }
        }
    }
}
