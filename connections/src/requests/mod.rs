//! The requests of one requester: which reply belongs to which request, where each goes next, and when it has failed.
//!
//! A state machine without socket or clock over one DEALER socket for each address. Owns the correlation of requests
//! and replies, the order of the addresses, deadlines and retries. Never sends to a peer that is not there, so that no
//! expired request waits for a peer to come.

mod framing;
mod request;

use std::collections::VecDeque;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;

use self::request::{End, Request};
use crate::Frames;
pub use crate::unanswered::{Stray, Unanswered};

/// The most requests of one requester that may be in flight at once. One that is begun beyond ends at once with
/// [`Unanswered::Busy`].
pub const MOST_IN_FLIGHT: usize = 1_000;

/// The requests of one requester, over one socket for each of its addresses.
///
/// Several may be in flight at once: each has a ticket, a number of the caller's that is its own until it has ended.
/// It ends once: with an outcome, or by [`Requests::cancel`].
///
/// Each attempt goes to the first address, in order, that has a ready peer and has not failed this request in this
/// round. An address that let an attempt run out of time and was not heard of meanwhile comes after the others, until
/// something arrives from it or its peers change: one that hangs, or whose machine does, holds up one request, not each. One that never left (no peer, or a peer that does not read) may always be followed by another. One that may
/// have been acted on (its peer was lost, or its share of the time is up) takes one of the `retries`; where none is
/// left the request ends. If k retries are left, an attempt may take one (k+1)th of the remaining time.
///
/// A reply to an earlier attempt is as good as one to the last: with retries all attempts mean the same. So it is
/// accepted as long as its request is waited for, unless the peer that was sent that attempt was lost since. A reply
/// belongs to a request only by the correlation of one of its attempts and the address that this was sent to.
///
/// Order of calls: after [`Requests::begin`] and every `handle_*` ask [`Requests::poll_transmit`] and
/// [`Requests::poll_outcome`] until both have nothing more; [`Requests::poll_deadline`] says when to call
/// [`Requests::handle_timeout`].
#[derive(Debug)]
pub struct Requests {
    correlation: u64,
    /// For the frames of correlations to come.
    room: BytesMut,
    retries: u32,
    addresses: SmallVec<[Address; 4]>,
    /// In the order in which they began, which is the order in which they leave.
    in_flight: VecDeque<Request>,
    outcomes: VecDeque<(u64, Result<Bytes, Unanswered>)>,
}

/// What is known of who is at an address.
#[derive(Clone, Copy, Debug, Default)]
struct Address {
    /// How many peers are ready.
    ready: usize,
    manner: Manner,
}

/// Whether an address answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Manner {
    /// Something has come from it since it was sent something, or it was sent nothing.
    #[default]
    Heard,
    /// It was sent something, and nothing has come from it since.
    Asked,
    /// The same, and the time of an attempt is up.
    Silent,
}

impl Requests {
    /// A requester with this number of addresses, none of them ready. Correlations count up from `seed`, so that two
    /// lives of a service hardly ever share one. More than 0 `retries` are only for requests that may be executed twice.
    #[must_use]
    pub fn new(seed: u64, addresses: usize, retries: u32) -> Self {
        Self {
            correlation: seed,
            room: BytesMut::new(),
            retries,
            addresses: SmallVec::from_elem(Address::default(), addresses),
            in_flight: VecDeque::new(),
            outcomes: VecDeque::new(),
        }
    }

    /// Begins a request that is over at `deadline`, whatever its attempts do until then.
    pub fn begin(&mut self, ticket: u64, body: Bytes, deadline: Instant, now: Instant) {
        let mut request = Request::new(ticket, body, deadline, self.retries);
        let full = self.in_flight.len() >= MOST_IN_FLIGHT;
        match if full { Some(Unanswered::Busy) } else { request.choose(&self.addresses, now) } {
            Some(unanswered) => self.outcomes.push_back((ticket, Err(unanswered))),
            None => self.in_flight.push_back(request),
        }
    }

    /// The number of peers of this address that are ready for data is now `ready`; `lost` if one went away since the
    /// last call, even if it is back already: whatever it was sent may be lost with it.
    pub fn handle_peers(&mut self, address: usize, ready: usize, lost: bool, now: Instant) {
        if let Some(known) = self.addresses.get_mut(address) {
            let is_another = lost || known.ready != ready;
            *known = Address { ready, manner: if is_another { Manner::Heard } else { known.manner } };
        }
        self.each(|request, addresses| {
            let end = if lost { request.handle_lost(address) } else { None };
            end.or_else(|| request.choose(addresses, now))
        });
    }

