//! Whatever comes in by the sockets of a state, on either side: it is counted, it is logged now and then, and nobody else
//! pays for it.

use std::net::TcpListener;

use service_framework::Placement;
use service_framework_model::wire::envelope::WorkflowId;
use service_framework_model::wire::state_message::{Have, Sync, write_delta, write_reply, write_request};

use super::faults::{follows, nothing_impossible};
use super::*;
use crate::corpus;
use crate::support::peer::long_header;
use crate::support::plugins::plugin;
use crate::support::process::resident;
use crate::support::runner::{Folder, Running, runner};

fn each_placement(test: impl Fn(Placement)) {
    [Placement::Inline, Placement::Offloaded].into_iter().for_each(test);
}

/// What no request for a snapshot, no delta and no snapshot is.
fn garbage() -> Vec<Vec<u8>> {
    let mut all: Vec<_> = corpus::all().into_iter().map(|bad| bad.body).collect();
    // That is a good request for a snapshot.
    all.retain(|body| !body.starts_with(b"\x82\xa4args\x80\xabworkflow_id\xa3"));
    let nested = |open: &[u8], deep: usize| [b"\x81\xa4args".as_slice(), &open.repeat(deep)].concat();
    all.extend([nested(b"\x91", 100_000), nested(b"\x81\xa1a", 100_000), vec![0; 1 << 20], vec![0xff; 1 << 20]]);
    all.extend([b"\x81\xa4args\xdf\xff\xff\xff\xff".to_vec(), b"\x81\xa4args\xdd\xff\xff\xff\xff".to_vec()]);
    all
}

fn endpoint(meeting: &Meeting, state: &str, key: &str) -> String {
    format!("tcp://{}", meeting.addresses["states"]["out"][state][key].as_str().expect("an address"))
}

#[test]
fn whoever_asks_an_owner_for_nonsense_is_told_and_nobody_else_notices() {
    each_placement(|placement| {
        let meeting = Meeting::over_tcp("omq");
        let owner = meeting.owner(placement, &json!({"load": 2}));
        let mut copy = meeting.copy(placement, &json!({}));
        let before = follows(&mut copy.look, 10);
        let replyer = endpoint(&meeting, "load", "replyer");
        let mut hostile = Peer::dealer(&replyer);
        let garbage = garbage();
        for body in &garbage {
            hostile.send_request(body);
        }
        for body in &garbage {
            assert_ne!(hostile.reply().code(), "no error", "{:?}", &body[..body.len().min(200)]);
        }
        // Requests of good form that claim to have what nobody can have.
        let claims = [0, 1, before.number("number"), before.number("number") + 1_000_000, u64::MAX];
        for epoch in [before.number("epoch"), 0, u64::MAX] {
            for number in claims {
                let mut request = Vec::new();
                write_request(Some(&Have { epoch, number }), &mut request);
                assert_eq!(hostile.ask(&request).code(), "no error");
            }
        }
        // Frames that are no request at all, and more of them than anybody asks for.
        for frames in [&[&b"alone"[..]][..], &[b"", b"a", b"b"], &[b"route", b"", b""], &[b"", b""]] {
            hostile.send(frames);
        }
        let flood: Vec<_> = (0..10).map(|_| Peer::dealer(&replyer)).collect();
        for mut peer in flood {
            (0..500).for_each(|_| peer.send_request(b"\xc1"));
        }
        for length in [(64 << 20) + 4096, 1 << 40, u64::MAX] {
            let mut peer = Peer::dealer(&replyer);
            peer.write(&long_header(false, length));
            peer.until_closed();
        }
        let after = follows(&mut copy.look, 50);
        assert_eq!((after.number("missed"), after.number("epoch")), (0, before.number("epoch")));
        nothing_impossible(&mut copy.look);
        let mut late = meeting.copy(placement, &json!({}));
        follows(&mut late.look, 10);
        let refused = || owner.service.stats().outbound["load"].dropped.clone();
        until("all of them to be counted", || (refused().values().sum::<u64>() >= 5_000).then_some(()));
        assert!(refused().contains_key("not_a_map") && refused().contains_key("reserved_byte"), "{:?}", refused());
    });
}

#[test]
fn whoever_subscribes_to_nonsense_is_of_no_concern_to_the_other_copies() {
    each_placement(|placement| {
        let meeting = Meeting::over_tcp("omq");
        let _owner = meeting.owner(placement, &json!({"load": 2}));
        let mut copy = meeting.copy(placement, &json!({}));
        follows(&mut copy.look, 10);
        let publisher = endpoint(&meeting, "load", "publisher");
        for body in garbage() {
            let mut hostile = Peer::subscriber(&publisher, b"");
            hostile.send(&[&body[..body.len().min(60_000)]]);
        }
        for length in [(64 << 20) + 4096, 1 << 40, u64::MAX] {
            let mut peer = Peer::subscriber(&publisher, b"");
            peer.write(&long_header(false, length));
        }
        // Ten that never read.
        let _deaf: Vec<_> = (0..10).map(|_| Peer::subscriber(&publisher, b"")).collect();
        let after = follows(&mut copy.look, 200);
        assert_eq!(after.number("missed"), 0);
        nothing_impossible(&mut copy.look);
    });
}

