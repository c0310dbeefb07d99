//! Attacks on a subscriber: nobody can be told what is wrong with a publication, so that it is counted, and the next good
//! one is handled all the same.

use std::collections::BTreeMap;

use fixtures::Listener;
use service_framework::{ConnectionStats, Json, Service, Value, json};

use crate::corpus::{self, ID};
use crate::messages::Noise;
use crate::support::messages::publication;
use crate::support::peer::Peer;
use crate::support::plugins::plugin;
use crate::support::process::resident;
use crate::support::runner::{Folder, Running, runner};
use crate::support::until;

/// A listener that runs. Publishers connect to it.
enum Victim {
    Embedded(Box<Service>),
    Process { running: Running, heard: String, said: String, _folder: Folder },
}

impl Victim {
    /// Makes the attack on a victim of each kind, with each kind of queue, and sees that it still hears.
    fn each(attack: impl Fn(&mut Self, &mut Peer)) {
        for queue in [json!({}), json!({"queue": "conflate", "conflate_by": ["text", "count"]})] {
            for mut victim in [Self::embedded(&queue), Self::process(&queue)] {
                let mut early = Peer::publisher(victim.heard());
                attack(&mut victim, &mut early);
                victim.hears(&mut early);
                victim.hears(&mut Peer::publisher(victim.heard()));
            }
        }
    }

    fn embedded(queue: &Json) -> Self {
        let mut service = Service::of::<Listener>().addresses(addresses()).config(config(queue)).build().expect("good");
        service.run_service().expect("free ports");
        Self::Embedded(Box::new(service))
    }

    fn process(queue: &Json) -> Self {
        let folder = Folder::new();
        let addresses = folder.file("addresses.json", addresses().to_string());
        let config = folder.file("config.json", config(queue).to_string());
        let mut command = runner();
        command.arg("-s").arg(plugin("listener")).arg("-a").arg(addresses).arg("-c").arg(config);
        let mut running = Running::start(&mut command);
        let (heard, said) = (running.address("heard"), running.address("said"));
        Self::Process { running, heard, said, _folder: folder }
    }

    fn heard(&self) -> &str {
        match self {
            Self::Embedded(service) => service.address("heard").expect("a running service"),
            Self::Process { heard, .. } => heard,
        }
    }

    fn said(&self) -> &str {
        match self {
            Self::Embedded(service) => service.address("said").expect("a running service"),
            Self::Process { said, .. } => said,
        }
    }

    fn process_id(&self) -> String {
        match self {
            Self::Embedded(_) => "self".to_owned(),
            Self::Process { running, .. } => running.id(),
        }
    }

    /// What happened to the messages of the subscriber; known from outside only of a service in this program.
    fn stats(&self) -> Option<ConnectionStats> {
        let Self::Embedded(service) = self else { return None };
        service.stats().inbound.remove("heard")
    }

    /// A good publication gets through to whoever subscribes to what is said of it.
    #[track_caller]
    fn hears(&self, publisher: &mut Peer) {
        let mut subscriber = Peer::subscriber(self.said(), b"\xa4SAID");
        // A subscription is heard of some time after it was made, and what is said before reaches nobody.
        until("what was heard to be said", || {
            publisher.send(&[&good("still there?")]);
            let said = subscriber.receive_soon()?;
            String::from_utf8_lossy(&said[0]).contains("still there?").then_some(())
        });
    }

    /// Waits until messages were dropped for these reasons, and for no others.
    fn until_dropped(&self, expected: &BTreeMap<String, u64>) {
        if self.stats().is_some() {
            let mut last = None;
            let all = || {
                last = self.stats().map(|stats| stats.dropped);
                (last.as_ref() == Some(expected)).then_some(())
            };
            let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| until("the drops", all)));
            assert!(seen.is_ok(), "expected {expected:?}, got {last:?}");
        }
    }
}

fn addresses() -> Json {
    json!({"connections": {
        "in": {"heard": {"subscriber": "127.0.0.1:0"}, "count": {"replyer": "127.0.0.1:0"}},
        "out": {"said": {"publisher": "127.0.0.1:0"}},
    }})
}

fn config(queue: &Json) -> Json {
    let mut heard = queue.clone();
    heard["is_binder"] = true.into();
    json!({"heard": heard.to_string()})
}

