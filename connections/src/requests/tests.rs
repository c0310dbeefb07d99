use std::time::Duration;

use super::*;

const BODY: Bytes = Bytes::from_static(b"body");
const REPLY: Bytes = Bytes::from_static(b"reply");
/// What every request of these tests may take, in milliseconds.
const TIMEOUT: u64 = 1_000;
const NOWHERE: [usize; 0] = [];

/// A requester under a virtual clock.
struct Bench {
    requests: Requests,
    start: Instant,
    now: Instant,
    begun: u64,
}

impl Bench {
    /// One ready peer at each of `addresses`.
    fn new(addresses: usize, retries: u32) -> Self {
        let mut bench = Self::without_peers(addresses, retries);
        (0..addresses).for_each(|address| bench.peers(address, 1, false));
        bench
    }

    fn without_peers(addresses: usize, retries: u32) -> Self {
        let now = Instant::now();
        Self { requests: Requests::new(41, addresses, retries), start: now, now, begun: 0 }
    }

    fn begin(&mut self) -> u64 {
        self.begun += 1;
        self.requests.begin(self.begun, BODY, self.now + Duration::from_millis(TIMEOUT), self.now);
        self.begun
    }

    fn peers(&mut self, address: usize, ready: usize, lost: bool) {
        self.requests.handle_peers(address, ready, lost, self.now);
    }

    /// Lets the clock stand at this many milliseconds after the start.
    fn at(&mut self, ms: u64) {
        self.now = self.start + Duration::from_millis(ms);
        self.requests.handle_timeout(self.now);
    }

    /// What leaves now: the address and the frames.
    #[track_caller]
    fn leaves(&mut self) -> (usize, Frames) {
        self.requests.poll_transmit().expect("nothing leaves")
    }

    /// The addresses to which something leaves now.
    fn addresses(&mut self) -> Vec<usize> {
        std::iter::from_fn(|| self.requests.poll_transmit()).map(|(address, _)| address).collect()
    }

    fn outcomes(&mut self) -> Vec<(u64, Result<Bytes, Unanswered>)> {
        std::iter::from_fn(|| self.requests.poll_outcome()).collect()
    }

    fn deadline_ms(&self) -> Option<u128> {
        self.requests.poll_deadline().map(|deadline| (deadline - self.start).as_millis())
    }
}

fn reply_to(sent: &Frames) -> Frames {
    [sent[0].clone(), Bytes::new(), REPLY].into_iter().collect()
}

#[test]
fn a_request_leaves_with_the_correlation_after_the_seed_and_its_reply_comes_back() {
    let mut bench = Bench::new(1, 0);
    let ticket = bench.begin();
    let (address, sent) = bench.leaves();
    assert_eq!((address, framing::read(&sent)), (0, Ok((42, &BODY))));
    assert_eq!(bench.requests.handle_frames(0, &reply_to(&sent)), Ok(()));
    assert_eq!(bench.outcomes(), [(ticket, Ok(REPLY))]);
    assert!(bench.requests.is_idle());
}

#[test]
fn nothing_leaves_before_a_peer_is_there() {
    let mut bench = Bench::without_peers(1, 0);
    bench.begin();
    assert_eq!(bench.addresses(), NOWHERE);
    bench.peers(0, 1, false);
    assert_eq!(bench.addresses(), [0]);
}

#[test]
fn without_a_peer_the_deadline_says_so_and_nothing_is_sent_later() {
    let mut bench = Bench::without_peers(1, 0);
    let ticket = bench.begin();
    assert_eq!(bench.deadline_ms(), Some(1_000));
    bench.at(999);
    assert_eq!(bench.outcomes(), []);
    bench.at(1_000);
    assert_eq!(bench.outcomes(), [(ticket, Err(Unanswered::NoPeer))]);
    bench.peers(0, 1, false);
    assert_eq!(bench.addresses(), NOWHERE);
    assert_eq!(bench.deadline_ms(), None);
}

#[test]
fn a_peer_that_comes_at_the_deadline_gets_no_expired_request() {
    let mut bench = Bench::without_peers(1, 0);
    let ticket = bench.begin();
    bench.now = bench.start + Duration::from_millis(TIMEOUT);
    bench.peers(0, 1, false);
    assert_eq!(bench.addresses(), NOWHERE);
    assert_eq!(bench.outcomes(), [(ticket, Err(Unanswered::NoPeer))]);
}

