//! A timer that is set for every message and hardly ever rings.
//!
//! Owns what it is set to, which it moves only if that would ring too late: to set a timer anew takes longer than to read a
//! message, and one that rings too early is put off then. A time that is far away is waited for by a thread that all
//! services of the process share, and by the executor only when it has come near: as long as the executor has a timer,
//! the kernel sets one each time it goes to sleep, which is a fiftieth of a round trip.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_timer::Delay;
use tokio::time::{Sleep, sleep_until};

/// What comes within this time is near.
const NEAR: Duration = Duration::from_millis(100);

/// An alarm, which at first is set to nothing.
#[derive(Debug, Default)]
pub(crate) struct Alarm(Option<Set>);

#[derive(Debug)]
struct Set {
    at: Instant,
    by: By,
}

#[derive(Debug)]
enum By {
    /// Rings when that time is near.
    Thread(Delay),
    Executor(Pin<Box<Sleep>>),
}

impl Alarm {
    /// Ready when `at` has come. Runs inside of the executor.
    pub(crate) fn poll(&mut self, at: Instant, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let set = match &mut self.0 {
                Some(set) if set.at <= at => set,
                earlier => earlier.insert(Set::to(at)),
            };
            match &mut set.by {
                By::Thread(delay) => ready!(Pin::new(delay).poll(context)),
                By::Executor(sleep) => {
                    ready!(sleep.as_mut().poll(context));
                    if set.at >= at {
                        return Poll::Ready(());
                    }
                }
            }
            self.0 = None;
        }
    }
}

impl Set {
    fn to(at: Instant) -> Self {
        let left = at.saturating_duration_since(Instant::now());
        let by = match left.checked_sub(NEAR) {
            Some(far) if !far.is_zero() => By::Thread(Delay::new(far)),
            _ => By::Executor(Box::pin(sleep_until(at.into()))),
        };
        Self { at, by }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use super::*;

    /// Sets the alarm to each of these times from now, and says when it rang.
    fn rung_at(milliseconds: &[u64]) -> (Instant, Vec<Instant>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (mut alarm, began) = (Alarm::default(), Instant::now());
        let rung = runtime.block_on(async {
            let mut rung = Vec::new();
            for after in milliseconds {
                let at = began + Duration::from_millis(*after);
                poll_fn(|context| alarm.poll(at, context)).await;
                rung.push(Instant::now());
            }
            rung
        });
        (began, rung)
    }

    #[test]
    fn it_never_rings_before_its_time_whatever_it_was_set_to_before() {
        let near = u64::try_from(NEAR.as_millis()).unwrap();
        let times = [5, 20, 20, 35, near + 50, near + 60, 2 * near + 70];
        let (began, rung) = rung_at(&times);
        for (rung, after) in rung.into_iter().zip(times) {
            assert!(rung >= began + Duration::from_millis(after), "{after}");
        }
    }

    #[test]
    fn an_alarm_that_is_put_forward_rings_at_the_earlier_time() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (mut alarm, began) = (Alarm::default(), Instant::now());
        runtime.block_on(async {
            poll_fn(|context| Poll::Ready(alarm.poll(began + Duration::from_secs(3600), context).is_pending())).await;
            poll_fn(|context| alarm.poll(began + Duration::from_millis(5), context)).await;
        });
        assert!(began.elapsed() < Duration::from_secs(3600));
    }
}
