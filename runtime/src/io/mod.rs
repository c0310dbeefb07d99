//! The sockets of one service: what arrives is collected fairly, what is to leave is sent, requests are answered.
//!
//! Owns the sockets that messages come in by, the queues of its subscribers, and the lines that it sends over. Its async functions run only
//! inside the `block_on` of the runtime that made the sockets; what was received is in the caller's hands before any of
//! them waits, so that no message is lost with a future that was dropped. Never waits for a slow or dead peer: what
//! cannot leave is dropped and counted.

mod arrived;
mod error;
mod estate;
mod inlet;
mod line;
mod lines;
mod opening;
mod outlet;
mod plan;
mod post;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_connections::Frames;
use service_framework_connections::requests::Unanswered;
use service_framework_model::wire::envelope::WorkflowId;
use service_framework_states::owner::Update;

pub(crate) use self::lines::Relays;
use self::lines::{AnswerOfOwner, Closed, Lines};
use crate::alarm::Alarm;
use crate::control::{Control, Stopped, after};
use crate::pool;
use crate::transport::{Socket, SocketOptions};
use crate::wiring::Wiring;

pub(crate) use arrived::{Arrived, Content};
pub use error::{WiringError, WiringProblem};
pub(crate) use inlet::{Inlet, MISSED, REPEATED};
pub(crate) use opening::Parts;
pub(crate) use outlet::FULL;
pub(crate) use plan::{End, Plan, Role};
pub(crate) use post::{Post, Postbox, Posts, Request, postbox};

/// How many messages one socket gives before the next one has its turn.
const QUOTA: usize = 64;

/// How often what has arrived is taken before something else has its turn.
const FLOOD: usize = 4;

/// A socket by which messages come in.
struct Door {
    place: usize,
    socket: Box<dyn Socket>,
}

/// The sockets of a service.
pub(crate) struct Io {
    doors: Vec<Door>,
    inlets: Vec<Inlet>,
    lines: Lines,
    /// Which connection has the first turn: another one each time.
    first: usize,
    /// Answers that wait for the next time the sockets are driven.
    outbox: VecDeque<(usize, Frames)>,
    received: Vec<Frames>,
    wiring: Arc<Wiring>,
    control: Arc<Control>,
    stopped: Stopped,
    alarm: Alarm,
    /// What the sockets of copies are made anew with.
    options: SocketOptions,
    following: Vec<Plan>,
    /// Whether the service's values are on another thread.
    is_apart: bool,
}

impl Io {
    /// What threads post for these connections is for the caller to take.
    pub(crate) fn relay(&mut self, relays: Relays) {
        self.lines.relay(relays);
    }

    /// Keeps a publication until the sockets are driven the next time; returns how many wait for that. The buffer may be
    /// used again.
    pub(crate) fn publish(&mut self, place: usize, publication: &mut Vec<u8>) -> usize {
        self.lines.publish(place, publication)
    }

    /// Keeps an update of a state until the sockets are driven the next time; returns how many messages wait for that.
    pub(crate) fn publish_update(&mut self, place: usize, update: &Update, id: &WorkflowId<'_>) -> usize {
        self.lines.publish_update(place, update, id)
    }

    /// Sends the request of a copy for a snapshot; what comes of it is collected.
    pub(crate) fn ask_for_snapshot(&mut self, place: usize, of_copy: u64, body: Bytes, deadline: Instant) {
        self.lines.ask(place, of_copy, body, deadline);
    }

    /// Keeps an answer until the sockets are driven the next time.
    pub(crate) fn answer(&mut self, socket: usize, frames: Frames) {
        self.outbox.push_back((socket, frames));
    }

    /// Whether something waits for the sockets to be driven, or may do so.
    pub(crate) fn wants_a_turn(&self) -> bool {
        !self.outbox.is_empty() || self.lines.is_used() || !self.inlets.is_empty()
    }

    /// Sends what waits and lets the sockets write it. What has arrived for subscribers goes into their queues.
    pub(crate) async fn flush(&mut self) {
        self.send_answers();
        self.lines.turn().await;
        tokio::task::yield_now().await;
        self.inlets.iter_mut().for_each(Inlet::pump);
    }

