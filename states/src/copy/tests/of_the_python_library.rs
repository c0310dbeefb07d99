//! An owner that is a service of the Python library: it tells no number with its snapshots, and no life.

use super::*;

fn message(number: i64, is_snapshot: bool, state: &[(&str, i64)]) -> Bytes {
    let state = Value::map(state.iter().map(|(key, value)| (*key, Value::Int(*value))));
    let args = [("current_num", Value::Int(number)), ("is_snapshot", is_snapshot.into()), ("state", state)];
    frame(&Value::map([("args", Value::map(args)), ("workflow_id", Value::Nil)]))
}

fn reply(state: &[(&str, i64)]) -> Bytes {
    let state = Value::map(state.iter().map(|(key, value)| (*key, Value::Int(*value))));
    let returned = Value::map([("state", state), ("current_num", Value::Int(0))]);
    frame(&Value::map([("return_args", returned), ("workflow_id", Value::Nil)]))
}

fn frame(value: &Value) -> Bytes {
    let mut out = Vec::new();
    encode_value(value, &mut out);
    out.into()
}

#[test]
fn a_life_that_is_heard_from_its_beginning_needs_no_snapshot() {
    let mut pair = Pair::new(Kind::Delta);
    pair.hear(&message(0, false, &[("a", 1)]));
    pair.hear(&message(1, false, &[("b", 2)]));
    assert_eq!((pair.status(), pair.value()), (Status::LiveUnverified, is(&[("a", 1), ("b", 2)])));
    pair.wait(Duration::from_secs(1_000));
    assert_eq!((pair.status(), pair.copy.counts().requests), (Status::LiveUnverified, 0), "it sends no heartbeats");
}

#[test]
fn a_snapshot_is_asked_for_after_an_update_and_all_that_was_buffered_goes_over_it() {
    let mut pair = Pair::new(Kind::Delta);
    let early = pair.asks();
    pair.hear(&message(7, false, &[("a", 7)]));
    let request = pair.asks();
    assert_ne!(early.ticket, request.ticket, "an answer to the first may be without it");
    pair.hear(&message(8, false, &[("b", 8)]));
    pair.is_answered(&request, &reply(&[("a", 7), ("c", 1)]));
    let value = is(&[("a", 7), ("b", 8), ("c", 1)]);
    assert_eq!((pair.status(), pair.number(), pair.value()), (Status::LiveUnverified, Some(8), value));
    pair.hear(&message(9, false, &[("b", 9)]));
    assert_eq!((pair.number(), pair.copy.counts().requests), (Some(9), 2));
}

#[test]
fn the_first_update_after_a_snapshot_of_no_number_is_sure_only_with_another() {
    let mut pair = Pair::new(Kind::Delta);
    let request = pair.asks();
    pair.is_answered(&request, &reply(&[("a", 1)]));
    assert_eq!((pair.status(), pair.number()), (Status::LiveUnverified, None));
    pair.hear(&message(9, false, &[("b", 9)]));
    assert_eq!(pair.status(), Status::Resyncing);
    let request = pair.asks();
    pair.is_answered(&request, &reply(&[("a", 5), ("b", 9)]));
    assert_eq!((pair.number(), pair.value()), (Some(9), is(&[("a", 5), ("b", 9)])));
}

#[test]
fn a_gap_and_a_number_that_jumps_back_ask_for_a_snapshot() {
    for number in [9, 3, 5] {
        let mut pair = Pair::new(Kind::Delta);
        pair.hear(&message(5, true, &[("a", 1)]));
        assert_eq!(pair.status(), Status::LiveUnverified);
        pair.hear(&message(number, false, &[("b", 2)]));
        assert_eq!(pair.status(), Status::Resyncing, "{number}");
        let request = pair.asks();
        pair.is_answered(&request, &reply(&[("b", 2), ("c", 3)]));
        let number = u64::try_from(number).unwrap();
        assert_eq!((pair.number(), pair.value()), (Some(number), is(&[("b", 2), ("c", 3)])));
    }
}

#[test]
fn a_snapshot_that_is_published_is_a_new_life() {
    let mut pair = Pair::new(Kind::Delta);
    pair.hear(&message(5, true, &[("a", 1)]));
    pair.hear(&message(3, true, &[("b", 2)]));
    assert_eq!((pair.status(), pair.number(), pair.value()), (Status::LiveUnverified, Some(3), is(&[("b", 2)])));
}

#[test]
fn an_owner_may_be_replaced_by_one_of_the_other_kind() {
    let (mut pair, _) = Pair::live();
    pair.hear(&message(0, true, &[("a", 1)]));
    assert_eq!((pair.status(), pair.value()), (Status::LiveUnverified, is(&[("a", 1)])));
    let mut feed = Feed::new(Kind::Delta, 9, 10);
    let first = feed.start(pair.now);
    pair.hear(&first);
    assert_eq!((pair.status(), pair.value()), (Status::Live, vec![]));
}

#[test]
fn a_connection_that_was_lost_hides_what_was_sent_meanwhile() {
    let mut pair = Pair::new(Kind::Delta);
    pair.hear(&message(5, true, &[("a", 1)]));
    pair.copy.handle_disconnected(pair.now);
    assert_eq!(pair.status(), Status::Stale);
    pair.copy.handle_connected(pair.now);
    assert_eq!(pair.status(), Status::Resyncing);
}

#[test]
fn a_full_copy_is_live_again_when_its_owner_is_heard_again() {
    let mut pair = Pair::new(Kind::Full);
    let value = frame(&Value::map([("args", Value::map([("a", Value::Int(1))])), ("workflow_id", Value::Nil)]));
    pair.hear(&value);
    pair.copy.handle_disconnected(pair.now);
    pair.copy.handle_connected(pair.now);
    assert_eq!(pair.status(), Status::Stale);
    pair.hear(&value);
    assert_eq!(pair.status(), Status::LiveUnverified);
}

#[test]
fn a_full_update_needs_nothing_else() {
    let mut pair = Pair::new(Kind::Full);
    pair.hear(&frame(&Value::map([("args", Value::map([("a", Value::Int(1))])), ("workflow_id", Value::Nil)])));
    assert_eq!((pair.status(), pair.value()), (Status::LiveUnverified, is(&[("a", 1)])));
}
