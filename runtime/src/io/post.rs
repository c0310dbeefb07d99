//! What threads of the service's author ask its sockets to send.
//!
//! Owns the queue between those threads and the thread of the sockets. Never encodes and never validates: a post is a
//! body that may leave as it is.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_connections::requests::Unanswered;
use tokio::sync::mpsc;

/// How many posts wait to be taken; more are refused.
const WAITING: usize = 1_000;
/// How long after its deadline a post is still waited for: the sockets say how it ended, unless nobody drives them.
const GRACE: Duration = Duration::from_secs(1);
/// How long a publication waits for the service to have time for those before it.
const PATIENCE: Duration = service_framework_connections::timeout::DEFAULT;

/// What another thread asks to be sent.
pub(crate) enum Post {
    /// A request, whose answer the thread waits for.
    Request(Request),
    /// A publication, which it does not wait for.
    Publication { place: usize, body: Vec<u8> },
}

/// A request of another thread.
pub(crate) struct Request {
    pub(crate) place: usize,
    pub(crate) body: Bytes,
    pub(crate) deadline: Instant,
    pub(crate) answer: SyncSender<Result<Bytes, Unanswered>>,
    /// Whether it belongs to the sockets by now, or to nobody, since its thread has given up: whoever says so first.
    claimed: Arc<AtomicBool>,
}

impl Request {
    /// Whether its thread still waits for it. It is then the caller's to send.
    pub(crate) fn claim(&self) -> bool {
        !self.claimed.swap(true, Ordering::AcqRel)
    }
}

/// Wakes the thread that waits for room. The thread may drive an executor of its own, so that it can wait for none.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Where posts are taken from.
pub(crate) type Posts = mpsc::Receiver<Post>;

/// Where posts are put.
#[derive(Clone)]
pub(crate) struct Postbox(mpsc::Sender<Post>);

/// A queue for posts.
pub(crate) fn postbox() -> (Postbox, Posts) {
    let (put, take) = mpsc::channel(WAITING);
    (Postbox(put), take)
}

impl Postbox {
    /// Has a request sent, and blocks the thread until it is over.
    pub(crate) fn request(&self, place: usize, body: Bytes, deadline: Instant) -> Result<Bytes, Unanswered> {
        let (answer, answered) = sync_channel(1);
        let claimed = Arc::new(AtomicBool::new(false));
        let request = Request { place, body, deadline, answer, claimed: Arc::clone(&claimed) };
        self.0.try_send(Post::Request(request)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Unanswered::Busy,
            mpsc::error::TrySendError::Closed(_) => Unanswered::Stopping,
        })?;
        let patience = (deadline + GRACE).saturating_duration_since(Instant::now());
        answered.recv_timeout(patience).unwrap_or_else(|error| match error {
            // Nobody has taken it, and nobody will.
            RecvTimeoutError::Timeout if !claimed.swap(true, Ordering::AcqRel) => Err(Unanswered::Busy),
            RecvTimeoutError::Timeout => Err(Unanswered::TimedOut),
            RecvTimeoutError::Disconnected => Err(Unanswered::Stopping),
        })
    }

    /// Has a publication sent. Blocks the thread only while the service has no time for those before it.
    pub(crate) fn publish(&self, place: usize, body: Vec<u8>) -> Result<(), Unanswered> {
        let post = match self.0.try_send(Post::Publication { place, body }) {
            Ok(()) => return Ok(()),
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(Unanswered::Stopping),
            Err(mpsc::error::TrySendError::Full(post)) => post,
        };
        let mut room = std::pin::pin!(self.0.reserve());
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let until = Instant::now() + PATIENCE;
        loop {
            match room.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(Ok(room)) => {
                    room.send(post);
                    return Ok(());
                }
                Poll::Ready(Err(_)) => return Err(Unanswered::Stopping),
                Poll::Pending => {}
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Unanswered::Busy);
            }
            std::thread::park_timeout(left);
        }
    }

    /// Whether the service's sockets are gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}
