//! The sockets of one service: what arrives is collected fairly, what is to leave is sent, requests are answered.
//!
//! Owns the sockets and the links of the requesters. Its async functions run only inside the `block_on` of the runtime
//! that made the sockets; each runs to its end, so that no message is lost with a future that was dropped. Never waits
//! for a slow or dead peer: what cannot leave is dropped and counted.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use service_framework_connections::Frames;
use service_framework_connections::link::{Link, Unanswered};
use service_framework_connections::registry::SocketRole;
use uuid::Uuid;

use crate::alarm::Alarm;
use crate::control::{Control, Stopped};
use crate::transport::{BindError, ConnectError, OpenError, SendRefused, Socket, SocketKind, SocketOptions, Transport};
use crate::wiring::Wiring;

/// How many messages one socket gives before the next one has its turn.
const QUOTA: usize = 64;

/// A connection that is to be opened.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Its place in the model.
    pub(crate) place: usize,
    /// Its name, for errors.
    pub(crate) name: String,
    pub(crate) role: SocketRole,
    /// Where it binds or connects.
    pub(crate) endpoint: String,
}

/// A message that arrived.
pub(crate) struct Arrived {
    /// Which socket it came from; the answer goes there.
    pub(crate) socket: usize,
    /// Which connection it is for.
    pub(crate) place: usize,
    pub(crate) frames: Frames,
}

struct Plug {
    place: usize,
    socket: Box<dyn Socket>,
    link: Option<Link>,
}

/// The sockets of a service.
pub(crate) struct Io {
    plugs: Vec<Plug>,
    /// Which socket has the first turn: another one each time.
    first: usize,
    /// Answers that wait for the next time the sockets are driven.
    outbox: VecDeque<(usize, Frames)>,
    received: Vec<Frames>,
    wiring: Arc<Wiring>,
    control: Arc<Control>,
    stopped: Stopped,
    alarm: Alarm,
}

/// A connection that could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("connection `{name}`: {reason}")]
pub struct WiringError {
    /// The name of the connection.
    pub name: String,
    /// Why.
    pub reason: WiringProblem,
}

/// Why a connection could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum WiringProblem {
    /// The transport gave no socket.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The address could not be bound.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The address can never be connected to.
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

impl Io {
    /// Opens the sockets: those that bind first, so that a service which speaks to itself finds itself. Returns the
    /// address of each connection with them.
    pub(crate) async fn open(
        transport: &dyn Transport,
        options: &SocketOptions,
        plans: &[Plan],
        wiring: Arc<Wiring>,
        control: Arc<Control>,
    ) -> Result<(Self, Vec<(usize, String)>), WiringError> {
        let mut io = Self {
            plugs: Vec::new(),
            first: 0,
            outbox: VecDeque::new(),
            received: Vec::new(),
            wiring,
            stopped: Stopped::of(Arc::clone(&control)),
            control,
            alarm: Alarm::default(),
        };
        let mut addresses = Vec::new();
        let (binding, connecting): (Vec<_>, Vec<_>) = plans.iter().partition(|plan| plan.role == SocketRole::Router);
        for plan in binding.into_iter().chain(connecting) {
            match open(transport, options, plan).await {
                Ok((plug, address)) => {
                    addresses.push((plan.place, address));
                    io.plugs.push(plug);
                }
                Err(reason) => {
                    io.close(Duration::ZERO).await;
                    return Err(WiringError { name: plan.name.clone(), reason });
                }
            }
        }
        Ok((io, addresses))
    }

    /// Keeps an answer until the sockets are driven the next time.
    pub(crate) fn answer(&mut self, socket: usize, frames: Frames) {
        self.outbox.push_back((socket, frames));
    }

