//! A socket that hears publishers.
//!
//! Owns a socket of the crate for each publisher that it connects to, one for all that connect to it, and what they have
//! been told of its subscriptions. The crate's XSUB takes prefixes of any bytes, its SUB texts alone. Never sends
//! anything but subscriptions.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ::zeromq::{Socket as _, SocketSend, XSubSocket, ZmqError, ZmqMessage};
use bytes::Bytes;
use tokio::runtime::Handle;

use super::inflow::Inflow;
use super::lines::{Line, Lines, frames};
use super::watch::Watch;
use super::{CLOSING, listener, receive, within};
use crate::transport::subscriptions::Prefixes;
use crate::transport::{
    BindError, BindProblem, Boxed, Closed, ConnectError, Frames, PeersChange, SendRefused, Socket, SocketOptions,
    SubscribeError,
};

pub(super) struct Subscriber {
    runtime: Handle,
    sources: Sources,
    prefixes: Prefixes,
    inflow: Inflow,
}

/// Where messages come from.
struct Sources {
    lines: Lines<XSubSocket, Told>,
    listening: Option<(XSubSocket, Watch)>,
    /// What every publisher has to be told.
    wanted: Arc<Mutex<Told>>,
    /// Whether it is the turn of those that have connected to it.
    listens: bool,
}

/// What a publisher was told: the prefixes, and how often they had changed by then.
#[derive(Default, Clone)]
struct Told {
    changes: u64,
    prefixes: HashSet<Bytes>,
}

impl Subscriber {
    pub(super) fn new(runtime: Handle, options: &SocketOptions) -> Self {
        let wanted = Arc::new(Mutex::new(Told::default()));
        let told = Arc::clone(&wanted);
        let lines = Lines::new(runtime.clone(), options, move |line| {
            let wanted = lock(&told).clone();
            Box::pin(inform(line, wanted))
        });
        let sources = Sources { lines, listening: None, wanted, listens: false };
        Self { runtime, sources, prefixes: Prefixes::default(), inflow: Inflow::new(options) }
    }

    fn look(&mut self) {
        let Self { sources, inflow, .. } = self;
        inflow.look(|context| sources.next_or_settle(context));
    }

    async fn listen(&mut self, endpoint: &str) -> Result<String, BindProblem> {
        let (listener, bound) = listener::of(endpoint, self.sources.lines.options.keepalive).await?;
        if self.sources.listening.is_none() {
            let mut socket = XSubSocket::new();
            let watch = Watch::over(&mut socket, &self.runtime);
            let wanted = lock(&self.sources.wanted).clone();
            for prefix in &wanted.prefixes {
                tell(&mut socket, 1, prefix).await;
            }
            self.sources.listening = Some((socket, watch));
        }
        if let Some((socket, _)) = &mut self.sources.listening {
            listener::adopt(socket, listener).await?;
        }
        Ok(bound)
    }

    /// Tells every publisher that a subscription has begun or ended. Who takes too long is told when it is back.
    async fn tell_all(&mut self, verb: u8, prefix: &[u8]) {
        let Sources { lines, listening, wanted, .. } = &mut self.sources;
        let wanted = {
            let mut wanted = lock(wanted);
            wanted.changes += 1;
            if verb == 1 {
                wanted.prefixes.insert(Bytes::copy_from_slice(prefix));
            } else {
                wanted.prefixes.remove(prefix);
            }
            wanted.clone()
        };
        let patience = lines.options.handshake_timeout;
        let telling = async {
            for Line { socket, kept, .. } in &mut lines.up {
                tell(socket, verb, prefix).await;
                kept.clone_from(&wanted);
            }
            if let Some((socket, _)) = listening {
                tell(socket, verb, prefix).await;
            }
        };
        let _ = tokio::time::timeout(patience, telling).await;
    }
}

impl Sources {
    fn settle(&mut self, context: &mut Context<'_>) -> bool {
        let Self { lines, wanted, .. } = self;
        let changes = lock(wanted).changes;
        lines.settle(context, |told| told.changes == changes)
    }

    /// The next message that is not too large, of either sort of publishers in turn.
    fn next(&mut self, context: &mut Context<'_>) -> Poll<Frames> {
        for _ in 0..2 {
            self.listens = !self.listens;
            let next = if self.listens { self.next_of_listening(context) } else { self.lines.next(context) };
            if next.is_ready() {
                return next;
            }
        }
        Poll::Pending
    }

    fn next_of_listening(&mut self, context: &mut Context<'_>) -> Poll<Frames> {
        let Some((socket, _)) = &mut self.listening else { return Poll::Pending };
        loop {
            let message = match ready!(receive(socket, context)) {
                Ok(message) => message,
                // Nobody is connected.
                Err(ZmqError::NoMessage) => return Poll::Pending,
                // What fails is a connection, and the watch tells of it.
                Err(_) => continue,
            };
            let frames = frames(message);
            // Nobody can tell whose it was.
            if within(self.lines.options.max_message_size, &frames).is_ok() {
                return Poll::Ready(frames);
            }
        }
    }

