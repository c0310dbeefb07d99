//! Services of a group: they see and say what they would see and say over sockets.

#[path = "../support/mod.rs"]
mod support;

mod command;
mod services;

use std::time::Duration;

use service_framework::prelude::*;
use service_framework::{Group, Service, ServiceError, json};
use services::{
    Desk, Doubler, Echo, Feed, Log, Poster, STRATEGY, Sick, Strategy, answer, asked, doors, from_a_thread, in_a_group,
    led, over_sockets, posted, tick,
};
use support::messages::{Reply, request_with};
use support::until;

fn symbol(symbol: &str) -> Value {
    Value::map([("symbol", symbol.into())])
}

#[test]
fn answers_and_errors_are_byte_for_byte_those_of_sockets() {
    let (apart, group) = (over_sockets("answers"), in_a_group());
    let far = |connection: &str| apart.strategy.address(connection).unwrap().to_owned();
    let near = |connection: &str| group.address("strategy", connection).unwrap().to_owned();
    for connection in ["ask", "twice", "ask_raw"] {
        // A good one; errors of the service, one of them to be tried again; a panic; a return and an argument that break
        // their models.
        for asked in ["ABC", "", "?", "...", "!", "-1", "too long a symbol"] {
            let body = request_with(symbol(asked), "w-7");
            let (over_sockets, in_group) = (answer(&far(connection), &body), answer(&near(connection), &body));
            assert_eq!(Reply::read(&in_group), Reply::read(&over_sockets), "{connection} {asked:?}");
            assert_eq!(in_group, over_sockets, "{connection} {asked:?}");
        }
    }
    let second = Reply::read(&answer(&near("twice"), &request_with(symbol("A"), "w-8")));
    assert_eq!(second.returned().get("asked_in"), Some(&Value::from(format!("{:?}", Value::from("w-8_1")))));
    for name in ["desk", "strategy"] {
        let apart = if name == "desk" { apart.desk.stats() } else { apart.strategy.stats() };
        let mut group = group.stats(name).unwrap();
        // The last question was for the group alone.
        let (connection, more) = if name == "desk" { ("quotes", 2) } else { ("twice", 1) };
        let counted = group.inbound.get_mut(connection).unwrap();
        (counted.received, counted.sent) = (counted.received - more, counted.sent - more);
        for (name, counted) in &group.inbound {
            assert_eq!(counted, &apart.inbound[name], "{name}");
        }
        for (name, counted) in &mut group.outbound {
            let more = if name == "quotes" { 2 } else { 0 };
            (counted.received, counted.sent) = (counted.received - more, counted.sent - more);
            assert_eq!(counted, &apart.outbound[name], "{name}");
        }
    }
}

#[test]
fn what_is_published_is_heard_once_in_order_and_in_its_workflow() {
    let (apart, group) = (over_sockets("published"), in_a_group());
    until("a subscriber", || {
        let body = request_with(Value::map([("n", 1.into())]), "first");
        answer(apart.feed.address("publish").unwrap(), &body);
        (apart.strategy.stats().inbound["heard"].received > 0).then_some(())
    });
    let seen = |address: &str| Reply::read(&answer(address, &request_with(symbol(""), "s"))).returned().clone();
    let body = request_with(Value::map([("n", 20.into())]), "w");
    answer(group.address("feed", "publish").unwrap(), &body);
    answer(apart.feed.address("publish").unwrap(), &body);
    let near = seen(group.address("strategy", "seen").unwrap());
    assert_eq!(near.get("ticks"), Some(&Value::List((1..=20).map(Value::Int).collect())));
    assert_eq!(near.get("workflows"), Some(&Value::List(vec!["w_18".into(), "w_19".into()])));
    let far = until("the last tick", || {
        let far = seen(apart.strategy.address("seen").unwrap());
        (far.get("workflows") == near.get("workflows")).then_some(far)
    });
    assert!(matches!(far.get("ticks"), Some(Value::List(ticks)) if ticks.len() >= 20));
    let heard = &group.stats("strategy").unwrap().inbound["heard"];
    assert_eq!((heard.received, heard.dropped.len()), (20, 1), "{heard:?}");
    assert_eq!(group.stats("feed").unwrap().outbound["ticks"].sent, 20);
}

