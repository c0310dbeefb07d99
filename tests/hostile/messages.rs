//! Attacks by messages: well framed, and wrong inside.

use service_framework::Value;
use service_framework_model::error::Code;

use crate::corpus::{self, Bad, ID};
use crate::support::messages::{Reply, bytes, request, request_with};
use crate::support::peer::Peer;
use crate::support::process::resident;
use crate::{Victim, serves};

#[test]
fn every_bad_message_is_answered_with_its_code_and_its_workflow_id() {
    Victim::each(|victim| {
        let mut peer = victim.peer();
        let mut wrong = Vec::new();
        for bad in corpus::all() {
            let before = dropped(victim, bad.code);
            let reply = peer.ask(&bad.body);
            let counted = dropped(victim, bad.code) == before.map(|before| before + 1);
            if !is_answer_to(&reply, &bad) || !counted {
                wrong.push(format!("{}: expected {}, counted: {counted}, got {reply:?}", bad.what, bad.code));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

fn is_answer_to(reply: &Reply, bad: &Bad) -> bool {
    let id = if bad.has_id { Value::from(ID) } else { Value::Nil };
    let field = reply.of_error("field").and_then(Value::as_str);
    reply.code() == bad.code
        && *reply.workflow_id() == id
        && (bad.field.is_none() || bad.field == field)
        && reply.of_error("is_caller_error") == Some(&Value::Bool(true))
}

#[test]
fn an_error_is_short_however_long_the_place_is_that_it_names() {
    Victim::each(|victim| {
        let mut peer = victim.peer();
        for bad in corpus::long_places().iter().chain(&corpus::nesting()) {
            let reply = peer.ask(&bad.body);
            assert!(is_answer_to(&reply, bad), "{}: got the code {}", bad.what, reply.code());
            for part in ["message", "field"] {
                let length = reply.of_error(part).and_then(Value::as_str).map_or(0, str::len);
                assert!(length < 1_000, "{}: the {part} has {length} bytes", bad.what);
            }
        }
    });
}

/// How many messages of the replyer were dropped for this reason; known of a service in this program only.
fn dropped(victim: &Victim, reason: &str) -> Option<u64> {
    victim.stats().map(|stats| stats.dropped.get(reason).copied().unwrap_or_default())
}

#[test]
fn a_message_that_ends_early_is_refused_wherever_it_ends() {
    let good = corpus::good();
    Victim::each(|victim| {
        let mut peer = victim.peer();
        assert_eq!(peer.ask(&good).code(), "no error");
        for length in 0..good.len() {
            let code = peer.ask(&good[..length]).code().to_owned();
            assert!(["empty", "truncated", "length_exceeds_frame"].contains(&code.as_str()), "{length} bytes: {code}");
        }
    });
}

#[test]
fn a_message_with_any_byte_changed_is_answered() {
    let good = corpus::good();
    Victim::each(|victim| {
        let mut peer = victim.peer();
        for place in 0..good.len() {
            for change in [0x01, 0x80, 0xff, good[place] ^ 0xc1] {
                let mut body = good.clone();
                body[place] ^= change;
                known_code(&peer.ask(&body));
            }
        }
    });
}

#[test]
fn noise_is_answered() {
    Victim::each(|victim| {
        let mut peer = victim.peer();
        let mut noise = Noise::new();
        for round in 0..2_000 {
            let length = 1 + noise.next() as usize % 200;
            let mut body: Vec<u8> = std::iter::repeat_with(|| noise.next()).take(length).collect();
            if round % 2 == 0 {
                body[0] = 0x80 | body[0] & 0x0f;
            }
            assert_ne!(known_code(&peer.ask(&body)), "no error", "{body:02x?}");
        }
    });
}

/// The same noise in each run (xorshift64).
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) const fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    pub(crate) fn next(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u8
    }
}

/// The code of a reply, which is one of those that there are.
#[track_caller]
fn known_code(reply: &Reply) -> String {
    let code = reply.code().to_owned();
    assert!(code == "no error" || Code::ALL.iter().any(|known| known.word() == code), "unknown code {code}");
    code
}

#[test]
fn any_workflow_id_comes_back_as_it_was() {
    let ids = [
        Value::Nil,
        Value::from(""),
        Value::Int(-7),
        Value::Float(0.5),
        Value::Bool(false),
        Value::Bytes(vec![0, 255]),
        Value::List(vec![Value::Nil, Value::map([("k", Value::Int(1))])]),
        Value::from("x".repeat(1 << 20)),
        Value::from("\n\u{1b}[2J\u{202e}"),
        Value::List(vec![Value::from("y".repeat(1000)); 1000]),
    ];
    Victim::each(|victim| {
        let mut peer = victim.peer();
        for id in &ids {
            let arguments = Value::map([("text", Value::from("t"))]);
            let reply = peer.ask(&bytes(&Value::map([("args", arguments), ("workflow_id", id.clone())])));
            assert_eq!((reply.workflow_id(), reply.code()), (id, "no error"));
            let reply = peer.ask(&bytes(&Value::map([("args", Value::Map(vec![])), ("workflow_id", id.clone())])));
            assert_eq!((reply.workflow_id(), reply.code()), (id, "missing_key"));
        }
    });
}

#[test]
fn more_frames_than_one_are_answered_with_an_error() {
    Victim::each(|victim| {
        let mut peer = victim.peer();
        for extra in [vec![""], vec!["x"], vec!["", "", ""], vec!["x"; 1_000]] {
            let body = request("t", ID);
            let extra = extra.iter().map(|frame| frame.as_bytes());
            let frames: Vec<&[u8]> = [&[], body.as_slice()].into_iter().chain(extra).collect();
            peer.send(&frames);
            let reply = peer.reply();
            assert_eq!((reply.code(), reply.workflow_id().as_str()), ("extra_frames", Some(ID)));
        }
        peer.send(&[b""]);
        assert_eq!(peer.reply().code(), "empty");
    });
}

#[test]
fn a_message_without_an_empty_frame_is_dropped_and_counted() {
    Victim::each(|victim| {
        let mut peer = victim.peer();
        peer.send(&[&request("t", ID)]);
        peer.send(&[b"route", &request("t", ID)]);
        peer.send(&[&[b"x".as_slice(); 500][..], &[&request("t", ID)]].concat());
        victim.until_dropped("bad_framing", 3);
        // What comes back next is the answer to what was asked next.
        serves(&mut peer);
    });
}

#[test]
fn thousands_of_envelope_frames_lead_back_to_the_sender() {
    Victim::each(|victim| {
        let mut peer = victim.peer();
        let body = request("t", ID);
        for count in [1, 2, 7, 5_000] {
            let envelope: Vec<[u8; 4]> = (1..=count as u32).map(u32::to_be_bytes).collect();
            let frames: Vec<&[u8]> =
                envelope.iter().map(<[u8; 4]>::as_slice).chain([b"".as_slice(), body.as_slice()]).collect();
            peer.send(&frames);
            let answer = peer.receive();
            assert_eq!(answer.len(), count + 2);
            assert_eq!(&answer[..=count], &frames[..=count], "the envelope and the empty frame come back as they were");
            assert_eq!(Reply::read(&answer[count + 1]).text(), "t");
        }
    });
}

#[test]
fn a_message_of_a_hundred_megabytes_ends_its_connection_only() {
    Victim::each(|victim| {
        let before = resident(&victim.process_id());
        let mut peer = victim.peer();
        let megabyte = vec![b'x'; 1 << 20];
        // An empty frame with more to follow, and the header of a text of 100 MB.
        peer.write(&[1, 0]);
        peer.write(&crate::support::peer::long_header(false, 100 << 20));
        let written = peer.write_until_refused(&megabyte, 100 << 20);
        assert!(written < 100 << 20, "all of it was taken");
        if let Victim::Process { .. } = victim {
            let grown = resident(&victim.process_id()).saturating_sub(before);
            assert!(grown < 32 << 20, "the memory grew by {grown} bytes");
        }
    });
}

#[test]
fn a_large_message_within_the_limit_is_answered() {
    let text = "x".repeat(30 << 20);
    Victim::each(|victim| {
        let reply = victim.peer().ask(&request(&text, ID));
        assert!(reply.text() == text);
    });
}

#[test]
fn memory_does_not_grow_however_long_bad_messages_come() {
    let victim = Victim::process();
    let mut peer = victim.peer();
    let corpus = corpus::all();
    let round = |peer: &mut Peer| {
        for bad in &corpus {
            peer.send_request(&bad.body);
        }
        for _ in &corpus {
            peer.reply();
        }
        let big = request_with(Value::map([("text", Value::from("x".repeat(4 << 20)))]), ID);
        assert_eq!(peer.ask(&big).code(), "no error");
    };
    round(&mut peer);
    round(&mut peer);
    let before = resident(&victim.process_id());
    for _ in 0..20 {
        round(&mut peer);
    }
    let grown = resident(&victim.process_id()).saturating_sub(before);
    assert!(grown < 24 << 20, "the memory grew by {grown} bytes");
    serves(&mut peer);
}
