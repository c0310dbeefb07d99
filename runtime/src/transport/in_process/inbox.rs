//! What has arrived for one socket, and whom it can send to.
//!
//! Owns the messages that wait, the bounds they wait within, and the wakers of whoever sleeps for them. Its lock is held
//! for the time of a push or a pop, never with another one. Never knows a name.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use crate::transport::backlog::Waiting;
use crate::transport::subscriptions::{Prefixes, Subscriptions};
use crate::transport::{Frames, PeersChange, SendRefused, SocketKind, SocketOptions, TopicChange};

pub(super) struct Inbox {
    pub(super) kind: SocketKind,
    pub(super) options: SocketOptions,
    /// Moves with every change of the peers.
    generation: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_closed: bool,
    messages: VecDeque<Message>,
    peers: Vec<Peer>,
    lost: usize,
    peers_changed: bool,
    /// Whether nobody has asked for messages since the last loss.
    loss_is_fresh: bool,
    /// What a subscriber has subscribed to.
    prefixes: Prefixes,
    /// What the peers of a publisher have subscribed to, by their addresses. There are no strangers to bound it for.
    audience: Subscriptions<Bytes>,
    receiver: Option<Waker>,
    watcher: Option<Waker>,
}

/// A message that waits for its receiver, and is counted for as long as it does.
struct Message {
    frames: Frames,
    size: usize,
    waiting: Arc<Waiting>,
}

/// A peer, as one of the two sockets of a connection knows it.
#[derive(Clone)]
pub(super) struct Peer {
    /// The return address, which is that of the connection: each side knows the other by it.
    pub(super) address: Bytes,
    pub(super) inbox: Arc<Inbox>,
    /// What was sent to it and waits there.
    pub(super) waiting: Arc<Waiting>,
}

impl Peer {
    /// Moves a message of `size` bytes into the peer's inbox, in the name of a socket with these options. A message that
    /// is refused stays where it is.
    pub(super) fn send(&self, frames: &mut Frames, size: usize, options: &SocketOptions) -> Result<(), SendRefused> {
        self.deliver(size, options, |_| true, || std::mem::take(frames))
    }

    /// Puts a copy of a message into the inbox of a subscriber, if it has subscribed to it.
    pub(super) fn publish(&self, frames: &Frames, size: usize, options: &SocketOptions) -> Result<(), SendRefused> {
        let is_wanted = |prefixes: &Prefixes| frames.first().is_some_and(|first| prefixes.gets(first));
        self.deliver(size, options, is_wanted, || frames.clone())
    }

    fn deliver(
        &self,
        size: usize,
        options: &SocketOptions,
        is_wanted: impl FnOnce(&Prefixes) -> bool,
        frames: impl FnOnce() -> Frames,
    ) -> Result<(), SendRefused> {
        let max = self.inbox.options.max_message_size;
        let mut state = self.inbox.lock();
        if !is_wanted(&state.prefixes) {
            return Ok(());
        }
        if size > max {
            return Err(SendRefused::TooLarge { size, max });
        }
        if state.is_closed {
            return Err(SendRefused::NoPeer);
        }
        // What finds no place in the receiver's queue waits in the sender's, which is the same queue here.
        let is_full = state.messages.len() >= self.inbox.options.receive_queue as usize;
        let most_messages = is_full.then_some(options.send_queue as usize);
        if !self.waiting.has_room(size, most_messages, options.send_queue_bytes) {
            return Err(SendRefused::Full);
        }
        let mut frames = frames();
        if self.inbox.kind == SocketKind::Router {
            frames.insert(0, self.address.clone());
        }
        self.waiting.add(1, size);
        state.messages.push_back(Message { frames, size, waiting: Arc::clone(&self.waiting) });
        let sleeper = state.receiver.take();
        drop(state);
        if let Some(sleeper) = sleeper {
            sleeper.wake();
        }
        Ok(())
    }
}

impl Inbox {
    pub(super) fn new(kind: SocketKind, options: &SocketOptions) -> Self {
        Self { kind, options: options.clone(), generation: AtomicU64::new(0), state: Mutex::default() }
    }

    /// Takes up to `max` messages and says how many.
    pub(super) fn take(&self, max: usize, out: &mut Vec<Frames>) -> usize {
        let mut state = self.lock();
        state.loss_is_fresh = false;
        let count = state.messages.len().min(max);
        out.extend(state.messages.drain(..count).map(Message::taken));
        count
    }

    /// Waits for one message.
    pub(super) fn poll_take(&self, context: &Context<'_>) -> Poll<Frames> {
        let mut state = self.lock();
        state.loss_is_fresh = false;
        match state.messages.pop_front() {
            Some(message) => Poll::Ready(message.taken()),
            None => {
                sleep(&mut state.receiver, context);
                Poll::Pending
            }
        }
    }

