//! The timers that a service has set, and the functions that they call.
//!
//! Owns their numbers. Reads no clock: the host does, and says which number it is time for.

use std::any::{Any, TypeId, type_name};
use std::collections::BTreeMap;

use crate::abi::LAST_TIMER;
use crate::builder::Plain;
use crate::error::{Error, Result};

/// A timer that a service has set, for [`Context::cancel`](crate::Context::cancel). It belongs to the service that set
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timer(u64);

impl Timer {
    /// The number by which the host knows it. A number comes again only after all others have been used: neither a
    /// handle that was kept nor a ring that was on its way meets another timer.
    fn number(self) -> u32 {
        // The remainder is at most `LAST_TIMER`.
        (self.0 % (u64::from(LAST_TIMER) + 1)) as u32
    }
}

/// The timers of one service.
pub(crate) struct Timers {
    service: TypeId,
    service_name: &'static str,
    set: BTreeMap<u32, Entry>,
    next: u64,
}

struct Entry {
    timer: Timer,
    repeats: bool,
    /// A `Plain<S>` of the service's type.
    function: Box<dyn Any + Send>,
}

impl Timers {
    /// Those of a service of this type: none.
    pub(crate) fn of<S: 'static>() -> Self {
        Self { service: TypeId::of::<S>(), service_name: type_name::<S>(), set: BTreeMap::new(), next: 0 }
    }

    /// A new timer and its number.
    pub(crate) fn add<S: 'static>(&mut self, function: Plain<S>, repeats: bool) -> Result<(Timer, u32)> {
        if TypeId::of::<S>() != self.service {
            return Err(Error::new(format!(
                "a timer was to call a function of `{}`, and this is the context of `{}`",
                type_name::<S>(),
                self.service_name
            )));
        }
        // The memory ends long before the numbers do.
        while self.set.contains_key(&Timer(self.next).number()) {
            self.next += 1;
        }
        let timer = Timer(self.next);
        self.next += 1;
        self.set.insert(timer.number(), Entry { timer, repeats, function: Box::new(function) });
        Ok((timer, timer.number()))
    }

    /// The number of a timer that is still set.
    pub(crate) fn number(&self, timer: Timer) -> Option<u32> {
        let number = timer.number();
        self.set.get(&number).filter(|entry| entry.timer == timer).map(|_| number)
    }

    /// Forgets a timer.
    pub(crate) fn remove(&mut self, number: u32) {
        self.set.remove(&number);
    }

    /// The function to call, now that the time of this number has come; a timer that rings just once is forgotten.
    pub(crate) fn ring<S: 'static>(&mut self, number: u32) -> Result<Plain<S>> {
        let entry = self.set.get(&number);
        let function = entry.and_then(|entry| entry.function.downcast_ref::<Plain<S>>().copied());
        let function = function.ok_or_else(|| Error::new(format!("the service has no timer {number}")))?;
        if entry.is_some_and(|entry| !entry.repeats) {
            self.remove(number);
        }
        Ok(function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Desk;
    struct Other;

    fn timers() -> Timers {
        Timers::of::<Desk>()
    }

    fn add(timers: &mut Timers, repeats: bool) -> (Timer, u32) {
        timers.add::<Desk>(|_, _| Ok(()), repeats).unwrap()
    }

    #[test]
    fn a_timer_that_rings_once_is_forgotten_and_one_that_repeats_is_not() {
        let mut timers = timers();
        let ((once, first), (every, second)) = (add(&mut timers, false), add(&mut timers, true));
        assert!(timers.ring::<Desk>(first).is_ok() && timers.ring::<Desk>(second).is_ok());
        assert_eq!((timers.number(once), timers.number(every)), (None, Some(second)));
        assert!(timers.ring::<Desk>(first).unwrap_err().message().contains("no timer 0"));
        assert!(timers.ring::<Desk>(second).is_ok());
    }

    #[test]
    fn a_handle_that_was_kept_never_names_a_later_timer() {
        let mut timers = timers();
        let (old, number) = add(&mut timers, false);
        timers.remove(number);
        timers.next = u64::from(LAST_TIMER) + 1;
        let (new, reused) = add(&mut timers, false);
        assert_eq!(number, reused);
        assert_eq!((timers.number(old), timers.number(new)), (None, Some(number)));
    }

    #[test]
    fn the_number_of_a_timer_that_is_still_set_is_passed_over() {
        let mut timers = timers();
        let (_, number) = add(&mut timers, true);
        timers.next = u64::from(LAST_TIMER) + 1;
        assert_eq!(add(&mut timers, true).1, number + 1);
        assert_eq!(timers.set.len(), 2);
    }

    #[test]
    fn a_function_of_another_service_is_refused_by_name() {
        let error = timers().add::<Other>(|_, _| Ok(()), true).unwrap_err();
        assert!(error.message().contains("::Other`") && error.message().contains("::Desk`"), "{error}");
    }
}
