//! The connections that a socket makes.
//!
//! Owns a socket of the crate for each connection that is up, and a task for each that is being made. A connection that
//! is lost is let go of with whatever waited for its peer, and made anew. Never binds, and knows no kind of socket.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ::zeromq::{Socket, SocketRecv, ZmqMessage};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::dial::Target;
use super::watch::Watch;
use super::{CLOSING, receive, within};
use crate::transport::backlog::Backlog;
use crate::transport::{ConnectProblem, Frames, PeersChange, SocketOptions};

/// Connections, each over a socket `S` and with what its owner keeps of it.
pub(super) struct Lines<S, K> {
    runtime: Handle,
    pub(super) options: SocketOptions,
    pub(super) up: Vec<Line<S, K>>,
    dials: JoinSet<Line<S, K>>,
    fit: Fit<S, K>,
    /// Whose turn it is to be received from.
    receiving: usize,
    lost: usize,
    changed: bool,
}

/// Makes a new connection fit for use.
type Fit<S, K> = Arc<dyn Fn(Line<S, K>) -> Fitting<S, K> + Send + Sync>;
pub(super) type Fitting<S, K> = Pin<Box<dyn Future<Output = Line<S, K>> + Send>>;

/// A connection that is up.
pub(super) struct Line<S, K> {
    target: Target,
    pub(super) socket: S,
    pub(super) watch: Watch,
    pub(super) backlog: Backlog,
    pub(super) kept: K,
}

impl<S: Socket + 'static, K: Default + Send + 'static> Lines<S, K> {
    /// No connections yet. Each is made fit by `fit` before it is used.
    pub(super) fn new(
        runtime: Handle,
        options: &SocketOptions,
        fit: impl Fn(Line<S, K>) -> Fitting<S, K> + Send + Sync + 'static,
    ) -> Self {
        Self {
            fit: Arc::new(fit),
            runtime,
            options: options.clone(),
            up: Vec::new(),
            dials: JoinSet::new(),
            receiving: 0,
            lost: 0,
            changed: false,
        }
    }

    /// Connects to `endpoint` from now on.
    pub(super) fn connect(&mut self, endpoint: &str) -> Result<(), ConnectProblem> {
        self.dial(Target::new(endpoint, &self.options)?, false);
        Ok(())
    }

    fn dial(&mut self, target: Target, again: bool) {
        let runtime = self.runtime.clone();
        let backlog = Backlog::of_messages(self.options.send_queue, self.options.send_queue_bytes);
        let fit = Arc::clone(&self.fit);
        let dial = async move {
            let (socket, watch) = target.dial(again, &runtime).await;
            fit(Line { target, socket, watch, backlog, kept: K::default() }).await
        };
        self.dials.spawn_on(dial, &self.runtime);
    }

    /// Takes in the connections that are up by now, and lets go of those that were lost. Says whether there are new
    /// ones. One that is not fit any more is made so first.
    pub(super) fn settle(&mut self, context: &mut Context<'_>, is_fit: impl Fn(&K) -> bool) -> bool {
        let mut any = false;
        loop {
            self.let_go(context);
            match self.dials.poll_join_next(context) {
                Poll::Ready(Some(Ok(line))) if is_fit(&line.kept) => {
                    self.up.push(line);
                    self.changed = true;
                    any = true;
                }
                Poll::Ready(Some(Ok(line))) => drop(self.dials.spawn_on((self.fit)(line), &self.runtime)),
                // Only this socket ends a dial before it has succeeded.
                Poll::Ready(Some(Err(_))) => {}
                Poll::Ready(None) | Poll::Pending => return any,
            }
        }
    }

    fn let_go(&mut self, context: &Context<'_>) {
        let mut at = 0;
        while let Some(line) = self.up.get(at) {
            let mut is_lost = false;
            while let Poll::Ready(change) = line.watch.poll_change(context) {
                is_lost |= change.lost > 0;
            }
            if is_lost { self.lose(at) } else { at += 1 }
        }
    }

    fn lose(&mut self, at: usize) {
        let Line { target, .. } = self.up.swap_remove(at);
        self.lost += 1;
        self.changed = true;
        self.dial(target, true);
    }

    /// What has happened to the connections since this was last asked, if anything has.
    pub(super) fn change(&mut self) -> Option<PeersChange> {
        let change = PeersChange { ready: self.up.len(), lost: std::mem::take(&mut self.lost) };
        std::mem::take(&mut self.changed).then_some(change)
    }

    /// Ends all connections, and gives what is queued up to `linger` to leave.
    pub(super) async fn close(self, linger: Duration) {
        let Self { mut dials, up, .. } = self;
        dials.shutdown().await;
        let mut watches: Vec<_> = up.into_iter().map(|line| line.watch).collect();
        let ended = async {
            for watch in &mut watches {
                watch.ended().await;
            }
        };
        let _ = tokio::time::timeout(linger.saturating_add(CLOSING), ended).await;
    }
}

/// Leaves a connection as it is.
pub(super) fn as_it_is<S: Send + 'static, K: Send + 'static>(line: Line<S, K>) -> Fitting<S, K> {
    Box::pin(std::future::ready(line))
}

impl<S: Socket + SocketRecv + 'static, K: Default + Send + 'static> Lines<S, K> {
    /// The next message that is not too large, of each connection in turn.
    pub(super) fn next(&mut self, context: &mut Context<'_>) -> Poll<Frames> {
        let mut quiet = 0;
        while quiet < self.up.len() {
            self.receiving = after(self.receiving, self.up.len());
            let Some(line) = self.up.get_mut(self.receiving) else { break };
            match receive(&mut line.socket, context) {
                Poll::Ready(Ok(message)) => {
                    let frames = frames(message);
                    if within(self.options.max_message_size, &frames).is_ok() {
                        return Poll::Ready(frames);
                    }
                    self.lose(self.receiving);
                }
                Poll::Ready(Err(_)) => self.lose(self.receiving),
                Poll::Pending => quiet += 1,
            }
        }
        Poll::Pending
    }
}

/// Whose turn is next among `count`.
pub(super) const fn after(turn: usize, count: usize) -> usize {
    if turn + 1 < count { turn + 1 } else { 0 }
}

pub(super) fn frames(message: ZmqMessage) -> Frames {
    message.into_vecdeque().into_iter().collect()
}
