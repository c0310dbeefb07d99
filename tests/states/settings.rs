//! What a model, or a service for its config, says of its states, and what comes of it.

use fixtures::{Follower, Keeper};
use service_framework::{Placement, Service};

use super::*;
use crate::support::plugins::plugin;
use crate::support::runner::{Folder, Running, run, runner};

/// An owner and a copy whose models say more of the state `plain`.
fn pair(placement: Placement, of_owner: &Json, of_copy: &Json) -> (Meeting, Owner, CopyOf) {
    let meeting = Meeting::over_tcp("omq");
    let owner = meeting.owner(placement, &with(&json!({"plain": of_owner})));
    let copy = meeting.copy(placement, &with(&json!({"plain": of_copy})));
    (meeting, owner, copy)
}

fn each_placement(test: impl Fn(Placement)) {
    [Placement::Inline, Placement::Offloaded].into_iter().for_each(test);
}

#[test]
fn a_clean_stop_of_the_owner_makes_its_copies_stale_at_once() {
    each_placement(|placement| {
        // No silence would do it within the patience of this test.
        let quiet = json!({"heartbeat_s": 3600, "topic": "T"});
        let (_, mut owner, mut copy) = pair(placement, &quiet, &json!({"topic": "T"}));
        owner.change.change("edit", "plain", map(&[("a", Value::Int(1))]));
        let live = copy.look.until_equal(&mut owner.look, "plain");
        owner.service.stop_service().expect("a clean end");
        let stale = copy.look.until("a stale copy", "plain", |seen| seen.condition() == "Stale");
        // The last word has a number of its own, and changes nothing.
        assert_eq!((stale.value(), stale.number("number")), (live.value(), live.number("number") + 1));
    });
}

#[test]
fn a_read_of_a_stale_copy_is_refused_if_the_model_says_so() {
    each_placement(|placement| {
        let (meeting, mut owner, mut copy) = pair(placement, &json!({}), &json!({"on_stale": "refuse"}));
        owner.change.change("edit", "plain", map(&[("a", Value::Int(1))]));
        copy.look.until("a good copy", "plain", |seen| seen.condition() == "Live");
        owner.service.stop_service().expect("a clean end");
        until("the refusal", || (copy.look.refused("plain") == "stale").then_some(()));
        let mut owner = meeting.owner(placement, &json!({}));
        owner.change.change("edit", "plain", map(&[("a", Value::Int(2))]));
        until("a good copy", || (copy.look.refused("plain") == "no error").then_some(()));
        copy.look.until_equal(&mut owner.look, "plain");
    });
}

#[test]
fn a_service_stops_with_a_stale_copy_if_the_model_says_so() {
    let (meeting, folder) = (Meeting::over_tcp("omq"), Folder::new());
    let mut owner = meeting.owner(Placement::Inline, &json!({}));
    owner.change.change("edit", "plain", map(&[("a", Value::Int(1))]));
    let addresses = folder.file("addresses.json", meeting.of_copy().to_string());
    let config = folder.file("config.json", with(&json!({"plain": {"on_stale": "stop"}})).to_string());
    for extra in [&[][..], &["--placement", "offloaded"]] {
        let library = plugin("follower");
        let mut copy = Running::start(
            runner().arg("-s").arg(&library).arg("-a").arg(&addresses).arg("-c").arg(&config).args(extra),
        );
        copy.until_logged("the copy of `plain` is live");
        owner.service.stop_service().expect("a clean end");
        let ended = copy.ended();
        assert_eq!(ended.code, Some(70), "{}", ended.stderr);
        let told = "\nerror: stopped because the state `plain` is stale, and its model says to stop then\n";
        assert!(ended.stderr.contains(told), "{}", ended.stderr);
        assert!(ended.stderr.contains("the copy of `plain` is stale: its owner has stopped"), "{}", ended.stderr);
        owner = meeting.owner(Placement::Inline, &json!({}));
        owner.change.change("edit", "plain", map(&[("a", Value::Int(1))]));
    }
}

#[test]
fn heartbeats_keep_a_copy_live_and_their_lack_makes_it_stale() {
    each_placement(|placement| {
        let (_, mut owner, mut copy) = pair(placement, &json!({"heartbeat_s": 0.05}), &json!({"stale_after_s": 0.5}));
        owner.change.change("edit", "plain", map(&[("a", Value::Int(1))]));
        let first = copy.look.until_live("plain");
        let later =
            copy.look.until("ten heartbeats", "plain", |seen| seen.number("number") >= first.number("number") + 10);
        assert_eq!((later.condition(), later.value()), ("Live", first.value()));
        let (_, mut silent, mut copy) = pair(placement, &json!({"heartbeat_s": 0}), &json!({"stale_after_s": 0.3}));
        silent.change.change("edit", "plain", map(&[("a", Value::Int(1))]));
        copy.look.until_live("plain");
        let stale = copy.look.until("a stale copy", "plain", |seen| seen.condition() == "Stale");
        assert!(stale.number("age_ms") >= 300, "{stale:?}");
        silent.change.change("edit", "plain", map(&[("a", Value::Int(2))]));
        copy.look.until_equal(&mut silent.look, "plain");
        // Without heartbeats and without a time of its own a copy is not stale, however long it hears nothing.
        let (_, mut silent, mut copy) = pair(placement, &json!({"heartbeat_s": 0}), &json!({}));
        silent.change.change("edit", "plain", map(&[("a", Value::Int(1))]));
        copy.look.until_live("plain");
        let aged = copy.look.until("some silence", "plain", |seen| seen.number("age_ms") >= 1_000);
        assert_eq!(aged.condition(), "Live");
    });
}

