//! What holds for every answer, wherever the sockets live: order, counting, flushing, stopping, busy waiting.

use service_framework::json;

use crate::support::messages::request;
use crate::support::until;
use crate::worker::{NOBODY, tell, teller, worker};
use crate::{each_placement, started};

#[test]
fn answers_come_in_the_order_of_the_requests_none_lost_and_none_twice() {
    each_placement(|placement| {
        let service = started(worker(placement, 0, &json!(NOBODY)));
        let mut peers: Vec<_> = (0..4).map(|_| teller(&service)).collect();
        for n in 0..500 {
            for peer in &mut peers {
                peer.send_request(&request(&format!("text {n}"), "w"));
            }
        }
        for n in 0..500 {
            for peer in &mut peers {
                assert_eq!(peer.reply().text(), format!("text {n}"));
            }
        }
        let told = &service.stats().inbound["told"];
        assert_eq!((told.received, told.sent, told.dropped.len()), (2_000, 2_000, 0));
    });
}

#[test]
fn a_function_sees_the_counters_and_may_flush() {
    each_placement(|placement| {
        let service = started(worker(placement, 0, &json!(NOBODY)));
        let mut peer = teller(&service);
        tell(&mut peer, "hello");
        until("the counters", || (tell(&mut peer, "stats").starts_with("received=")).then_some(()));
        assert_eq!(tell(&mut peer, "flush"), "flush");
    });
}

#[test]
fn an_answer_that_was_flushed_arrives_while_the_next_function_still_runs() {
    each_placement(|placement| {
        let service = started(worker(placement, 0, &json!(NOBODY)));
        let (mut first, mut second) = (teller(&service), teller(&service));
        tell(&mut first, "hello");
        tell(&mut second, "hello");
        // Both are in one batch at the latest when the first of them lingers.
        first.send_request(&request("linger 20", "w"));
        first.send_request(&request("hello", "w"));
        second.send_request(&request("hello", "w"));
        assert_eq!(first.reply().text(), "linger 20");
        assert_eq!(first.reply().text(), "hello");
        assert_eq!(second.reply().text(), "hello");
    });
}

#[test]
fn a_busy_service_answers_and_stops_as_any_other() {
    each_placement(|placement| {
        let mut service = started(worker(placement, 0, &json!(NOBODY)).busy(true));
        let mut peer = teller(&service);
        for n in 0..200 {
            assert_eq!(tell(&mut peer, &format!("n {n}")), format!("n {n}"));
        }
        tell(&mut peer, "once 5");
        until("the timer", || (tell(&mut peer, "ticks") == "1").then_some(()));
        service.stop_service().unwrap();
    });
}

#[test]
fn what_waits_when_the_service_stops_is_turned_away() {
    each_placement(|placement| {
        let mut service = started(worker(placement, 0, &json!(NOBODY)));
        let mut peer = teller(&service);
        tell(&mut peer, "hello");
        peer.send_request(&request("linger 100", "w"));
        for _ in 0..200 {
            peer.send_request(&request("hello", "w"));
        }
        until("the first request", || (service.stats().inbound["told"].received >= 2).then_some(()));
        let stopper = service.stopper().unwrap();
        stopper.stop(service_framework::StopReason::Requested);
        assert_eq!(peer.reply().text(), "linger 100");
        let mut turned_away = 0;
        for _ in 0..200 {
            let reply = peer.reply();
            assert!(matches!(reply.code(), "no error" | "stopping"), "{reply:?}");
            turned_away += u32::from(reply.code() == "stopping");
        }
        service.wait().unwrap();
        assert!(turned_away > 0, "the stop came before all were handled");
    });
}