#[test]
fn a_circle_of_publications_goes_round_and_holds_nobody() {
    let addresses = json!({"connections": {"in": {"begin": {"replyer": "127.0.0.1:0"}}}});
    let mut group = Group::new()
        .service("echo", Service::of::<Echo>().addresses(addresses))
        .relation("echo.ticks", "echo.heard")
        .build()
        .unwrap();
    group.run().unwrap();
    let begin = group.address("echo", "begin").unwrap().to_owned();
    let ask =
        |n: i64| Reply::read(&answer(&begin, &request_with(Value::map([("n", n.into())]), "w"))).returned().clone();
    // A message to itself waits until the function that sent it has returned.
    assert_eq!(ask(1).get("ticks"), Some(&Value::List(vec![])));
    let all = Value::List((1..=10).map(Value::Int).collect());
    until("the last of the circle", || (ask(0).get("ticks") == Some(&all)).then_some(()));
    group.stop().unwrap();
}

#[test]
fn a_circle_that_grows_is_held_by_the_queue_and_keeps_nobody_out() {
    let addresses = json!({"connections": {"in": doors(&["begin"])}});
    let mut group = Group::new()
        .service("doubler", Service::of::<Doubler>().addresses(addresses))
        .relation("doubler.ticks", "doubler.heard")
        .build()
        .unwrap();
    group.run().unwrap();
    let begin = group.address("doubler", "begin").unwrap().to_owned();
    let ask = || Reply::read(&answer(&begin, &request_with(Value::map([("n", 1.into())]), "w"))).returned().clone();
    let lost = || group.stats("doubler").unwrap().outbound["ticks"].dropped.get("queue_full").copied();
    ask();
    until("a full queue", || lost().filter(|lost| *lost > 1_000));
    // Who asks from outside has a turn all the same.
    assert_eq!(ask().get("n"), Some(&Value::Int(1)));
    let heard = group.stats("doubler").unwrap().inbound["heard"].clone();
    assert!(heard.waiting <= 100 && heard.received > 1_000 && heard.dropped.contains_key("missed"), "{heard:?}");
    group.stop().unwrap();
}

#[test]
fn a_leader_asks_publishes_and_serves_the_others_while_it_waits() {
    let log = Log::default();
    let told = log.clone();
    let (mut doors, door) = (doors(STRATEGY), support::free_address());
    doors["seen"] = json!({"replyer": door});
    let (seen, at) = (json!({"connections": {"in": doors}}), format!("tcp://{door}"));
    let group = Group::new()
        .service("strategy", Service::of::<Strategy>().addresses(seen))
        .service("desk", Service::of::<Desk>())
        .relation("strategy.quotes", "desk.quotes")
        .relation("strategy.raw", "desk.raw")
        .relation("leader.quotes", "desk.quotes")
        .relation("leader.ticks", "strategy.heard");
    led(group, move |ctx| {
        assert_eq!(asked(ctx, "ABCD")?.price, 4);
        let refused = asked(ctx, "?").unwrap_err();
        assert_eq!(
            (refused.code(), refused.field(), refused.is_caller_error()),
            ("no_such_symbol", Some("symbol"), true)
        );
        for n in 1..=3 {
            tick(ctx, n)?;
        }
        // What comes over a socket of another service is answered while this one waits.
        let asking = std::thread::spawn(move || Reply::read(&answer(&at, &request_with(symbol(""), "s"))));
        while !asking.is_finished() {
            ctx.wait(Duration::from_millis(1))?;
        }
        told.lock().unwrap().push(format!("{:?}", asking.join().unwrap().returned().get("ticks")));
        Ok(())
    });
    let expected = format!("{:?}", Some(&Value::List((1..=3).map(Value::Int).collect())));
    assert_eq!(*log.lock().unwrap(), [expected]);
}

#[test]
fn threads_of_a_service_send_over_its_relations() {
    let doors = json!({"connections": {"in": doors(STRATEGY)}});
    let group = || {
        Group::new()
            .service("strategy", Service::of::<Strategy>().addresses(doors.clone()))
            .service("desk", Service::of::<Desk>())
            .relation("strategy.quotes", "desk.quotes")
            .relation("strategy.raw", "desk.raw")
    };
    let posting = group().service("poster", Service::of::<Poster>());
    let mut posting =
        posting.relation("poster.quotes", "desk.quotes").relation("poster.ticks", "strategy.heard").build().unwrap();
    posting.run().unwrap();
    assert_eq!(until("the answer", posted).unwrap().price, 3);
    until("the tick", || (posting.stats("strategy").unwrap().inbound["heard"].received == 1).then_some(()));
    posting.stop().unwrap();
    // The same of the service that leads.
    led(group().relation("leader.quotes", "desk.quotes").relation("leader.ticks", "strategy.heard"), |ctx| {
        for (symbol, price) in [("ABCDE", Some(5)), ("?", None)] {
            let asking = from_a_thread(ctx.sender()?, symbol);
            while !asking.is_finished() {
                ctx.wait(Duration::from_millis(1))?;
            }
            let told = asking.join().expect("no panic");
            assert_eq!(told.ok().map(|told| told.price), price);
        }
        Ok(())
    });
}

