//! In whose name something is waited for.
//!
//! Owns one waker. A wait that goes on over many messages is polled for each of them, though it knows already whom to
//! wake; where it can be seen in another way that nothing has happened, it need not be.

use std::task::{Context, RawWakerVTable, Waker};

use tokio::task::coop::has_budget_remaining;

/// Who is woken by a wait; at first nobody.
#[derive(Debug, Default)]
pub(crate) struct Registration(Option<Known>);

/// A waker that is known again. Its copy may have another table of functions, of the same content: the one that was given
/// is compared, while the copy sees to it that nobody else has its place in memory.
#[derive(Debug)]
struct Known {
    place: usize,
    functions: &'static RawWakerVTable,
    _alive: Waker,
}

impl Registration {
    /// Whether the wait is in the name of whoever polls now.
    pub(crate) fn is_of(&self, context: &Context<'_>) -> bool {
        let waker = context.waker();
        let is_same =
            |known: &Known| known.place == waker.data().addr() && std::ptr::eq(known.functions, waker.vtable());
        self.0.as_ref().is_some_and(is_same)
    }

    /// The wait was polled, and is pending.
    pub(crate) fn renew(&mut self, context: &Context<'_>) {
        if !has_budget_remaining() {
            // The executor's waits refuse to be polled then, and wake nobody later.
            self.0 = None;
        } else if !self.is_of(context) {
            let waker = context.waker();
            self.0 = Some(Known { place: waker.data().addr(), functions: waker.vtable(), _alive: waker.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::{Poll, Waker};

    use tokio::task::coop::{consume_budget, has_budget_remaining};

    use super::*;

    #[test]
    fn a_wait_that_was_not_polled_for_want_of_a_budget_is_nobodys() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut registration = Registration::default();
        runtime.block_on(async {
            poll_fn(|context| {
                assert!(!registration.is_of(context));
                registration.renew(context);
                assert!(registration.is_of(context));
                assert!(!registration.is_of(&Context::from_waker(Waker::noop())));
                while has_budget_remaining() {
                    let _ = std::pin::pin!(consume_budget()).poll(context);
                }
                registration.renew(context);
                assert!(!registration.is_of(context));
                Poll::Ready(())
            })
            .await;
        });
    }
}
