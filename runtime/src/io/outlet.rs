//! One publisher: its socket, its numbers, and what waits to be handed to the socket.
//!
//! Owns the order in which publications leave, which is that of their numbers, and the counting of what finds no room.
//! Never waits for a subscriber.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use bytes::Bytes;
use service_framework_connections::Frames;
use service_framework_connections::publisher::Numbers;
use service_framework_model::wire::Room;

use crate::transport::Socket;
use crate::wiring::Wiring;

/// The socket of a publisher.
pub(super) struct Outlet {
    pub(super) place: usize,
    socket: Box<dyn Socket>,
    /// What all its messages begin with.
    topic: Vec<u8>,
    numbers: Option<Numbers>,
    waiting: VecDeque<Bytes>,
    /// Room for publications to come.
    room: Room,
}

impl Outlet {
    pub(super) fn new(place: usize, socket: Box<dyn Socket>, topic: Vec<u8>, numbers: Option<Numbers>) -> Self {
        Self { place, socket, topic, numbers, waiting: VecDeque::new(), room: Room::default() }
    }

    /// Numbers a publication and keeps it until the sockets are driven the next time. The buffer is empty afterwards.
    pub(super) fn push(&mut self, publication: &mut Vec<u8>) {
        if let Some(numbers) = &mut self.numbers {
            numbers.number(publication);
        }
        self.waiting.push_back(self.room.take(publication));
    }

    /// How many publications wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Hands what waits to the socket.
    pub(super) fn send(&mut self, wiring: &Wiring) {
        if self.waiting.is_empty() {
            return;
        }
        let Some(counters) = wiring.counters(self.place) else { return };
        for publication in self.waiting.drain(..) {
            match self.socket.try_send(Frames::from_iter([publication])) {
                Ok(()) => counters.sent(),
                Err(refused) => counters.dropped(refused.word()),
            }
        }
        counters.dropped_many(FULL, self.socket.missed_by_subscribers());
    }

    /// Hears of subscribers, and has the caller woken when there is more.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>, wiring: &Wiring) {
        self.send(wiring);
        while let Poll::Ready(Ok(_)) = self.socket.poll_peers(cx) {}
    }

    /// How many peers get its messages.
    pub(super) fn subscribers(&mut self) -> usize {
        self.socket.subscribers(&self.topic)
    }

    pub(super) fn into_socket(mut self, wiring: &Wiring) -> Box<dyn Socket> {
        self.send(wiring);
        self.socket
    }
}

/// The reason under which messages are counted that a subscriber's queue had no room for.
pub(crate) const FULL: &str = "queue_full";
