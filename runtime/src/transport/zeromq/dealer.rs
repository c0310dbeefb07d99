//! A socket that asks peers.
//!
//! Owns a socket of the crate for each connection that is up, and a task for each that is being made. A connection that
//! is lost is let go of with whatever waited for its peer, and made anew. Never binds.

use std::collections::VecDeque;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ::zeromq::DealerSocket;
use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::dial::Target;
use super::inflow::Inflow;
use super::watch::Watch;
use super::{CLOSING, receive, send, within};
use crate::transport::backlog::Backlog;
use crate::transport::{
    BindError, BindProblem, Boxed, Closed, ConnectError, Frames, PeersChange, SendRefused, Socket, SocketOptions,
};

pub(super) struct Dealer {
    lines: Lines,
    inflow: Inflow,
}

/// The connections of a dealer.
struct Lines {
    runtime: Handle,
    options: SocketOptions,
    up: Vec<Line>,
    dials: JoinSet<Line>,
    /// Whose turn it is to be sent to, and to be received from.
    sending: usize,
    receiving: usize,
    lost: usize,
    changed: bool,
}

/// A connection that is up.
struct Line {
    target: Target,
    socket: DealerSocket,
    watch: Watch,
    backlog: Backlog,
}

impl Dealer {
    pub(super) fn new(runtime: Handle, options: &SocketOptions) -> Self {
        let lines = Lines {
            runtime,
            options: options.clone(),
            up: Vec::new(),
            dials: JoinSet::new(),
            sending: 0,
            receiving: 0,
            lost: 0,
            changed: false,
        };
        Self { lines, inflow: Inflow::new(options) }
    }

    fn look(&mut self) {
        let Self { lines, inflow } = self;
        inflow.look(|context| lines.next_or_settle(context));
    }
}

impl Lines {
    fn dial(&mut self, target: Target, again: bool) {
        let runtime = self.runtime.clone();
        let backlog = Backlog::of_messages(self.options.send_queue, self.options.send_queue_bytes);
        let dial = async move {
            let (socket, watch) = target.dial(again, &runtime).await;
            Line { target, socket, watch, backlog }
        };
        self.dials.spawn_on(dial, &self.runtime);
    }

    /// Takes in the connections that are up by now, and lets go of those that were lost. Says whether there are new ones.
    fn settle(&mut self, context: &mut Context<'_>) -> bool {
        let mut any = false;
        loop {
            self.let_go(context);
            match self.dials.poll_join_next(context) {
                Poll::Ready(Some(Ok(line))) => {
                    self.up.push(line);
                    self.changed = true;
                    any = true;
                }
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

    /// The next message that is not too large, of each connection in turn.
    fn next(&mut self, context: &mut Context<'_>) -> Poll<Frames> {
        let mut quiet = 0;
        while quiet < self.up.len() {
            self.receiving = after(self.receiving, self.up.len());
            let Some(line) = self.up.get_mut(self.receiving) else { break };
            match receive(&mut line.socket, context) {
                Poll::Ready(Ok(message)) => {
                    let frames: Frames = message.into_vecdeque().into_iter().collect();
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

    /// The next message, with a look at the connections when there is none.
    fn next_or_settle(&mut self, context: &mut Context<'_>) -> Poll<Frames> {
        match self.next(context) {
            Poll::Pending if self.settle(context) => self.next(context),
            next => next,
        }
    }

    fn send(&mut self, mut frames: Frames) -> Result<(), SendRefused> {
        let count = self.up.len();
        let mut refusal = SendRefused::NoPeer;
        for _ in 0..count {
            self.sending = after(self.sending, count);
            let Some(line) = self.up.get_mut(self.sending) else { continue };
            if line.backlog.admits(&Bytes::new(), &mut frames) {
                return send(&mut line.socket, VecDeque::from_iter(frames));
            }
            refusal = SendRefused::Full;
        }
        Err(refusal)
    }

    fn change(&mut self) -> Option<PeersChange> {
        let change = PeersChange { ready: self.up.len(), lost: std::mem::take(&mut self.lost) };
        std::mem::take(&mut self.changed).then_some(change)
    }
}

/// Whose turn is next among `count`.
const fn after(turn: usize, count: usize) -> usize {
    if turn + 1 < count { turn + 1 } else { 0 }
}

impl Socket for Dealer {
    fn bind<'a>(&'a mut self, endpoint: &'a str) -> Boxed<'a, Result<String, BindError>> {
        let problem = BindProblem::Unsupported("a dealer of the transport `zeromq` connects only");
        Box::pin(async move { Err(BindError { endpoint: endpoint.to_owned(), problem }) })
    }

    fn connect<'a>(&'a mut self, endpoint: &'a str) -> Boxed<'a, Result<(), ConnectError>> {
        Box::pin(async move {
            let target = Target::new(endpoint, &self.lines.options);
            let target = target.map_err(|problem| ConnectError { endpoint: endpoint.to_owned(), problem })?;
            self.lines.dial(target, false);
            Ok(())
        })
    }

    fn try_receive(&mut self, max: usize, out: &mut Vec<Frames>) -> usize {
        let Self { lines, inflow } = self;
        inflow.sweep(max, out, |context| lines.next_or_settle(context))
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Frames, Closed>> {
        let Self { lines, inflow } = self;
        inflow.poll(context, |context| lines.next_or_settle(context)).map(Ok)
    }

    fn try_send(&mut self, frames: Frames) -> Result<(), SendRefused> {
        if frames.is_empty() {
            return Err(SendRefused::Empty);
        }
        within(self.lines.options.max_message_size, &frames)?;
        self.look();
        self.lines.send(frames)
    }

    fn ready_peers(&mut self) -> usize {
        self.look();
        self.lines.up.len()
    }

    fn peers_change(&mut self) -> Option<PeersChange> {
        self.look();
        self.lines.change()
    }

    fn poll_peers(&mut self, context: &mut Context<'_>) -> Poll<Result<PeersChange, Closed>> {
        let Self { lines, inflow } = self;
        ready!(inflow.poll_ahead(context, |context| lines.next_or_settle(context)));
        lines.settle(context);
        lines.change().map_or(Poll::Pending, |change| Poll::Ready(Ok(change)))
    }

    fn close(self: Box<Self>, linger: Duration) -> Boxed<'static, ()> {
        Box::pin(async move {
            let Lines { mut dials, up, .. } = self.lines;
            dials.shutdown().await;
            let mut watches: Vec<_> = up.into_iter().map(|line| line.watch).collect();
            let ended = async {
                for watch in &mut watches {
                    watch.ended().await;
                }
            };
            let _ = tokio::time::timeout(linger.saturating_add(CLOSING), ended).await;
        })
    }
}
