//! The sockets of one service: what arrives is collected fairly, what is to leave is sent, requests are answered.
//!
//! Owns the sockets that messages come in by, the queues of its subscribers, and the lines that it sends over. Its async functions run only
//! inside the `block_on` of the runtime that made the sockets; what was received is in the caller's hands before any of
//! them waits, so that no message is lost with a future that was dropped. Never waits for a slow or dead peer: what
//! cannot leave is dropped and counted.

mod error;
mod inlet;
mod line;
mod lines;
mod outlet;
mod post;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_connections::Frames;
use service_framework_connections::publisher::Numbers;
use service_framework_connections::requests::Unanswered;
use uuid::Uuid;

use self::inlet::Inlet;
use self::line::Line;
use self::lines::{Closed, Lines};
use self::outlet::Outlet;
use crate::alarm::Alarm;
use crate::control::{Control, Stopped, after};
use crate::pool::{self, Pool};
use crate::transport::{Socket, SocketKind, SocketOptions, Transport};
use crate::wiring::Wiring;

pub use error::{WiringError, WiringProblem};
pub(crate) use inlet::{Inflow, MISSED, REPEATED};
pub(crate) use post::{Post, Postbox, Posts, Request, postbox};

/// How many messages one socket gives before the next one has its turn.
const QUOTA: usize = 64;

/// A connection that is to be opened.
#[derive(Clone)]
pub(crate) struct Plan {
    /// Its place in the model.
    pub(crate) place: usize,
    /// Its name, for errors.
    pub(crate) name: String,
    pub(crate) role: Role,
    /// Where it binds, or connects, in the order in which the addresses are tried.
    pub(crate) ends: Vec<End>,
}

/// What a connection does with its addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Answers whoever connects.
    Answers,
    /// Sends requests, each as often again as this says.
    Asks { retries: u32 },
    /// Sends to whoever subscribes.
    Publishes { binds: bool },
    /// Takes what publishers send.
    Subscribes { binds: bool },
}

impl Role {
    /// Whether it binds its addresses.
    const fn binds(self) -> bool {
        match self {
            Self::Answers => true,
            Self::Asks { .. } => false,
            Self::Publishes { binds } | Self::Subscribes { binds } => binds,
        }
    }
}

/// One address, and by what it is reached.
#[derive(Clone)]
pub(crate) struct End {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) endpoint: String,
}

/// A message that arrived.
pub(crate) struct Arrived {
    /// Which socket it came from; the answer goes there.
    pub(crate) socket: usize,
    /// Which connection it is for.
    pub(crate) place: usize,
    pub(crate) content: Content,
}

/// Where the frames of a message are.
pub(crate) enum Content {
    Here(Frames),
    /// In the queue of its subscriber, until the service has time for it.
    Queued(Arc<Inflow>),
}

impl Content {
    /// The frames; none if the queue has dropped them.
    pub(crate) fn take(self) -> Option<Frames> {
        match self {
            Self::Here(frames) => Some(frames),
            Self::Queued(inflow) => inflow.next(),
        }
    }
}

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
}

/// What the sockets of a service are opened with.
pub(crate) struct Parts<'p> {
    pub(crate) options: &'p SocketOptions,
    pub(crate) plans: &'p [Plan],
    pub(crate) pools: Vec<Pool>,
    pub(crate) posts: Posts,
    pub(crate) wiring: Arc<Wiring>,
    pub(crate) control: Arc<Control>,
}

impl Io {
    /// Opens the sockets: those that bind first, so that a service which speaks to itself finds itself. Returns the
    /// addresses of each connection with them.
    pub(crate) async fn open(parts: Parts<'_>) -> Result<(Self, Vec<(usize, String)>), WiringError> {
        let Parts { options, plans, pools, posts, wiring, control } = parts;
        let mut io = Self {
            doors: Vec::new(),
            inlets: Vec::new(),
            lines: Lines::new(pools, posts, Arc::clone(&wiring), Arc::clone(&control)),
            first: 0,
            outbox: VecDeque::new(),
            received: Vec::new(),
            wiring,
            stopped: Stopped::of(Arc::clone(&control)),
            control,
            alarm: Alarm::default(),
        };
        let mut addresses = Vec::new();
        let (binding, connecting): (Vec<_>, Vec<_>) = plans.iter().partition(|plan| plan.role.binds());
        for plan in binding.into_iter().chain(connecting) {
            match io.open_one(options, plan).await {
                Ok(opened) => addresses.extend(opened.into_iter().map(|address| (plan.place, address))),
                Err(reason) => {
                    io.close(Duration::ZERO).await;
                    return Err(WiringError { name: plan.name.clone(), reason });
                }
            }
        }
        Ok((io, addresses))
    }

