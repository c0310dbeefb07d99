//! What a request, a call and a publication allocate: nothing but the frames that leave.

use std::time::Instant;

use bytes::Bytes;
use service_framework_connections::calls::Calls;
use service_framework_connections::intake::Intake;
use service_framework_connections::registry::{Made, make};
use service_framework_connections::requests::Requests;
use service_framework_connections::timeout::DEFAULT;
use service_framework_model::schema::{ConnectionModel, Side};

const MESSAGES: u64 = 100;
const BODY: Bytes = Bytes::from_static(b"body");
const PUBLICATION: Bytes = Bytes::from_static(b"\x81\xa4args\x80");

/// The allocations for each of many messages, once queues have grown to their size.
fn allocations_per_message(mut message: impl FnMut()) -> u64 {
    message();
    let counted = allocation_counter::measure(|| (0..MESSAGES).for_each(|_| message()));
    assert_eq!(counted.count_total % MESSAGES, 0, "not every message allocates the same");
    counted.count_total / MESSAGES
}

#[test]
fn a_request_allocates_nothing_but_room_for_many_correlations() {
    let (mut requests, now) = (Requests::new(0, 2, 0), Instant::now());
    requests.handle_peers(0, 1, false, now);
    let mut request = || {
        requests.begin(1, BODY, now + DEFAULT, now);
        let (address, frames) = requests.poll_transmit().unwrap();
        requests.handle_frames(address, &frames).unwrap();
        assert_eq!(requests.poll_outcome(), Some((1, Ok(BODY))));
    };
    request();
    let counted = allocation_counter::measure(|| (0..MESSAGES).for_each(|_| request()));
    assert!(counted.count_total <= 2, "{} for {MESSAGES} requests", counted.count_total);
}

#[test]
fn a_call_allocates_nothing() {
    let (mut calls, now) = (Calls::new(2), Instant::now());
    let call = || {
        calls.begin(1, BODY, now);
        let (_, worker, body) = calls.poll_start().unwrap();
        calls.handle_done(worker, body).unwrap();
        assert_eq!(calls.poll_outcome(), Some((1, Ok(BODY))));
    };
    assert_eq!(allocations_per_message(call), 0);
}

#[test]
fn a_publication_waits_in_its_queue_without_an_allocation() {
    for queue in ["block", "drop_oldest", "drop_newest"] {
        let mut model = ConnectionModel::new("trades", Side::In, "subscriber");
        model.optional_creation_arguments.push(("queue".into(), queue.into()));
        let Ok(Made::In(subscriber)) = make(&model) else { panic!("a subscriber") };
        let mut intake = Intake::new(subscriber.intake().unwrap().clone());
        let publication = || {
            intake.handle_frames([PUBLICATION].into_iter().collect());
            assert_eq!(intake.poll_frames().unwrap().as_slice(), [PUBLICATION]);
        };
        assert_eq!(allocations_per_message(publication), 0, "{queue}");
    }
}
