//! Copies whose connections to the owner are there and carry nothing.

use std::collections::HashMap;

use service_framework::{Placement, Service};

use super::cable::Cable;
use super::faults::{follows, nothing_impossible};
use super::*;

/// A copy with a cable to each address of its owner.
fn on_cables(meeting: &Meeting, placement: Placement) -> (CopyOf, HashMap<(String, String), Cable>) {
    let mut cables = HashMap::new();
    let addresses = meeting.of_copy_by(|state, key, address| {
        let cable = Cable::to(address.as_str().expect("an address"));
        let through = cable.address.clone().into();
        cables.insert((state.to_owned(), key.to_owned()), cable);
        through
    });
    let builder = Service::of::<Follower>().addresses(addresses).placement(placement);
    let mut service = builder.build().expect("a good service");
    service.run_service().expect("free ports");
    let look = Peer::dealer(service.address("look").expect("a running service"));
    (CopyOf { service, look: Looker(look) }, cables)
}

fn each(test: impl Fn(Meeting, Placement)) {
    test(Meeting::over_tcp("omq"), Placement::Inline);
    test(Meeting::over_tcp("zeromq"), Placement::Offloaded);
}

fn cable<'c>(cables: &'c HashMap<(String, String), Cable>, key: &str) -> &'c Cable {
    &cables[&("load".to_owned(), key.to_owned())]
}

#[test]
fn a_copy_that_is_cut_off_for_a_while_is_stale_and_catches_up() {
    each(|meeting, placement| {
        let _owner = meeting.owner(placement, &json!({"load": 5}));
        let (mut copy, cables) = on_cables(&meeting, placement);
        for key in ["publisher", "replyer", "publisher"] {
            let before = follows(&mut copy.look, 100);
            cable(&cables, key).hold();
            if key == "publisher" {
                copy.look.until("a stale copy", "load", |seen| seen.condition() == "Stale");
            } else {
                follows(&mut copy.look, 100);
            }
            cable(&cables, key).heal();
            let after = follows(&mut copy.look, 100);
            assert_eq!(after.number("epoch"), before.number("epoch"));
        }
        nothing_impossible(&mut copy.look);
    });
}

#[test]
fn a_connection_that_is_dead_at_the_other_end_is_made_anew() {
    each(|meeting, placement| {
        let _owner = meeting.owner(placement, &json!({"load": 5}));
        let (mut copy, cables) = on_cables(&meeting, placement);
        follows(&mut copy.look, 100);
        // Both sockets: the request for what was missed has to find its way too.
        cables.values().for_each(Cable::cut);
        copy.look.until("a stale copy", "load", |seen| seen.condition() == "Stale");
        follows(&mut copy.look, 100);
        nothing_impossible(&mut copy.look);
    });
}

#[test]
fn an_owner_whose_end_was_not_heard_is_given_up_for_the_next_one() {
    each(|meeting, placement| {
        let owner = meeting.owner(placement, &json!({"load": 5}));
        let (mut copy, cables) = on_cables(&meeting, placement);
        let before = follows(&mut copy.look, 100);
        cables.values().for_each(Cable::cut);
        drop(owner);
        let _owner = meeting.owner(placement, &json!({"load": 5}));
        let after = copy.look.until("the next life", "load", |seen| {
            seen.condition() == "Live" && seen.number("epoch") != before.number("epoch")
        });
        assert!(after.number("number") > before.number("number"));
        follows(&mut copy.look, 100);
        nothing_impossible(&mut copy.look);
    });
}
