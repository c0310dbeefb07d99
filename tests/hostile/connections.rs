//! Attacks by connections: what is sent is no ZeroMQ, comes a byte at a time, or is never read.

use crate::corpus::ID;
use crate::support::messages::request;
use crate::support::peer::{Peer, long_header, message};
use crate::support::process::{descriptors, resident};
use crate::support::until;
use crate::{Victim, serves};

#[test]
fn bytes_that_are_no_zeromq_end_their_connection_only() {
    Victim::each(|victim| {
        for bytes in [
            &b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nUser-Agent: somebody\r\nX: y\r\n\r\n"[..],
            &[0; 100],
        ] {
            let mut stranger = Peer::stranger(victim.endpoint());
            stranger.write(bytes);
            stranger.until_closed();
        }
        let mut turncoat = victim.peer();
        turncoat.write(&[0xff; 64]);
        turncoat.until_closed();
    });
}

#[test]
fn a_frame_that_announces_more_than_there_is_memory_ends_its_connection_only() {
    Victim::each(|victim| {
        for length in [(64 << 20) + 4096, 1 << 40, u64::MAX >> 1, u64::MAX] {
            let mut peer = victim.peer();
            peer.write(&long_header(false, length));
            peer.until_closed();
        }
    });
}

#[test]
fn peers_that_speak_a_byte_at_a_time_hold_nobody_up() {
    Victim::each(|victim| {
        let mut silent: Vec<_> = (0..100).map(|_| Peer::stranger(victim.endpoint())).collect();
        let mut slow: Vec<_> = (0..100).map(|_| victim.peer()).collect();
        let request = message(&[b"", &request("slowly", ID)]);
        for (place, byte) in request.iter().enumerate() {
            for peer in &mut slow {
                peer.write(&[*byte]);
            }
            if place == 0 {
                for stranger in &mut silent {
                    stranger.write(&[0xff]);
                }
            }
            if place % 16 == 0 {
                serves(&mut victim.peer());
            }
        }
        for peer in &mut slow {
            assert_eq!(peer.reply().text(), "slowly");
        }
    });
}

#[test]
fn what_a_requester_never_reads_is_bounded_in_messages_and_dropped_and_counted() {
    never_read(8 << 10, 8_000);
}

#[test]
fn what_a_requester_never_reads_is_bounded_in_bytes_too() {
    never_read(1 << 20, 700);
}

/// Sends requests whose replies are as long, and reads none.
fn never_read(length: usize, count: usize) {
    Victim::each(|victim| {
        let before = resident(&victim.process_id());
        let mut deaf = victim.peer();
        let body = message(&[b"", &request(&"x".repeat(length), ID)]);
        for _ in 0..count {
            deaf.write(&body);
        }
        serves(&mut victim.peer());
        if victim.stats().is_some() {
            until("replies that are dropped", || victim.stats()?.dropped.get("queue_full").copied());
        } else {
            let grown = resident(&victim.process_id()).saturating_sub(before);
            assert!(grown < 400 << 20, "the memory grew by {grown} bytes");
        }
    });
}

#[test]
fn the_reply_to_a_requester_that_is_gone_is_dropped_and_counted() {
    let victim = Victim::embedded();
    let Victim::Embedded { service, .. } = &victim else { unreachable!() };
    let endpoint = service.address("trouble").expect("a running service");
    Peer::dealer(endpoint).write(&message(&[b"", &request("wait", ID)]));
    until("the drop", || {
        let stats = service.stats().inbound.remove("trouble")?;
        (stats.received == 1 && stats.dropped.get("no_peer") == Some(&1)).then_some(())
    });
    assert_eq!(Peer::dealer(endpoint).ask(&request("fine", ID)).text(), "fine");
}

#[test]
fn requesters_that_vanish_in_the_middle_of_a_request_leave_nothing_behind() {
    Victim::each(|victim| {
        let process = victim.process_id();
        let whole = message(&[b"", &request("gone", ID)]);
        for place in 0..whole.len() {
            victim.peer().write(&whole[..place]);
            victim.peer().write(&whole);
        }
        if let Victim::Process { .. } = victim {
            // The standard three, the executor's, two listeners, the signals' and the two peers of the test.
            until("the descriptors of the vanished to be closed", || (descriptors(&process) < 30).then_some(()));
        }
    });
}

#[test]
fn a_flood_from_one_peer_does_not_starve_another() {
    Victim::each(|victim| {
        let mut flood = victim.peer();
        let body = message(&[b"", &request("flood", ID)]).repeat(100);
        for _ in 0..100 {
            flood.write(&body);
            serves(&mut victim.peer());
            for _ in 0..100 {
                assert_eq!(flood.reply().text(), "flood");
            }
        }
    });
}
