//! One subscriber: the sockets that its messages come in by, and the queue in which they wait for the service.
//!
//! Owns both, and that every message which does not get to the service is counted. What is dropped is for the
//! [`Intake`] to say. The queue is shared with the service's own thread, which takes from it only when it has time for
//! the next message: until then a later one may replace it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use service_framework_connections::Frames;
use service_framework_connections::intake::{Intake, Lost, Settings};
use service_framework_connections::queue::Dropped;

use super::{Arrived, Content, QUOTA};
use crate::dispatch::STOPPING;
use crate::logging;
use crate::transport::{PeersChange, Socket};
use crate::wiring::Wiring;

/// How many messages are taken from one socket in one go: more than the service is handed in one, so that a burst waits
/// here and not with its publisher, which would drop it.
pub(super) const PUMPED: usize = 16 * QUOTA;

/// The sockets and the queue of a subscriber.
pub(crate) struct Inlet {
    sockets: Vec<Box<dyn Socket>>,
    /// Which socket has the first turn: another one each time.
    first: usize,
    received: Vec<Frames>,
    inflow: Arc<Inflow>,
    /// Of a copy of a state: what has happened to its publishers and was not told yet.
    peers: Option<PeersChange>,
    tells_peers: bool,
}

impl Inlet {
    pub(crate) fn new(place: usize, sockets: Vec<Box<dyn Socket>>, settings: &Settings, wiring: Arc<Wiring>) -> Self {
        let waiting = Waiting { intake: Intake::new(settings.clone()), promised: 0 };
        let inflow = Arc::new(Inflow { place, wiring, waiting: Mutex::new(waiting) });
        Self { sockets, first: 0, received: Vec::new(), inflow, peers: None, tells_peers: false }
    }

    /// That of a copy of a state, which wants to know of its publishers too.
    pub(super) fn of_copy(
        place: usize,
        sockets: Vec<Box<dyn Socket>>,
        settings: &Settings,
        wiring: Arc<Wiring>,
    ) -> Self {
        Self { tells_peers: true, ..Self::new(place, sockets, settings, wiring) }
    }

    pub(crate) fn place(&self) -> usize {
        self.inflow.place
    }

    /// Gives up the sockets, to be closed: others are to take their place.
    pub(super) fn take_sockets(&mut self) -> Vec<Box<dyn Socket>> {
        self.pump();
        std::mem::take(&mut self.sockets)
    }

    pub(super) fn set_sockets(&mut self, sockets: Vec<Box<dyn Socket>>) {
        self.sockets = sockets;
    }

    /// Takes what has arrived into the queue, and promises the service what it has not been promised yet: of
    /// a subscriber at most [`QUOTA`] messages, of a copy all.
    pub(crate) fn sweep(&mut self, out: &mut Vec<Arrived>) {
        self.pump();
        let (inflow, place) = (&self.inflow, self.inflow.place);
        let peers = self.peers.take();
        let mut waiting = inflow.lock();
        // A copy is not told of its owner's silence as long as something waits: it gets all at once.
        let most = if self.tells_peers { usize::MAX } else { QUOTA };
        let count = waiting.intake.len().saturating_sub(waiting.promised).min(most);
        waiting.promised += count;
        drop(waiting);
        // No answer goes back, so that the socket does not matter.
        if count > 0 {
            out.push(Arrived {
                socket: 0,
                place,
                content: Content::Queued { inflow: Arc::clone(inflow), left: count },
            });
        }
        // What a publisher sent before it was lost comes before its loss.
        if let Some(PeersChange { ready, lost }) = peers {
            out.push(Arrived { socket: 0, place, content: Content::Peers { ready, lost } });
        }
    }

