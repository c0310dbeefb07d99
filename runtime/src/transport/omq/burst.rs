//! What a publisher has sent that is not on its way to its subscribers yet: bounded in bytes.
//!
//! The crate queues what is published until its own task has had its turn, and bounds that by count alone. While a
//! function of the service runs, that task has none. Owns the sum of such bytes, and a guess, on the safe side, of how
//! many turns it takes to move them on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::Handle;
use tokio::task::yield_now;

use crate::transport::backlog::COUNTED;

/// How many bytes the crate moves in one turn.
const A_TURN: usize = 2 << 20;

pub(super) struct Burst {
    most: usize,
    waiting: Arc<AtomicUsize>,
    runtime: Handle,
}

impl Burst {
    /// A burst of at most `most` bytes, in the runtime of this thread.
    pub(super) fn of(most: usize) -> Self {
        Self { most, waiting: Arc::default(), runtime: Handle::current() }
    }

    /// Counts a message of `size` bytes, unless too much waits already. Where nothing waits, any message passes.
    #[must_use]
    pub(super) fn admits(&self, size: usize) -> bool {
        if size < COUNTED {
            return true;
        }
        // Only this thread adds; the task below takes away.
        let waiting = self.waiting.load(Ordering::Relaxed);
        if waiting > 0 && waiting.saturating_add(size) > self.most {
            return false;
        }
        if self.waiting.fetch_add(size, Ordering::Relaxed) == 0 {
            self.runtime.spawn(moved_on(Arc::clone(&self.waiting)));
        }
        true
    }
}

/// Counts until nothing waits any more.
async fn moved_on(waiting: Arc<AtomicUsize>) {
    loop {
        let moving = waiting.load(Ordering::Relaxed);
        for _ in 0..moving / A_TURN + 2 {
            yield_now().await;
        }
        if waiting.fetch_sub(moving, Ordering::Relaxed) == moving {
            return;
        }
    }
}
