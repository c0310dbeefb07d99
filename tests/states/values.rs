//! What is changed at the owner and what is seen in a copy.

use service_framework::Service;

use super::*;

fn level(price: &str, size: &str) -> Value {
    map(&[("price", text(price)), ("size", text(size))])
}

#[test]
fn each_kind_of_state_is_copied_to_the_last_byte() {
    each_way(|placement, meeting| {
        let mut owner = meeting.owner(placement, &json!({}));
        let mut copy = meeting.copy(placement, &json!({}));
        let Owner { change, look, .. } = &mut owner;
        // Typed handles, on a map.
        change.change("set", "plain", map(&[("key", text("a")), ("value", Value::Int(1))]));
        change.change("set", "plain", map(&[("key", text("b")), ("value", Value::Int(-2))]));
        change.change("remove", "plain", map(&[("key", text("a"))]));
        assert_eq!(*copy.look.until_equal(look, "plain").value(), map(&[("b", Value::Int(-2))]));
        // A record, merged deep. Before it is complete there is nothing to be had.
        let book = map(&[("symbol", text("XRP")), ("bids", map(&[])), ("by_name", map(&[]))]);
        change.change("replace", "book", book);
        for (price, size) in [("10.50", "1.0"), ("10.5", "2.00"), ("9.1", "3"), ("9.1", "0")] {
            change.change("level", "book", level(price, size));
        }
        let inside = map(&[("one", Value::Map(vec![(Value::Int(-7), text("x")), (Value::Int(8), text("y"))]))]);
        change.change("edit", "book", map(&[("by_name", inside), ("note", text("ü"))]));
        let gone = map(&[("one", Value::Map(vec![(Value::Int(-7), Value::Nil)]))]);
        change.change("edit", "book", map(&[("by_name", gone)]));
        let seen = copy.look.until_equal(look, "book");
        let left = map(&[("one", Value::Map(vec![(Value::Int(8), text("y"))]))]);
        assert_eq!((seen.value().get("by_name"), seen.value().get("note")), (Some(&left), Some(&text("ü"))));
        change.change("note", "book", map(&[("note", text("n"))]));
        assert_eq!(copy.look.until_equal(look, "book").value().get("note"), Some(&text("n")));
        change.change("note", "book", Value::Nil);
        assert_eq!(copy.look.until_equal(look, "book").value().get("note"), None);
        // A state that is sent as a whole.
        let limits = map(&[("most", Value::Decimal(Decimal::new(1_000, 2))), ("names", Value::List(vec![text("n")]))]);
        change.change("replace", "limits", limits);
        change.change("push", "limits", map(&[("name", text("m"))]));
        let names = Value::List(vec![text("n"), text("m")]);
        let seen = copy.look.until("the whole value", "limits", |seen| seen.value().get("names") == Some(&names));
        assert_eq!((seen.condition(), seen.value_bytes()), ("Live", look.look("limits").value_bytes()));
        // A model that is known only at run time.
        let nested = map(&[("deep", Value::List(vec![Value::Float(0.5), Value::Nil, Value::Bool(true)]))]);
        change.change(
            "edit",
            "any",
            map(&[("a", nested), ("b", Value::Bytes(vec![0, 255])), ("c", Value::UInt(u64::MAX))]),
        );
        change.change("edit", "any", map(&[("b", Value::Nil)]));
        let seen = copy.look.until_equal(look, "any");
        assert_eq!(seen.number("keys"), 2);
        for state in states() {
            let seen = copy.look.look(state);
            assert_eq!((state, seen.number("missed")), (state, 0), "{seen:?}");
        }
        owner.service.stop_service().expect("a clean end");
        copy.service.stop_service().expect("a clean end");
    });
}

#[test]
fn what_the_model_refuses_changes_nothing_anywhere() {
    each_way(|placement, meeting| {
        let (mut owner, mut copy) = (meeting.owner(placement, &json!({})), meeting.copy(placement, &json!({})));
        let Owner { change, look, .. } = &mut owner;
        change.change("edit", "plain", map(&[("a", Value::Int(1))]));
        assert_eq!(
            change.try_change("edit", "plain", map(&[("a", Value::Int(2)), ("b", text("2"))])),
            "invalid_arguments"
        );
        let book = map(&[("symbol", text("S")), ("bids", map(&[])), ("by_name", map(&[]))]);
        change.change("replace", "book", book);
        assert_ne!(change.try_change("edit", "book", map(&[("symbol", Value::Nil)])), "no error");
        assert_ne!(change.try_change("edit", "book", map(&[("none", Value::Nil)])), "no error");
        change.change("edit", "plain", map(&[("z", Value::Int(9))]));
        let expected = map(&[("a", Value::Int(1)), ("z", Value::Int(9))]);
        assert_eq!(*copy.look.until_equal(look, "plain").value(), expected);
        copy.look.until_equal(look, "book");
    });
}

