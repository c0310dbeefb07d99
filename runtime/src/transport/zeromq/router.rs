//! A socket that answers many peers.
//!
//! Owns a socket of the crate and the bounds of what waits for each peer. Never connects.

use std::collections::VecDeque;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ::zeromq::util::PeerIdentity;
use ::zeromq::{RouterSocket, Socket as _, ZmqError};
use bytes::Bytes;
use tokio::runtime::Handle;

use super::inflow::Inflow;
use super::watch::Watch;
use super::{CLOSING, listener, receive, send, within};
use crate::transport::backlog::Backlog;
use crate::transport::{
    BindError, BindProblem, Boxed, Closed, ConnectError, ConnectProblem, Frames, PeersChange, SendRefused, Socket,
    SocketOptions,
};

pub(super) struct Router {
    socket: RouterSocket,
    watch: Watch,
    max_message_size: usize,
    keepalive: Option<Duration>,
    backlog: Backlog,
    inflow: Inflow,
}

impl Router {
    pub(super) fn new(runtime: Handle, options: &SocketOptions) -> Self {
        let mut socket = RouterSocket::new();
        Self {
            watch: Watch::over(&mut socket, &runtime),
            socket,
            max_message_size: options.max_message_size,
            keepalive: options.keepalive,
            backlog: Backlog::of_messages(options.send_queue, options.send_queue_bytes),
            inflow: Inflow::new(options),
        }
    }

    fn look(&mut self) {
        let Self { socket, inflow, max_message_size, .. } = self;
        inflow.look(|context| next(socket, *max_message_size, context));
    }

    async fn listen(&mut self, endpoint: &str) -> Result<String, BindProblem> {
        let (listener, bound) = listener::of(endpoint, self.keepalive).await?;
        listener::adopt(&mut self.socket, listener).await?;
        Ok(bound)
    }
}

/// The next message that is not too large. Who sends a larger one is disconnected.
fn next(socket: &mut RouterSocket, max: usize, context: &mut Context<'_>) -> Poll<Frames> {
    loop {
        let message = match ready!(receive(socket, context)) {
            Ok(message) => message,
            // Nobody is connected.
            Err(ZmqError::NoMessage) => return Poll::Pending,
            // What fails is a connection, and the watch tells of it.
            Err(_) => continue,
        };
        let frames: Frames = message.into_vecdeque().into_iter().collect();
        let Some((from, parts)) = frames.split_first() else { continue };
        if within(max, parts).is_ok() {
            return Poll::Ready(frames);
        }
        if let Ok(peer) = PeerIdentity::try_from(from.clone()) {
            socket.backend().peer_disconnected(&peer);
        }
    }
}

impl Socket for Router {
    fn bind<'a>(&'a mut self, endpoint: &'a str) -> Boxed<'a, Result<String, BindError>> {
        Box::pin(async move {
            let bound = self.listen(endpoint).await;
            self.inflow.stir();
            bound.map_err(|problem| BindError { endpoint: endpoint.to_owned(), problem })
        })
    }

    fn connect<'a>(&'a mut self, endpoint: &'a str) -> Boxed<'a, Result<(), ConnectError>> {
        let problem = ConnectProblem::Unsupported("a router of the transport `zeromq` binds only");
        Box::pin(async move { Err(ConnectError { endpoint: endpoint.to_owned(), problem }) })
    }

    fn try_receive(&mut self, max: usize, out: &mut Vec<Frames>) -> usize {
        let Self { socket, inflow, max_message_size, .. } = self;
        inflow.sweep(max, out, |context| next(socket, *max_message_size, context))
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Frames, Closed>> {
        let Self { socket, inflow, max_message_size, .. } = self;
        inflow.poll(context, |context| next(socket, *max_message_size, context)).map(Ok)
    }

    fn try_send(&mut self, mut frames: Frames) -> Result<(), SendRefused> {
        if frames.len() < 2 {
            return Err(SendRefused::Empty);
        }
        let to: Bytes = frames.remove(0);
        within(self.max_message_size, &frames)?;
        if !self.backlog.admits(&to, &mut frames) {
            return Err(SendRefused::Full);
        }
        let mut parts = VecDeque::with_capacity(frames.len() + 1);
        parts.push_back(to);
        parts.extend(frames);
        send(&mut self.socket, parts)
    }

    fn ready_peers(&mut self) -> usize {
        self.look();
        self.watch.ready()
    }

    fn peers_change(&mut self) -> Option<PeersChange> {
        self.look();
        self.watch.change()
    }

    fn poll_peers(&mut self, context: &mut Context<'_>) -> Poll<Result<PeersChange, Closed>> {
        let Self { socket, inflow, max_message_size, .. } = self;
        ready!(inflow.poll_ahead(context, |context| next(socket, *max_message_size, context)));
        self.watch.poll_change(context).map(Ok)
    }

    fn close(self: Box<Self>, linger: Duration) -> Boxed<'static, ()> {
        Box::pin(async move {
            let Self { mut socket, mut watch, .. } = *self;
            socket.unbind_all().await;
            drop(socket);
            let _ = tokio::time::timeout(linger.saturating_add(CLOSING), watch.ended()).await;
        })
    }
}