#[test]
fn a_late_reply_never_reaches_the_next_request() {
    let mut bench = Bench::new(1, 0);
    let first = bench.begin();
    let (_, sent) = bench.leaves();
    bench.at(1_000);
    assert_eq!(bench.outcomes(), [(first, Err(Unanswered::TimedOut))]);
    assert_eq!(bench.requests.handle_frames(0, &reply_to(&sent)), Err(Stray::Late));
    bench.begin();
    bench.leaves();
    assert_eq!(bench.requests.handle_frames(0, &reply_to(&sent)), Err(Stray::Late));
    assert_eq!(bench.outcomes(), []);
}

#[test]
fn a_second_reply_and_one_from_another_address_are_stray() {
    let mut bench = Bench::new(2, 0);
    bench.begin();
    let (_, sent) = bench.leaves();
    assert_eq!(bench.requests.handle_frames(1, &reply_to(&sent)), Err(Stray::Late));
    assert_eq!(bench.requests.handle_frames(0, &reply_to(&sent)), Ok(()));
    assert_eq!(bench.requests.handle_frames(0, &reply_to(&sent)), Err(Stray::Late));
}

#[test]
fn several_requests_in_flight_are_answered_in_any_order() {
    let mut bench = Bench::new(1, 0);
    let tickets = [bench.begin(), bench.begin(), bench.begin()];
    let sent = [bench.leaves().1, bench.leaves().1, bench.leaves().1];
    for at in [2, 0, 1] {
        let reply = [sent[at][0].clone(), Bytes::new(), Bytes::from(vec![at as u8])];
        bench.requests.handle_frames(0, &reply).unwrap();
        assert_eq!(bench.outcomes(), [(tickets[at], Ok(Bytes::from(vec![at as u8])))]);
    }
}

#[test]
fn what_waited_for_a_peer_leaves_in_the_order_in_which_it_began() {
    let mut bench = Bench::without_peers(1, 0);
    for body in [b"1", b"2", b"3"] {
        bench.requests.begin(0, Bytes::from_static(body), bench.start + Duration::from_millis(TIMEOUT), bench.now);
    }
    bench.peers(0, 1, false);
    let left = [bench.leaves().1, bench.leaves().1, bench.leaves().1];
    assert_eq!(left.map(|frames| frames[2].clone()), [b"1", b"2", b"3"].map(|body| Bytes::from_static(body)));
}

#[test]
fn a_lost_peer_ends_what_it_was_sent_at_once_even_if_it_is_back_already() {
    for ready in [0, 1] {
        let mut bench = Bench::new(2, 0);
        let ticket = bench.begin();
        bench.leaves();
        bench.peers(0, ready, true);
        assert_eq!(bench.outcomes(), [(ticket, Err(Unanswered::PeerLost))]);
        assert_eq!(bench.addresses(), NOWHERE);
    }
}

#[test]
fn a_peer_lost_before_the_send_only_makes_it_wait_again() {
    let mut bench = Bench::new(1, 0);
    bench.begin();
    let (_, sent) = bench.leaves();
    bench.requests.handle_unsent(0, &sent, bench.now);
    assert_eq!((bench.outcomes(), bench.addresses()), (vec![], vec![]));
    bench.peers(0, 1, false);
    assert_eq!(bench.leaves().1[2], BODY);
}

#[test]
fn a_peer_that_goes_between_the_choice_and_the_send_is_sent_nothing() {
    let mut bench = Bench::new(2, 0);
    bench.begin();
    bench.peers(0, 0, true);
    assert_eq!(bench.addresses(), [1]);
    assert_eq!(bench.outcomes(), []);
}

#[test]
fn what_never_left_goes_on_to_the_next_address_without_retries() {
    let mut bench = Bench::new(3, 0);
    bench.begin();
    let (address, sent) = bench.leaves();
    bench.requests.handle_unsent(address, &sent, bench.now);
    let (next, sent) = bench.leaves();
    bench.requests.handle_refused(next, &sent, bench.now);
    assert_eq!((address, next, bench.addresses()), (0, 1, vec![2]));
    assert_eq!(bench.outcomes(), []);
}

#[test]
fn peers_that_all_refuse_to_read_end_the_request_at_once() {
    let mut bench = Bench::new(2, 0);
    bench.peers(1, 0, true);
    let ticket = bench.begin();
    let (address, sent) = bench.leaves();
    bench.requests.handle_refused(address, &sent, bench.now);
    assert_eq!(bench.outcomes(), [(ticket, Err(Unanswered::QueueFull))]);
    assert_eq!(bench.addresses(), NOWHERE);
}

