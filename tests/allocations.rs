//! What a message may allocate on its way through an embedded service: what the handler's own types need, no more.

use bench_desk::{BORROWED, Desk, OWNED, by_hand, message};
use bytes::Bytes;
use rmp::encode::ByteBuf;
use service_framework::testing::TestService;

const MESSAGES: u64 = 1_000;

/// The allocations for each of many messages, once buffers have grown to their size.
fn allocations_per_message(connection: &str) -> u64 {
    let mut path = TestService::of::<Desk>().start().expect("a desk");
    let place = path.place_of(connection).expect("a connection of the desk");
    let mut request = ByteBuf::new();
    by_hand::write_call(&message::order(message::SEQUENCE), message::WORKFLOW_ID, &mut request);
    let frames = [Bytes::from_static(b"peer"), Bytes::new(), Bytes::from(request.into_vec())];

    let mut answer =
        || assert!(path.handle(place, &frames).is_some_and(|(_, reply)| reply.starts_with(b"\x82\xabreturn_args")));
    answer();
    let counted = allocation_counter::measure(|| (0..MESSAGES).for_each(|_| answer()));
    assert_eq!(counted.count_total % MESSAGES, 0, "every message costs the same");
    counted.count_total / MESSAGES
}

#[test]
fn a_function_that_borrows_is_served_without_an_allocation() {
    assert_eq!(allocations_per_message(BORROWED), 0);
}

#[test]
fn a_function_that_owns_costs_one_allocation_for_each_of_its_two_texts() {
    assert_eq!(allocations_per_message(OWNED), 2);
}