    /// Takes what has arrived into the queue, as long as there is room. Returns whether anything came; only if nothing
    /// did, the caller is woken when something comes.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        if self.pumped() > 0 {
            return true;
        }
        let mut any = false;
        let Self { sockets, inflow, peers, tells_peers, .. } = self;
        for socket in sockets {
            while *tells_peers && let Poll::Ready(Ok(change)) = socket.poll_peers(cx) {
                let lost = change.lost + peers.map_or(0, |before| before.lost);
                *peers = Some(PeersChange { lost, ..change });
                any = true;
            }
            if inflow.lock().intake.room() > 0
                && let Poll::Ready(Ok(frames)) = socket.poll_receive(cx)
            {
                inflow.take_in([frames]);
                any = true;
            }
        }
        any
    }

    /// Takes what has arrived into the queue, as long as there is room.
    pub(super) fn pump(&mut self) {
        self.pumped();
    }

    fn pumped(&mut self) -> usize {
        let Self { sockets, first, received, inflow, .. } = self;
        *first = if *first + 1 < sockets.len() { *first + 1 } else { 0 };
        let mut pumped = 0;
        let (before, after) = sockets.split_at_mut(*first);
        for socket in after.iter_mut().chain(before) {
            let mut left = PUMPED;
            loop {
                // Few enough to stay in the fastest cache until they are in the queue.
                let room = inflow.lock().intake.room().min(left).min(QUOTA);
                if room == 0 {
                    break;
                }
                let count = socket.try_receive(room, received);
                inflow.take_in(received.drain(..));
                pumped += count;
                left -= count;
                if count < room {
                    break;
                }
            }
        }
        pumped
    }

    /// Takes in a message that no socket carries. Returns whether there was room for it.
    pub(crate) fn hand_in(&self, frames: Frames) -> bool {
        let has_room = self.inflow.lock().intake.room() > 0;
        if has_room {
            self.inflow.take_in([frames]);
        }
        has_room
    }

    /// Whether something waits that the service has not been promised yet.
    pub(crate) fn is_waiting(&self) -> bool {
        if self.peers.is_some() {
            return true;
        }
        let waiting = self.inflow.lock();
        waiting.intake.len() > waiting.promised
    }

    /// Counts what waits and will never be handled, and gives up the sockets, to be closed.
    pub(crate) fn close(mut self) -> Vec<Box<dyn Socket>> {
        self.pump();
        self.inflow.give_up();
        self.sockets
    }
}

/// The queue of a subscriber, for the thread of its sockets and the thread of its service.
pub(crate) struct Inflow {
    place: usize,
    wiring: Arc<Wiring>,
    waiting: Mutex<Waiting>,
}

struct Waiting {
    intake: Intake,
    /// How many messages the service has been promised and has not asked for yet.
    promised: usize,
}

impl Inflow {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // A queue is good after each of its calls, and no other code runs while the lock is held.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next message, if one of those promised has not been dropped meanwhile.
    pub(crate) fn next(&self) -> Option<Frames> {
        let mut waiting = self.lock();
        waiting.promised = waiting.promised.saturating_sub(1);
        let frames = waiting.intake.poll_frames();
        self.tell_depth(&waiting);
        frames
    }

    fn take_in(&self, received: impl IntoIterator<Item = Frames>) {
        let mut waiting = self.lock();
        let mut lost = Lost::default();
        for frames in received {
            let Lost { missed, repeated, dropped } = waiting.intake.handle_frames(frames);
            lost.missed = lost.missed.saturating_add(missed);
            lost.repeated += repeated;
            lost.dropped.oldest += dropped.oldest;
            lost.dropped.newest += dropped.newest;
            lost.dropped.conflated += dropped.conflated;
        }
        self.tell_depth(&waiting);
        drop(waiting);
        if lost != Lost::default() {
            self.count(&lost);
        }
    }

    fn tell_depth(&self, waiting: &Waiting) {
        if let Some(counters) = self.wiring.counters(self.place) {
            counters.waiting(waiting.intake.len());
        }
    }

    #[cold]
    fn count(&self, lost: &Lost) {
        let (name, Some(counters)) = (self.wiring.name(self.place), self.wiring.counters(self.place)) else { return };
        let Lost { missed, repeated, dropped: Dropped { oldest, newest, conflated } } = *lost;
        counters.dropped_many(MISSED, missed);
        counters.dropped_many(REPEATED, repeated);
        counters.dropped_many("oldest_dropped", oldest);
        counters.dropped_many("newest_dropped", newest);
        counters.dropped_many("conflated", conflated);
        if missed > 0 {
            logging::missed(name, missed);
        }
        if oldest + newest > 0 {
            logging::queue_full(name, oldest + newest);
        }
    }

    fn give_up(&self) {
        let mut waiting = self.lock();
        let mut left = 0;
        while waiting.intake.poll_frames().is_some() {
            left += 1;
        }
        self.tell_depth(&waiting);
        if let Some(counters) = self.wiring.counters(self.place) {
            counters.dropped_many(STOPPING.0, left);
        }
    }
}

/// The reason under which messages are counted that never came.
pub(crate) const MISSED: &str = "missed";
/// The reason under which messages are counted that came before.
pub(crate) const REPEATED: &str = "repeated";
