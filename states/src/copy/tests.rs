mod of_the_python_library;

use service_framework_model::schema::{ArgType, KeyType, Merge, Peers, StateValue};
use service_framework_model::slot::Slot;
use service_framework_model::state::{Key, KeyRef};
use service_framework_model::wire::decode_value;
use service_framework_model::wire::envelope::WorkflowId;

use super::*;
use crate::owner::{OwnedValue, Owner};
use crate::settings::{OnStale, OwnerSettings};

const HEARTBEAT: Duration = Duration::from_secs(1);

fn validator() -> Arc<StateValidator> {
    let value = StateValue::map(KeyType::Str, ArgType::int_range(0, 1_000));
    Arc::new(StateValidator::new(&value, Merge::TopLevel, Peers::Any).unwrap())
}

fn settings(kind: Kind) -> CopySettings {
    CopySettings {
        kind,
        topic: None,
        stale_after: None,
        on_stale: OnStale::Serve,
        buffer_messages: 10,
        buffer_bytes: 100_000,
        settle: Duration::from_millis(50),
        request_timeout: Duration::from_secs(5),
        retry_first: Duration::from_millis(20),
        retry_most: Duration::from_secs(10),
        attempts: 3,
        rebuild_after: Duration::from_secs(10),
        keeps_changes: true,
    }
}

/// A life of an owner, whose messages the test carries.
struct Feed {
    value: OwnedValue,
    life: Owner,
}

impl Feed {
    fn new(kind: Kind, epoch: u64, first: u64) -> Self {
        let settings = OwnerSettings {
            kind,
            peers: Peers::Any,
            topic: None,
            heartbeat: HEARTBEAT,
            deletes_by_snapshot: false,
            ring_bytes: 0,
            digest_every: 1,
        };
        let life = Owner::new(Protocol, settings, &validator(), epoch, first);
        Self { value: OwnedValue::new(validator()), life }
    }

    /// Sets a key, and gives the message of it.
    fn set(&mut self, key: &str, value: i64, now: Instant) -> Bytes {
        let slots = [Slot::int(value)];
        let update = self.value.set(KeyRef::Str(key), &Slot::as_foreign(&slots)[0]).unwrap().unwrap();
        self.life.publish(&update, self.value.tree(), &WorkflowId::Nil, now);
        self.life.poll_transmit().unwrap()
    }

    fn start(&mut self, now: Instant) -> Bytes {
        self.life.start(self.value.tree(), &WorkflowId::Nil, now);
        self.life.poll_transmit().unwrap()
    }

    fn beat(&mut self) -> Bytes {
        let due = self.life.poll_timeout().unwrap();
        self.life.handle_timeout(self.value.tree(), due);
        self.life.poll_transmit().unwrap()
    }

    fn answer(&mut self, request: &Request) -> Bytes {
        self.life.handle_request(&request.frame, self.value.tree(), Instant::now()).frame().clone()
    }
}

/// A copy and its time.
struct Pair {
    copy: Copy,
    now: Instant,
}

impl Pair {
    fn new(kind: Kind) -> Self {
        Self::with(settings(kind))
    }

    fn with(settings: CopySettings) -> Self {
        let (mut copy, now) = (Copy::new(Protocol, settings, validator(), 1), Instant::now());
        copy.start(now);
        Self { copy, now }
    }

    /// A copy that is live, and its owner.
    fn live() -> (Self, Feed) {
        let (mut pair, mut feed) = (Self::new(Kind::Delta), Feed::new(Kind::Delta, 1, 100));
        let first = feed.start(pair.now);
        pair.hear(&first);
        assert_eq!(pair.status(), Status::Live);
        (pair, feed)
    }

    fn hear(&mut self, frame: &Bytes) {
        self.copy.handle_frame(frame.clone(), self.now);
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.copy.handle_timeout(self.now);
    }

    /// The request that is due, at the latest after the longest wait.
    fn asks(&mut self) -> Request {
        loop {
            if let Some(request) = self.copy.poll_request(self.now) {
                return request;
            }
            let due = self.copy.ask.next_timeout().expect("a request to come");
            self.now = self.now.max(due);
            self.copy.handle_timeout(self.now);
        }
    }

