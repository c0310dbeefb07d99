//! Owners and copies that are killed, frozen and cut off while a great deal is going on.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Instant;

use service_framework::Placement;

use super::*;
use crate::support::plugins::plugin;
use crate::support::process::is_frozen;
use crate::support::runner::{Folder, Running, runner};

/// An owner in a process of its own, which changes the state `load` all the time.
struct OwnerProcess {
    meeting: Meeting,
    folder: Folder,
    placement: &'static str,
}

impl OwnerProcess {
    fn new(meeting: Meeting, placement: &'static str) -> Self {
        Self { meeting, folder: Folder::new(), placement }
    }

    fn start(&self, load: u64) -> (Running, Looker) {
        let addresses = self.folder.file("addresses.json", self.meeting.of_owner().to_string());
        let config = self.folder.file("config.json", json!({"load": load, "keys": 10}).to_string());
        let mut owner = start("keeper", self.placement, &addresses, &config);
        let look = Peer::dealer(&owner.address("look"));
        (owner, Looker(look))
    }
}

fn start(library: &str, placement: &str, addresses: &PathBuf, config: &PathBuf) -> Running {
    let library = plugin(library);
    let mut command = runner();
    command.arg("-s").arg(library).arg("-a").arg(addresses).arg("-c").arg(config).args(["--placement", placement]);
    Running::start(&mut command)
}

fn each(test: impl Fn(Meeting, &'static str, Placement)) {
    test(Meeting::over_tcp("omq"), "inline", Placement::Offloaded);
    test(Meeting::over_tcp("zeromq"), "offloaded", Placement::Inline);
}

#[track_caller]
pub(super) fn nothing_impossible(copy: &mut Looker) -> Seen {
    let seen = copy.look("load");
    assert_eq!(*seen.impossible(), Value::List(Vec::new()));
    assert!(seen.told().iter().any(|line| line.contains("slot ")), "it was not looked at");
    seen
}

/// Follows the load for a while.
#[track_caller]
pub(super) fn follows(copy: &mut Looker, updates: u64) -> Seen {
    let first = copy.until_live("load");
    let (epoch, number) = (first.number("epoch"), first.number("number"));
    copy.until("more updates", "load", |seen| {
        seen.condition() == "Live" && seen.number("epoch") == epoch && seen.number("number") >= number + updates
    })
}

#[test]
fn an_owner_that_is_killed_again_and_again_under_load_is_followed_through_all_of_its_lives() {
    each(|meeting, process, placement| {
        let mut copy = meeting.copy(placement, &json!({}));
        let process = OwnerProcess::new(meeting, process);
        let mut lives = HashMap::new();
        for _ in 0..10 {
            let (owner, _look) = process.start(5);
            let seen = follows(&mut copy.look, 300);
            *lives.entry(seen.number("epoch")).or_insert(0) += 1;
            owner.signal("KILL");
            let killed = Instant::now();
            owner.ended();
            let stale = copy.look.until("a stale copy", "load", |seen| seen.condition() == "Stale");
            assert!(killed.elapsed() < Duration::from_secs(5), "stale after {:?}", killed.elapsed());
            assert!(stale.number("number") >= seen.number("number"));
        }
        assert!(lives.values().all(|count| *count == 1) && lives.len() == 10, "{lives:?}");
        nothing_impossible(&mut copy.look);
    });
}

#[test]
fn an_owner_that_is_frozen_is_stale_and_then_is_followed_on() {
    each(|meeting, process, placement| {
        let mut copy = meeting.copy(placement, &json!({}));
        let process = OwnerProcess::new(meeting, process);
        let (owner, mut look) = process.start(5);
        for _ in 0..3 {
            follows(&mut copy.look, 100);
            owner.signal("STOP");
            until("the freeze", || is_frozen(&owner.id()).then_some(()));
            let frozen = Instant::now();
            copy.look.until("a stale copy", "load", |seen| seen.condition() == "Stale");
            // Three heartbeats, and what was under way.
            assert!(frozen.elapsed() < 3 * HEARTBEAT + Duration::from_secs(3), "stale after {:?}", frozen.elapsed());
            owner.signal("CONT");
            follows(&mut copy.look, 100);
        }
        copy.look.until_equal(&mut look, "plain");
        nothing_impossible(&mut copy.look);
    });
}

#[test]
fn a_copy_that_is_frozen_catches_up_with_what_the_owner_has_then() {
    each(|meeting, placement, owner_placement| {
        let owner = meeting.owner(owner_placement, &json!({"load": 20}));
        let folder = Folder::new();
        let addresses = folder.file("addresses.json", meeting.of_copy().to_string());
        let config = folder.file("config.json", "{}");
        let mut copy = start("follower", placement, &addresses, &config);
        let mut look = Looker(Peer::dealer(&copy.address("look")));
        for _ in 0..3 {
            let before = follows(&mut look, 100).number("number");
            copy.signal("STOP");
            until("the freeze", || is_frozen(&copy.id()).then_some(()));
            // As long as it takes for far more than a socket holds.
            let sent = || owner.service.stats().outbound["load"].sent;
            let enough = sent() + 20_000;
            until("many updates", || (sent() > enough).then_some(()));
            copy.signal("CONT");
            look.until("to have caught up", "load", |seen| {
                seen.condition() == "Live" && seen.number("number") > before + 20_000
            });
        }
        nothing_impossible(&mut look);
        copy.signal("TERM");
        assert_eq!(copy.ended().code, Some(0));
    });
}

#[test]
fn a_copy_that_is_killed_and_started_anew_leaves_nothing_behind_with_the_owner() {
    each(|meeting, placement, owner_placement| {
        let owner = meeting.owner(owner_placement, &json!({"load": 5}));
        let folder = Folder::new();
        let addresses = folder.file("addresses.json", meeting.of_copy().to_string());
        let config = folder.file("config.json", "{}");
        for _ in 0..5 {
            let mut copy = start("follower", placement, &addresses, &config);
            let mut look = Looker(Peer::dealer(&copy.address("look")));
            follows(&mut look, 50);
            nothing_impossible(&mut look);
            copy.signal("KILL");
            copy.ended();
        }
        let sent = || owner.service.stats().outbound["load"].sent;
        let before = sent();
        until("the owner to go on", || (sent() > before + 50).then_some(()));
    });
}
