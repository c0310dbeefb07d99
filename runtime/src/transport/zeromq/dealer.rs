//! A socket that asks peers.
//!
//! Owns whose turn it is to be asked, and the bounds of what waits for each peer. Never binds.

use std::collections::VecDeque;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ::zeromq::DealerSocket;
use bytes::Bytes;
use tokio::runtime::Handle;

use super::inflow::Inflow;
use super::lines::{Lines, after, as_it_is};
use super::{send, within};
use crate::transport::{
    BindError, BindProblem, Boxed, Closed, ConnectError, Frames, PeersChange, SendRefused, Socket, SocketOptions,
};

pub(super) struct Dealer {
    lines: Lines<DealerSocket, ()>,
    /// Whose turn it is to be sent to.
    sending: usize,
    inflow: Inflow,
}

impl Dealer {
    pub(super) fn new(runtime: Handle, options: &SocketOptions) -> Self {
        Self { lines: Lines::new(runtime, options, as_it_is), sending: 0, inflow: Inflow::new(options) }
    }

    fn look(&mut self) {
        let Self { lines, inflow, .. } = self;
        inflow.look(|context| next_or_settle(lines, context));
    }

    fn send(&mut self, mut frames: Frames) -> Result<(), SendRefused> {
        let count = self.lines.up.len();
        let mut refusal = SendRefused::NoPeer;
        for _ in 0..count {
            self.sending = after(self.sending, count);
            let Some(line) = self.lines.up.get_mut(self.sending) else { continue };
            if line.backlog.admits(&Bytes::new(), &mut frames) {
                return send(&mut line.socket, VecDeque::from_iter(frames));
            }
            refusal = SendRefused::Full;
        }
        Err(refusal)
    }
}

/// The next message, with a look at the connections when there is none.
fn next_or_settle(lines: &mut Lines<DealerSocket, ()>, context: &mut Context<'_>) -> Poll<Frames> {
    match lines.next(context) {
        Poll::Pending if settle(lines, context) => lines.next(context),
        next => next,
    }
}

fn settle(lines: &mut Lines<DealerSocket, ()>, context: &mut Context<'_>) -> bool {
    lines.settle(context, |()| true)
}

impl Socket for Dealer {
    fn bind<'a>(&'a mut self, endpoint: &'a str) -> Boxed<'a, Result<String, BindError>> {
        let problem = BindProblem::Unsupported("a dealer of the transport `zeromq` connects only");
        Box::pin(async move { Err(BindError { endpoint: endpoint.to_owned(), problem }) })
    }

    fn connect<'a>(&'a mut self, endpoint: &'a str) -> Boxed<'a, Result<(), ConnectError>> {
        Box::pin(async move {
            let dialled = self.lines.connect(endpoint);
            self.inflow.stir();
            dialled.map_err(|problem| ConnectError { endpoint: endpoint.to_owned(), problem })
        })
    }

    fn try_receive(&mut self, max: usize, out: &mut Vec<Frames>) -> usize {
        let Self { lines, inflow, .. } = self;
        inflow.sweep(max, out, |context| next_or_settle(lines, context))
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Frames, Closed>> {
        let Self { lines, inflow, .. } = self;
        inflow.poll(context, |context| next_or_settle(lines, context)).map(Ok)
    }

    fn try_send(&mut self, frames: Frames) -> Result<(), SendRefused> {
        if frames.is_empty() {
            return Err(SendRefused::Empty);
        }
        within(self.lines.options.max_message_size, &frames)?;
        self.look();
        self.send(frames)
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
        let Self { lines, inflow, .. } = self;
        ready!(inflow.poll_ahead(context, |context| next_or_settle(lines, context)));
        if !inflow.is_quiet() {
            inflow.within(|context| settle(lines, context));
        }
        lines.change().map_or(Poll::Pending, |change| Poll::Ready(Ok(change)))
    }

    fn close(self: Box<Self>, linger: Duration) -> Boxed<'static, ()> {
        Box::pin(self.lines.close(linger))
    }
}