    fn is_answered(&mut self, request: &Request, reply: &Bytes) {
        self.copy.handle_reply(request.ticket, reply, self.now);
    }

    fn status(&self) -> Status {
        self.copy.status(self.now)
    }

    fn number(&self) -> Option<u64> {
        self.copy.held().and_then(|held| held.number)
    }

    fn value(&self) -> Vec<(String, i128)> {
        let mut out = Vec::new();
        self.copy.tree().encode(Peers::Any, &mut out);
        let Value::Map(pairs) = decode_value(&out).unwrap() else { panic!("a map") };
        pairs.iter().map(|(key, value)| (key.as_str().unwrap().to_owned(), value.as_int().unwrap())).collect()
    }
}

fn is(entries: &[(&str, i128)]) -> Vec<(String, i128)> {
    entries.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect()
}

#[test]
fn a_joiner_listens_first_and_asks_then() {
    let (mut pair, mut feed) = (Pair::new(Kind::Delta), Feed::new(Kind::Delta, 1, 100));
    feed.start(pair.now);
    let early = feed.set("a", 1, pair.now);
    assert_eq!(pair.status(), Status::Syncing);
    assert!(pair.copy.poll_request(pair.now).is_none());
    let request = pair.asks();
    let reply = feed.answer(&request);
    let late = feed.set("b", 2, pair.now);
    pair.hear(&early);
    pair.hear(&late);
    assert_eq!((pair.value(), pair.copy.buffered().0), (vec![], 2));
    pair.is_answered(&request, &reply);
    assert_eq!((pair.status(), pair.number(), pair.value()), (Status::Live, Some(102), is(&[("a", 1), ("b", 2)])));
    assert_eq!(pair.copy.buffered(), (0, 0));
}

#[test]
fn updates_are_applied_in_order_and_old_ones_are_counted() {
    let (mut pair, mut feed) = Pair::live();
    let (one, two) = (feed.set("a", 1, pair.now), feed.set("a", 2, pair.now));
    pair.hear(&one);
    pair.hear(&two);
    pair.hear(&one);
    assert_eq!((pair.number(), pair.value(), pair.copy.counts().ignored), (Some(102), is(&[("a", 2)]), 1));
}

#[test]
fn a_gap_keeps_the_value_and_asks_for_what_is_missing() {
    let (mut pair, mut feed) = Pair::live();
    let _lost = feed.set("a", 1, pair.now);
    let after = feed.set("b", 2, pair.now);
    pair.hear(&after);
    assert_eq!((pair.status(), pair.value(), pair.copy.counts().missed), (Status::Resyncing, vec![], 1));
    let request = pair.asks();
    let reply = feed.answer(&request);
    pair.is_answered(&request, &reply);
    assert_eq!((pair.status(), pair.value()), (Status::Live, is(&[("a", 1), ("b", 2)])));
}

#[test]
fn gap_while_snapshot_in_flight_keeps_buffering() {
    let (mut pair, mut feed) = Pair::live();
    feed.set("a", 1, pair.now);
    let first = feed.set("a", 2, pair.now);
    pair.hear(&first);
    let request = pair.asks();
    let too_early = feed.answer(&request);
    feed.set("b", 3, pair.now);
    let second = feed.set("c", 4, pair.now);
    pair.hear(&second);
    pair.is_answered(&request, &too_early);
    assert_eq!((pair.status(), pair.value(), pair.copy.counts().unmet), (Status::Resyncing, vec![], 1));
    let request = pair.asks();
    let reply = feed.answer(&request);
    pair.is_answered(&request, &reply);
    assert_eq!((pair.status(), pair.value()), (Status::Live, is(&[("a", 2), ("b", 3), ("c", 4)])));
}

#[test]
fn a_lost_tail_shows_with_the_next_heartbeat() {
    let (mut pair, mut feed) = Pair::live();
    feed.set("a", 1, pair.now);
    let beat = feed.beat();
    pair.hear(&beat);
    assert_eq!(pair.status(), Status::Resyncing);
}