#[test]
fn a_new_request_goes_to_the_first_address_again_as_soon_as_it_is_back() {
    let mut bench = Bench::new(2, 0);
    bench.peers(0, 0, true);
    bench.begin();
    assert_eq!(bench.addresses(), [1]);
    bench.peers(0, 1, false);
    bench.begin();
    assert_eq!(bench.addresses(), [0]);
}

/// Two addresses, the first of which let a request run out of time; with what it was sent.
fn with_a_silent_first_address() -> (Bench, Frames) {
    let mut bench = Bench::new(2, 0);
    let ticket = bench.begin();
    let (address, sent) = bench.leaves();
    bench.at(TIMEOUT);
    assert_eq!((address, bench.outcomes()), (0, vec![(ticket, Err(Unanswered::TimedOut))]));
    (bench, sent)
}

#[test]
fn an_address_that_did_not_answer_in_time_comes_last_until_something_arrives_from_it() {
    let (mut bench, sent) = with_a_silent_first_address();
    bench.begin();
    assert_eq!(bench.addresses(), [1]);
    assert_eq!(bench.requests.handle_frames(0, &reply_to(&sent)), Err(Stray::Late));
    bench.begin();
    assert_eq!(bench.addresses(), [0]);
}

#[test]
fn an_address_that_did_not_answer_in_time_is_the_first_again_when_its_peer_is_another() {
    for ready in [0, 1] {
        let (mut bench, _) = with_a_silent_first_address();
        bench.peers(0, ready, true);
        bench.peers(0, 1, false);
        bench.begin();
        assert_eq!(bench.addresses(), [0]);
    }
}

#[test]
fn an_address_that_did_not_answer_in_time_is_asked_where_nobody_else_is_ready() {
    let (mut bench, _) = with_a_silent_first_address();
    bench.peers(1, 0, true);
    bench.begin();
    assert_eq!(bench.addresses(), [0]);
}

#[test]
fn an_address_that_answers_others_is_not_silent() {
    let mut bench = Bench::new(2, 0);
    let (forgotten, answered) = (bench.begin(), bench.begin());
    let (_, sent) = (bench.leaves(), bench.leaves().1);
    bench.requests.handle_frames(0, &reply_to(&sent)).unwrap();
    bench.at(TIMEOUT);
    assert_eq!(bench.outcomes(), [(answered, Ok(REPLY)), (forgotten, Err(Unanswered::TimedOut))]);
    bench.begin();
    assert_eq!(bench.addresses(), [0]);
}

#[test]
fn of_addresses_that_all_did_not_answer_in_time_the_first_is_asked() {
    let (mut bench, _) = with_a_silent_first_address();
    bench.begin();
    assert_eq!(bench.addresses(), [1]);
    bench.at(2 * TIMEOUT);
    bench.begin();
    assert_eq!(bench.addresses(), [0]);
}

#[test]
fn with_retries_a_lost_peer_is_followed_by_the_next_address() {
    let mut bench = Bench::new(2, 1);
    let ticket = bench.begin();
    assert_eq!(bench.addresses(), [0]);
    bench.peers(0, 1, true);
    assert_eq!(bench.outcomes(), []);
    let (address, sent) = bench.leaves();
    assert_eq!((address, &sent[2]), (1, &BODY));
    bench.requests.handle_frames(1, &reply_to(&sent)).unwrap();
    assert_eq!(bench.outcomes(), [(ticket, Ok(REPLY))]);
}

#[test]
fn with_one_address_a_retry_waits_until_it_is_ready_again() {
    let mut bench = Bench::new(1, 1);
    let ticket = bench.begin();
    bench.leaves();
    bench.peers(0, 0, true);
    assert_eq!((bench.outcomes(), bench.addresses()), (vec![], vec![]));
    bench.peers(0, 1, false);
    assert_eq!(bench.addresses(), [0]);
    bench.peers(0, 1, true);
    assert_eq!(bench.outcomes(), [(ticket, Err(Unanswered::PeerLost))], "the one retry was used");
}

#[test]
fn a_retry_that_found_no_peer_does_not_claim_that_nothing_was_sent() {
    let mut bench = Bench::new(1, 1);
    let ticket = bench.begin();
    bench.leaves();
    bench.peers(0, 0, true);
    bench.at(1_000);
    assert_eq!(bench.outcomes(), [(ticket, Err(Unanswered::PeerLost))]);
}