#[test]
fn relations_that_cannot_work_are_told_together_before_anything_starts() {
    let strategy = || Service::of::<Strategy>();
    let group = Group::new()
        .service("strategy", strategy())
        .service("desk", Service::of::<Desk>())
        .service("desk", Service::of::<Desk>())
        .service("feed", Service::of::<Feed>())
        .relation("strategy.quotes", "desk.quotes")
        .relation("strategy.raw", "desk.raw")
        .relation("strategy.quotes", "desk.quotes")
        .relation("strategy.raw", "desk.raw")
        .relation("strategy.quote", "desk.quotes")
        .relation("desk.quotes", "strategy.quotes")
        .relation("feed.ticks", "desk.quotes")
        .relation("fed.ticks", "strategy.heard")
        .relation("ticks", "strategy.heard");
    let Err(ServiceError::Invalid(problems)) = group.build().unwrap().run() else { panic!("it cannot run") };
    let text = problems.render(false);
    for told in [
        "another service of the group has this name",
        "it is there twice",
        "`strategy` declares no `out` connection `quote`",
        "did you mean `quotes`?",
        "turn it round",
        "a publisher and a replyer are no ends of each other",
        "there is no service `fed`",
        "`ticks` names no connection",
    ] {
        assert!(text.contains(told), "{told:?} is not in\n{text}");
    }
    // What stands in no relation needs an address, and a requester that does needs none.
    let address = json!({"connections": {"in": doors(&["ask", "twice", "ask_raw"]), "out": {"quotes": {"requester": "127.0.0.1:1"}}}});
    let group = Group::new()
        .service("strategy", strategy().addresses(address))
        .service("desk", Service::of::<Desk>())
        .relation("strategy.quotes", "desk.quotes")
        .relation("strategy.raw", "desk.raw");
    let Err(ServiceError::Invalid(problems)) = group.build().unwrap().run() else { panic!("it cannot run") };
    let text = problems.render(false);
    for told in [
        "the requester `quotes` has an address, and a relation too",
        "`connections.in.seen.replyer`",
        "`connections.in.heard.subscriber`",
    ] {
        assert!(text.contains(told), "{told:?} is not in\n{text}");
    }
    assert!(!text.contains("desk"), "{text}");
}

#[test]
fn a_group_says_which_service_did_not_begin_and_on_which_it_has_stopped() {
    let related = || {
        let strategy = Service::of::<Strategy>().stop_on_error(true);
        Group::new()
            .service("strategy", strategy.addresses(json!({"connections": {"in": doors(STRATEGY)}})))
            .service("desk", Service::of::<Desk>())
            .service("feed", Service::of::<Feed>().addresses(json!({"connections": {"in": doors(&["publish"])}})))
            .relation("strategy.quotes", "desk.quotes")
            .relation("strategy.raw", "desk.raw")
            .relation("feed.ticks", "strategy.heard")
    };
    let mut group = related().service("patient", Service::of::<Sick>()).build().unwrap();
    let error = group.run().unwrap_err().to_string();
    assert!(error.starts_with("`patient`: init failed: no medicine"), "{error}");
    assert!(!group.is_running());
    let mut group = related().build().unwrap();
    group.run().unwrap();
    let body = request_with(Value::map([("n", 13.into())]), "w");
    answer(group.address("feed", "publish").unwrap(), &body);
    let ended = group.wait().unwrap_err().to_string();
    assert!(ended.starts_with("`strategy`: stopped because a function failed: unlucky"), "{ended}");
}

#[test]
fn a_circle_of_requests_is_refused() {
    let mut doors = doors(&["twice", "ask_raw", "seen"]);
    doors["heard"] = json!({"subscriber": "127.0.0.1:9"});
    let addresses = json!({"connections": {"in": doors, "out": {"raw": {"requester": "127.0.0.1:9"}}}});
    let group = Group::new()
        .service("a", Service::of::<Strategy>().addresses(addresses.clone()))
        .service("b", Service::of::<Strategy>().addresses(addresses))
        .relation("a.quotes", "b.ask")
        .relation("b.quotes", "a.ask");
    let Err(ServiceError::Invalid(problems)) = group.build().unwrap().run() else { panic!("it cannot run") };
    let text = problems.render(false);
    assert!(text.contains("the services wait for each other's answers in a circle: `a` -> `b` -> `a`"), "{text}");
}
