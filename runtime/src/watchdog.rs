//! Names the functions of a service that take too long: nothing else of the service runs meanwhile.
//!
//! Owns one sleeping thread for each watched service. Never interrupts anything: it says what it sees, once a call.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::logging::Sinks;

/// A thread that does nothing but look needs no more, in bytes.
const STACK: usize = 128 << 10;
/// No pause between two looks is shorter than this.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// Which function of a service runs, as its thread says.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Counts up when a function begins and when it ends: odd while one runs.
    turn: AtomicU64,
    function: AtomicU32,
    /// Whether no function will run any more. Not the service's stop: functions run after it, and through it.
    is_over: Mutex<bool>,
    over: Condvar,
}

impl Watch {
    /// A function begins.
    pub(crate) fn enter(&self, function: u32) {
        self.function.store(function, Ordering::Relaxed);
        // Only the service's own thread writes: no read-modify-write is needed.
        self.turn.store(self.turn.load(Ordering::Relaxed) + 1, Ordering::Release);
    }

    /// It has ended.
    pub(crate) fn leave(&self) {
        self.turn.store(self.turn.load(Ordering::Relaxed) + 1, Ordering::Release);
    }

    /// No function will run any more.
    pub(crate) fn end(&self) {
        *self.is_over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.over.notify_all();
    }

    /// Blocks the thread for `pause`, or until no function will run any more. Returns whether that is so.
    fn is_over_after(&self, pause: Duration) -> bool {
        let is_over = self.is_over.lock().unwrap_or_else(PoisonError::into_inner);
        *self.over.wait_timeout_while(is_over, pause, |is_over| !*is_over).unwrap_or_else(PoisonError::into_inner).0
    }

    /// The call that runs, if one does, and its function.
    fn running(&self) -> Option<(u64, u32)> {
        let turn = self.turn.load(Ordering::Acquire);
        (turn % 2 == 1).then(|| (turn, self.function.load(Ordering::Relaxed)))
    }
}

/// What is watched, and for what.
pub(crate) struct Watchdog {
    pub(crate) watch: Arc<Watch>,
    /// How long a function may take before it is named.
    pub(crate) limit: Duration,
    /// What a function is called, for people.
    pub(crate) name_of: Box<dyn Fn(u32) -> String + Send>,
}

impl Watchdog {
    /// Watches until the service's life is over.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(crate) fn start(self, sinks: Sinks, service: String) -> std::io::Result<JoinHandle<()>> {
        let thread = std::thread::Builder::new().name(format!("{service}-watch")).stack_size(STACK);
        thread.spawn(move || {
            let _logs = sinks.enter(&service);
            self.run();
        })
    }

    fn run(&self) {
        let pause = (self.limit / 2).max(SHORTEST_PAUSE);
        let mut seen: Option<(u64, Instant)> = None;
        let mut named = None;
        while !self.watch.is_over_after(pause) {
            let Some((turn, function)) = self.watch.running() else {
                seen = None;
                continue;
            };
            let since = match seen {
                Some((before, since)) if before == turn => since,
                _ => Instant::now(),
            };
            seen = Some((turn, since));
            if since.elapsed() >= self.limit && named != Some(turn) {
                named = Some(turn);
                let (name, limit) = ((self.name_of)(function), self.limit);
                tracing::warn!(
                    "{name} has been running for more than {limit:?}; the service does nothing else meanwhile"
                );
            }
        }
    }
}
