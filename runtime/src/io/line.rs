//! One requester: a socket for each of its addresses, and the requests that go over them.
//!
//! Owns those sockets. Which request goes where, and when it has failed, is for [`Requests`] to say.

use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use service_framework_connections::requests::{Requests, Unanswered};
use uuid::Uuid;

use super::QUOTA;
use crate::transport::{SendRefused, Socket};
use crate::wiring::Wiring;

/// The sockets of a requester.
pub(super) struct Line {
    pub(super) place: usize,
    sockets: Vec<Box<dyn Socket>>,
    requests: Requests,
}

impl Line {
    pub(super) fn new(place: usize, sockets: Vec<Box<dyn Socket>>, retries: u32) -> Self {
        let (seed, _) = Uuid::new_v4().as_u64_pair();
        let requests = Requests::new(seed, sockets.len(), retries);
        Self { place, sockets, requests }
    }

    pub(super) fn begin(&mut self, ticket: u64, body: Bytes, deadline: Instant, wiring: &Wiring) {
        let (now, mut received) = (Instant::now(), Vec::new());
        let is_waited_for = !self.requests.is_idle();
        for (address, socket) in self.sockets.iter_mut().enumerate() {
            while is_waited_for && socket.try_receive(QUOTA, &mut received) > 0 {
                for frames in received.drain(..) {
                    take(&mut self.requests, address, &frames, self.place, wiring);
                }
            }
            // What happened to the peers before this request is not its business.
            let lost = socket.peers_change().is_some_and(|change| change.lost > 0);
            self.requests.handle_peers(address, socket.ready_peers(), lost, now);
        }
        self.requests.begin(ticket, body, deadline, now);
    }

    /// Sends and receives whatever can be, without waiting, or until a request is over. Pending, if nothing more can be:
    /// the caller is woken when that changes.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>, wiring: &Wiring) -> Poll<()> {
        loop {
            self.transmit();
            let mut any = false;
            for (address, socket) in self.sockets.iter_mut().enumerate() {
                // What a peer sent before it was lost is received before its loss is reported.
                while let Poll::Ready(Ok(frames)) = socket.poll_receive(cx) {
                    take(&mut self.requests, address, &frames, self.place, wiring);
                    if self.requests.has_outcome() {
                        // Whoever has it may not wait any more.
                        return Poll::Ready(());
                    }
                    any = true;
                }
                while let Poll::Ready(Ok(change)) = socket.poll_peers(cx) {
                    self.requests.handle_peers(address, change.ready, change.lost > 0, Instant::now());
                    any = true;
                }
            }
            if !any {
                return Poll::Pending;
            }
        }
    }

    fn transmit(&mut self) {
        while let Some((address, frames)) = self.requests.poll_transmit() {
            let Some(socket) = self.sockets.get_mut(address) else { continue };
            match socket.try_send(frames.clone()) {
                Ok(()) => {}
                Err(SendRefused::NoPeer | SendRefused::Closed) => {
                    self.requests.handle_unsent(address, &frames, Instant::now());
                }
                Err(_) => self.requests.handle_refused(address, &frames, Instant::now()),
            }
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.requests.handle_timeout(now);
    }

    pub(super) fn handle_stop(&mut self, ticket: u64) {
        self.requests.handle_stop(ticket);
    }

    pub(super) fn poll_outcome(&mut self) -> Option<(u64, Result<Bytes, Unanswered>)> {
        self.requests.poll_outcome()
    }

    pub(super) fn poll_deadline(&self) -> Option<Instant> {
        self.requests.poll_deadline()
    }

    pub(super) fn into_sockets(self) -> Vec<Box<dyn Socket>> {
        self.sockets
    }
}

/// Hands on what arrived; what is no reply that somebody waits for is counted.
fn take(requests: &mut Requests, address: usize, frames: &[Bytes], place: usize, wiring: &Wiring) {
    if let Err(stray) = requests.handle_frames(address, frames)
        && let Some(counters) = wiring.counters(place)
    {
        counters.dropped(stray.word());
    }
}
