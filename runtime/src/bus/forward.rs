//! What a bus does with each message and each subscription.
//!
//! Owns the two sockets and the counters. It subscribes to what its subscribers have subscribed to, and to nothing else,
//! so that what nobody wants is not sent to it. Never opens a message, and never waits for a slow subscriber.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::task::yield_now;

use super::{IN, OUT};
use crate::address::Address;
use crate::control::Stopped;
use crate::counters::Counters;
use crate::io::{WiringError, WiringProblem};
use crate::running::RunError;
use crate::transport::{Closed, Frames, Omq, Socket, SocketKind, SocketOptions, TopicChange, Transport};

/// How many messages are forwarded before subscriptions are looked at again.
const TURN: usize = 64;

/// What a bus has forwarded, and for whom.
#[derive(Debug, Default)]
pub(super) struct Counts {
    publishers: AtomicUsize,
    subscribers: AtomicUsize,
    topics: AtomicUsize,
    messages: Counters,
    bytes: AtomicU64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [publishers, subscribers, topics] =
            [&self.publishers, &self.subscribers, &self.topics].map(|count| count.load(Ordering::Relaxed));
        let (messages, bytes) = (self.messages.read(), self.bytes.load(Ordering::Relaxed));
        write!(f, "publishers={publishers} subscribers={subscribers} topics={topics} {messages} bytes={bytes}")
    }
}

pub(super) struct Forwarder {
    input: Box<dyn Socket>,
    output: Box<dyn Socket>,
    counts: Arc<Counts>,
}

impl Forwarder {
    /// Binds both ends. Gives back their addresses as bound.
    pub(super) async fn open(
        input: &Address,
        output: &Address,
        options: &SocketOptions,
        counts: Arc<Counts>,
    ) -> Result<(Self, [String; 2]), WiringError> {
        let (input, input_address) = bound(IN, SocketKind::Subscriber, input, options).await?;
        let (mut output, output_address) = bound(OUT, SocketKind::Publisher, output, options).await?;
        // From now on the changes are told.
        output.topics_change();
        Ok((Self { input, output, counts }, [input_address, output_address]))
    }

    /// Forwards until it is to stop. What it has taken in by then leaves within `linger`.
    pub(super) async fn forward(mut self, mut stopped: Stopped, linger: Duration) -> Result<(), RunError> {
        let mut batch = Vec::with_capacity(TURN);
        let ended = loop {
            self.forward_subscriptions().await;
            if self.input.try_receive(TURN, &mut batch) > 0 {
                batch.drain(..).for_each(|frames| self.send(frames));
                yield_now().await;
                if poll_fn(|context| Poll::Ready(stopped.poll(context).is_ready())).await {
                    break Ok(());
                }
                continue;
            }
            let news = poll_fn(|context| {
                if stopped.poll(context).is_ready() {
                    return Poll::Ready(Ok(News::Stop));
                }
                self.poll_news(context)
            });
            match news.await {
                Ok(News::Stop) => break Ok(()),
                Ok(News::Message(frames)) => self.send(frames),
                Ok(News::Peers) => {}
                // Nobody but this function closes its sockets.
                Err(Closed) => break Err(RunError::Panicked),
            }
        };
        self.input.close(Duration::ZERO).await;
        self.output.close(linger).await;
        ended
    }

    fn poll_news(&mut self, context: &mut Context<'_>) -> Poll<Result<News, Closed>> {
        if let Poll::Ready(received) = self.input.poll_receive(context) {
            return Poll::Ready(received.map(News::Message));
        }
        for socket in [&mut self.input, &mut self.output] {
            if let Poll::Ready(change) = socket.poll_peers(context) {
                return Poll::Ready(change.map(|_| News::Peers));
            }
        }
        Poll::Pending
    }

    async fn forward_subscriptions(&mut self) {
        for change in self.output.topics_change() {
            // A socket that is closed or no subscriber is none of these.
            let _ = match change {
                TopicChange::Began(prefix) => {
                    self.counts.topics.fetch_add(1, Ordering::Relaxed);
                    self.input.subscribe(&prefix).await
                }
                TopicChange::Ended(prefix) => {
                    self.counts.topics.fetch_sub(1, Ordering::Relaxed);
                    self.input.unsubscribe(&prefix).await
                }
            };
        }
        self.counts.publishers.store(self.input.ready_peers(), Ordering::Relaxed);
        self.counts.subscribers.store(self.output.ready_peers(), Ordering::Relaxed);
    }

    fn send(&mut self, frames: Frames) {
        let size: usize = frames.iter().map(Bytes::len).sum();
        self.counts.messages.received();
        match self.output.try_send(frames) {
            Ok(()) => {
                self.counts.messages.sent();
                self.counts.bytes.fetch_add(size as u64, Ordering::Relaxed);
            }
            Err(refusal) => self.counts.messages.dropped(refusal.word()),
        }
    }
}

/// What a bus that waits has waited for.
enum News {
    Message(Frames),
    Peers,
    Stop,
}

async fn bound(
    name: &str,
    kind: SocketKind,
    address: &Address,
    options: &SocketOptions,
) -> Result<(Box<dyn Socket>, String), WiringError> {
    let of = |reason: WiringProblem| WiringError { name: name.to_owned(), reason };
    let mut socket = Omq.open(kind, options).map_err(|error| of(error.into()))?;
    let bound = socket.bind(&address.to_string()).await.map_err(|error| of(error.into()))?;
    Ok((socket, bound))
}
