//! A requester with several addresses: in order, the next one when one fails, back to the first when it is there again.

use std::net::TcpListener;

use fixtures::Desk;
use service_framework::{Service, json};

use crate::support::{free_address, until};
use crate::worker::{NOBODY, tell, teller, worker};
use crate::{each_placement, started};

/// Somebody who answers at this address, and counts.
fn desk(address: &str) -> Service {
    let addresses = json!({"connections": {
        "in": {"echo": {"replyer": "127.0.0.1:0"}, "trouble": {"replyer": address}},
        "out": {"peer": {"requester": NOBODY}},
    }});
    let mut desk = Service::of::<Desk>().addresses(addresses).build().unwrap();
    until("the port to be free", || desk.run_service().ok());
    desk
}

fn asked(desk: &Service) -> u64 {
    desk.stats().inbound["trouble"].received
}

#[test]
fn requests_go_to_the_first_address_that_is_there_and_back_to_the_first_of_all() {
    each_placement(|placement| {
        let (first, second) = (free_address(), free_address());
        let desk_two = desk(&second);
        let service = started(worker(placement, 0, &json!([NOBODY, first, second])));
        let mut peer = teller(&service);
        assert_eq!(tell(&mut peer, "ask one"), "one");
        assert_eq!(asked(&desk_two), 1);
        let mut desk_one = desk(&first);
        until("the first desk to be asked", || {
            assert_eq!(tell(&mut peer, "ask two"), "two");
            (asked(&desk_one) > 0).then_some(())
        });
        let before = asked(&desk_two);
        (0..10).for_each(|_| assert_eq!(tell(&mut peer, "ask three"), "three"));
        assert_eq!(asked(&desk_two), before, "as long as the first is there, nobody else is asked");
        desk_one.stop_service().unwrap();
        // The stop is seen at the latest when a request fails with it.
        until("the second desk to be asked again", || (tell(&mut peer, "ask four") == "four").then_some(()));
        assert!(asked(&desk_two) > before);
    });
}

#[test]
fn a_peer_that_dies_with_a_request_fails_it_at_once_unless_it_may_be_sent_again() {
    each_placement(|placement| {
        // Each takes a request and hangs up.
        let listeners: Vec<_> = (0..2).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let addresses: Vec<_> = listeners.iter().map(|at| at.local_addr().unwrap().to_string()).collect();
        for listener in listeners {
            std::thread::spawn(move || {
                for _ in 0..2 {
                    crate::support::peer::Peer::accepted(&listener).receive();
                }
            });
        }
        let alive = free_address();
        let _desk = desk(&alive);
        let service = started(worker(placement, 0, &json!([addresses[0], addresses[1], alive])));
        let mut peer = teller(&service);
        until("the first address to be there", || match tell(&mut peer, "ask x").as_str() {
            "peer_lost" => Some(()),
            "x" => None,
            other => panic!("{other}"),
        });
        assert_eq!(tell(&mut peer, "insist y"), "y");
    });
}
