//! A timer that is set for every message and hardly ever rings.
//!
//! Owns one timer of the executor, which it moves only if that would ring too late. Setting a timer anew takes longer
//! than reading a message; one that rings too early is put off then.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::time::{Sleep, sleep_until};

/// An alarm, which at first is set to nothing.
#[derive(Debug, Default)]
pub(crate) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Ready when `at` has come. Runs inside of the executor.
    pub(crate) fn poll(&mut self, at: Instant, context: &mut Context<'_>) -> Poll<()> {
        let at = at.into();
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if sleep.deadline() > at {
            sleep.as_mut().reset(at);
        }
        loop {
            ready!(sleep.as_mut().poll(context));
            if sleep.deadline() >= at {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(at);
        }
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
        let times = [5, 20, 20, 35];
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
