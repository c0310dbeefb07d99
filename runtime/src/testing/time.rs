//! The time of a service under test: what runs as it goes by, and how it ends.
//!
//! Owns the order of timers, `main` and the function of a signal, as the thread of a service that runs has it. The clock
//! itself is the port's.

use std::sync::Arc;
use std::time::Duration;

use super::{TestError, TestService};
use crate::control::{StopReason, later};
use crate::life;
use crate::running::{Mode, RunError, Stopper};

/// How much of its time a `main` may take for which no stop is set.
const LONGEST_MAIN: Duration = Duration::from_secs(24 * 3600);
/// How often timers without a delay may set each other at one time before the test is told that time stands still.
const MOST_ROUNDS: usize = 10_000;

impl TestService {
    /// Lets time go by: the timers that are due run in the order of their times, each at its own. A function that waits
    /// longer than there is left takes the time with it.
    ///
    /// # Errors
    /// If the service ends otherwise than by stopping, if a script went wrong, or if timers without a delay set each
    /// other again and again, so that time cannot go on.
    pub fn advance(&mut self, duration: Duration) -> Result<(), TestError> {
        let until = later(self.port.now, duration);
        let _logs = self.blueprint.sinks.enter(&self.blueprint.name);
        let mut ended = Ok(());
        loop {
            self.settle()?;
            if self.dispatcher.is_stopping() {
                ended = self.end();
            }
            let next = self.dispatcher.next_timeout().filter(|_| !self.dispatcher.is_stopping());
            let next = next.filter(|next| *next <= until);
            let reached = self.port.pass(next.unwrap_or(until), !self.dispatcher.is_stopping());
            if reached && next.is_none() {
                break;
            }
        }
        self.told_well()?;
        ended
    }