#[test]
fn silence_makes_it_stale_and_a_message_live_again() {
    let (mut pair, mut feed) = Pair::live();
    pair.wait(HEARTBEAT * 3 - Duration::from_millis(1));
    assert_eq!(pair.status(), Status::Live);
    pair.wait(Duration::from_millis(1));
    assert_eq!((pair.status(), pair.copy.age(pair.now)), (Status::Stale, Some(HEARTBEAT * 3)));
    let beat = feed.beat();
    pair.hear(&beat);
    assert_eq!((pair.status(), pair.copy.age(pair.now)), (Status::Live, Some(Duration::ZERO)));
}

#[test]
fn long_silence_asks_for_new_sockets_again_and_again() {
    let (mut pair, _) = Pair::live();
    let mut told = Vec::new();
    for _ in 0..4 {
        while let Some(event) = pair.copy.poll_event(pair.now) {
            told.push(event);
        }
        let due = pair.copy.poll_timeout().expect("something to wait for");
        assert!(due > pair.now);
        pair.now = due;
        pair.copy.handle_timeout(due);
    }
    let (live, stale) = (Event::Status(Status::Live), Event::Status(Status::Stale));
    assert_eq!(told, [live, stale, Event::Rebuild, Event::Rebuild]);
}

#[test]
fn an_owner_that_was_never_heard_of_asks_for_new_sockets_too() {
    for kind in [Kind::Delta, Kind::Full] {
        let mut pair = Pair::new(kind);
        pair.copy.poll_event(pair.now);
        pair.wait(Duration::from_secs(10));
        let events: Vec<_> = std::iter::from_fn(|| pair.copy.poll_event(pair.now)).collect();
        assert_eq!(events, [Event::Rebuild]);
    }
}

#[test]
fn a_lost_connection_and_the_last_message_make_it_stale_at_once() {
    let (mut pair, mut feed) = Pair::live();
    pair.copy.handle_disconnected(pair.now);
    assert_eq!(pair.status(), Status::Stale);
    pair.copy.handle_connected(pair.now);
    assert_eq!(pair.status(), Status::Resyncing, "nobody knows who is there now");
    let request = pair.copy.poll_request(pair.now).expect("it asks at once");
    let answer = feed.answer(&request);
    pair.copy.handle_reply(request.ticket, &answer, pair.now);
    assert_eq!(pair.status(), Status::Live);
    feed.life.end(feed.value.tree());
    let end = feed.life.poll_transmit().unwrap();
    pair.hear(&end);
    assert_eq!((pair.status(), pair.number()), (Status::Stale, Some(101)));
}

#[test]
fn a_new_life_is_followed_and_the_old_one_never_again() {
    let (mut pair, mut old) = Pair::live();
    let late = old.set("old", 1, pair.now);
    let mut new = Feed::new(Kind::Delta, 2, 50);
    new.start(pair.now);
    let update = new.set("new", 1, pair.now);
    pair.hear(&update);
    assert_eq!(pair.status(), Status::Resyncing);
    pair.hear(&late);
    assert_eq!(pair.copy.buffered().0, 1, "the old life is over");
    let request = pair.asks();
    let reply = new.answer(&request);
    pair.is_answered(&request, &reply);
    let held = Held { epoch: Some(2), number: Some(51) };
    assert_eq!((pair.status(), pair.copy.held(), pair.value()), (Status::Live, Some(held), is(&[("new", 1)])));
    pair.hear(&late);
    assert_eq!(pair.value(), is(&[("new", 1)]));
}

#[test]
fn an_answer_that_was_asked_for_before_a_new_life_decides_nothing() {
    let (mut pair, mut old) = (Pair::new(Kind::Delta), Feed::new(Kind::Delta, 1, 100));
    old.start(pair.now);
    old.set("old", 1, pair.now);
    let request = pair.asks();
    let late = old.answer(&request);
    let mut new = Feed::new(Kind::Delta, 2, 200);
    new.start(pair.now);
    let update = new.set("new", 1, pair.now);
    pair.hear(&update);
    pair.is_answered(&request, &late);
    assert_eq!((pair.status(), pair.value()), (Status::Syncing, vec![]));
    let request = pair.asks();
    let reply = new.answer(&request);
    pair.is_answered(&request, &reply);
    assert_eq!((pair.status(), pair.value()), (Status::Live, is(&[("new", 1)])));
}

