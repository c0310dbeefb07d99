//! How a running service is told to stop, and how everything that waits in it learns of that.
//!
//! Owns the one flag per service. Never stops anything by force: each wait looks at it and ends.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::registration::Registration;

/// Why a service stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The program asked for it.
    Requested,
    /// SIGINT came.
    Sigint,
    /// SIGTERM came.
    Sigterm,
}

#[derive(Clone, Copy, Debug)]
struct Stop {
    reason: StopReason,
    /// When patience with code that does not return ends.
    until: Instant,
}

/// As long as a wait can be: the timers' own limit is a little over two years.
const FAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// The time after `duration`, or one so far away that nobody waits for it.
pub(crate) fn after(duration: Duration) -> Instant {
    later(Instant::now(), duration)
}

/// The time that is `duration` after `now`, or one so far away that nobody waits for it.
pub(crate) fn later(now: Instant, duration: Duration) -> Instant {
    now + duration.min(FAR)
}

/// The stop flag of one service, shared by its threads and whoever stops it.
#[derive(Debug, Default)]
pub(crate) struct Control {
    stop: Mutex<Option<Stop>>,
    /// The same, for who asks often and needs no reason.
    is_stopping: AtomicBool,
    notify: Notify,
}

impl Control {
    fn lock(&self) -> MutexGuard<'_, Option<Stop>> {
        // Nothing can panic while the lock is held: the value is plain data.
        self.stop.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the service to stop, giving its code `patience` to return. Only the first call counts.
    pub(crate) fn stop(&self, reason: StopReason, patience: Duration) {
        self.stop_at(Instant::now(), reason, patience);
    }

    /// The same at the time `now` of whatever clock the service lives by.
    pub(crate) fn stop_at(&self, now: Instant, reason: StopReason, patience: Duration) {
        let mut stop = self.lock();
        if stop.is_none() {
            *stop = Some(Stop { reason, until: later(now, patience) });
            self.is_stopping.store(true, Ordering::Release);
            self.notify.notify_waiters();
        }
    }

    /// Whether the service was asked to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Acquire)
    }

    /// Why the service was asked to stop, if it was.
    #[must_use]
    pub(crate) fn stopping(&self) -> Option<StopReason> {
        self.lock().map(|stop| stop.reason)
    }

    /// When patience with the service's code ends, once it was asked to stop.
    #[must_use]
    pub(crate) fn patience_ends(&self) -> Option<Instant> {
        self.lock().map(|stop| stop.until)
    }

    /// Completes as soon as the service is asked to stop.
    pub(crate) async fn stopped(&self) {
        loop {
            let notified = self.notify.notified();
            tokio::pin!(notified);
            // Registered before the look, so that a stop between the look and the wait is not missed.
            notified.as_mut().enable();
            if self.stopping().is_some() {
                return;
            }
            notified.await;
        }
    }
}

/// A wait for the stop of a service that goes on over many polls: to begin a new one for each message takes time.
pub(crate) struct Stopped {
    control: Arc<Control>,
    waiting: Option<Pin<Box<dyn Future<Output = ()>>>>,
    registration: Registration,
}

impl Stopped {
    pub(crate) fn of(control: Arc<Control>) -> Self {
        let waited_for = Arc::clone(&control);
        let waiting = Box::pin(async move { waited_for.stopped().await });
        Self { control, waiting: Some(waiting), registration: Registration::default() }
    }

    /// Ready, from then on, when the service has been asked to stop.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(waiting) = &mut self.waiting else { return Poll::Ready(()) };
        if self.registration.is_of(context) && !self.control.is_stopping() {
            return Poll::Pending;
        }
        if waiting.as_mut().poll(context).is_pending() {
            self.registration.renew(context);
            return Poll::Pending;
        }
        self.waiting = None;
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[test]
    fn a_wait_for_the_stop_sees_one_before_and_one_during_the_wait_and_stays_ready() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for already in [true, false] {
            let control = Arc::new(Control::default());
            let stop = || control.stop(StopReason::Requested, Duration::ZERO);
            let mut stopped = Stopped::of(Arc::clone(&control));
            if already {
                stop();
            }
            runtime.block_on(async {
                let is_ready = poll_fn(|context| Poll::Ready(stopped.poll(context).is_ready())).await;
                assert_eq!(is_ready, already);
                std::thread::scope(|scope| {
                    scope.spawn(stop);
                });
                poll_fn(|context| stopped.poll(context)).await;
                poll_fn(|context| stopped.poll(context)).await;
            });
        }
    }

    #[test]
    fn the_first_reason_stays() {
        let control = Control::default();
        assert_eq!(control.stopping(), None);
        control.stop(StopReason::Sigterm, Duration::ZERO);
        control.stop(StopReason::Requested, Duration::ZERO);
        assert_eq!(control.stopping(), Some(StopReason::Sigterm));
    }
}
