//! The transport between services of one process: `inproc://NAME`.
//!
//! It owns sockets that put messages into each other's inbox, over whatever threads they are on. A hop takes one lock,
//! allocates nothing and wakes only who sleeps. Framing, bounds and news of the peers are those of the other
//! transports; a name that is bound later, or again, is connected to at once. A message has left when it is in its
//! peer's inbox, so there is nothing to linger for. It has no bytes, no handshake and no strangers.

mod inbox;
mod table;

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;

use super::{
    BindError, BindProblem, Boxed, Closed, ConnectError, ConnectProblem, Frames, OpenError, PeersChange, SendRefused,
    Socket, SocketKind, SocketOptions, SubscribeError, TopicChange, Transport,
};
use crate::address::{Address, AddressError};
use inbox::{Inbox, Peer};

/// The transport within the process.
#[derive(Debug, Clone, Copy, Default)]
pub struct InProcess;

impl Transport for InProcess {
    fn name(&self) -> &'static str {
        "inproc"
    }

    fn open(&self, kind: SocketKind, options: &SocketOptions) -> Result<Box<dyn Socket>, OpenError> {
        let inbox = Arc::new(Inbox::new(kind, options));
        Ok(Box::new(InProcessSocket { inbox, peers: Peers::default(), turn: 0, missed: 0 }))
    }
}

struct InProcessSocket {
    inbox: Arc<Inbox>,
    /// A copy of the inbox's peers, so that sending takes no lock but the peer's.
    peers: Peers,
    /// Whose turn it is to be sent to.
    turn: usize,
    /// How often a subscriber has missed a message.
    missed: u64,
}

/// The peers of one generation.
#[derive(Default)]
struct Peers {
    generation: u64,
    all: Vec<Peer>,
    /// Their places, for a router.
    places: HashMap<Bytes, usize>,
}

impl InProcessSocket {
    fn refresh(&mut self) {
        if let Some((generation, all)) = self.inbox.peers_since(self.peers.generation) {
            let places = all.iter().enumerate().map(|(place, peer)| (peer.address.clone(), place)).collect();
            self.peers = Peers { generation, all, places };
        }
    }

    fn send_to(&self, address: &Bytes, mut frames: Frames, size: usize) -> Result<(), SendRefused> {
        let peer = self.peers.places.get(address).and_then(|place| self.peers.all.get(*place));
        peer.ok_or(SendRefused::NoPeer)?.send(&mut frames, size, &self.inbox.options)
    }

    /// Sends to everybody who has subscribed to it and has room.
    fn publish(&mut self, frames: &Frames, size: usize) {
        for peer in &self.peers.all {
            let sent = peer.publish(frames, size, &self.inbox.options);
            self.missed += u64::from(matches!(sent, Err(SendRefused::Full | SendRefused::TooLarge { .. })));
        }
    }

    fn subscribes<'a>(&'a self, prefix: &'a [u8], begins: bool) -> Boxed<'a, Result<(), SubscribeError>> {
        Box::pin(async move {
            if self.inbox.kind != SocketKind::Subscriber {
                return Err(SubscribeError::NoSubscriber);
            }
            table::subscribe(&self.inbox, prefix, begins);
            Ok(())
        })
    }

    /// Sends to the next peer in turn that has room.
    fn send_in_turn(&mut self, mut frames: Frames, size: usize) -> Result<(), SendRefused> {
        let Self { inbox, peers, turn, .. } = self;
        let mut sent = Err(SendRefused::NoPeer);
        for _ in 0..peers.all.len() {
            *turn = if *turn + 1 < peers.all.len() { *turn + 1 } else { 0 };
            let Some(peer) = peers.all.get(*turn) else { continue };
            sent = peer.send(&mut frames, size, &inbox.options);
            if sent.is_ok() {
                break;
            }
        }
        sent
    }
}

impl Socket for InProcessSocket {
    fn bind<'a>(&'a mut self, endpoint: &'a str) -> Boxed<'a, Result<String, BindError>> {
        Box::pin(async move {
            let problem = match name(endpoint) {
                Ok(name) if table::bind(&name, &self.inbox) => return Ok(endpoint.to_owned()),
                Ok(_) => BindProblem::InUse,
                Err(reason) => BindProblem::Malformed(reason),
            };
            Err(BindError { endpoint: endpoint.to_owned(), problem })
        })
    }

    fn connect<'a>(&'a mut self, endpoint: &'a str) -> Boxed<'a, Result<(), ConnectError>> {
        Box::pin(async move {
            let name = name(endpoint).map_err(|reason| ConnectError {
                endpoint: endpoint.to_owned(),
                problem: ConnectProblem::Malformed(reason),
            })?;
            table::connect(&name, &self.inbox);
            Ok(())
        })
    }

    fn try_receive(&mut self, max: usize, out: &mut Vec<Frames>) -> usize {
        self.inbox.take(max, out)
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Frames, Closed>> {
        self.inbox.poll_take(context).map(Ok)
    }

    fn try_send(&mut self, mut frames: Frames) -> Result<(), SendRefused> {
        let kind = self.inbox.kind;
        if kind == SocketKind::Subscriber {
            return Err(SendRefused::OnlyReceives);
        }
        let is_router = kind == SocketKind::Router;
        if frames.len() < 1 + usize::from(is_router) {
            return Err(SendRefused::Empty);
        }
        self.refresh();
        let to = is_router.then(|| frames.remove(0));
        let (size, max) = (frames.iter().map(Bytes::len).sum(), self.inbox.options.max_message_size);
        if size > max {
            return Err(SendRefused::TooLarge { size, max });
        }
        match to {
            Some(address) => self.send_to(&address, frames, size),
            None if kind == SocketKind::Publisher => {
                self.publish(&frames, size);
                Ok(())
            }
            None => self.send_in_turn(frames, size),
        }
    }

    fn subscribe<'a>(&'a mut self, prefix: &'a [u8]) -> Boxed<'a, Result<(), SubscribeError>> {
        self.subscribes(prefix, true)
    }

    fn unsubscribe<'a>(&'a mut self, prefix: &'a [u8]) -> Boxed<'a, Result<(), SubscribeError>> {
        self.subscribes(prefix, false)
    }

    fn subscribers(&mut self, topic: &[u8]) -> usize {
        self.inbox.subscribers(topic)
    }

    fn topics_change(&mut self) -> Vec<TopicChange> {
        self.inbox.topics_change()
    }

    fn missed_by_subscribers(&mut self) -> u64 {
        std::mem::take(&mut self.missed)
    }

    fn ready_peers(&mut self) -> usize {
        self.inbox.ready()
    }

    fn peers_change(&mut self) -> Option<PeersChange> {
        self.inbox.change()
    }

    fn poll_peers(&mut self, context: &mut Context<'_>) -> Poll<Result<PeersChange, Closed>> {
        self.inbox.poll_change(context).map(Ok)
    }

    fn close(self: Box<Self>, linger: Duration) -> Boxed<'static, ()> {
        Box::pin(async move { table::leave(&self.inbox, linger.is_zero()) })
    }
}

impl Drop for InProcessSocket {
    fn drop(&mut self) {
        table::leave(&self.inbox, true);
    }
}

/// The name in an endpoint.
fn name(endpoint: &str) -> Result<String, String> {
    match endpoint.parse().map_err(|error: AddressError| error.to_string())? {
        Address::Inproc(name) => Ok(name),
        Address::Tcp { .. } | Address::Ipc(_) => Err("not an `inproc://` endpoint".to_owned()),
    }
}
