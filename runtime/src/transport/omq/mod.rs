//! The transport over the ZeroMQ crate `omq-tokio`; the only folder that names it.
//!
//! It owns the mapping of messages, options and errors, and the few rules that the crate leaves to
//! its user: nothing is sent to a peer that is not there, a return address is never shared, and
//! closing ends only when everything is freed. It never starts a thread of its own for sockets:
//! they run in the runtime that opened them.

mod audience;
mod burst;
mod receiving;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use omq_tokio::endpoint::Host;
use omq_tokio::options::WorkloadProfile;
use omq_tokio::{
    AuthenticationResult, Authenticator, Endpoint, Error, IpcPath, KeepAlive, MechanismSetup, Message, MonitorEvent,
    MonitorRecvError, Options, ReconnectPolicy, SocketType, TrySendError,
};

use super::backlog::Backlog;
use super::{
    BindError, BindProblem, Boxed, Closed, ConnectError, ConnectProblem, Frames, OpenError, PeersChange, SendRefused,
    Socket, SocketKind, SocketOptions, SubscribeError, TopicChange, Transport, socket_file,
};
use crate::registration::Registration;
use audience::Audience;
use burst::Burst;
use receiving::Receiving;

/// What the crate counts for each frame besides its bytes; room for an envelope of eight frames is
/// added to the maximum, so that a message of exactly the maximum passes.
const ENVELOPE: usize = 8 * 64;

/// How much longer than its linger a socket may take to close before it is left to the runtime.
const CLOSING: Duration = Duration::from_secs(1);

/// Longer subscriptions are refused by hanging up.
const LONGEST_PREFIX: usize = 64 << 10;

/// The crate moves a publisher's messages to its subscribers' queues 256 at a turn, and drops without a word what finds
/// no room there. A queue that holds two turns overflows only if its subscriber is slow.
const TWO_TURNS: u32 = 512;

/// The default transport.
#[derive(Debug, Clone, Copy, Default)]
pub struct Omq;

impl Transport for Omq {
    fn name(&self) -> &'static str {
        "omq"
    }

    fn open(&self, kind: SocketKind, options: &SocketOptions) -> Result<Box<dyn Socket>, OpenError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(OpenError::NoRuntime);
        }
        let socket_type = match kind {
            SocketKind::Router => SocketType::Router,
            SocketKind::Dealer => SocketType::Dealer,
            SocketKind::Publisher => SocketType::Pub,
            SocketKind::Subscriber => SocketType::Sub,
        };
        let socket = omq_tokio::Socket::try_new(socket_type, settings(kind, options))
            .map_err(|error| OpenError::Options(error.to_string()))?;
        let audience = (kind == SocketKind::Publisher).then(|| Audience::of(&socket, options));
        Ok(Box::new(OmqSocket {
            kind,
            audience,
            burst: Burst::of(options.send_queue_bytes),
            max_message_size: options.max_message_size,
            backlog: Backlog::of_bytes(options.send_queue_bytes),
            peers: Peers { ready: socket.ready_peer_count(), generation: socket.connections_generation() },
            socket: Arc::new(socket),
            swept: Vec::new(),
            receiving: None,
            watching: None,
            registration: Registration::default(),
        }))
    }
}

fn settings(kind: SocketKind, options: &SocketOptions) -> Options {
    let mut settings = Options::new()
        .workload_profile(profile(kind))
        .max_message_size(options.max_message_size.saturating_add(ENVELOPE))
        .recv_hwm(options.receive_queue)
        .send_hwm(options.send_queue)
        .handshake_timeout(options.handshake_timeout)
        .max_pending_handshakes(options.max_pending_handshakes)
        .reconnect(ReconnectPolicy::Exponential { min: options.reconnect_min, max: options.reconnect_max })
        .router_mandatory(true);
    if let Some(idle) = options.keepalive {
        settings = settings.tcp_keepalive(KeepAlive::Enabled { idle, intvl: idle / 3, cnt: 3 });
    }
    if let Some(interval) = options.heartbeat.interval(kind) {
        // A peer that pings nobody itself hangs up later than it has to, rather than on a service that computes.
        settings = settings.heartbeat_interval(interval).heartbeat_timeout(interval * 3).heartbeat_ttl(interval * 6);
        if kind == SocketKind::Publisher {
            // A ping that waits behind what a subscriber does not read says nothing; the kernel knows.
            settings = settings.tcp_user_timeout(interval * 6);
        }
    }
    if kind == SocketKind::Publisher {
        // Subscriptions are all that it receives.
        settings = settings
            .max_message_size(LONGEST_PREFIX + ENVELOPE)
            .send_hwm(options.send_queue.max(TWO_TURNS))
            .transmit_slot_cap(options.send_queue_bytes);
    }
    if kind == SocketKind::Router {
        settings.mechanism = MechanismSetup::NullServer { authenticator: everyone_apart() };
    }
    settings
}

