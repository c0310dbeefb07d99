//! What comes out of the crate's sockets, for whoever asks for messages and for whoever asks for peers.
//!
//! The crate reads, and so notices that a peer has gone, only while somebody waits for a message. So whoever asks for
//! the peers reads ahead. Owns what was read ahead and the order of messages and losses; never knows a peer.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use crate::transport::{Frames, SocketOptions};

/// How many messages are read ahead at one time.
const TURN: usize = 64;

pub(super) struct Inflow {
    most: usize,
    ahead: VecDeque<Frames>,
    /// Whether what was read ahead has been offered since.
    offered: bool,
    /// Who waits. A sweep polls in its name, so that it takes no wait away.
    waker: Waker,
}

impl Inflow {
    pub(super) fn new(options: &SocketOptions) -> Self {
        Self {
            most: options.receive_queue as usize,
            ahead: VecDeque::new(),
            offered: true,
            waker: Waker::noop().clone(),
        }
    }

    /// Takes up to `max` messages that are there, and says how many; `next` gives those that were not read ahead.
    pub(super) fn sweep(
        &mut self,
        max: usize,
        out: &mut Vec<Frames>,
        mut next: impl FnMut(&mut Context<'_>) -> Poll<Frames>,
    ) -> usize {
        self.offered = true;
        let before = out.len();
        out.extend(self.ahead.drain(..self.ahead.len().min(max)));
        let mut context = Context::from_waker(&self.waker);
        while out.len() - before < max {
            let Poll::Ready(frames) = next(&mut context) else { break };
            out.push(frames);
        }
        out.len() - before
    }

    /// Waits for one message.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        mut next: impl FnMut(&mut Context<'_>) -> Poll<Frames>,
    ) -> Poll<Frames> {
        self.offered = true;
        self.waits(context);
        match self.ahead.pop_front() {
            Some(frames) => Poll::Ready(frames),
            None => next(context),
        }
    }

    /// Reads ahead, for somebody who waits for news of the peers. Ready if there may be news: messages that were not
    /// offered yet come before the loss of their sender. Who looks a second time without taking them gets the news.
    pub(super) fn poll_ahead(
        &mut self,
        context: &mut Context<'_>,
        next: impl FnMut(&mut Context<'_>) -> Poll<Frames>,
    ) -> Poll<()> {
        self.waits(context);
        self.read_ahead(context, next);
        if std::mem::replace(&mut self.offered, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads ahead in the name of whoever waits, so that what is known of the peers is up to date.
    pub(super) fn look(&mut self, next: impl FnMut(&mut Context<'_>) -> Poll<Frames>) {
        let waker = self.waker.clone();
        self.read_ahead(&mut Context::from_waker(&waker), next);
    }

    fn read_ahead(&mut self, context: &mut Context<'_>, mut next: impl FnMut(&mut Context<'_>) -> Poll<Frames>) {
        let most = self.most.min(self.ahead.len() + TURN);
        while self.ahead.len() < most {
            let Poll::Ready(frames) = next(context) else { return };
            self.ahead.push_back(frames);
            self.offered = false;
        }
    }

    fn waits(&mut self, context: &Context<'_>) {
        if !self.waker.will_wake(context.waker()) {
            self.waker.clone_from(context.waker());
        }
    }
}