fn good(text: &str) -> Vec<u8> {
    publication("HEARD", Value::map([("text", Value::from(text))]), ID, None)
}

fn behind_topic(body: &[u8]) -> Vec<u8> {
    [b"\xa5HEARD", body].concat()
}

#[test]
fn every_bad_publication_is_counted_by_its_code() {
    Victim::each(|victim, peer| {
        let mut expected: BTreeMap<String, u64> = BTreeMap::new();
        for (place, bad) in corpus::all().iter().enumerate() {
            // None is to be merged with another.
            let before = victim.stats().map(|stats| stats.received);
            peer.send(&[&behind_topic(&bad.body)]);
            *expected.entry(bad.code.to_owned()).or_default() += 1;
            if let Some(before) = before {
                until(&format!("{place}: {}", bad.what), || (victim.stats()?.received > before).then_some(()));
            }
        }
        victim.until_dropped(&expected);
    });
}

#[test]
fn what_is_of_no_topic_or_in_more_frames_than_one_is_counted() {
    Victim::each(|victim, peer| {
        peer.send(&[b""]);
        peer.send(&[b"\xa5HEARE\x80"]);
        peer.send(&[b"\xc1"]);
        peer.send(&[b"HEARD"]);
        let frames = vec![good("t"); 1_000];
        peer.send(&frames.iter().map(Vec::as_slice).collect::<Vec<_>>());
        peer.send(&[&good("t"), b""]);
        // A subscription, as a subscriber would send it to a publisher.
        peer.send(&[b"\x01\xa5HEARD"]);
        // A socket lets nothing through that was not subscribed to; what it does let through is looked at again.
        if let Some(stats) = victim.stats() {
            drop(stats);
            until("the drops", || (victim.stats()?.dropped.get("extra_frames") == Some(&2)).then_some(()));
        }
    });
}

#[test]
fn a_publication_that_ends_early_or_with_any_byte_changed_harms_nobody() {
    let good = good("hello");
    Victim::each(|_, peer| {
        for length in 0..good.len() {
            peer.send(&[&good[..length]]);
        }
        for place in 0..good.len() {
            for change in [0x01, 0x80, 0xff, good[place] ^ 0xc1] {
                let mut body = good.clone();
                body[place] ^= change;
                peer.send(&[&body]);
            }
        }
    });
}

#[test]
fn noise_behind_a_topic_harms_nobody() {
    Victim::each(|_, peer| {
        let mut noise = Noise::new();
        for round in 0..2_000 {
            let length = 1 + noise.next() as usize % 200;
            let mut body: Vec<u8> = std::iter::repeat_with(|| noise.next()).take(length).collect();
            if round % 2 == 0 {
                body[0] = 0x80 | body[0] & 0x0f;
            }
            peer.send(&[&behind_topic(&body)]);
        }
    });
}

#[test]
fn numbers_of_whatever_life_fill_no_memory_and_end_no_count() {
    Victim::each(|victim, peer| {
        let text = || Value::map([("text", Value::from("t"))]);
        let before = resident(&victim.process_id());
        for epoch in 0..20_000 {
            peer.send(&[&publication("HEARD", text(), ID, Some((epoch, u64::MAX - epoch)))]);
        }
        for number in [0, u64::MAX, 1] {
            peer.send(&[&publication("HEARD", text(), ID, Some((u64::MAX, number)))]);
        }
        if victim.stats().is_some() {
            until("the count of what was missed", || {
                (victim.stats()?.dropped.get("missed") == Some(&(u64::MAX - 1))).then_some(())
            });
        } else {
            let grown = resident(&victim.process_id()).saturating_sub(before);
            assert!(grown < 100 << 20, "the memory grew by {grown} bytes");
        }
    });
}

#[test]
fn functions_that_fail_or_panic_are_counted_and_the_next_message_is_handled() {
    Victim::each(|victim, peer| {
        for text in ["fail", "panic", "fail"] {
            let before = victim.stats().map(|stats| stats.received);
            peer.send(&[&good(text)]);
            if let Some(before) = before {
                until("its turn", || (victim.stats()?.received > before).then_some(()));
            }
        }
        victim.until_dropped(&BTreeMap::from([("unmoved".to_owned(), 2), ("panicked".to_owned(), 1)]));
    });
}
