//! Which peers a socket of the crate has, from the events that the crate tells.
//!
//! Owns the events. Who asks for the peers hears what has happened until then; in between a task listens, because the
//! crate keeps no more than a thousand events and drops the rest, losses among them. Never touches a socket.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use ::zeromq::util::PeerIdentity;
use ::zeromq::{Socket, SocketEvent};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::transport::PeersChange;

/// Gives the next event: to a task that waits for it, or at once or not at all.
type Events = Box<dyn FnMut(Option<&mut Context<'_>>) -> Poll<Option<SocketEvent>> + Send>;

/// The peers of one socket.
pub(super) struct Watch {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

struct Seen {
    events: Events,
    /// Each peer that can be sent to, and how many ticks it has been there for.
    ready: HashMap<PeerIdentity, u32>,
    lost: usize,
    changed: bool,
    waker: Option<Waker>,
}

impl Watch {
    /// Watches `socket` from now on.
    pub(super) fn over(socket: &mut impl Socket, runtime: &Handle) -> Self {
        let mut events = socket.monitor();
        let events: Events = Box::new(move |context| match context {
            Some(context) => pin!(events.recv()).poll(context).map(Result::ok),
            None => events.try_recv().map_or(Poll::Pending, |event| Poll::Ready(Some(event))),
        });
        let seen = Seen { events, ready: HashMap::new(), lost: 0, changed: false, waker: None };
        let seen = Arc::new(Mutex::new(seen));
        let listened = Arc::clone(&seen);
        let task = runtime.spawn(poll_fn(move |context| lock(&listened).poll_ended(context)));
        Self { seen, task }
    }

    /// Peers that can be sent to now.
    pub(super) fn ready(&self) -> usize {
        self.up_to_date().ready.len()
    }

    /// Peers that have been there for so many ticks.
    pub(super) fn ready_for(&self, ticks: u32) -> usize {
        self.up_to_date().ready.values().filter(|age| **age >= ticks).count()
    }

    /// Makes each peer a tick older.
    pub(super) fn tick(&self) {
        for age in self.up_to_date().ready.values_mut() {
            *age = age.saturating_add(1);
        }
    }

    /// What has happened since it was last asked, if anything has.
    pub(super) fn change(&self) -> Option<PeersChange> {
        self.up_to_date().change()
    }

    /// Has whoever waits here woken by whatever happens next.
    pub(super) fn wakes(&self, context: &Context<'_>) {
        lock(&self.seen).waker = Some(context.waker().clone());
    }

    /// Waits until something happens.
    pub(super) fn poll_change(&self, context: &Context<'_>) -> Poll<PeersChange> {
        let mut seen = self.up_to_date();
        match seen.change() {
            Some(change) => Poll::Ready(change),
            None => {
                seen.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    fn up_to_date(&self) -> MutexGuard<'_, Seen> {
        let mut seen = lock(&self.seen);
        while let Poll::Ready(Some(event)) = (seen.events)(None) {
            seen.note(event);
        }
        seen
    }

    /// Waits until the socket and all its tasks have ended; it has to be dropped for that.
    pub(super) async fn ended(&mut self) {
        let _ = (&mut self.task).await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Seen {
    fn poll_ended(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while let Some(event) = ready!((self.events)(Some(&mut *context))) {
            if self.note(event)
                && let Some(waker) = self.waker.take()
            {
                waker.wake();
            }
        }
        Poll::Ready(())
    }

    /// Says whether the event changed anything.
    fn note(&mut self, event: SocketEvent) -> bool {
        match event {
            SocketEvent::Connected(_, peer) | SocketEvent::Accepted(_, peer) => {
                // A newcomer that claims a return address has it from then on, and who had it before is cut off.
                self.lost += usize::from(self.ready.insert(peer, 0).is_some());
            }
            SocketEvent::Disconnected(peer) if self.ready.remove(&peer).is_some() => self.lost += 1,
            _ => return false,
        }
        self.changed = true;
        true
    }

    fn change(&mut self) -> Option<PeersChange> {
        let change = PeersChange { ready: self.ready.len(), lost: std::mem::take(&mut self.lost) };
        std::mem::take(&mut self.changed).then_some(change)
    }
}

/// Nothing that holds the lock can panic halfway through a change.
fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
