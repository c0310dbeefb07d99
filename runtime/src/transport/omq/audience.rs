//! What a publisher knows of its subscribers.
//!
//! Owns the table of subscriptions, which it keeps from the events of the socket; if it was not asked for so long that
//! some are lost, from a list of all of them. Hangs up on a peer that subscribes to more than it may. Never sends a message.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use omq_tokio::{MonitorEvent, MonitorRecvError, MonitorStream, PeerSubscriptions, Socket};
use tokio::runtime::Handle;

use crate::transport::subscriptions::Subscriptions;
use crate::transport::{SocketOptions, TopicChange};

pub(super) struct Audience {
    /// A handle of its own, so that the one that sends stays alone.
    socket: Socket,
    runtime: Handle,
    subscriptions: Subscriptions<u64>,
    changed: bool,
    hearing: Pin<Box<dyn Future<Output = Heard>>>,
    /// Who waits. Whoever asks in between does so in its name, so that it takes no wait away.
    waker: Waker,
}

/// What comes of listening.
#[expect(clippy::large_enum_variant, reason = "it is taken apart as soon as it is made")]
enum Heard {
    Event(MonitorStream, Result<MonitorEvent, MonitorRecvError>),
    All(omq_tokio::Result<(MonitorStream, Vec<PeerSubscriptions>)>),
}

impl Audience {
    /// The audience of a socket that is neither bound nor connected yet, opened in the runtime of this thread.
    pub(super) fn of(socket: &Socket, options: &SocketOptions) -> Self {
        Self {
            socket: socket.clone_shared(),
            runtime: Handle::current(),
            subscriptions: Subscriptions::bounded(options.max_subscription_bytes),
            changed: false,
            hearing: hear(socket.monitor()),
            waker: Waker::noop().clone(),
        }
    }

    /// Whoever waits here is woken by the next event.
    pub(super) fn listens(&mut self, context: &Context<'_>) {
        self.waker.clone_from(context.waker());
    }

    /// Whether the subscriptions have changed since this was last asked.
    pub(super) fn has_changed(&mut self) -> bool {
        self.look();
        std::mem::take(&mut self.changed)
    }

    pub(super) fn subscribers(&mut self, topic: &[u8]) -> usize {
        self.look();
        self.subscriptions.subscribers(topic)
    }

    pub(super) fn topics_change(&mut self) -> Vec<TopicChange> {
        self.look();
        self.subscriptions.topics_change()
    }

    fn look(&mut self) {
        let waker = self.waker.clone();
        let mut context = Context::from_waker(&waker);
        while let Poll::Ready(heard) = self.hearing.as_mut().poll(&mut context) {
            self.hearing = match heard {
                Heard::Event(events, Ok(event)) => {
                    self.note(event);
                    hear(events)
                }
                Heard::Event(_, Err(MonitorRecvError::Lagged(_))) => ask(self.socket.clone_shared()),
                Heard::All(Ok((events, all))) => {
                    self.replace(all);
                    hear(events)
                }
                Heard::Event(_, Err(_)) | Heard::All(Err(_)) => Box::pin(std::future::pending()),
            };
        }
    }

    fn note(&mut self, event: MonitorEvent) {
        match event {
            MonitorEvent::SubscribeReceived { connection_id, prefix } => self.add(connection_id, &prefix),
            MonitorEvent::UnsubscribeReceived { connection_id, prefix } => {
                self.subscriptions.remove(&connection_id, &prefix);
                self.changed = true;
            }
            MonitorEvent::Disconnected { peer, .. } => self.changed |= self.subscriptions.forget(&peer.connection_id),
            _ => {}
        }
    }

    fn add(&mut self, connection: u64, prefix: &[u8]) {
        if self.subscriptions.add(&connection, prefix) {
            self.changed = true;
            return;
        }
        let socket = self.socket.clone_shared();
        // If it has gone already, that is all that was wanted.
        self.runtime.spawn(async move { drop(socket.disconnect_peer(connection).await) });
    }

    fn replace(&mut self, all: Vec<PeerSubscriptions>) {
        self.changed = true;
        self.subscriptions.clear();
        for PeerSubscriptions { peer, prefixes } in all {
            for prefix in prefixes {
                self.add(peer.connection_id, &prefix);
            }
        }
    }
}

fn hear(mut events: MonitorStream) -> Pin<Box<dyn Future<Output = Heard>>> {
    Box::pin(async move {
        let event = events.recv().await;
        Heard::Event(events, event)
    })
}

fn ask(socket: Socket) -> Pin<Box<dyn Future<Output = Heard>>> {
    Box::pin(async move { Heard::All(socket.monitor_with_subscriptions().await) })
}