#[test]
fn the_function_of_a_copy_is_told_the_keys_and_every_number_once() {
    each_way(|placement, meeting| {
        let (mut owner, mut copy) = (meeting.owner(placement, &json!({})), meeting.copy(placement, &json!({})));
        owner.change.change("edit", "plain", map(&[("a", Value::Int(0))]));
        copy.look.until_equal(&mut owner.look, "plain");
        let first = copy.look.look("plain").number("number");
        for (key, value) in [("a", Value::Int(1)), ("b", Value::Int(2)), ("a", Value::Nil)] {
            owner.change.change("edit", "plain", map(&[(key, value)]));
        }
        owner.change.change("count", "plain", map(&[("key", text("n")), ("count", Value::Int(500))]));
        let seen = copy.look.until("the last count", "plain", |seen| seen.value().get("n") == Some(&Value::Int(500)));
        let (mut next, mut keys) = (None, Vec::new());
        for line in seen.told() {
            let mut words = line.split(' ');
            let (numbers, kind) = (words.next().unwrap(), words.next().unwrap());
            let Some((from, to)) = numbers.split_once("..=") else { continue };
            let (from, to) = (from.parse::<u64>().unwrap(), to.parse::<u64>().unwrap());
            assert!(from <= to, "{line}");
            assert!(next.is_none_or(|next| next == from), "{line} after {next:?}");
            next = Some(to + 1);
            if from > first {
                assert_eq!(kind, "part", "{line}");
                keys.extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
            }
        }
        assert!(next.is_some_and(|next| next > seen.number("number")), "{next:?} {seen:?}");
        keys.sort();
        keys.dedup();
        assert_eq!(keys, ["a", "b", "n"]);
    });
}

#[test]
fn several_copies_and_one_that_joins_late_are_alike() {
    each_way(|placement, meeting| {
        let mut owner = meeting.owner(placement, &json!({"keys": 1_000}));
        let mut copies: Vec<_> = (0..3).map(|_| meeting.copy(placement, &json!({}))).collect();
        for n in 0..100 {
            owner.change.change("edit", "plain", map(&[("n", Value::Int(n))]));
        }
        copies.push(meeting.copy(placement, &json!({})));
        owner.change.change("edit", "plain", map(&[("last", Value::Int(0))]));
        for copy in &mut copies {
            let seen = copy.look.until_equal(&mut owner.look, "plain");
            assert_eq!((seen.number("keys"), seen.number("missed")), (1_002, 0));
        }
    });
}

#[test]
fn a_copy_is_there_before_its_owner() {
    each_way(|placement, meeting| {
        let mut copy = meeting.copy(placement, &json!({}));
        let seen = copy.look.look("plain");
        assert_eq!((seen.value(), seen.number("number")), (&Value::Nil, 0));
        let mut owner = meeting.owner(placement, &json!({"keys": 10}));
        assert_eq!(copy.look.until_equal(&mut owner.look, "plain").number("keys"), 10);
    });
}

#[test]
fn owner_and_copy_count_what_they_send_and_get() {
    each_way(|placement, meeting| {
        let (mut owner, mut copy) = (meeting.owner(placement, &json!({})), meeting.copy(placement, &json!({})));
        owner.change.change("edit", "plain", map(&[("n", Value::Int(1))]));
        copy.look.until_equal(&mut owner.look, "plain");
        for n in 0..10 {
            owner.change.change("edit", "plain", map(&[("n", Value::Int(n))]));
        }
        copy.look.until_equal(&mut owner.look, "plain");
        let of_owner = |service: &Service| service.stats().outbound["plain"].clone();
        let of_copy = |service: &Service| service.stats().inbound["plain"].clone();
        until("the counters", || {
            (of_copy(&copy.service).received >= 10 && of_owner(&owner.service).sent >= 11).then_some(())
        });
        assert!(of_owner(&owner.service).received >= 1, "{:?}", of_owner(&owner.service));
        assert!(of_copy(&copy.service).sent >= 1, "{:?}", of_copy(&copy.service));
        assert!(
            of_copy(&copy.service).dropped.keys().all(|reason| reason == "repeated"),
            "{:?}",
            of_copy(&copy.service)
        );
    });
}
