//! The link of a requester to its peer: which reply belongs to which request, and when a request has failed.
//!
//! A state machine without socket or clock. Owns the framing of a DEALER that speaks to REP and ROUTER peers, the
//! correlation and the deadline of the one request in flight. Never sends to a peer that is not there, so that no
//! expired request waits for a peer to come.
//!
//! Order of calls: [`Link::begin`], then after every `handle_*` ask [`Link::poll_transmit`] and
//! [`Link::poll_outcome`], until there is an outcome; [`Link::poll_deadline`] says when to call
//! [`Link::handle_timeout`].

use std::time::Instant;

use bytes::Bytes;

use crate::Frames;

/// Why a request got no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// No peer was there within the deadline: the request never left.
    #[error("no peer was there within the deadline, so the request was never sent")]
    NoPeer,
    /// The peer got the request and did not answer within the deadline.
    #[error("the peer did not answer within the deadline; it may still have acted on the request")]
    TimedOut,
    /// The peer went away after the request was sent.
    #[error("the peer went away before it answered; it may have acted on the request")]
    PeerLost,
    /// The peer is there and does not read: the request never left.
    #[error("the peer does not read what it is sent, so the request was never sent")]
    QueueFull,
    /// The service is stopping.
    #[error("the service is stopping")]
    Stopping,
}

impl Unanswered {
    /// The stable word of this failure.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoPeer => "no_peer",
            Self::TimedOut => "timed_out",
            Self::PeerLost => "peer_lost",
            Self::QueueFull => "queue_full",
            Self::Stopping => "stopping",
        }
    }
}

/// Why frames that arrived were not the reply to the request in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stray {
    /// The reply to a request that has already failed.
    Late,
    /// Not a reply at all.
    Malformed,
}

impl Stray {
    /// The reason under which it is counted.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Late => "late_reply",
            Self::Malformed => "malformed_reply",
        }
    }
}

#[derive(Debug)]
enum State {
    Idle,
    /// Nobody there yet.
    Waiting {
        body: Bytes,
    },
    Sent,
    Over(Result<Bytes, Unanswered>),
}

/// The one request that a requester may have in flight.
#[derive(Debug)]
pub struct Link {
    state: State,
    correlation: u64,
    deadline: Option<Instant>,
    ready_peers: usize,
    transmit: Option<Frames>,
}