    /// What has happened to the peers since the last report, if anything has.
    pub(super) fn change(&self) -> Option<PeersChange> {
        self.lock().change()
    }

    /// Waits until something happens to the peers. What a lost one had sent is offered before its loss is reported.
    pub(super) fn poll_change(&self, context: &Context<'_>) -> Poll<PeersChange> {
        let mut state = self.lock();
        if std::mem::take(&mut state.loss_is_fresh) && !state.messages.is_empty() {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        match state.change() {
            Some(change) => Poll::Ready(change),
            None => {
                sleep(&mut state.watcher, context);
                Poll::Pending
            }
        }
    }

    /// Peers that can be sent to now.
    pub(super) fn ready(&self) -> usize {
        self.lock().peers.len()
    }

    /// The peers of the generation that is returned with them, unless `known` is the present one.
    pub(super) fn peers_since(&self, known: u64) -> Option<(u64, Vec<Peer>)> {
        if self.generation.load(Ordering::Acquire) == known {
            return None;
        }
        let state = self.lock();
        Some((self.generation.load(Ordering::Acquire), state.peers.clone()))
    }

    /// Takes in a peer, which has subscribed to `prefixes`.
    pub(super) fn join(&self, peer: Peer, prefixes: &Prefixes) {
        self.change_peers(|state| {
            for prefix in prefixes.iter() {
                let _unbounded = state.audience.add(&peer.address, prefix);
            }
            state.peers.push(peer);
        });
    }

    /// What this socket has subscribed to.
    pub(super) fn prefixes(&self) -> Prefixes {
        self.lock().prefixes.clone()
    }

    /// Subscribes to `prefix`, or takes a subscription back, and gives back whom to tell.
    pub(super) fn subscribe(&self, prefix: &[u8], begins: bool) -> Vec<Peer> {
        let mut state = self.lock();
        if begins {
            state.prefixes.add(prefix);
        } else if !state.prefixes.remove(prefix) {
            return Vec::new();
        }
        state.peers.clone()
    }

    /// Hears that the peer behind `address` has subscribed to `prefix`, or has taken a subscription back.
    pub(super) fn subscribed(&self, address: &Bytes, prefix: &[u8], begins: bool) {
        self.change_peers(|state| {
            if begins {
                let _unbounded = state.audience.add(address, prefix);
            } else {
                state.audience.remove(address, prefix);
            }
        });
    }

    /// Peers that get what begins with `topic`.
    pub(super) fn subscribers(&self, topic: &[u8]) -> usize {
        self.lock().audience.subscribers(topic)
    }

    /// What has changed of all subscriptions taken together.
    pub(super) fn topics_change(&self) -> Vec<TopicChange> {
        self.lock().audience.topics_change()
    }

    /// Lets go of the peer behind `address`, and of what it has sent if that is to be discarded.
    pub(super) fn part(&self, address: &Bytes, discarded: Option<&Arc<Waiting>>) {
        self.change_peers(|state| {
            let before = state.peers.len();
            state.peers.retain(|peer| peer.address != *address);
            state.lost += before - state.peers.len();
            state.audience.forget(address);
            state.loss_is_fresh = true;
            if let Some(waiting) = discarded {
                state.messages.retain(|message| !Arc::ptr_eq(&message.waiting, waiting));
            }
        });
    }

    /// Takes nothing any more, and gives back who has to be told; nobody the second time.
    pub(super) fn close(&self) -> Vec<Peer> {
        let mut state = self.lock();
        let State { peers, messages, .. } = &mut *state;
        let (peers, messages) = (std::mem::take(peers), std::mem::take(messages));
        state.is_closed = true;
        drop(state);
        drop(messages);
        peers
    }

    fn change_peers(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        state.peers_changed = true;
        self.generation.fetch_add(1, Ordering::Release);
        let sleeper = state.watcher.take();
        drop(state);
        if let Some(sleeper) = sleeper {
            sleeper.wake();
        }
    }

    /// Nothing that holds the lock can panic halfway through a change.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn change(&mut self) -> Option<PeersChange> {
        let change = PeersChange { ready: self.peers.len(), lost: std::mem::take(&mut self.lost) };
        std::mem::take(&mut self.peers_changed).then_some(change)
    }
}

impl Message {
    fn taken(self) -> Frames {
        self.waiting.remove(1, self.size);
        self.frames
    }
}

fn sleep(sleeper: &mut Option<Waker>, context: &Context<'_>) {
    match sleeper {
        Some(waker) => waker.clone_from(context.waker()),
        None => *sleeper = Some(context.waker().clone()),
    }
}