    /// How much time has gone by for the service since it was made.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.port.elapsed()
    }

    /// Runs `main` until it returns, and then the function of the signal, if one came. Where no stop is set
    /// ([`TestService::stop_after`]), `main` has a day of its time to return. A `main` that neither waits nor sends, and
    /// only asks whether it should stop, lets no time go by: only a [`TestService::stopper`] on another thread stops it.
    ///
    /// # Errors
    /// If `main` or the function of the signal fails; [`TestError::Test`] if `main` did not return within its day, if it
    /// has run already, or if the service was not started with
    /// [`start_as_main`](super::TestServiceBuilder::start_as_main).
    pub fn run_main(&mut self) -> Result<(), TestError> {
        if self.blueprint.mode != Mode::Main {
            return Err(TestError::Test("the service was started for its loop: start it with `start_as_main`".into()));
        }
        if self.ended.is_some() {
            return Err(TestError::Test("`main` has run already: start the service once more".into()));
        }
        let _logs = self.blueprint.sinks.enter(&self.blueprint.name);
        let is_bounded = self.port.stop.is_some() || self.dispatcher.is_stopping();
        if !is_bounded {
            self.port.stop = Some((later(self.port.now, LONGEST_MAIN), StopReason::Requested));
        }
        let control = Arc::clone(&self.port.control);
        let led = life::lead(&mut self.dispatcher, &mut self.port, &control);
        let ran_out = !is_bounded && self.port.stop.take().is_none();
        self.failed = led.err();
        let ended = self.finish();
        self.told_well()?;
        if ran_out {
            let message = "`main` did not return within a day of its time: say with `stop_after` when it is to stop";
            return Err(TestError::Test(message.into()));
        }
        ended
    }

    /// Stops the service: what is delivered from now on is turned away. Before [`TestService::run_main`] it is asked to
    /// stop, as a signal would that comes that early.
    ///
    /// # Errors
    /// What the service ended with otherwise than by stopping.
    pub fn stop(&mut self) -> Result<(), TestError> {
        self.signal(StopReason::Requested)
    }

    /// The same for a signal: the service's function for it runs, between messages, and may send and wait.
    ///
    /// # Errors
    /// As [`TestService::stop`]; also if that function fails.
    pub fn signal(&mut self, reason: StopReason) -> Result<(), TestError> {
        self.port.stop(reason);
        let ended = self.end();
        self.told_well()?;
        ended
    }

    /// Has the service stopped, for this reason, when this much more of its time has gone by: in the middle of
    /// whatever waits then.
    ///
    /// ```
    /// # use service_framework::prelude::*;
    /// # use service_framework::StopReason;
    /// # use service_framework::testing::{TestError, TestService};
    /// # struct Clock;
    /// # impl ServiceDefinition for Clock {
    /// #     type Config = ();
    /// #     fn new(_: ()) -> Result<Self> { Ok(Self) }
    /// #     fn models(m: &mut Models<Self>) { m.main(Self::tick); }
    /// # }
    /// impl Clock {
    ///     fn tick(&mut self, ctx: &mut Context) -> Result<()> {
    ///         loop {
    ///             ctx.wait(Duration::from_secs(60))?;
    ///         }
    ///     }
    /// }
    ///
    /// # fn main() -> std::result::Result<(), TestError> {
    /// let mut clock = TestService::of::<Clock>().start_as_main()?;
    /// clock.stop_after(Duration::from_secs(90), StopReason::Sigterm);
    /// clock.run_main()?;
    /// assert_eq!(clock.elapsed(), Duration::from_secs(90));
    /// # Ok(())
    /// # }
    /// ```
    pub fn stop_after(&mut self, duration: Duration, reason: StopReason) {
        self.port.stop = Some((later(self.port.now, duration), reason));
    }

    /// A handle that stops the service from another thread, in real time.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        self.port.stopper()
    }

    /// Answers what threads of the author's own send through a [`Sender`](service_framework_plugin::Sender), until there
    /// were this many messages since this was last asked; returns how many there were. Every other call of the kit
    /// answers those that wait too, and they are counted here, but it waits for none. Such a send takes none of the
    /// service's time, whatever the script says.
    ///
    /// # Errors
    /// If there were fewer before `patience`, which is real time, ended; or if a script went wrong.
    pub fn take_posts(&mut self, at_least: usize, patience: Duration) -> Result<usize, TestError> {
        let taken = self.port.take_posts(at_least, patience);
        self.told_well()?;
        if taken < at_least {
            let message = format!("waited {patience:?} for {at_least} sends of the service's threads, and saw {taken}");
            return Err(TestError::Test(message));
        }
        Ok(taken)
    }

    /// Runs what is due without time going by.
    pub(super) fn settle(&mut self) -> Result<(), TestError> {
        self.port.take_waiting_posts();
        for _ in 0..MOST_ROUNDS {
            let is_due = self.dispatcher.next_timeout().is_some_and(|due| due <= self.port.now);
            if !is_due || self.dispatcher.is_stopping() {
                return Ok(());
            }
            self.settle_states()?;
            if let Err(error) = self.dispatcher.run_timers(&mut self.port) {
                self.fail(error);
            }
        }
        let message = format!("timers without a delay set each other {MOST_ROUNDS} times over: time stands still");
        Err(TestError::Test(message))
    }

    /// The service stops on a failure.
    pub(super) fn fail(&mut self, error: RunError) {
        self.failed.get_or_insert(error);
        self.port.stop(StopReason::Requested);
    }

    /// Ends a service that stops, unless it is for `main` to return first.
    pub(super) fn end(&mut self) -> Result<(), TestError> {
        if self.blueprint.mode == Mode::Main && self.ended.is_none() {
            return Ok(());
        }
        let _logs = self.blueprint.sinks.enter(&self.blueprint.name);
        self.finish()
    }

    /// Runs the function of the signal, once, and says how the service ended.
    fn finish(&mut self) -> Result<(), TestError> {
        if self.ended.is_none() {
            let control = Arc::clone(&self.port.control);
            let signalled = life::on_signal(&self.blueprint, &mut self.dispatcher, &mut self.port, &control);
            self.ended = Some(self.failed.take().map_or(signalled, Err));
            self.port.stop(StopReason::Requested);
            self.port.take_waiting_posts();
        }
        self.ended.clone().unwrap_or(Ok(())).map_err(TestError::Run)
    }
}