impl Link {
    /// A link whose correlations count up from `seed`, so that two lives of a service hardly ever share one.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: State::Idle, correlation: seed, deadline: None, ready_peers: 0, transmit: None }
    }

    /// Begins a request. One that is in flight is given up.
    pub fn begin(&mut self, body: Bytes, deadline: Instant) {
        self.correlation = self.correlation.wrapping_add(1);
        self.deadline = Some(deadline);
        self.transmit = None;
        self.state = State::Waiting { body };
        self.send_if_possible();
    }

    /// The number of peers that are ready for data is now `ready`; `lost` if one went away since the last call, even if
    /// it is back already: whatever it was sent may be lost with it.
    pub fn handle_peers(&mut self, ready: usize, lost: bool) {
        self.ready_peers = ready;
        if lost && matches!(self.state, State::Sent) {
            self.end(Err(Unanswered::PeerLost));
        }
        self.send_if_possible();
    }

    /// Frames arrived: the reply, or something that is to be counted and dropped.
    ///
    /// # Errors
    /// [`Stray`] if this is not the reply to the request in flight.
    pub fn handle_frames(&mut self, frames: &[Bytes]) -> Result<(), Stray> {
        let [correlation, empty, body] = frames else { return Err(Stray::Malformed) };
        let Ok(correlation) = <[u8; 8]>::try_from(correlation.as_ref()) else { return Err(Stray::Malformed) };
        if !empty.is_empty() {
            return Err(Stray::Malformed);
        }
        if !matches!(self.state, State::Sent) || u64::from_be_bytes(correlation) != self.correlation {
            return Err(Stray::Late);
        }
        self.end(Ok(body.clone()));
        Ok(())
    }

    /// Time has come to `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_some_and(|deadline| now >= deadline) {
            match self.state {
                State::Waiting { .. } => self.end(Err(Unanswered::NoPeer)),
                State::Sent => self.end(Err(Unanswered::TimedOut)),
                State::Idle | State::Over(_) => {}
            }
        }
    }

    /// The socket refused what [`Link::poll_transmit`] gave, because the peer is no longer there: wait for one again.
    pub fn handle_unsent(&mut self, frames: &[Bytes]) {
        if let (State::Sent, Some(body)) = (&self.state, frames.last()) {
            self.state = State::Waiting { body: body.clone() };
            self.ready_peers = 0;
        }
    }

    /// The socket took nothing although the peer is there: it does not read what it is sent.
    pub fn handle_refused(&mut self) {
        if matches!(self.state, State::Sent) {
            self.end(Err(Unanswered::QueueFull));
        }
    }

    /// The service is stopping: what is in flight ends now.
    pub fn handle_stop(&mut self) {
        if matches!(self.state, State::Waiting { .. } | State::Sent) {
            self.end(Err(Unanswered::Stopping));
        }
    }

    /// What is to be sent now, if anything.
    pub const fn poll_transmit(&mut self) -> Option<Frames> {
        self.transmit.take()
    }

    /// How the request ended, once.
    pub fn poll_outcome(&mut self) -> Option<Result<Bytes, Unanswered>> {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Over(outcome) => Some(outcome),
            state => {
                self.state = state;
                None
            }
        }
    }

    /// When [`Link::handle_timeout`] has something to do.
    #[must_use]
    pub const fn poll_deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn send_if_possible(&mut self) {
        if self.ready_peers == 0 {
            return;
        }
        if let State::Waiting { body } = &mut self.state {
            let correlation = Bytes::copy_from_slice(&self.correlation.to_be_bytes());
            self.transmit = Some([correlation, Bytes::new(), std::mem::take(body)].into_iter().collect());
            self.state = State::Sent;
        }
    }

    fn end(&mut self, outcome: Result<Bytes, Unanswered>) {
        self.state = State::Over(outcome);
        self.deadline = None;
        self.transmit = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const BODY: Bytes = Bytes::from_static(b"body");

    /// A link with a request begun under a virtual clock: deadline in one second.
    fn begun(ready: usize) -> (Link, Instant) {
        let now = Instant::now();
        let mut link = Link::new(41);
        link.handle_peers(ready, false);
        link.begin(BODY, now + Duration::from_secs(1));
        (link, now)
    }

    fn reply_to(sent: &Frames) -> Frames {
        [sent[0].clone(), Bytes::new(), Bytes::from_static(b"reply")].into_iter().collect()
    }

    #[test]
    fn a_request_is_framed_as_a_rep_peer_expects_it_and_its_reply_comes_back() {
        let (mut link, _) = begun(1);
        let sent = link.poll_transmit().unwrap();
        assert_eq!(sent.as_slice(), [Bytes::from_static(&[0, 0, 0, 0, 0, 0, 0, 42]), Bytes::new(), BODY]);
        assert_eq!(link.handle_frames(&reply_to(&sent)), Ok(()));
        assert_eq!(link.poll_outcome(), Some(Ok(Bytes::from_static(b"reply"))));
        assert_eq!(link.poll_outcome(), None);
    }

    #[test]
    fn nothing_leaves_before_a_peer_is_there() {
        let (mut link, _) = begun(0);
        assert_eq!(link.poll_transmit(), None);
        link.handle_peers(1, false);
        assert!(link.poll_transmit().is_some());
    }

    #[test]
    fn without_a_peer_the_deadline_says_so_and_nothing_is_sent_later() {
        let (mut link, now) = begun(0);
        link.handle_timeout(now + Duration::from_millis(999));
        assert_eq!(link.poll_outcome(), None);
        link.handle_timeout(now + Duration::from_secs(1));
        assert_eq!(link.poll_outcome(), Some(Err(Unanswered::NoPeer)));
        link.handle_peers(1, false);
        assert_eq!(link.poll_transmit(), None);
    }

    #[test]
    fn a_late_reply_never_reaches_the_next_request() {
        let (mut link, now) = begun(1);
        let first = link.poll_transmit().unwrap();
        link.handle_timeout(now + Duration::from_secs(1));
        assert_eq!(link.poll_outcome(), Some(Err(Unanswered::TimedOut)));
        assert_eq!(link.handle_frames(&reply_to(&first)), Err(Stray::Late));
        link.begin(BODY, now + Duration::from_secs(2));
        assert!(link.poll_transmit().is_some());
        assert_eq!(link.handle_frames(&reply_to(&first)), Err(Stray::Late));
        assert_eq!(link.poll_outcome(), None);
    }

    #[test]
    fn a_second_reply_to_one_request_is_stray() {
        let (mut link, _) = begun(1);
        let sent = link.poll_transmit().unwrap();
        link.handle_frames(&reply_to(&sent)).unwrap();
        assert_eq!(link.handle_frames(&reply_to(&sent)), Err(Stray::Late));
    }

    #[test]
    fn a_lost_peer_ends_what_it_was_sent_at_once() {
        let (mut link, _) = begun(1);
        link.poll_transmit().unwrap();
        link.handle_peers(0, true);
        assert_eq!(link.poll_outcome(), Some(Err(Unanswered::PeerLost)));
    }

    #[test]
    fn a_peer_that_is_back_already_has_forgotten_the_request() {
        let (mut link, _) = begun(1);
        link.poll_transmit().unwrap();
        link.handle_peers(1, true);
        assert_eq!(link.poll_outcome(), Some(Err(Unanswered::PeerLost)));
    }

    #[test]
    fn a_peer_lost_before_the_send_only_makes_it_wait_again() {
        let (mut link, _) = begun(1);
        let sent = link.poll_transmit().unwrap();
        link.handle_unsent(&sent);
        assert_eq!(link.poll_outcome(), None);
        link.handle_peers(1, false);
        assert_eq!(link.poll_transmit().unwrap(), sent);
    }

    #[test]
    fn a_peer_that_does_not_read_ends_the_request_at_once() {
        let (mut link, _) = begun(1);
        link.poll_transmit().unwrap();
        link.handle_refused();
        assert_eq!(link.poll_outcome(), Some(Err(Unanswered::QueueFull)));
    }

    #[test]
    fn frames_that_are_no_reply_are_malformed() {
        let (mut link, _) = begun(1);
        let sent = link.poll_transmit().unwrap();
        let short = [Bytes::from_static(b"x"), Bytes::new(), BODY];
        let unframed = [sent[0].clone(), BODY, BODY];
        let extra = [sent[0].clone(), Bytes::new(), BODY, BODY];
        for frames in [&[][..], &short[..], &unframed[..], &extra[..], &[BODY][..]] {
            assert_eq!(link.handle_frames(frames), Err(Stray::Malformed));
        }
        assert_eq!(link.poll_outcome(), None);
    }

    #[test]
    fn stopping_ends_the_request_in_flight() {
        let (mut link, _) = begun(1);
        link.handle_stop();
        assert_eq!(link.poll_outcome(), Some(Err(Unanswered::Stopping)));
        assert_eq!(link.poll_transmit(), None);
    }
}