/// An owner made by hand, which says whatever a test likes.
struct Hostile {
    publisher: Peer,
    snapshots: TcpListener,
}

#[test]
fn whatever_an_owner_says_its_copies_keep_a_good_value_or_none_and_serve_the_rest() {
    for placement in ["inline", "offloaded"] {
        let (meeting, folder) = (Meeting::over_tcp("omq"), Folder::new());
        let mut owner = meeting.owner(Placement::Inline, &json!({"load": 2}));
        owner.change.change("edit", "any", map(&[("a", Value::Int(1))]));
        let (publications, snapshots) =
            (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        let addresses = meeting.of_copy_by(|state, key, address| match (state, key) {
            ("plain", "publisher") => publications.local_addr().unwrap().to_string().into(),
            ("plain", "replyer") => snapshots.local_addr().unwrap().to_string().into(),
            _ => address,
        });
        let addresses = folder.file("addresses.json", addresses.to_string());
        let mut copy = Running::start(
            runner().arg("-s").arg(plugin("follower")).arg("-a").arg(addresses).args(["--placement", placement]),
        );
        let mut look = Looker(Peer::dealer(&copy.address("look")));
        let publisher = Peer::accepted_as_publisher(&publications);
        let mut hostile = Hostile { publisher, snapshots };
        let Hostile { publisher, snapshots } = &mut hostile;
        let mut replyer = Peer::accepted(snapshots);
        // The first request is answered with garbage, and so are the next ones.
        let answer = |body: &[u8], replyer: &mut Peer| {
            let frames = replyer.receive();
            let route = &frames[..frames.len() - 1];
            let mut reply: Vec<&[u8]> = route.iter().map(Vec::as_slice).collect();
            reply.push(body);
            replyer.send(&reply);
        };
        for body in [&b"\xc1"[..], b"\x80", b"\x81\xa4args\xdf\xff\xff\xff\xff"] {
            answer(body, &mut replyer);
        }
        let before = resident(&copy.id());
        for body in garbage() {
            publisher.send(&[&body]);
        }
        assert_eq!(*look.look("plain").value(), Value::Nil);
        // A good life; then what contradicts it.
        let sync = |epoch, head, digest| Sync { epoch, head, heartbeat_ms: 3_600_000, digest, end: false };
        let delta = |number, epoch, state: &Value, digest| {
            let mut frame = Vec::new();
            write_delta(
                number,
                false,
                |out| out.extend(bytes(state)),
                &WorkflowId::Nil,
                &sync(epoch, number, digest),
                &mut frame,
            );
            frame
        };
        let mut snapshot = Vec::new();
        let state = bytes(&map(&[("a", Value::Int(1))]));
        write_reply(10, |out| out.extend(state), &sync(7, 10, None), None, &mut snapshot);
        let told = replyer.receive();
        let route: Vec<&[u8]> = told[..told.len() - 1].iter().map(Vec::as_slice).chain([&snapshot[..]]).collect();
        replyer.send(&route);
        look.until("the good value", "plain", |seen| *seen.value() == map(&[("a", Value::Int(1))]));
        publisher.send(&[&delta(11, 7, &map(&[("b", Value::Int(2))]), None)]);
        let good = map(&[("a", Value::Int(1)), ("b", Value::Int(2))]);
        look.until("the good update", "plain", |seen| *seen.value() == good);
        // Of a wrong type, with a digest of something else, far ahead, from other lives without an end.
        publisher.send(&[&delta(12, 7, &map(&[("a", text("one"))]), None)]);
        publisher.send(&[&delta(12, 7, &map(&[("c", Value::Int(3))]), Some(1))]);
        publisher.send(&[&delta(u64::MAX, 7, &map(&[("d", Value::Int(4))]), None)]);
        for epoch in 100..5_000 {
            publisher.send(&[&delta(epoch, epoch, &map(&[("e", Value::Int(5))]), None)]);
        }
        let seen = look.look("plain");
        assert_ne!(seen.condition(), "Live", "{seen:?}");
        assert_eq!(*seen.value(), good, "a value that its owner had is kept until there is a better one");
        // The other states and functions of the service go on.
        look.until_equal(&mut owner.look, "any");
        follows(&mut look, 50);
        nothing_impossible(&mut look);
        let grown = resident(&copy.id()).saturating_sub(before);
        assert!(grown < 200 << 20, "{} MiB more", grown >> 20);
        copy.signal("USR1");
        let line = copy.until_logged("in `plain`: ");
        assert!(line.contains("refused="), "{line}");
        copy.signal("TERM");
        let ended = copy.ended();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        for said in ["messages of the owner do not fit the model", "never came"] {
            assert!(ended.stderr.contains(said), "{}", ended.stderr);
        }
        assert!(ended.stderr.lines().count() < 400, "{} lines:\n{}", ended.stderr.lines().count(), ended.stderr);
    }
}
