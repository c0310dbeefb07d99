//! The requests of one requester against peers that come and go, refuse, answer late, twice, or as somebody else.
//!
//! Time is virtual. The peers' side keeps books of its own, by which every step of the requester is judged.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use proptest::prelude::*;
use service_framework_connections::Frames;
use service_framework_connections::requests::{Requests, Stray, Unanswered};

#[derive(Clone, Debug)]
enum Event {
    Begin { timeout: u64 },
    PeerComes { address: usize },
    PeerGoes { address: usize },
    PeerBounces { address: usize },
    Reply { to: usize, from: usize },
    Forged { correlation: u64, from: usize },
    Later { by: u64 },
    Cancel { which: usize },
    Stop { which: usize },
}

/// What the socket does with what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Leaves,
    FindsNoPeer,
    IsRefused,
}

fn event(addresses: usize) -> impl Strategy<Value = Event> {
    let address = 0..addresses;
    prop_oneof![
        4 => (0..100_u64).prop_map(|timeout| Event::Begin { timeout }),
        4 => address.clone().prop_map(|address| Event::PeerComes { address }),
        2 => address.clone().prop_map(|address| Event::PeerGoes { address }),
        1 => address.clone().prop_map(|address| Event::PeerBounces { address }),
        4 => (any::<usize>(), address.clone()).prop_map(|(to, from)| Event::Reply { to, from }),
        1 => (any::<u64>(), address).prop_map(|(correlation, from)| Event::Forged { correlation, from }),
        4 => (0..40_u64).prop_map(|by| Event::Later { by }),
        1 => any::<usize>().prop_map(|which| Event::Cancel { which }),
        1 => any::<usize>().prop_map(|which| Event::Stop { which }),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![6 => Just(Fate::Leaves), 1 => Just(Fate::FindsNoPeer), 1 => Just(Fate::IsRefused)]
}

/// What is known of a request.
struct Begun {
    deadline: Instant,
    transmitted: bool,
    /// How often a peer may have got it.
    left: u32,
    /// Whether the attempt that left last may still be answered.
    last_is_open: bool,
    stopped: bool,
    reply: Option<Bytes>,
    ended: bool,
}

/// A transmission.
struct Sent {
    ticket: u64,
    address: usize,
    frames: Frames,
    /// Whether a peer may have got it.
    left: bool,
    /// Whether it may still be answered: not once the peer that got it is gone.
    open: bool,
}

struct World {
    requests: Requests,
    retries: u32,
    ready: Vec<usize>,
    /// Whether something was sent to an address and nothing has come from it since.
    unheard: Vec<bool>,
    now: Instant,
    begun: BTreeMap<u64, Begun>,
    sent: Vec<Sent>,
    fates: std::iter::Cycle<std::vec::IntoIter<Fate>>,
    replies: u64,
}

impl World {
    fn new(addresses: usize, retries: u32, fates: Vec<Fate>) -> Self {
        Self {
            requests: Requests::new(u64::MAX - 1, addresses, retries),
            retries,
            ready: vec![0; addresses],
            unheard: vec![false; addresses],
            now: Instant::now(),
            begun: BTreeMap::new(),
            sent: Vec::new(),
            fates: fates.into_iter().cycle(),
            replies: 0,
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Begin { timeout } => {
                let ticket = self.begun.len() as u64;
                let deadline = self.now + Duration::from_millis(timeout);
                let (transmitted, left, last_is_open, stopped, reply, ended) = (false, 0, false, false, None, false);
                let begun = Begun { deadline, transmitted, left, last_is_open, stopped, reply, ended };
                self.begun.insert(ticket, begun);
                self.requests.begin(ticket, body_of(ticket), deadline, self.now);
            }
            Event::PeerComes { address } => self.peers(address, self.ready[address] + 1, false),
            Event::PeerGoes { address } if self.ready[address] == 0 => {}
            Event::PeerGoes { address } => self.peers(address, self.ready[address] - 1, true),
            Event::PeerBounces { address } => self.peers(address, self.ready[address], true),
            Event::Reply { to, from } => self.reply(to, from),
            Event::Forged { correlation, from } => {
                let correlation = Bytes::copy_from_slice(&correlation.to_be_bytes());
                if self.sent.iter().all(|sent| sent.frames[0] != correlation) {
                    let forged = [correlation, Bytes::new(), Bytes::from_static(b"forged")];
                    self.unheard[from] = false;
                    assert_eq!(self.requests.handle_frames(from, &forged), Err(Stray::Late));
                }
            }
            Event::Later { by } => self.later(by),
            Event::Cancel { which } => {
                if let Some(ticket) = self.pick(which) {
                    self.requests.cancel(ticket);
                    self.request(ticket).ended = true;
                }
            }
            Event::Stop { which } => {
                if let Some(ticket) = self.pick(which) {
                    self.requests.handle_stop(ticket);
                    self.request(ticket).stopped = true;
                }
            }
        }
        self.drive();
    }

    fn pick(&self, which: usize) -> Option<u64> {
        which.checked_rem(self.begun.len()).map(|ticket| ticket as u64)
    }

    fn request(&mut self, ticket: u64) -> &mut Begun {
        self.begun.get_mut(&ticket).expect("nobody began this request")
    }

    fn peers(&mut self, address: usize, ready: usize, lost: bool) {
        self.ready[address] = ready;
        if lost {
            self.unheard[address] = false;
            for sent in self.sent.iter_mut().filter(|sent| sent.address == address) {
                sent.open = false;
            }
            self.look_at_last_attempts();
        }
        self.requests.handle_peers(address, ready, lost, self.now);
    }

    fn look_at_last_attempts(&mut self) {
        for sent in self.sent.iter().filter(|sent| sent.left) {
            self.begun.get_mut(&sent.ticket).unwrap().last_is_open = sent.open;
        }
    }

    /// Replies to a transmission, perhaps one that never left, not for the first time, or from where it was not sent to.
    fn reply(&mut self, to: usize, from: usize) {
        let Some(to) = to.checked_rem(self.sent.len()) else { return };
        let Sent { ticket, address, ref frames, open, .. } = self.sent[to];
        self.replies += 1;
        self.unheard[from] = false;
        let reply = Bytes::from(format!("{}", self.replies));
        let frames = [frames[0].clone(), Bytes::new(), reply.clone()];
        let begun = self.request(ticket);
        let is_good = open && address == from && !begun.ended;
        if is_good {
            begun.reply = Some(reply);
        }
        let expected = if is_good { Ok(()) } else { Err(Stray::Late) };
        assert_eq!(self.requests.handle_frames(from, &frames), expected);
    }

    fn later(&mut self, by: u64) {
        self.now += Duration::from_millis(by);
        self.requests.handle_timeout(self.now);
        self.drive();
        let now = self.now;
        assert!(self.waiting().all(|begun| begun.deadline > now), "a request outlived its deadline");
        assert!(self.requests.poll_deadline().is_none_or(|next| next > now), "what was due has not been done");
    }

    fn waiting(&self) -> impl Iterator<Item = &Begun> {
        self.begun.values().filter(|begun| !begun.ended)
    }

    fn drive(&mut self) {
        while let Some((address, frames)) = self.requests.poll_transmit() {
            let ticket = self.transmitted(address, &frames);
            let fate = self.fates.next().unwrap_or(Fate::Leaves);
            let left = fate == Fate::Leaves;
            self.unheard[address] = true;
            match fate {
                Fate::Leaves => {
                    let begun = self.request(ticket);
                    begun.left += 1;
                    begun.last_is_open = true;
                }
                Fate::FindsNoPeer => {
                    self.ready[address] = 0;
                    self.unheard[address] = false;
                    self.requests.handle_unsent(address, &frames, self.now);
                }
                Fate::IsRefused => self.requests.handle_refused(address, &frames, self.now),
            }
            self.sent.push(Sent { ticket, address, frames, left, open: left });
        }
        while let Some((ticket, outcome)) = self.requests.poll_outcome() {
            self.ended(ticket, outcome);
        }
        assert_eq!(self.requests.is_idle(), self.waiting().next().is_none());
        let first = self.waiting().map(|begun| begun.deadline).min();
        assert_eq!(self.requests.poll_deadline().is_some(), first.is_some());
        assert!(self.requests.poll_deadline() <= first, "nobody would be woken for a deadline");
        let any_ready = self.ready.iter().any(|&peers| peers > 0);
        for begun in self.waiting() {
            assert!(begun.last_is_open || !any_ready, "a request waits although a peer is ready");
            assert!(begun.last_is_open || begun.left <= self.retries, "a lost peer was not told at once");
        }
    }

    /// Judges a transmission; returns whose it is.
    fn transmitted(&mut self, address: usize, frames: &Frames) -> u64 {
        let [_, empty, body] = frames.as_slice() else { panic!("not framed as a request: {frames:?}") };
        assert!(empty.is_empty());
        let (now, retries) = (self.now, self.retries);
        let is_passed_over = |at: usize| self.ready[at] == 0 || self.unheard[at];
        let is_first = (0..address).all(is_passed_over);
        let ticket = ticket_of(body);
        assert!(self.ready[address] > 0, "sent to an address without a peer");
        assert!(self.sent.iter().all(|sent| sent.frames[0] != frames[0]), "a correlation is used twice");
        let begun = self.request(ticket);
        assert!(!begun.ended, "sent after its end");
        assert!(begun.deadline > now, "sent after its deadline");
        assert!(begun.left <= retries, "sent once more than it may be");
        assert!(begun.transmitted || is_first, "an address that is ready and not silent was passed over");
        begun.transmitted = true;
        ticket
    }

    /// Judges the end of a request.
    fn ended(&mut self, ticket: u64, outcome: Result<Bytes, Unanswered>) {
        let (now, retries) = (self.now, self.retries);
        let begun = self.request(ticket);
        assert!(!std::mem::replace(&mut begun.ended, true), "ended twice");
        match outcome {
            Ok(reply) => assert_eq!(Some(reply), begun.reply, "the reply of somebody else"),
            Err(unanswered) => {
                assert_eq!(begun.reply, None, "a reply was lost");
                assert!(!unanswered.never_left() || begun.left == 0, "{unanswered:?} after {} attempts", begun.left);
                match unanswered {
                    Unanswered::NoPeer => assert!(now >= begun.deadline),
                    Unanswered::TimedOut => assert!(begun.left > 0 && (now >= begun.deadline || retries > 0)),
                    Unanswered::PeerLost => assert!(begun.left > 0),
                    Unanswered::QueueFull => assert!(begun.transmitted),
                    Unanswered::Stopping => assert!(begun.stopped),
                    Unanswered::Abandoned => assert!(begun.stopped && begun.left > 0),
                    Unanswered::Busy => panic!("so few requests are not too many"),
                }
            }
        }
    }
}

fn body_of(ticket: u64) -> Bytes {
    Bytes::copy_from_slice(&ticket.to_le_bytes())
}

fn ticket_of(body: &Bytes) -> u64 {
    u64::from_le_bytes(body.as_ref().try_into().expect("the body is not the one that was given"))
}

proptest! {
    #[test]
    fn every_request_ends_once_and_is_sent_only_where_and_as_often_as_it_may_be(
        (addresses, events) in (1..4_usize).prop_flat_map(|n| (Just(n), prop::collection::vec(event(n), 1..120))),
        retries in prop_oneof![Just(0_u32), 0..4_u32],
        fates in prop::collection::vec(fate(), 1..20),
    ) {
        let mut world = World::new(addresses, retries, fates);
        for event in events {
            world.take(event);
        }
        world.later(1_000);
        prop_assert!(world.requests.is_idle());
        prop_assert!(world.waiting().next().is_none());
    }
}