    async fn open_one(&mut self, options: &SocketOptions, plan: &Plan) -> Result<Vec<String>, WiringProblem> {
        let place = plan.place;
        match plan.role {
            Role::Answers => {
                let mut addresses = Vec::new();
                for End { transport, endpoint } in &plan.ends {
                    let mut socket = transport.open(SocketKind::Router, options)?;
                    addresses.push(socket.bind(endpoint).await?);
                    self.doors.push(Door { place, socket });
                }
                Ok(addresses)
            }
            Role::Asks { retries } => {
                let mut sockets = Vec::new();
                for End { transport, endpoint } in &plan.ends {
                    let mut socket = transport.open(SocketKind::Dealer, options)?;
                    socket.connect(endpoint).await?;
                    sockets.push(socket);
                }
                self.lines.add(Line::new(place, sockets, retries));
                Ok(plan.ends.iter().map(|end| end.endpoint.clone()).collect())
            }
            Role::Publishes { binds } => {
                let Some((_, outbound, _)) = self.wiring.outbound(place) else { return Ok(Vec::new()) };
                let (topic, is_numbered) = (outbound.topic().to_vec(), outbound.is_numbered());
                let mut addresses = Vec::new();
                for End { transport, endpoint } in &plan.ends {
                    let mut socket = transport.open(SocketKind::Publisher, options)?;
                    addresses.push(bind_or_connect(socket.as_mut(), endpoint, binds).await?);
                    let (epoch, _) = Uuid::new_v4().as_u64_pair();
                    let numbers = is_numbered.then(|| Numbers::new(epoch));
                    self.lines.add_outlet(Outlet::new(place, socket, topic.clone(), numbers));
                }
                Ok(addresses)
            }
            Role::Subscribes { binds } => {
                let wiring = Arc::clone(&self.wiring);
                let Some(settings) = wiring.inbound(place).and_then(|(_, inbound, _)| inbound.intake()) else {
                    return Ok(Vec::new());
                };
                let options = SocketOptions { receive_queue: inlet::PUMPED as u32, ..options.clone() };
                let (mut addresses, mut sockets) = (Vec::new(), Vec::new());
                for End { transport, endpoint } in &plan.ends {
                    let mut socket = transport.open(SocketKind::Subscriber, &options)?;
                    socket.subscribe(settings.prefix()).await?;
                    addresses.push(bind_or_connect(socket.as_mut(), endpoint, binds).await?);
                    sockets.push(socket);
                }
                self.inlets.push(Inlet::new(place, sockets, settings, Arc::clone(&wiring)));
                Ok(addresses)
            }
        }
    }

    /// Keeps a publication until the sockets are driven the next time; returns how many wait for that.
    pub(crate) fn publish(&mut self, place: usize, publication: Vec<u8>) -> usize {
        self.lines.publish(place, publication)
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
        self.lines.turn().await;
        self.sweep(out);
        if !out.is_empty() {
            // Under load nothing ever parks: one turn for the sockets' own tasks, so that they write and read on.
            return tokio::task::yield_now().await;
        }
        self.wait(out, until, ends_on_stop).await;
        self.sweep(out);
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
        let doors = self.doors.len();
        let count = doors + self.inlets.len();
        self.first = if self.first + 1 < count { self.first + 1 } else { 0 };
        for turn in 0..count {
            let at = (self.first + turn) % count;
            if let Some(door) = self.doors.get_mut(at) {
                self.received.clear();
                door.socket.try_receive(QUOTA, &mut self.received);
                let place = door.place;
                let arrived = |frames| Arrived { socket: at, place, content: Content::Here(frames) };
                out.extend(self.received.drain(..).map(arrived));
            } else if let Some(inlet) = self.inlets.get_mut(at - doors) {
                inlet.sweep(out);
            }
        }
        out.len() > before
    }

    /// Parks until something arrives; keeps everything that is ready then.
    async fn wait(&mut self, out: &mut Vec<Arrived>, until: Option<Instant>, ends_on_stop: bool) {
        let Self { doors, inlets, lines, stopped, alarm, .. } = self;
        poll_fn(|cx| {
            lines.drive(cx);
            let has_come = attend(inlets, cx);
            let is_stopping = stopped.poll(cx).is_ready();
            if is_stopping {
                lines.stop_posted();
            }
            let mut any = has_come;
            any |= (is_stopping && ends_on_stop) || until.is_some_and(|until| alarm.poll(until, cx).is_ready());
            for (socket, door) in doors.iter_mut().enumerate() {
                if let Poll::Ready(Ok(frames)) = door.socket.poll_receive(cx) {
                    out.push(Arrived { socket, place: door.place, content: Content::Here(frames) });
                    any = true;
                }
            }
            if any { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Takes what arrives for subscribers into their queues, and has the caller woken when there is more. Returns whether
/// anything came.
fn attend(inlets: &mut [Inlet], cx: &mut Context<'_>) -> bool {
    let mut any = false;
    for inlet in inlets {
        any |= inlet.poll(cx);
    }
    any
}

async fn bind_or_connect(socket: &mut dyn Socket, endpoint: &str, binds: bool) -> Result<String, WiringProblem> {
    if binds {
        return Ok(socket.bind(endpoint).await?);
    }
    socket.connect(endpoint).await?;
    Ok(endpoint.to_owned())
}