/// The latency profile saves a microsecond on each side, but holds 64 messages for a peer whatever
/// the options say. That is enough for requests, which wait for their replies. A router would drop
/// replies to a healthy peer that has sent many requests at once.
fn profile(kind: SocketKind) -> WorkloadProfile {
    match kind {
        SocketKind::Dealer => WorkloadProfile::Latency,
        SocketKind::Router | SocketKind::Publisher | SocketKind::Subscriber => WorkloadProfile::Throughput,
    }
}

/// Admits every peer as somebody else. The crate hands a return address over to a newcomer that
/// claims it, unless the two are different principals: then it refuses the newcomer, and no reply
/// can reach a peer that did not ask.
fn everyone_apart() -> Authenticator {
    let admitted = AtomicU64::new(0);
    Authenticator::new_with_result(move |_| {
        let principal = admitted.fetch_add(1, Ordering::Relaxed);
        AuthenticationResult::allow().with_user_id(principal.to_be_bytes().to_vec())
    })
}

/// The peers as they were last reported.
#[derive(Debug, Clone, Copy)]
struct Peers {
    ready: usize,
    generation: u64,
}

struct OmqSocket {
    kind: SocketKind,
    audience: Option<Audience>,
    burst: Burst,
    max_message_size: usize,
    backlog: Backlog,
    peers: Peers,
    // One handle behind an `Arc`: a second handle would make every receive take a lock.
    socket: Arc<omq_tokio::Socket>,
    swept: Vec<Message>,
    // Waits outlive the calls that began them: to begin one takes longer than to go on.
    receiving: Option<Receiving>,
    watching: Option<Pin<Box<dyn Future<Output = omq_tokio::Result<u64>>>>>,
    /// In whose name the peers are watched.
    registration: Registration,
}

impl Socket for OmqSocket {
    fn bind<'a>(&'a mut self, endpoint: &'a str) -> Boxed<'a, Result<String, BindError>> {
        Box::pin(async move {
            let bound = self.listen(endpoint).await;
            bound.map_err(|problem| BindError { endpoint: endpoint.to_owned(), problem })
        })
    }

    fn connect<'a>(&'a mut self, endpoint: &'a str) -> Boxed<'a, Result<(), ConnectError>> {
        Box::pin(async move {
            let dialled = self.dial(endpoint).await;
            dialled.map_err(|problem| ConnectError { endpoint: endpoint.to_owned(), problem })
        })
    }

    fn try_receive(&mut self, max: usize, out: &mut Vec<Frames>) -> usize {
        // An error says that nothing is there, or that nothing will come: a wait tells them apart.
        let received = self.socket.try_recv_many_into(max, &mut self.swept).unwrap_or(0);
        out.extend(self.swept.drain(..).map(frames));
        received
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Frames, Closed>> {
        let receiving = self.receiving.get_or_insert_with(|| Receiving::from(Arc::clone(&self.socket)));
        let received = ready!(receiving.poll(context));
        if received.is_err() {
            self.receiving = None;
        }
        Poll::Ready(received.map(frames))
    }

    fn try_send(&mut self, mut frames: Frames) -> Result<(), SendRefused> {
        let size = frames.iter().map(|frame| frame.len()).sum();
        if size > self.max_message_size {
            return Err(SendRefused::TooLarge { size, max: self.max_message_size });
        }
        let sent = match self.kind {
            SocketKind::Router => {
                if frames.len() < 2 {
                    return Err(SendRefused::Empty);
                }
                let to = frames.remove(0);
                if !self.backlog.admits(&to, &mut frames) {
                    return Err(SendRefused::Full);
                }
                self.socket.try_send_to(to, Message::multipart(frames))
            }
            SocketKind::Dealer => {
                if frames.is_empty() {
                    return Err(SendRefused::Empty);
                }
                // The crate would queue it for whoever connects later, to be executed long after
                // its sender has given up.
                if self.socket.ready_peer_count() == 0 {
                    return Err(SendRefused::NoPeer);
                }
                self.socket.try_send(Message::multipart(frames))
            }
            SocketKind::Publisher => {
                if frames.is_empty() {
                    return Err(SendRefused::Empty);
                }
                if !self.burst.admits(size) {
                    return Err(SendRefused::Full);
                }
                self.socket.try_send(message(frames))
            }
            SocketKind::Subscriber => return Err(SendRefused::OnlyReceives),
        };
        sent.map_err(|refusal| match refusal {
            TrySendError::Full(_) => SendRefused::Full,
            TrySendError::Closed => SendRefused::Closed,
            TrySendError::Error(_) => SendRefused::NoPeer,
        })
    }

    fn subscribe<'a>(&'a mut self, prefix: &'a [u8]) -> Boxed<'a, Result<(), SubscribeError>> {
        Box::pin(async move { subscribed(self.socket.subscribe(prefix.to_vec()).await) })
    }

    fn unsubscribe<'a>(&'a mut self, prefix: &'a [u8]) -> Boxed<'a, Result<(), SubscribeError>> {
        Box::pin(async move { subscribed(self.socket.unsubscribe(prefix.to_vec()).await) })
    }

    fn subscribers(&mut self, topic: &[u8]) -> usize {
        self.audience.as_mut().map_or(0, |audience| audience.subscribers(topic))
    }

    fn topics_change(&mut self) -> Vec<TopicChange> {
        self.audience.as_mut().map(Audience::topics_change).unwrap_or_default()
    }

    fn ready_peers(&mut self) -> usize {
        self.socket.ready_peer_count()
    }

    fn peers_change(&mut self) -> Option<PeersChange> {
        let heard = self.audience.as_mut().is_some_and(Audience::has_changed);
        let generation = self.socket.connections_generation();
        let ready = self.socket.ready_peer_count();
        // Every arrival and every loss moves the generation by one.
        let moves = generation.wrapping_sub(self.peers.generation) as usize;
        let lost = (moves + self.peers.ready).saturating_sub(ready) / 2;
        self.peers = Peers { ready, generation };
        if moves > 0 {
            // Whoever waited was told of it, and waits no longer.
            self.registration = Registration::default();
        }
        (moves > 0 || heard).then_some(PeersChange { ready, lost })
    }

    fn poll_peers(&mut self, context: &mut Context<'_>) -> Poll<Result<PeersChange, Closed>> {
        if let Some(audience) = &mut self.audience {
            audience.listens(context);
        }
        loop {
            if let Some(change) = self.peers_change() {
                return Poll::Ready(Ok(change));
            }
            // Every change has moved the generation, which was looked at.
            if self.watching.is_some() && self.registration.is_of(context) {
                return Poll::Pending;
            }
            let watching = self.watching.get_or_insert_with(|| {
                let socket = Arc::clone(&self.socket);
                let seen = self.peers.generation;
                Box::pin(async move { socket.connections_changed(seen).await })
            });
            let Poll::Ready(changed) = watching.as_mut().poll(context) else {
                self.registration.renew(context);
                return Poll::Pending;
            };
            self.watching = None;
            if changed.is_err() {
                return Poll::Ready(Err(Closed));
            }
        }
    }

    fn close(self: Box<Self>, linger: Duration) -> Boxed<'static, ()> {
        Box::pin(async move {
            let Self { socket, receiving, watching, audience, .. } = *self;
            drop((receiving, watching, audience));
            // The waits held the only other references.
            let Some(socket) = Arc::into_inner(socket) else { return };
            let mut events = socket.monitor();
            let freed = async {
                // Without linger the crate returns before its tasks have ended.
                let _ = socket.close_with_linger(Some(linger)).await;
                while !matches!(events.recv().await, Ok(MonitorEvent::Closed) | Err(MonitorRecvError::Closed)) {}
            };
            let _ = tokio::time::timeout(linger.saturating_add(CLOSING), freed).await;
        })
    }
}