#[test]
fn which_of_two_lives_is_the_later_one_is_told_by_who_answers() {
    for later_is_published in [true, false] {
        let (mut pair, mut first) = (Pair::new(Kind::Delta), Feed::new(Kind::Delta, 1, 100));
        let mut second = Feed::new(Kind::Delta, 2, 200);
        first.start(pair.now);
        second.start(pair.now);
        let (mut answers, mut publishes) = if later_is_published { (first, second) } else { (second, first) };
        let request = pair.asks();
        let reply = answers.answer(&request);
        pair.is_answered(&request, &reply);
        assert_eq!(pair.status(), Status::Live);
        let other = publishes.set("other", 1, pair.now);
        pair.hear(&other);
        assert_eq!(pair.status(), Status::Resyncing, "one of the two is over");
        let request = pair.asks();
        let later = if later_is_published { &mut publishes } else { &mut answers };
        let reply = later.answer(&request);
        pair.is_answered(&request, &reply);
        assert_eq!(pair.status(), Status::Live);
        assert_eq!(pair.copy.held().unwrap().epoch, Some(2));
        let next = later.set("next", 1, pair.now);
        pair.hear(&next);
        assert_eq!(pair.status(), Status::Live);
    }
}

#[test]
fn a_digest_that_differs_asks_for_the_whole_value() {
    let (mut pair, mut feed) = Pair::live();
    let one = feed.set("a", 1, pair.now);
    // The byte of the value and that of the version of `sync` are the same: only the value is to be another.
    let at = one.iter().position(|byte| *byte == 1).unwrap();
    let mut wrong = one.to_vec();
    wrong[at] = 2;
    pair.hear(&wrong.into());
    assert_eq!((pair.status(), pair.copy.counts().digest_mismatches), (Status::Resyncing, 1));
    let request = pair.asks();
    assert_eq!(&*request.frame, b"\x81\xa4args\x80", "what it has is of no use");
    let reply = feed.answer(&request);
    pair.is_answered(&request, &reply);
    assert_eq!((pair.status(), pair.value()), (Status::Live, is(&[("a", 1)])));
}

#[test]
fn a_message_that_does_not_fit_leaves_the_copy_as_it_was() {
    let (mut pair, mut feed) = Pair::live();
    let one = feed.set("a", 200, pair.now);
    let text = one.iter().position(|byte| *byte == 0xcc).unwrap();
    let mut wrong = one.to_vec();
    wrong[text..text + 2].copy_from_slice(&[0xa1, b'x']);
    pair.hear(&wrong.into());
    assert_eq!((pair.status(), pair.value(), pair.copy.counts().refused), (Status::Resyncing, vec![], 1));
    pair.hear(&Bytes::from_static(&[0xff]));
    assert_eq!((pair.copy.counts().refused, pair.number()), (2, Some(100)));
}

#[test]
fn what_it_lacks_of_the_same_life_comes_as_updates() {
    let (mut pair, mut feed) = (Pair::new(Kind::Delta), Feed::new(Kind::Delta, 1, 100));
    feed.life = {
        let settings = OwnerSettings {
            kind: Kind::Delta,
            peers: Peers::Any,
            topic: None,
            heartbeat: HEARTBEAT,
            deletes_by_snapshot: false,
            ring_bytes: 10_000,
            digest_every: 1,
        };
        Owner::new(Protocol, settings, &validator(), 1, 100)
    };
    let first = feed.start(pair.now);
    pair.hear(&first);
    feed.set("a", 1, pair.now);
    let two = feed.set("b", 2, pair.now);
    pair.hear(&two);
    let request = pair.asks();
    let before = feed.life.encodings();
    let reply = feed.answer(&request);
    pair.is_answered(&request, &reply);
    assert_eq!((pair.status(), pair.value()), (Status::Live, is(&[("a", 1), ("b", 2)])));
    assert_eq!(feed.life.encodings(), before);
}

