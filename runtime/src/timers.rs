//! The timers of a service: which one is due, and when to look again.
//!
//! A state machine without a clock: time comes in as an argument. Owns the times; what a timer does is the service's.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How many timers a service may have set at one time.
const MOST: usize = 100_000;

/// The timers of one service.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    set: HashMap<u32, Timer>,
    /// The same in the order of their times; of those of one time, the one set first comes first.
    queue: BTreeSet<(Instant, u64, u32)>,
    settings: u64,
}

#[derive(Clone, Copy, Debug)]
struct Timer {
    due: Instant,
    order: u64,
    period: Option<Duration>,
}

/// More timers than a service may have.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a service may have {MOST} timers set at one time")]
pub(crate) struct TooMany;

impl Timers {
    /// Sets a timer, anew if one of this number is set: it is due at `first`, and again after each `period`.
    pub(crate) fn set(&mut self, number: u32, first: Instant, period: Option<Duration>) -> Result<(), TooMany> {
        self.cancel(number);
        if self.set.len() >= MOST {
            return Err(TooMany);
        }
        self.settings += 1;
        self.enqueue(number, Timer { due: first, order: self.settings, period });
        Ok(())
    }

    /// Lets a timer be.
    pub(crate) fn cancel(&mut self, number: u32) {
        if let Some(Timer { due, order, .. }) = self.set.remove(&number) {
            self.queue.remove(&(due, order, number));
        }
    }

    /// When the next timer is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.queue.first().map(|(due, ..)| *due)
    }

    /// How many timers were set so far: those of one round end where it began.
    pub(crate) const fn settings(&self) -> u64 {
        self.settings
    }

    /// A timer that is due at `now`, if any is, of those that were among the first `settings` to be set: one that sets
    /// itself again without a delay has its turn in the next round, behind the messages. One with a period is due again
    /// at the next multiple of it that lies ahead: what was missed while the service was busy is not made up for.
    pub(crate) fn due(&mut self, now: Instant, settings: u64) -> Option<u32> {
        let (due, _, number) = *self.queue.first().filter(|(due, order, _)| *due <= now && *order <= settings)?;
        let timer = self.set.get(&number).copied()?;
        self.cancel(number);
        if let Some(period) = timer.period {
            let missed = now.duration_since(due).as_nanos() / period.as_nanos().max(1);
            let ahead = period.saturating_mul(u32::try_from(missed).unwrap_or(u32::MAX).saturating_add(1));
            let next = due.checked_add(ahead).filter(|next| *next > now).unwrap_or(now + period);
            self.enqueue(number, Timer { due: next, ..timer });
        }
        Some(number)
    }

    fn enqueue(&mut self, number: u32, timer: Timer) {
        self.queue.insert((timer.due, timer.order, number));
        self.set.insert(number, timer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn all_due(timers: &mut Timers, now: Instant) -> Vec<u32> {
        let settings = timers.settings();
        std::iter::from_fn(|| timers.due(now, settings)).collect()
    }

    #[test]
    fn timers_are_due_in_the_order_of_their_times_and_of_being_set() {
        let (mut timers, now) = (Timers::default(), Instant::now());
        for (number, seconds) in [(1, 2), (2, 1), (3, 1), (4, 3)] {
            timers.set(number, now + SECOND * seconds, None).unwrap();
        }
        assert_eq!(timers.next(), Some(now + SECOND));
        assert!(all_due(&mut timers, now).is_empty());
        assert_eq!(all_due(&mut timers, now + SECOND * 2), [2, 3, 1]);
        assert_eq!(all_due(&mut timers, now + SECOND * 9), [4]);
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn a_period_keeps_its_beat_and_what_was_missed_is_not_made_up_for() {
        let (mut timers, now) = (Timers::default(), Instant::now());
        timers.set(7, now + SECOND, Some(SECOND)).unwrap();
        assert_eq!(all_due(&mut timers, now + SECOND), [7]);
        assert_eq!(timers.next(), Some(now + SECOND * 2));
        assert_eq!(all_due(&mut timers, now + SECOND * 5 + SECOND / 2), [7]);
        assert_eq!(timers.next(), Some(now + SECOND * 6));
    }

    #[test]
    fn a_timer_that_is_set_anew_or_let_be_is_not_due_at_its_old_time() {
        let (mut timers, now) = (Timers::default(), Instant::now());
        timers.set(1, now + SECOND, Some(SECOND)).unwrap();
        timers.set(1, now + SECOND * 3, None).unwrap();
        timers.set(2, now + SECOND, None).unwrap();
        timers.cancel(2);
        timers.cancel(9);
        assert!(all_due(&mut timers, now + SECOND * 2).is_empty());
        assert_eq!(all_due(&mut timers, now + SECOND * 3), [1]);
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn a_period_of_a_nanosecond_does_not_hold_the_service_up() {
        let (mut timers, now) = (Timers::default(), Instant::now());
        timers.set(1, now, Some(Duration::from_nanos(1))).unwrap();
        assert_eq!(all_due(&mut timers, now + SECOND * 1000), [1]);
        assert!(timers.next().unwrap() > now + SECOND * 1000);
    }

    #[test]
    fn what_is_set_while_a_round_runs_waits_for_the_next_one() {
        let (mut timers, now) = (Timers::default(), Instant::now());
        timers.set(1, now, None).unwrap();
        let settings = timers.settings();
        assert_eq!(timers.due(now, settings), Some(1));
        timers.set(1, now, None).unwrap();
        assert_eq!(timers.due(now, settings), None);
        assert_eq!(all_due(&mut timers, now), [1]);
    }

    #[test]
    fn the_number_of_timers_is_bounded() {
        let (mut timers, now) = (Timers::default(), Instant::now());
        for number in 0..MOST as u32 {
            timers.set(number, now, None).unwrap();
        }
        assert_eq!(timers.set(u32::MAX, now, None), Err(TooMany));
        assert_eq!(timers.set(0, now, None), Ok(()));
    }
}