    /// Whether answers wait to be sent.
    pub(crate) fn has_answers(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Sends what waits and lets the sockets write it.
    pub(crate) async fn flush(&mut self) {
        self.send_answers();
        tokio::task::yield_now().await;
    }

    /// Sends what waits, then collects at least one message, unless `until` comes or the service stops before.
    pub(crate) async fn collect(&mut self, out: &mut Vec<Arrived>, until: Option<Instant>) {
        self.send_answers();
        self.sweep(out);
        if !out.is_empty() {
            // Under load nothing ever parks: one turn for the sockets' own tasks, so that they write and read on.
            return tokio::task::yield_now().await;
        }
        self.wait(out, until).await;
        self.sweep(out);
    }

    /// Drives the sockets until `until` comes or, if that is to end it, the service stops; what arrives stays queued.
    pub(crate) async fn rest(&mut self, until: Instant, ends_on_stop: bool) {
        self.send_answers();
        let control = Arc::clone(&self.control);
        tokio::select! {
            () = tokio::time::sleep_until(until.into()) => {}
            () = control.stopped(), if ends_on_stop => {}
        }
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
        let Self { plugs, received, wiring, control, stopped, alarm, .. } = self;
        let plug = plugs.iter_mut().find(|plug| plug.place == place);
        let Some(Plug { socket, link: Some(link), .. }) = plug else { return Err(Unanswered::NoPeer) };
        received.clear();
        while socket.try_receive(QUOTA, received) > 0 {
            stray(wiring, place, link, received);
        }
        // What happened to the peers before this request is not its business.
        socket.peers_change();
        link.handle_peers(socket.ready_peers(), false);
        link.begin(body, deadline);
        poll_fn(|cx| {
            loop {
                if let Some(frames) = link.poll_transmit() {
                    match socket.try_send(frames.clone()) {
                        Ok(()) => {}
                        Err(SendRefused::NoPeer | SendRefused::Closed) => link.handle_unsent(&frames),
                        Err(_) => link.handle_refused(),
                    }
                }
                if let Some(outcome) = link.poll_outcome() {
                    return Poll::Ready(outcome);
                }
                // What a peer sent before it was lost is received before its loss is reported.
                match socket.poll_receive(cx) {
                    Poll::Ready(Ok(frames)) => {
                        if let Err(stray) = link.handle_frames(&frames) {
                            dropped(wiring, place, stray.word());
                        }
                        continue;
                    }
                    Poll::Ready(Err(_)) => return Poll::Ready(Err(Unanswered::PeerLost)),
                    Poll::Pending => {}
                }
                match socket.poll_peers(cx) {
                    Poll::Ready(Ok(change)) => {
                        link.handle_peers(change.ready, change.lost > 0);
                        continue;
                    }
                    Poll::Ready(Err(_)) => return Poll::Ready(Err(Unanswered::PeerLost)),
                    Poll::Pending => {}
                }
                let mut ends = deadline;
                if stopped.poll(cx).is_ready() {
                    let Some(patience_ends) = control.patience_ends().filter(|_| may_finish) else {
                        link.handle_stop();
                        continue;
                    };
                    ends = ends.min(patience_ends);
                }
                ready!(alarm.poll(ends, cx));
                link.handle_timeout(Instant::now());
                if ends < deadline {
                    link.handle_stop();
                }
            }
        })
        .await
    }

    /// Counts and drops what arrives for requesters that wait for nothing, until dropped.
    pub(crate) async fn discard_strays(&mut self) {
        let Self { plugs, received, wiring, .. } = self;
        poll_fn(|cx| {
            for (at, plug) in plugs.iter_mut().enumerate().filter(|(_, plug)| plug.link.is_some()) {
                while let Poll::Ready(Ok(frames)) = plug.socket.poll_receive(cx) {
                    received.clear();
                    received.push(frames);
                    deliver(wiring, plug, at, received, &mut Vec::new());
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Closes all sockets at once; what waits to leave has `linger` to do so.
    pub(crate) async fn close(mut self, linger: Duration) {
        self.send_answers();
        let close = |plug: Plug| {
            // A request that was not answered is not to be executed after its service has gone.
            let linger = if plug.link.is_some() { Duration::ZERO } else { linger };
            Some(plug.socket.close(linger))
        };
        let mut closing: Vec<_> = self.plugs.into_iter().map(close).collect();
        poll_fn(|cx| {
            for socket in &mut closing {
                if socket.as_mut().is_some_and(|socket| socket.as_mut().poll(cx).is_ready()) {
                    *socket = None;
                }
            }
            if closing.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    fn send_answers(&mut self) {
        for (socket, frames) in self.outbox.drain(..) {
            let Some(plug) = self.plugs.get_mut(socket) else { continue };
            let Some(counters) = self.wiring.counters(plug.place) else { continue };
            match plug.socket.try_send(frames) {
                Ok(()) => counters.sent(),
                Err(refused) => counters.dropped(refused.word()),
            }
        }
    }

    /// Takes what has arrived, at most [`QUOTA`] a socket; returns whether that was anything.
    pub(crate) fn sweep(&mut self, out: &mut Vec<Arrived>) -> bool {
        let before = out.len();
        let count = self.plugs.len();
        self.first = if self.first + 1 < count { self.first + 1 } else { 0 };
        for turn in 0..count {
            let at = (self.first + turn) % count;
            let Some(plug) = self.plugs.get_mut(at) else { continue };
            self.received.clear();
            plug.socket.try_receive(QUOTA, &mut self.received);
            deliver(&self.wiring, plug, at, &mut self.received, out);
        }
        out.len() > before
    }

    /// Parks until something arrives; keeps everything that is ready then.
    async fn wait(&mut self, out: &mut Vec<Arrived>, until: Option<Instant>) {
        let Self { plugs, received, wiring, stopped, alarm, .. } = self;
        poll_fn(|cx| {
            let mut any = stopped.poll(cx).is_ready() || until.is_some_and(|until| alarm.poll(until, cx).is_ready());
            for (at, plug) in plugs.iter_mut().enumerate() {
                if let Poll::Ready(Ok(frames)) = plug.socket.poll_receive(cx) {
                    received.clear();
                    received.push(frames);
                    deliver(wiring, plug, at, received, out);
                    any = true;
                }
            }
            if any { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

async fn open(
    transport: &dyn Transport,
    options: &SocketOptions,
    plan: &Plan,
) -> Result<(Plug, String), WiringProblem> {
    let kind = match plan.role {
        SocketRole::Router => SocketKind::Router,
        SocketRole::Dealer => SocketKind::Dealer,
    };
    let mut socket = transport.open(kind, options)?;
    let (address, link) = match plan.role {
        SocketRole::Router => (socket.bind(&plan.endpoint).await?, None),
        SocketRole::Dealer => {
            socket.connect(&plan.endpoint).await?;
            let (seed, _) = Uuid::new_v4().as_u64_pair();
            (plan.endpoint.clone(), Some(Link::new(seed)))
        }
    };
    Ok((Plug { place: plan.place, socket, link }, address))
}

/// Hands messages to whom they are for: the service, or the link of a requester that has nothing in flight.
fn deliver(wiring: &Wiring, plug: &mut Plug, socket: usize, received: &mut Vec<Frames>, out: &mut Vec<Arrived>) {
    match &mut plug.link {
        Some(link) => stray(wiring, plug.place, link, received),
        None => out.extend(received.drain(..).map(|frames| Arrived { socket, place: plug.place, frames })),
    }
}

/// Counts what arrived for a requester that did not wait for it.
fn stray(wiring: &Wiring, place: usize, link: &mut Link, received: &mut Vec<Frames>) {
    for frames in received.drain(..) {
        if let Err(stray) = link.handle_frames(&frames) {
            dropped(wiring, place, stray.word());
        }
    }
}

fn dropped(wiring: &Wiring, place: usize, reason: &str) {
    if let Some(counters) = wiring.counters(place) {
        counters.dropped(reason);
    }
}