impl OmqSocket {
    async fn listen(&self, endpoint: &str) -> Result<String, BindProblem> {
        let parsed = parse(endpoint).map_err(BindProblem::Malformed)?;
        let _claim = match &parsed {
            Endpoint::Ipc(IpcPath::Filesystem(path)) => Some(socket_file::claim(path).await?),
            _ => None,
        };
        let named = matches!(&parsed, Endpoint::Tcp { host: Host::Name(_), .. });
        match self.socket.bind(parsed).await {
            Ok(bound) => Ok(bound.to_string()),
            Err(Error::Closed) => Err(BindProblem::Closed),
            Err(Error::Io(error)) => match socket_file::of_system(error) {
                BindProblem::Other(error) if named => Err(BindProblem::UnknownHost(error.to_string())),
                problem => Err(problem),
            },
            Err(error) => Err(BindProblem::Malformed(error.to_string())),
        }
    }

    async fn dial(&self, endpoint: &str) -> Result<(), ConnectProblem> {
        let parsed = parse(endpoint).map_err(ConnectProblem::Malformed)?;
        match &parsed {
            Endpoint::Tcp { host: Host::Wildcard, .. } => return Err(ConnectProblem::AnyHost),
            Endpoint::Tcp { port: 0, .. } => return Err(ConnectProblem::AnyPort),
            _ => {}
        }
        self.socket.connect(parsed).await.map_err(|error| match error {
            Error::Closed => ConnectProblem::Closed,
            error => ConnectProblem::Malformed(error.to_string()),
        })
    }
}

fn subscribed(done: omq_tokio::Result<()>) -> Result<(), SubscribeError> {
    done.map_err(|error| match error {
        Error::Closed => SubscribeError::Closed,
        _ => SubscribeError::NoSubscriber,
    })
}

fn parse(endpoint: &str) -> Result<Endpoint, String> {
    match endpoint.parse::<Endpoint>() {
        Ok(parsed @ (Endpoint::Tcp { .. } | Endpoint::Ipc(_))) => Ok(parsed),
        Ok(_) => Err("neither a tcp nor an ipc endpoint".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn message(mut frames: Frames) -> Message {
    // Publications are single frames.
    match frames.pop() {
        Some(frame) if frames.is_empty() => Message::single(frame),
        last => Message::multipart(frames.into_iter().chain(last)),
    }
}

fn frames(message: Message) -> Frames {
    // A single frame moves; of several each is counted once more.
    match message.into_bytes() {
        Ok(frame) => Frames::from_iter([frame]),
        Err(message) => message.iter().collect(),
    }
}