#[test]
fn asking_goes_on_ever_more_slowly_and_says_that_it_fails() {
    let mut pair = Pair::new(Kind::Delta);
    let mut waits = Vec::new();
    for _ in 0..14 {
        let request = pair.asks();
        let asked = pair.now;
        pair.copy.handle_failure(request.ticket + 1, pair.now);
        assert!(pair.copy.ask.next_timeout().unwrap() > pair.now + Duration::from_secs(4), "another request's failure");
        pair.copy.handle_failure(request.ticket, pair.now);
        waits.push(pair.copy.ask.next_timeout().unwrap() - asked);
    }
    assert_eq!(pair.status(), Status::Failed);
    assert!(waits[0] >= Duration::from_millis(10) && waits[0] <= Duration::from_millis(20), "{waits:?}");
    assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(10)));
    assert!(waits[13] >= Duration::from_secs(5), "{waits:?}");
    let mut feed = Feed::new(Kind::Delta, 1, 100);
    feed.start(pair.now);
    let request = pair.asks();
    let reply = feed.answer(&request);
    pair.is_answered(&request, &reply);
    assert_eq!(pair.status(), Status::Live);
}

#[test]
fn a_request_that_is_not_answered_is_given_up_at_its_deadline() {
    let mut pair = Pair::new(Kind::Delta);
    let first = pair.asks();
    assert!(pair.copy.poll_request(pair.now).is_none(), "one at a time");
    let second = pair.asks();
    assert_ne!(first.ticket, second.ticket);
    let mut feed = Feed::new(Kind::Delta, 1, 100);
    feed.start(pair.now);
    let reply = feed.answer(&first);
    pair.is_answered(&first, &reply);
    assert_eq!((pair.status(), pair.copy.counts().ignored), (Status::Syncing, 1));
}

#[test]
fn the_buffer_is_bounded_and_what_it_lost_is_asked_for() {
    let (mut pair, mut feed) = (Pair::new(Kind::Delta), Feed::new(Kind::Delta, 1, 100));
    feed.start(pair.now);
    let request = pair.asks();
    let too_early = feed.answer(&request);
    for n in 0..20 {
        let update = feed.set("a", n, pair.now);
        pair.hear(&update);
        assert!(pair.copy.buffered().0 <= 10);
    }
    assert_eq!(pair.copy.counts().overflows, 10);
    pair.is_answered(&request, &too_early);
    assert_eq!((pair.status(), pair.copy.counts().unmet), (Status::Syncing, 1));
    let request = pair.asks();
    let reply = feed.answer(&request);
    pair.is_answered(&request, &reply);
    assert_eq!((pair.status(), pair.value()), (Status::Live, is(&[("a", 19)])));
}

#[test]
fn the_function_is_told_once_for_all_that_came() {
    let (mut pair, mut feed) = Pair::live();
    assert_eq!(pair.copy.take_changes(), None, "the first value is empty");
    for (key, value) in [("b", 1), ("a", 1), ("b", 2)] {
        let update = feed.set(key, value, pair.now);
        pair.hear(&update);
    }
    let keys = Some(vec![Key::from(KeyRef::Str("a")), Key::from(KeyRef::Str("b"))]);
    let changed = pair.copy.take_changes().unwrap();
    assert_eq!((changed.keys, changed.to, changed.updates), (keys, Some(103), 3));
    assert_eq!((pair.copy.counts().merged, pair.copy.take_changes()), (2, None));
}

#[test]
fn a_full_update_copy_takes_the_newest_value() {
    let (mut pair, mut feed) = (Pair::new(Kind::Full), Feed::new(Kind::Full, 1, 100));
    assert_eq!(pair.status(), Status::Syncing);
    feed.start(pair.now);
    let (one, two) = (feed.set("a", 1, pair.now), feed.set("b", 2, pair.now));
    pair.hear(&two);
    pair.hear(&one);
    assert_eq!((pair.status(), pair.value()), (Status::Live, is(&[("a", 1), ("b", 2)])));
    assert!(pair.copy.poll_request(pair.now + HEARTBEAT).is_none());
    let mut new = Feed::new(Kind::Full, 2, 50);
    new.start(pair.now);
    let new = new.set("c", 3, pair.now);
    pair.hear(&new);
    pair.hear(&two);
    assert_eq!((pair.number(), pair.value()), (Some(51), is(&[("c", 3)])));
    pair.wait(HEARTBEAT * 3);
    assert_eq!(pair.status(), Status::Stale);
}