#[test]
fn each_attempt_takes_its_share_of_the_time_that_is_left() {
    let mut bench = Bench::new(2, 2);
    let ticket = bench.begin();
    assert_eq!(bench.addresses(), [0]);
    assert_eq!(bench.deadline_ms(), Some(333));
    bench.at(334);
    assert_eq!(bench.addresses(), [1]);
    assert_eq!(bench.deadline_ms(), Some(667));
    bench.at(667);
    assert_eq!(bench.addresses(), [0], "all addresses have failed: the next round begins");
    assert_eq!(bench.deadline_ms(), Some(1_000));
    assert_eq!(bench.outcomes(), []);
    bench.at(1_000);
    assert_eq!(bench.outcomes(), [(ticket, Err(Unanswered::TimedOut))]);
}

#[test]
fn a_late_reply_to_an_earlier_attempt_answers_a_request_that_is_still_waited_for() {
    let mut bench = Bench::new(2, 1);
    let ticket = bench.begin();
    let (_, first) = bench.leaves();
    bench.at(500);
    let (_, second) = bench.leaves();
    bench.requests.handle_frames(0, &reply_to(&first)).unwrap();
    assert_eq!(bench.outcomes(), [(ticket, Ok(REPLY))]);
    assert_eq!(bench.requests.handle_frames(1, &reply_to(&second)), Err(Stray::Late));
}

#[test]
fn a_reply_of_a_peer_that_was_lost_since_is_stray() {
    let mut bench = Bench::new(1, 1);
    bench.begin();
    let (_, first) = bench.leaves();
    bench.peers(0, 1, true);
    bench.leaves();
    assert_eq!(bench.requests.handle_frames(0, &reply_to(&first)), Err(Stray::Late));
}

#[test]
fn an_address_that_refused_is_tried_again_once_an_attempt_has_left_and_failed() {
    let mut bench = Bench::new(2, 1);
    let ticket = bench.begin();
    let (_, refused) = bench.leaves();
    bench.requests.handle_refused(0, &refused, bench.now);
    assert_eq!(bench.addresses(), [1]);
    bench.peers(1, 0, true);
    let (address, refused) = bench.leaves();
    assert_eq!(address, 0);
    bench.requests.handle_refused(0, &refused, bench.now);
    assert_eq!(bench.outcomes(), [(ticket, Err(Unanswered::PeerLost))], "the attempt at 1 may have been acted on");
}

#[test]
fn stopping_ends_one_request_and_leaves_the_others() {
    let mut bench = Bench::without_peers(1, 0);
    let (stopped, other) = (bench.begin(), bench.begin());
    bench.requests.handle_stop(stopped);
    assert_eq!(bench.outcomes(), [(stopped, Err(Unanswered::Stopping))]);
    bench.peers(0, 1, false);
    let (_, sent) = bench.leaves();
    bench.requests.handle_frames(0, &reply_to(&sent)).unwrap();
    assert_eq!((bench.outcomes(), bench.addresses()), (vec![(other, Ok(REPLY))], vec![]));
}

#[test]
fn a_cancelled_request_has_no_outcome_even_if_it_was_answered_already() {
    let mut bench = Bench::new(1, 0);
    let (answered, waiting) = (bench.begin(), bench.begin());
    let (_, sent) = bench.leaves();
    bench.requests.handle_frames(0, &reply_to(&sent)).unwrap();
    bench.requests.cancel(answered);
    bench.requests.cancel(waiting);
    assert_eq!((bench.outcomes(), bench.addresses()), (vec![], vec![]));
    assert!(bench.requests.is_idle());
}

#[test]
fn what_is_in_flight_is_bounded_and_one_more_is_told_at_once() {
    let mut bench = Bench::new(1, 0);
    for _ in 0..MOST_IN_FLIGHT {
        bench.begin();
    }
    assert_eq!(bench.outcomes(), []);
    let one_more = bench.begin();
    assert_eq!(bench.outcomes(), [(one_more, Err(Unanswered::Busy))]);
    let (_, sent) = bench.leaves();
    bench.requests.handle_frames(0, &reply_to(&sent)).unwrap();
    bench.outcomes();
    bench.begin();
    assert_eq!(bench.outcomes(), []);
}
