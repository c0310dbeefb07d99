//! The paths of messages: requests and publications. Those of groups and of states are beside it.
//!
//! Owns what is done for each message. Everything is made before; each result is looked at, so that a path on which
//! all fails counts nothing. The service is called as the service loop calls it, without a socket.

use std::hint::black_box;

use bench_desk::{Ack, BORROWED, Desk, HEARD_BORROWED, HEARD_OWNED, OWNED, Order, acknowledge, by_hand};
use bench_desk::{message, publication};
use bytes::Bytes;
use rmp::encode::ByteBuf;
use service_framework::schema::{ConnectionModel, Peers, Side};
use service_framework::{Model as _, Uuid};
use service_framework_connections::Outbound as _;
use service_framework_connections::publisher::{Numbers, Publisher};
use service_framework_model::slot::Slot;
use service_framework_model::validator::Validator;
use service_framework_model::wire::Arena;
use service_framework_model::wire::envelope::{self, WorkflowId};
use service_framework_runtime::testing::{TestService, TestServiceBuilder};

use crate::counting::{ALL, count};
use crate::{group, states};

/// All paths.
pub(crate) const NAMES: &[&str] = &[
    "request_embedded_borrowed",
    "request_embedded_owned",
    "request_plugin_borrowed",
    "request_plugin_owned",
    "publication_heard_borrowed",
    "publication_heard_owned",
    "publication_written",
    "request_read",
    "reply_written",
    "group_request",
    "group_publication",
    "copy_10_int",
    "copy_1000_int",
    "copy_1000_decimal",
    "owner_1000_int",
];

/// A life of a publisher.
const EPOCH: u64 = 0x9e37_79b9_7f4a_7c15;

/// Handles all messages of one path.
pub(crate) fn walk(name: &str) -> Result<(), String> {
    match name {
        "request_embedded_borrowed" => request(TestService::of::<Desk>(), BORROWED),
        "request_embedded_owned" => request(TestService::of::<Desk>(), OWNED),
        "request_plugin_borrowed" => request(plugin()?, BORROWED),
        "request_plugin_owned" => request(plugin()?, OWNED),
        "publication_heard_borrowed" => heard(HEARD_BORROWED),
        "publication_heard_owned" => heard(HEARD_OWNED),
        "publication_written" => publication_written(),
        "request_read" => request_read(),
        "reply_written" => reply_written(),
        "group_request" => group::sent::<true>(),
        "group_publication" => group::sent::<false>(),
        "copy_10_int" => states::copy(10, states::ints()),
        "copy_1000_int" => states::copy(1_000, states::ints()),
        "copy_1000_decimal" => states::copy(1_000, states::decimals()),
        "owner_1000_int" => states::owner(1_000, states::ints()),
        _ => return Err(format!("there is no path `{name}`")),
    }
    Ok(())
}

fn order_frame() -> Bytes {
    let mut request = ByteBuf::new();
    by_hand::write_call(&message::order(message::SEQUENCE), message::WORKFLOW_ID, &mut request);
    request.into_vec().into()
}

fn reply_frame() -> Vec<u8> {
    let mut reply = ByteBuf::new();
    by_hand::Desk::default().answer(&order_frame(), &mut reply).expect("a request");
    reply.into_vec()
}

fn workflow_id() -> Uuid {
    Uuid::parse_str(message::WORKFLOW_ID).expect("a UUID")
}

/// The library that cargo builds with this program, which depends on it.
fn plugin() -> Result<TestServiceBuilder, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let name = format!("{}bench_desk{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    Ok(TestService::from_path(program.with_file_name("deps").join(name)))
}

/// Bytes in, validated, function, reply bytes out.
fn request(desk: TestServiceBuilder, connection: &str) {
    let mut desk = desk.start().expect("the desk is made");
    let place = desk.place_of(connection).expect("a connection of the desk");
    let identity = Bytes::from_static(b"\0\0\0\0\x01");
    let correlation = Bytes::from_static(&[0, 0, 0, 0, 0, 0, 0, 42]);
    let frames = [identity, correlation, Bytes::new(), order_frame()];
    let expected = reply_frame();
    count(&mut |_| {
        let (route, answer) = desk.handle(place, black_box(&frames)).expect("an answer");
        assert!(route.len() == 3 && answer.len() == expected.len(), "not the reply");
    });
    assert_eq!(desk.handle(place, &frames).expect("an answer").1, expected);
}

/// Bytes in, topic cut, validated, function.
fn heard(connection: &str) {
    let mut desk = TestService::of::<Desk>().start().expect("the desk is made");
    let place = desk.place_of(connection).expect("a connection of the desk");
    let publication = |number: usize| -> [Bytes; 1] {
        let mut frame = ByteBuf::new();
        let order = message::order(message::SEQUENCE + number as i64);
        publication::write(&order, message::WORKFLOW_ID, (EPOCH, number as u64 + 1), &mut frame);
        [frame.into_vec().into()]
    };
    let publications: Vec<_> = (0..ALL).map(publication).collect();
    count(&mut |number| {
        black_box(desk.handle(place, black_box(&publications[number])));
    });
    let stats = desk.stats();
    let stats = &stats.inbound[connection];
    assert_eq!((stats.received, stats.dropped.len()), (ALL as u64, 0), "{stats:?}");
}

/// Validated, topic and arguments written, numbered.
fn publication_written() {
    let mut model = ConnectionModel::new("orders", Side::Out, "publisher");
    model.arguments = Order::record();
    model.optional_creation_arguments.push(("topic".to_owned(), publication::TOPIC.into()));
    let publisher = Publisher::new(&model).expect("a good model");
    let (mut numbers, id) = (Numbers::new(EPOCH), WorkflowId::Uuid(workflow_id()));
    let (arena, mut out, order) = (Arena::new(), Vec::new(), message::order(message::SEQUENCE));
    count(&mut |_| {
        out.clear();
        black_box(&order)
            .with_slots(&arena, |slots| publisher.write_call(Slot::as_foreign(slots), black_box(&id), &mut out))
            .expect("good arguments");
        numbers.number(&mut out);
    });
    let mut expected = ByteBuf::new();
    publication::write(&order, message::WORKFLOW_ID, (EPOCH, ALL as u64), &mut expected);
    assert_eq!(out, expected.as_slice());
}

/// The bytes of a request, read and validated into slots.
fn request_read() {
    let validator = Validator::new(&Order::record()).expect("a good model");
    let (request, mut arena) = (order_frame(), Arena::new());
    count(&mut |_| {
        arena.reset();
        let call = envelope::read_call(black_box(&request), &validator, &arena).expect("a good request");
        black_box(call.arguments);
    });
}

/// What a function returned, validated and written.
fn reply_written() {
    let ack = acknowledge(&message::order(message::SEQUENCE));
    let validator = Validator::new(&Ack::record()).expect("a good model");
    let (id, arena, mut out) = (WorkflowId::Uuid(workflow_id()), Arena::new(), Vec::new());
    count(&mut |_| {
        out.clear();
        let slots = |slots: &[Slot<'_>]| {
            envelope::write_answer(&validator, Slot::as_foreign(slots), Peers::Any, black_box(&id), &mut out)
        };
        black_box(&ack).with_slots(&arena, slots).expect("a good reply");
    });
    assert_eq!(out, reply_frame());
}