    /// Sends what waits, then collects at least one message, unless `until` comes before or, if that is to end it, the
    /// service stops.
    pub(crate) async fn collect(&mut self, out: &mut Vec<Arrived>, until: Option<Instant>, ends_on_stop: bool) {
        self.send_answers();
        let has_parked = self.wait(out, until, ends_on_stop).await;
        self.sweep(out);
        if !has_parked {
            // Under load nothing ever parks: one turn for the sockets' own tasks, so that they write and read on.
            tokio::task::yield_now().await;
        }
    }

    /// Drives the sockets until `until` comes or, if that is to end it, the service stops; what arrives stays queued.
    pub(crate) async fn rest(&mut self, until: Instant, ends_on_stop: bool) {
        self.send_answers();
        let Self { inlets, lines, stopped, alarm, .. } = self;
        poll_fn(|cx| {
            lines.drive(cx);
            attend(inlets, cx);
            let is_stopping = stopped.poll(cx).is_ready();
            if is_stopping {
                lines.stop_posted();
            }
            if (is_stopping && ends_on_stop) || alarm.poll(until, cx).is_ready() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    /// Drives everything for as long as it is waited for, and hands nothing over: requests of other threads go on
    /// although nobody collects, and so do the queues of subscribers.
    pub(crate) async fn drive(&mut self) {
        let Self { inlets, lines, stopped, .. } = self;
        poll_fn(|cx| {
            lines.drive(cx);
            attend(inlets, cx);
            if stopped.poll(cx).is_ready() {
                lines.stop_posted();
            }
            Poll::Pending
        })
        .await
    }

    /// Sends a request over the connection at `place` and waits for its reply. What arrives on other sockets stays
    /// queued. A stop ends it at once, or, if the call that sends it `may_finish`, when patience ends.
    pub(crate) async fn request(
        &mut self,
        place: usize,
        body: Bytes,
        deadline: Instant,
        may_finish: bool,
    ) -> Result<Bytes, Unanswered> {
        self.send_answers();
        let Self { inlets, lines, control, stopped, alarm, .. } = self;
        if control.is_stopping() && !may_finish {
            return Err(Unanswered::Stopping);
        }
        if !lines.begin_own(place, body, deadline) {
            return Err(Unanswered::NoPeer);
        }
        poll_fn(|cx| {
            attend(inlets, cx);
            loop {
                lines.drive(cx);
                if let Some(outcome) = lines.own_outcome() {
                    return Poll::Ready(outcome);
                }
                if stopped.poll(cx).is_pending() {
                    return Poll::Pending;
                }
                lines.stop_posted();
                match control.patience_ends().filter(|_| may_finish) {
                    Some(ends) if alarm.poll(ends, cx).is_pending() => return Poll::Pending,
                    _ => lines.stop_own(),
                }
            }
        })
        .await
    }

    /// Waits until the publisher at `place` has this many subscribers, until `until` comes or, if that is to end it, the
    /// service stops. Returns how many there are.
    pub(crate) async fn wait_for_subscribers(
        &mut self,
        place: usize,
        count: usize,
        until: Instant,
        ends_on_stop: bool,
    ) -> usize {
        self.send_answers();
        let Self { inlets, lines, stopped, alarm, .. } = self;
        poll_fn(|cx| {
            lines.drive(cx);
            attend(inlets, cx);
            let is_stopping = stopped.poll(cx).is_ready();
            if is_stopping {
                lines.stop_posted();
            }
            let subscribers = lines.subscribers(place);
            if subscribers >= count || (is_stopping && ends_on_stop) || alarm.poll(until, cx).is_ready() {
                Poll::Ready(subscribers)
            } else {
                Poll::Pending
            }
        })
        .await
    }

    /// Closes all sockets at once; what waits to leave has `linger` to do so.
    pub(crate) async fn close(mut self, linger: Duration) {
        let until = after(linger);
        self.send_answers();
        let Closed { requesters, publishers, pools } = self.lines.close();
        let answering = self.doors.into_iter().map(|door| door.socket);
        let speaking = answering.chain(publishers).map(|socket| socket.close(linger));
        // A request that was not answered is not to be executed after its service has gone.
        let silent = requesters.into_iter().chain(self.inlets.into_iter().flat_map(Inlet::close));
        let silent = silent.map(|socket| socket.close(Duration::ZERO));
        let mut closing: Vec<_> = speaking.chain(silent).map(Some).collect();
        poll_fn(|cx| {
            for socket in &mut closing {
                if socket.as_mut().is_some_and(|socket| socket.as_mut().poll(cx).is_ready()) {
                    *socket = None;
                }
            }
            if closing.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        pool::wait_for(pools, until);
    }

    /// Hands the answers and publications that wait to the sockets.
    pub(crate) fn send_answers(&mut self) {
        self.lines.send_publications();
        for (socket, frames) in self.outbox.drain(..) {
            let Some(door) = self.doors.get_mut(socket) else { continue };
            let Some(counters) = self.wiring.counters(door.place) else { continue };
            match door.socket.try_send(frames) {
                Ok(()) => counters.sent(),
                Err(refused) => counters.dropped(refused.word()),
            }
        }
    }

    /// Takes what has arrived, at most [`QUOTA`] a socket; returns whether that was anything.
    pub(crate) fn sweep(&mut self, out: &mut Vec<Arrived>) -> bool {
        let before = out.len();
        for AnswerOfOwner { place, of_copy, answer } in self.lines.take_answers() {
            out.push(Arrived { socket: 0, place, content: Content::Answer { of_copy, answer } });
        }
        let doors = self.doors.len();
        let count = doors + self.inlets.len();
        self.first = if self.first + 1 < count { self.first + 1 } else { 0 };
        for turn in 0..count {
            let at = (self.first + turn) % count;
            if let Some(door) = self.doors.get_mut(at) {
                self.received.clear();
                door.socket.try_receive(QUOTA, &mut self.received);
                let place = door.place;
                let arrived = |frames| Arrived { socket: at, place, content: Content::Here(Some(frames)) };
                out.extend(self.received.drain(..).map(arrived));
            } else if let Some(inlet) = self.inlets.get_mut(at - doors) {
                inlet.sweep(out);
            }
        }
        out.len() > before
    }

    /// Parks until something arrives, unless it is there; keeps one message of each socket that has any. Returns whether
    /// it has parked.
    async fn wait(&mut self, out: &mut Vec<Arrived>, until: Option<Instant>, ends_on_stop: bool) -> bool {
        let Self { doors, inlets, lines, stopped, alarm, .. } = self;
        let mut has_parked = false;
        poll_fn(|cx| {
            lines.drive(cx);
            let has_come = has_come(inlets, cx);
            let is_stopping = stopped.poll(cx).is_ready();
            if is_stopping {
                lines.stop_posted();
            }
            // A sweep takes no more than a batch of what has come before.
            let mut any = has_come || inlets.iter().any(Inlet::is_waiting) || lines.has_answers();
            any |= (is_stopping && ends_on_stop) || until.is_some_and(|until| alarm.poll(until, cx).is_ready());
            for (socket, door) in doors.iter_mut().enumerate() {
                if let Poll::Ready(Ok(frames)) = door.socket.poll_receive(cx) {
                    out.push(Arrived { socket, place: door.place, content: Content::Here(Some(frames)) });
                    any = true;
                }
            }
            if any {
                return Poll::Ready(has_parked);
            }
            has_parked = true;
            Poll::Pending
        })
        .await
    }
}

/// Takes what arrives for subscribers into their queues, and has the caller woken when there is more.
fn attend(inlets: &mut [Inlet], cx: &mut Context<'_>) {
    for _ in 0..FLOOD {
        if !has_come(inlets, cx) {
            return;
        }
    }
    // Something else has its turn before there is more of a flood.
    cx.waker().wake_by_ref();
}

/// Takes what has arrived for subscribers into their queues. Returns whether anything came; only if nothing did, the
/// caller is woken when something comes.
fn has_come(inlets: &mut [Inlet], cx: &mut Context<'_>) -> bool {
    let mut any = false;
    for inlet in inlets {
        any |= inlet.poll(cx);
    }
    any
}