#[test]
fn a_deleted_key_goes_as_a_snapshot_if_the_model_says_so() {
    each_placement(|placement| {
        let (_, mut owner, mut copy) = pair(placement, &json!({"deletes": "snapshot"}), &json!({}));
        owner.change.change("edit", "plain", map(&[("a", Value::Int(1)), ("b", Value::Int(2))]));
        copy.look.until_equal(&mut owner.look, "plain");
        owner.change.change("edit", "plain", map(&[("a", Value::Nil)]));
        let seen = copy.look.until_equal(&mut owner.look, "plain");
        assert_eq!((seen.value(), seen.number("missed")), (&map(&[("b", Value::Int(2))]), 0));
    });
}

#[test]
fn a_head_file_keeps_numbers_growing_over_restarts() {
    each_placement(|placement| {
        let (meeting, folder) = (Meeting::over_tcp("omq"), Folder::new());
        let file = folder.path().join("plain.head");
        let config = with(&json!({"plain": {"head_file": file}}));
        let mut head = 0;
        for life in 0..3 {
            if life > 0 {
                // As if the clock had stepped back a century.
                let kept =
                    std::fs::read_to_string(&file).expect("a head file").trim().parse::<u64>().expect("a number");
                assert_eq!(kept, head + 1, "the end of a life has a number too");
                std::fs::write(&file, (kept + 3_200_000_000_000_000).to_string()).expect("a head file");
                head = kept + 3_200_000_000_000_000;
            }
            let mut owner = meeting.owner(placement, &config);
            owner.change.change("edit", "plain", map(&[("a", Value::Int(life))]));
            let mut copy = meeting.copy(placement, &json!({}));
            let seen = copy.look.until_equal(&mut owner.look, "plain");
            assert!(seen.number("number") > head, "{seen:?} after {head}");
            copy.service.stop_service().expect("a clean end");
            // It may beat once more before it ends.
            owner.service.stop_service().expect("a clean end");
            head = std::fs::read_to_string(&file).expect("a head file").trim().parse::<u64>().expect("a number") - 1;
            assert!(head >= seen.number("number"));
        }
    });
}

#[test]
fn a_head_file_that_cannot_be_used_ends_the_start_with_its_name() {
    let (meeting, folder) = (Meeting::over_tcp("omq"), Folder::new());
    let file = folder.file("plain.head", "seven");
    let config = with(&json!({"plain": {"head_file": file}}));
    let builder = Service::of::<Keeper>().addresses(meeting.of_owner()).config(config.clone());
    let error = builder.build().expect("a good service").run_service().expect_err("a bad head file").to_string();
    assert!(error.contains("plain.head") && error.contains("\"seven\""), "{error}");
    let (addresses, config) =
        (folder.file("a.json", meeting.of_owner().to_string()), folder.file("c.json", config.to_string()));
    let ended = run(runner().arg("-s").arg(plugin("keeper")).arg("-a").arg(addresses).arg("-c").arg(config));
    assert!(ended.code != Some(0) && ended.stderr.contains("plain.head"), "{ended:?}");
}

#[test]
fn setup_states_may_not_say_what_the_model_could_not() {
    for (states, told) in [
        (json!({"plain": {"merge": "deep"}}), "merge"),
        (json!({"plain": {"heartbeat": 1}}), "heartbeat"),
        (json!({"none": {}}), "none"),
        (json!({"plain": {"heartbeat_s": -1}}), "heartbeat_s"),
    ] {
        let meeting = Meeting::over_tcp("omq");
        let builder = Service::of::<Keeper>().addresses(meeting.of_owner()).config(with(&states));
        let error = builder.build().expect("a good service").run_service().expect_err(told).to_string();
        assert!(error.contains(told), "{states}: {error}");
        let builder = Service::of::<Follower>().addresses(meeting.of_copy()).config(with(&states));
        let error = builder.build().expect("a good service").run_service().expect_err(told).to_string();
        assert!(error.contains(told), "{states}: {error}");
    }
}

#[test]
fn a_service_that_is_asked_shows_the_counters_of_its_states() {
    let (meeting, folder) = (Meeting::over_tcp("omq"), Folder::new());
    let mut owner = meeting.owner(Placement::Inline, &json!({"keys": 3}));
    let addresses = folder.file("addresses.json", meeting.of_copy().to_string());
    let library = plugin("follower");
    let mut copy = Running::start(runner().arg("-s").arg(&library).arg("-a").arg(&addresses));
    copy.until_logged("the copy of `plain` is live");
    owner.change.change("edit", "plain", map(&[("a", Value::Int(1))]));
    copy.signal("USR1");
    let line = copy.until_logged("in `plain`: ");
    assert!(line.contains(" received="), "{line}");
    copy.signal("TERM");
    let ended = copy.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}