    /// The next message, with a look at the connections when there is none.
    fn next_or_settle(&mut self, context: &mut Context<'_>) -> Poll<Frames> {
        match self.next(context) {
            Poll::Pending if self.settle(context) => self.next(context),
            next => next,
        }
    }

    fn ready(&self) -> usize {
        self.lines.up.len() + self.listening.as_ref().map_or(0, |(_, watch)| watch.ready())
    }

    fn change(&mut self) -> Option<PeersChange> {
        let changes = [self.lines.change(), self.listening.as_ref().and_then(|(_, watch)| watch.change())];
        let lost = changes.iter().flatten().map(|change| change.lost).sum();
        changes.iter().any(Option::is_some).then(|| PeersChange { ready: self.ready(), lost })
    }
}

/// Nothing that holds the lock can panic halfway through a change.
fn lock(told: &Mutex<Told>) -> MutexGuard<'_, Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells a publisher what it was not told yet.
async fn inform(mut line: Line<XSubSocket, Told>, wanted: Told) -> Line<XSubSocket, Told> {
    for prefix in line.kept.prefixes.difference(&wanted.prefixes) {
        tell(&mut line.socket, 0, prefix).await;
    }
    for prefix in wanted.prefixes.difference(&line.kept.prefixes) {
        tell(&mut line.socket, 1, prefix).await;
    }
    line.kept = wanted;
    line
}

/// Begins (1) or ends (0) a subscription. What fails is a connection, and the watch tells of it.
async fn tell(socket: &mut XSubSocket, verb: u8, prefix: &[u8]) {
    let frame = [&[verb], prefix].concat();
    if let Ok(message) = ZmqMessage::try_from(VecDeque::from([Bytes::from(frame)])) {
        let _ = socket.send(message).await;
    }
}

impl Socket for Subscriber {
    fn bind<'a>(&'a mut self, endpoint: &'a str) -> Boxed<'a, Result<String, BindError>> {
        Box::pin(async move {
            let bound = self.listen(endpoint).await;
            self.inflow.stir();
            bound.map_err(|problem| BindError { endpoint: endpoint.to_owned(), problem })
        })
    }

    fn connect<'a>(&'a mut self, endpoint: &'a str) -> Boxed<'a, Result<(), ConnectError>> {
        Box::pin(async move {
            let dialled = self.sources.lines.connect(endpoint);
            self.inflow.stir();
            dialled.map_err(|problem| ConnectError { endpoint: endpoint.to_owned(), problem })
        })
    }

    fn try_receive(&mut self, max: usize, out: &mut Vec<Frames>) -> usize {
        let Self { sources, inflow, .. } = self;
        inflow.sweep(max, out, |context| sources.next_or_settle(context))
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Frames, Closed>> {
        let Self { sources, inflow, .. } = self;
        inflow.poll(context, |context| sources.next_or_settle(context)).map(Ok)
    }

    fn try_send(&mut self, _frames: Frames) -> Result<(), SendRefused> {
        Err(SendRefused::OnlyReceives)
    }

    fn subscribe<'a>(&'a mut self, prefix: &'a [u8]) -> Boxed<'a, Result<(), SubscribeError>> {
        Box::pin(async move {
            self.look();
            if self.prefixes.add(prefix) {
                self.tell_all(1, prefix).await;
            }
            Ok(())
        })
    }

    fn unsubscribe<'a>(&'a mut self, prefix: &'a [u8]) -> Boxed<'a, Result<(), SubscribeError>> {
        Box::pin(async move {
            self.look();
            if self.prefixes.remove(prefix) && !self.prefixes.contains(prefix) {
                self.tell_all(0, prefix).await;
            }
            Ok(())
        })
    }

    fn ready_peers(&mut self) -> usize {
        self.look();
        self.sources.ready()
    }

    fn peers_change(&mut self) -> Option<PeersChange> {
        self.look();
        self.sources.change()
    }

    fn poll_peers(&mut self, context: &mut Context<'_>) -> Poll<Result<PeersChange, Closed>> {
        let Self { sources, inflow, .. } = self;
        ready!(inflow.poll_ahead(context, |context| sources.next_or_settle(context)));
        if !inflow.is_quiet() {
            inflow.within(|context| sources.settle(context));
        }
        if let Some((_, watch)) = &sources.listening {
            watch.wakes(context);
        }
        sources.change().map_or(Poll::Pending, |change| Poll::Ready(Ok(change)))
    }

    fn close(self: Box<Self>, linger: Duration) -> Boxed<'static, ()> {
        Box::pin(async move {
            let Sources { lines, listening, .. } = self.sources;
            if let Some((mut socket, mut watch)) = listening {
                socket.unbind_all().await;
                drop(socket);
                let _ = tokio::time::timeout(CLOSING, watch.ended()).await;
            }
            lines.close(linger).await;
        })
    }
}
