//! What comes out of the crate's sockets, for whoever asks for messages and for whoever asks for peers.
//!
//! The crate reads, and so notices that a peer has gone, only while somebody waits for a message. So whoever asks for
//! the peers reads ahead. Owns what was read ahead and the order of messages and losses, and the bell that the crate rings
//! when something has happened: as long as it is silent nobody need ask, which takes a microsecond. Never knows a peer.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::transport::{Frames, SocketOptions};

/// How many messages are read ahead at one time.
const TURN: usize = 64;

pub(super) struct Inflow {
    most: usize,
    ahead: VecDeque<Frames>,
    /// Whether what was read ahead has been offered since.
    offered: bool,
    bell: Arc<Bell>,
    /// Rings the bell.
    ringer: Waker,
    /// Who waits, as the bell knows it. A sweep asks in its name, so that it takes no wait away.
    waker: Waker,
    /// Whether nothing was there when the crate was last asked: then the bell rings when that changes.
    is_quiet: bool,
}

/// What the crate wakes.
#[derive(Default)]
struct Bell {
    has_rung: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.has_rung.store(true, Ordering::Release);
        // Nothing that holds the lock can panic.
        if let Some(waker) = &*self.waker.lock().unwrap_or_else(PoisonError::into_inner) {
            waker.wake_by_ref();
        }
    }
}

impl Inflow {
    pub(super) fn new(options: &SocketOptions) -> Self {
        let bell = Arc::new(Bell::default());
        Self {
            most: options.receive_queue as usize,
            ahead: VecDeque::new(),
            offered: true,
            ringer: Waker::from(Arc::clone(&bell)),
            bell,
            waker: Waker::noop().clone(),
            is_quiet: false,
        }
    }

    /// Something has changed of which the crate tells nobody.
    pub(super) fn stir(&mut self) {
        self.is_quiet = false;
    }

    /// Whether the crate has nothing to tell.
    pub(super) fn is_quiet(&self) -> bool {
        self.is_quiet && !self.bell.has_rung.load(Ordering::Acquire)
    }

    /// Asks the crate.
    fn ask(&mut self, next: impl FnOnce(&mut Context<'_>) -> Poll<Frames>) -> Poll<Frames> {
        if self.is_quiet() {
            return Poll::Pending;
        }
        self.bell.has_rung.store(false, Ordering::Release);
        let told = next(&mut Context::from_waker(&self.ringer));
        self.is_quiet = told.is_pending();
        told
    }

    /// Does something in the name of whoever waits that may not be quiet.
    pub(super) fn within<T>(&mut self, act: impl FnOnce(&mut Context<'_>) -> T) -> T {
        act(&mut Context::from_waker(&self.ringer))
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
        while out.len() - before < max {
            let Poll::Ready(frames) = self.ask(&mut next) else { break };
            out.push(frames);
        }
        out.len() - before
    }

    /// Waits for one message.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        next: impl FnMut(&mut Context<'_>) -> Poll<Frames>,
    ) -> Poll<Frames> {
        self.offered = true;
        self.waits(context);
        match self.ahead.pop_front() {
            Some(frames) => Poll::Ready(frames),
            None => self.ask(next),
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
        self.read_ahead(next);
        if std::mem::replace(&mut self.offered, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads ahead in the name of whoever waits, so that what is known of the peers is up to date.
    pub(super) fn look(&mut self, next: impl FnMut(&mut Context<'_>) -> Poll<Frames>) {
        self.read_ahead(next);
    }

    fn read_ahead(&mut self, mut next: impl FnMut(&mut Context<'_>) -> Poll<Frames>) {
        let most = self.most.min(self.ahead.len() + TURN);
        while self.ahead.len() < most {
            let Poll::Ready(frames) = self.ask(&mut next) else { return };
            self.ahead.push_back(frames);
            self.offered = false;
        }
    }

    fn waits(&mut self, context: &Context<'_>) {
        if !self.waker.will_wake(context.waker()) {
            self.waker.clone_from(context.waker());
            *self.bell.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.waker.clone());
        }
    }
}
