//! A socket that publishes.
//!
//! Owns a socket of the crate for each subscriber that it connects to, one for all that connect to it, and the bounds of
//! what waits. The crate tells nobody of subscriptions: whoever has been there for a moment counts as subscribed. It does
//! not say either whose queue is full: the bound of all that connect to it is one, and none but the crate's in messages.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ::zeromq::{PubSocket, Socket as _};
use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::time::Sleep;

use super::lines::{Lines, as_it_is};
use super::watch::Watch;
use super::{CLOSING, listener, send, within};
use crate::transport::backlog::Backlog;
use crate::transport::{
    BindError, BindProblem, Boxed, Closed, ConnectError, Frames, PeersChange, SendRefused, Socket, SocketOptions,
};

/// A subscriber sends its subscriptions as soon as it is connected: after so many ticks they are there. They are counted,
/// and not the time, so that a process that stood still meanwhile has read what came.
const SUBSCRIBES_WITHIN: u32 = 10;
const TICK: Duration = Duration::from_millis(5);

pub(super) struct Publisher {
    runtime: Handle,
    lines: Lines<PubSocket, ()>,
    listening: Option<Listening>,
    missed: u64,
    /// How many subscribers were counted last.
    subscribers: usize,
    /// Until the next tick, while a peer does not count as a subscriber yet.
    tick: Option<Pin<Box<Sleep>>>,
    /// Who waits. Whoever looks in between does so in its name, so that it takes no wait away.
    waker: Waker,
}

struct Listening {
    socket: PubSocket,
    watch: Watch,
    backlog: Backlog,
}

impl Publisher {
    pub(super) fn new(runtime: Handle, options: &SocketOptions) -> Self {
        Self {
            lines: Lines::new(runtime.clone(), options, as_it_is),
            runtime,
            listening: None,
            missed: 0,
            subscribers: 0,
            tick: None,
            waker: Waker::noop().clone(),
        }
    }

    async fn listen(&mut self, endpoint: &str) -> Result<String, BindProblem> {
        let (listener, bound) = listener::of(endpoint, self.lines.options.keepalive).await?;
        if self.listening.is_none() {
            let mut socket = PubSocket::new();
            let watch = Watch::over(&mut socket, &self.runtime);
            let backlog = Backlog::of_bytes(self.lines.options.send_queue_bytes);
            self.listening = Some(Listening { socket, watch, backlog });
        }
        if let Some(Listening { socket, .. }) = &mut self.listening {
            listener::adopt(socket, listener).await?;
        }
        Ok(bound)
    }

    fn look(&mut self) {
        let mut context = Context::from_waker(&self.waker);
        self.lines.settle(&mut context, |()| true);
    }

    fn watches(&self) -> impl Iterator<Item = &Watch> {
        let listening = self.listening.iter().map(|listening| &listening.watch);
        self.lines.up.iter().map(|line| &line.watch).chain(listening)
    }

    fn peers(&self) -> usize {
        self.watches().map(Watch::ready).sum()
    }

    fn counted(&self) -> usize {
        self.watches().map(|watch| watch.ready_for(SUBSCRIBES_WITHIN)).sum()
    }

    fn change(&mut self) -> Option<PeersChange> {
        let changes = [self.lines.change(), self.listening.as_ref().and_then(|listening| listening.watch.change())];
        let subscribers = self.counted();
        let counts_anew = std::mem::replace(&mut self.subscribers, subscribers) != subscribers;
        let lost = changes.iter().flatten().map(|change| change.lost).sum();
        let is_change = counts_anew || changes.iter().any(Option::is_some);
        is_change.then(|| PeersChange { ready: self.peers(), lost })
    }
}

impl Socket for Publisher {
    fn bind<'a>(&'a mut self, endpoint: &'a str) -> Boxed<'a, Result<String, BindError>> {
        Box::pin(async move {
            let bound = self.listen(endpoint).await;
            bound.map_err(|problem| BindError { endpoint: endpoint.to_owned(), problem })
        })
    }

    fn connect<'a>(&'a mut self, endpoint: &'a str) -> Boxed<'a, Result<(), ConnectError>> {
        Box::pin(async move {
            let dialled = self.lines.connect(endpoint);
            dialled.map_err(|problem| ConnectError { endpoint: endpoint.to_owned(), problem })
        })
    }

    fn try_receive(&mut self, _max: usize, _out: &mut Vec<Frames>) -> usize {
        0
    }

    fn poll_receive(&mut self, _context: &mut Context<'_>) -> Poll<Result<Frames, Closed>> {
        Poll::Pending
    }

    fn try_send(&mut self, mut frames: Frames) -> Result<(), SendRefused> {
        if frames.is_empty() {
            return Err(SendRefused::Empty);
        }
        within(self.lines.options.max_message_size, &frames)?;
        self.look();
        for line in &mut self.lines.up {
            let mut copy = frames.clone();
            let has_room = line.backlog.admits(&Bytes::new(), &mut copy);
            // A connection that fails is lost, and its watch tells of it.
            let sent = has_room.then(|| send(&mut line.socket, VecDeque::from_iter(copy)));
            self.missed += u64::from(matches!(sent, None | Some(Err(SendRefused::Full))));
        }
        let Some(Listening { socket, backlog, .. }) = &mut self.listening else { return Ok(()) };
        if !backlog.admits(&Bytes::new(), &mut frames) {
            return Err(SendRefused::Full);
        }
        send(socket, VecDeque::from_iter(frames))
    }

    fn subscribers(&mut self, _topic: &[u8]) -> usize {
        self.look();
        self.counted()
    }

    fn missed_by_subscribers(&mut self) -> u64 {
        std::mem::take(&mut self.missed)
    }

    fn ready_peers(&mut self) -> usize {
        self.look();
        self.peers()
    }

    fn peers_change(&mut self) -> Option<PeersChange> {
        self.look();
        self.change()
    }

    fn poll_peers(&mut self, context: &mut Context<'_>) -> Poll<Result<PeersChange, Closed>> {
        self.waker.clone_from(context.waker());
        self.look();
        for watch in self.watches() {
            watch.wakes(context);
        }
        loop {
            if let Some(change) = self.change() {
                return Poll::Ready(Ok(change));
            }
            if self.counted() == self.peers() {
                return Poll::Pending;
            }
            let tick = self.tick.get_or_insert_with(|| Box::pin(tokio::time::sleep(TICK)));
            if tick.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.tick = None;
            self.watches().for_each(Watch::tick);
        }
    }

    fn close(self: Box<Self>, linger: Duration) -> Boxed<'static, ()> {
        Box::pin(async move {
            let Self { lines, listening, .. } = *self;
            if !linger.is_zero() {
                // The crate moves what was published to its subscribers' queues in one turn, which a drop would forestall.
                tokio::task::yield_now().await;
            }
            if let Some(Listening { mut socket, mut watch, .. }) = listening {
                socket.unbind_all().await;
                drop(socket);
                let _ = tokio::time::timeout(linger.saturating_add(CLOSING), watch.ended()).await;
            }
            lines.close(linger).await;
        })
    }
}
