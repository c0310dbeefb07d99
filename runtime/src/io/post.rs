//! What threads of the service's author ask its sockets to send.
//!
//! Owns the queue between those threads and the thread of the sockets. Never encodes and never validates: a post is a
//! body that may leave as it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_connections::requests::Unanswered;
use tokio::sync::mpsc;

/// How many posts wait to be taken; more are refused.
const WAITING: usize = 1_000;
/// How long after its deadline a post is still waited for: the sockets say how it ended, unless nobody drives them.
const GRACE: Duration = Duration::from_secs(1);

/// A request of another thread.
pub(crate) struct Post {
    pub(crate) place: usize,
    pub(crate) body: Bytes,
    pub(crate) deadline: Instant,
    pub(crate) answer: SyncSender<Result<Bytes, Unanswered>>,
    /// Whether it belongs to the sockets by now, or to nobody, since its thread has given up: whoever says so first.
    claimed: Arc<AtomicBool>,
}

impl Post {
    /// Whether its thread still waits for it. It is then the caller's to send.
    pub(crate) fn claim(&self) -> bool {
        !self.claimed.swap(true, Ordering::AcqRel)
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
        let post = Post { place, body, deadline, answer, claimed: Arc::clone(&claimed) };
        self.0.try_send(post).map_err(|error| match error {
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

    /// Whether the service's sockets are gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}
