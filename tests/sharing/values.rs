//! What the owner has and what the copies have.

use crate::each_way;
use crate::services::{Asker, Places, keeper, reader};
use crate::support::until;

#[test]
fn copies_have_what_the_owner_has_whenever_they_came() {
    each_way(|placement, transport| {
        let places = Places::new(transport);
        let owner = keeper(&places, placement);
        let mut keeper = Asker::of(&owner);
        keeper.set("before", 1);
        let early = reader(&places, placement);
        let mut early = Asker::of(&early);
        for n in 0..200 {
            keeper.set(&format!("k{}", n % 37), n);
            if n % 5 == 0 {
                keeper.remove(&format!("k{}", n % 31));
            }
        }
        let late = reader(&places, placement);
        let mut late = Asker::of(&late);
        let last = keeper.set("last", 7);
        for copy in [&mut early, &mut late] {
            let heard = copy.until("the owner's values", |heard| heard.values() == last.values() && heard.is_live());
            assert!(heard.count("number") > 0 && heard.count("epoch") > 0, "{heard:?}");
        }
        let dropped: u64 = owner.stats().outbound.values().flat_map(|stats| stats.dropped.values()).sum();
        assert_eq!(dropped, 0, "{:?}", owner.stats());
    });
}

#[test]
fn a_function_is_told_of_changes_and_of_nothing_else() {
    each_way(|placement, transport| {
        let places = Places::new(transport);
        let owner = keeper(&places, placement);
        let mut keeper = Asker::of(&owner);
        keeper.set("a", 1);
        let copy = reader(&places, placement);
        let mut reader = Asker::of(&copy);
        let before = reader.until("a live copy", |heard| heard.is_live() && heard.text("numbers").contains("\"a\": 1"));
        keeper.set("b", 2);
        let after = reader.until("the change", |heard| heard.text("keys") == "b");
        assert!(after.count("calls") > before.count("calls"));
        // Heartbeats go on: nobody is told of them.
        let number = after.count("number");
        let later = reader.until("heartbeats", |heard| heard.count("number") > number + 2);
        assert_eq!(later.count("calls"), after.count("calls"));
        // What changes nothing is not sent.
        keeper.set("b", 2);
        let later = reader.until("heartbeats", |heard| heard.count("number") > later.count("number") + 2);
        assert_eq!(later.count("calls"), after.count("calls"));
    });
}

#[test]
fn the_counters_of_a_state_stand_beside_those_of_connections() {
    let places = Places::new("omq");
    let owner = keeper(&places, service_framework::Placement::Inline);
    let copy = reader(&places, service_framework::Placement::Inline);
    until("updates", || (copy.stats().inbound["numbers"].received > 3).then_some(()));
    until("heartbeats", || (owner.stats().outbound["numbers"].sent > 3).then_some(()));
    assert!(copy.stats().inbound["numbers"].sent >= 1, "a request for a snapshot: {:?}", copy.stats());
}
