//! Owners and copies that end and begin again.

use service_framework::Placement;

use crate::each_way;
use crate::services::{Asker, Places, keeper, reader};

#[test]
fn a_copy_outlives_its_owner_and_follows_the_next_one() {
    each_way(|placement, transport| {
        let places = Places::new(transport);
        let copy = reader(&places, placement);
        let mut reader = Asker::of(&copy);
        assert!(!reader.tell().is_live());
        let mut epochs = Vec::new();
        for life in 1..4 {
            let mut owner = keeper(&places, placement);
            let mut keeper = Asker::of(&owner);
            keeper.set("life", life);
            let last = keeper.set(&format!("only in {life}"), life);
            let heard = reader.until("this life", |heard| heard.values() == last.values() && heard.is_live());
            epochs.push(heard.count("epoch"));
            drop(keeper);
            owner.stop_service().expect("a clean stop");
            let stale = reader.until("the end of it", |heard| heard.text("condition") == "Stale");
            assert_eq!(stale.values(), last.values(), "a stale copy shows what was");
        }
        epochs.dedup();
        assert_eq!(epochs.len(), 3, "each life has an epoch of its own");
    });
}

#[test]
fn a_copy_that_comes_back_has_everything_again() {
    each_way(|placement, transport| {
        let places = Places::new(transport);
        let owner = keeper(&places, placement);
        let mut keeper = Asker::of(&owner);
        for n in 0..20 {
            let last = keeper.set(&format!("k{n}"), n);
            let copy = reader(&places, placement);
            Asker::of(&copy).until("all of it", |heard| heard.values() == last.values() && heard.is_live());
        }
    });
}

#[test]
fn an_owner_and_its_copy_may_be_placed_differently_and_speak_by_different_transports() {
    for (ours, theirs) in [("omq", "zeromq"), ("zeromq", "omq")] {
        for (here, there) in [(Placement::Inline, Placement::Offloaded), (Placement::Offloaded, Placement::Inline)] {
            let places = Places::new(ours);
            let owner = keeper(&places, here);
            let copy = reader(&Places { transport: theirs, ..places.clone() }, there);
            let mut keeper = Asker::of(&owner);
            let last = keeper.set("a", 1);
            Asker::of(&copy).until("the value", |heard| heard.values() == last.values() && heard.is_live());
        }
    }
}
