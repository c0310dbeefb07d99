//! External targets: called on threads of their own, bounded, told from each other by how they fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use service_framework::json;

use crate::support::PATIENCE;
use crate::support::messages::request;
use crate::worker::{NOBODY, gate, tell, teller, worker};
use crate::{each_placement, started};

#[test]
fn a_target_is_called_on_a_thread_of_its_own_and_its_failures_are_told_apart() {
    each_placement(|placement| {
        let service = started(worker(placement, 1, &json!(NOBODY)));
        let mut peer = teller(&service);
        assert_eq!(tell(&mut peer, "call who"), "worker-venue-0");
        assert_eq!(tell(&mut peer, "call fail"), "no_market");
        assert_eq!(tell(&mut peer, "call panic"), "panicked");
        assert_eq!(tell(&mut peer, "call who"), "worker-venue-0", "a panic ends nothing");
        let stats = service.stats();
        assert_eq!((stats.outbound["venue"].sent, stats.outbound["venue"].received), (4, 4));
    });
}

#[test]
fn a_call_that_takes_too_long_is_given_up_and_its_thread_is_left_to_it() {
    each_placement(|placement| {
        let (first, second) = (gate(2), gate(2));
        let service = started(worker(placement, 2, &json!(NOBODY)));
        let mut peer = teller(&service);
        assert_eq!(tell(&mut peer, "call wait"), "timed_out");
        assert_eq!(first.entered.recv_timeout(PATIENCE).unwrap(), "wait");
        assert_eq!(tell(&mut peer, "call wait"), "timed_out");
        assert_eq!(second.entered.recv_timeout(PATIENCE).unwrap(), "wait");
        // Both threads are taken: this call was never made.
        assert_eq!(tell(&mut peer, "call who"), "busy");
        second.go.send(()).unwrap();
        crate::support::until("the thread to be free again", || {
            (tell(&mut peer, "call who") == "worker-venue-1").then_some(())
        });
        let venue = &service.stats().outbound["venue"];
        assert_eq!(venue.dropped["timed_out"], 2);
        assert_eq!(venue.dropped["late_reply"], 1, "what came back too late is counted: {venue}");
        first.go.send(()).unwrap();
    });
}

#[test]
fn a_stop_does_not_wait_for_a_target_that_does_not_return() {
    each_placement(|placement| {
        let held = gate(3);
        let _other = gate(3);
        let mut service = started(worker(placement, 3, &json!(NOBODY)).linger(std::time::Duration::from_millis(50)));
        teller(&service).send_request(&request("call wait", "w"));
        held.entered.recv_timeout(PATIENCE).unwrap();
        service.stop_service().unwrap();
        drop(held.go);
    });
}

#[test]
fn other_services_go_on_while_a_target_is_called() {
    each_placement(|placement| {
        let held = gate(4);
        let _other = gate(4);
        let busy = started(worker(placement, 4, &json!(NOBODY)));
        let free = started(worker(placement, 5, &json!(NOBODY)));
        teller(&busy).send_request(&request("call wait", "w"));
        held.entered.recv_timeout(PATIENCE).unwrap();
        let answered = Arc::new(AtomicUsize::new(0));
        for _ in 0..20 {
            assert_eq!(tell(&mut teller(&free), "hello"), "hello");
            answered.fetch_add(1, Ordering::Relaxed);
        }
        assert_eq!(answered.load(Ordering::Relaxed), 20);
        held.go.send(()).unwrap();
    });
}