    /// Frames arrived from this address: a reply, or something that is to be counted and dropped.
    ///
    /// # Errors
    /// [`Stray`] if this is not a reply to a request that is waited for.
    pub fn handle_frames(&mut self, address: usize, frames: &[Bytes]) -> Result<(), Stray> {
        if let Some(known) = self.addresses.get_mut(address) {
            known.manner = Manner::Heard;
        }
        let (correlation, body) = framing::read(frames)?;
        let answered = self.in_flight.iter().position(|request| request.is_answered_by(address, correlation));
        let request = answered.and_then(|at| self.in_flight.remove(at)).ok_or(Stray::Late)?;
        self.outcomes.push_back((request.ticket(), Ok(body.clone())));
        Ok(())
    }

    /// The socket did not send what [`Requests::poll_transmit`] gave, because this address has no peer any more.
    pub fn handle_unsent(&mut self, address: usize, frames: &[Bytes], now: Instant) {
        if let Some((request, body)) = self.sent(address, frames) {
            request.handle_unsent(body);
        }
        self.handle_peers(address, 0, false, now);
    }

    /// The socket did not send what [`Requests::poll_transmit`] gave, because the peer of this address does not read.
    pub fn handle_refused(&mut self, address: usize, frames: &[Bytes], now: Instant) {
        if let Some((request, body)) = self.sent(address, frames) {
            request.handle_refused(address, body);
        }
        self.each(|request, addresses| request.choose(addresses, now));
    }

    /// Time has come to `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        for request in &self.in_flight {
            if let Some(known) = request.overdue_at(now).and_then(|address| self.addresses.get_mut(address))
                && known.manner == Manner::Asked
            {
                known.manner = Manner::Silent;
            }
        }
        self.each(|request, addresses| request.handle_timeout(now).or_else(|| request.choose(addresses, now)));
    }

    /// Nobody waits for this request any more: it ends without an outcome.
    pub fn cancel(&mut self, ticket: u64) {
        self.in_flight.retain(|request| request.ticket() != ticket);
        self.outcomes.retain(|(of, _)| *of != ticket);
    }

    /// The service is stopping: this request ends now, if it has not ended before.
    pub fn handle_stop(&mut self, ticket: u64) {
        self.each(|request, _| (request.ticket() == ticket).then(|| request.stopped()));
    }

    /// What is to be sent now, and to which address, if anything.
    pub fn poll_transmit(&mut self) -> Option<(usize, Frames)> {
        let correlation = self.correlation.wrapping_add(1);
        let transmit = self.in_flight.iter_mut().find_map(|request| request.leave(correlation, &mut self.room))?;
        self.correlation = correlation;
        if let Some(known) = self.addresses.get_mut(transmit.0)
            && known.manner == Manner::Heard
        {
            known.manner = Manner::Asked;
        }
        Some(transmit)
    }

    /// The ticket of a request that has ended, and how: once for each.
    pub fn poll_outcome(&mut self) -> Option<(u64, Result<Bytes, Unanswered>)> {
        self.outcomes.pop_front()
    }

    /// Whether a request has ended that was not asked for yet.
    #[must_use]
    pub fn has_outcome(&self) -> bool {
        !self.outcomes.is_empty()
    }

    /// When [`Requests::handle_timeout`] next has something to do.
    #[must_use]
    pub fn poll_deadline(&self) -> Option<Instant> {
        self.in_flight.iter().map(Request::next_deadline).min()
    }

    /// Whether no request is in flight and no outcome waits to be asked for.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.in_flight.is_empty() && self.outcomes.is_empty()
    }

    /// Takes every request in flight through a step, which may end it.
    fn each(&mut self, mut step: impl FnMut(&mut Request, &[Address]) -> End) {
        let Self { addresses, in_flight, outcomes, .. } = self;
        in_flight.retain_mut(|request| match step(request, addresses) {
            Some(unanswered) => {
                outcomes.push_back((request.ticket(), Err(unanswered)));
                false
            }
            None => true,
        });
    }

    /// The request whose present attempt these frames are, and its body.
    fn sent<'f>(&mut self, address: usize, frames: &'f [Bytes]) -> Option<(&mut Request, &'f Bytes)> {
        let (correlation, body) = framing::read(frames).ok()?;
        let request = self.in_flight.iter_mut().find(|request| request.is_at(address, correlation))?;
        Some((request, body))
    }
}

#[cfg(test)]
mod tests;
