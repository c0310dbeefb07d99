//! What a message may allocate on its way through an embedded service: what the handler's own types need, no more.

use std::collections::BTreeMap;
use std::sync::Mutex;

use bench_desk::{BORROWED, Desk, OWNED, Order, by_hand, message, publication};
use bytes::Bytes;
use rmp::encode::ByteBuf;
use service_framework::prelude::*;
use service_framework::schema::{ConnectionModel, Peers, Side};
use service_framework::testing::TestService;
use service_framework::{Placement, Service, json};
use service_framework_connections::Outbound as _;
use service_framework_connections::publisher::{Numbers, Publisher};
use service_framework_model::slot::Slot;
use service_framework_model::wire::Arena;
use service_framework_model::wire::envelope::WorkflowId;

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

/// Hears orders, and borrows them from their messages.
struct Strategy {
    sum: Decimal,
}

impl ServiceDefinition for Strategy {
    type Config = ();

    fn new((): ()) -> Result<Self> {
        Ok(Self { sum: Decimal::ZERO })
    }

    fn models(m: &mut Models<Self>) {
        m.subscriber_borrowed::<Order>("orders", Self::on_order).topic("ORDER");
    }
}

impl Strategy {
    fn on_order(&mut self, order: Order<'_>, _: &mut Context) -> Result<()> {
        self.sum = order.price * order.quantity;
        Ok(())
    }
}

#[test]
fn a_function_that_borrows_is_called_with_a_publication_without_an_allocation() {
    let mut path = TestService::of::<Strategy>().start().expect("a strategy");
    let place = path.place_of("orders").expect("a connection of the strategy");
    let mut order = ByteBuf::new();
    by_hand::write_call(&message::order(message::SEQUENCE), message::WORKFLOW_ID, &mut order);
    let order = order.into_vec();
    // The numbers follow one another: the last 8 bytes of each message are its number.
    let publication = |number: u64| -> [Bytes; 1] {
        let map = [b"\x83", &order[1..], b"\xa3seq\x92\x07\xcf", &number.to_be_bytes()].concat();
        [Bytes::from([b"\xa5ORDER", map.as_slice()].concat())]
    };
    let publications: Vec<_> = (0..=MESSAGES).map(publication).collect();
    let mut publications = publications.iter();
    let mut next = || assert!(path.handle(place, publications.next().expect("one more")).is_none());
    next();
    let counted = allocation_counter::measure(|| (0..MESSAGES).for_each(|_| next()));
    assert_eq!(counted.count_total, 0);
    let stats = &path.stats().inbound["orders"];
    assert_eq!((stats.received, stats.dropped.len()), (MESSAGES + 1, 0), "{stats:?}");
}

#[test]
fn a_publication_is_validated_written_and_numbered_without_an_allocation() {
    let mut model = ConnectionModel::new("orders", Side::Out, "publisher");
    model.arguments = Order::record();
    model.optional_creation_arguments.push(("topic".to_owned(), publication::TOPIC.into()));
    let publisher = Publisher::new(&model).expect("a good model");
    let (arena, mut numbers, mut out) = (Arena::new(), Numbers::new(7), Vec::new());
    let (order, id) = (message::order(message::SEQUENCE), WorkflowId::Str(message::WORKFLOW_ID));
    let mut publish = || {
        out.clear();
        let written = order.with_slots(&arena, |slots| publisher.write_call(Slot::as_foreign(slots), &id, &mut out));
        written.expect("good arguments");
        numbers.number(&mut out);
        assert!(out.starts_with(publication::PREFIX));
    };
    publish();
    let counted = allocation_counter::measure(|| (0..MESSAGES).for_each(|_| publish()));
    assert_eq!(counted.count_total, 0);
}

const QUOTES: OutState<BTreeMap<String, i64>> = OutState::new("quotes");
const BOOK: OutState<Book> = OutState::new("book");
const CHANGES: i64 = 2_000;

#[derive(Debug, Model)]
struct Book {
    bids: BTreeMap<Decimal, Decimal>,
}

/// Changes the states that it owns, and says what that took.
struct Feed;

impl ServiceDefinition for Feed {
    type Config = ();

    fn new((): ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.delta_update_out(&QUOTES);
        m.delta_update_out(&BOOK).deep().peers(Peers::Own);
        m.main(Self::main);
    }
}

/// How many allocations the changes of each state took.
static TAKEN: Mutex<Vec<u64>> = Mutex::new(Vec::new());

impl Feed {
    fn main(&mut self, ctx: &mut Context) -> Result<()> {
        ctx.replace(&QUOTES, &(0..100).map(|key| (format!("key {key:02}"), 0)).collect())?;
        let price = Decimal::new(604_525, 2);
        ctx.replace(&BOOK, &Book { bids: [(price, Decimal::ONE)].into() })?;
        let taken = |change: &mut dyn FnMut(i64) -> Result<()>| -> Result<()> {
            (0..CHANGES).try_for_each(&mut *change)?;
            let mut done = Ok(());
            let counted = allocation_counter::measure(|| done = (CHANGES..2 * CHANGES).try_for_each(&mut *change));
            TAKEN.lock().expect("nobody panics").push(counted.count_total);
            done
        };
        taken(&mut |n| ctx.set(&QUOTES, "key 50", &(1_000_000 + n)))?;
        taken(&mut |n| ctx.set(&BOOK, ("bids", price), &Decimal::new(1_000_000 + n, 3)))?;
        taken(&mut |n| {
            ctx.edit(&QUOTES, |quotes| {
                quotes.set("key 07", &n);
                quotes.set("key 08", &(CHANGES + n));
            })
        })
    }
}

#[test]
fn a_change_of_a_state_is_checked_applied_written_and_sent_without_an_allocation() {
    let anywhere = || json!({"publisher": "127.0.0.1:0", "replyer": "127.0.0.1:0"});
    let addresses = json!({"states": {"out": {"quotes": anywhere(), "book": anywhere()}}});
    let feed = Service::of::<Feed>().addresses(addresses).placement(Placement::Inline);
    feed.build().expect("a feed").run_service_as_main_blocking().expect("a good run");
    let taken = std::mem::take(&mut *TAKEN.lock().expect("nobody panics"));
    // Each time that what waits is handed to the sockets, at the latest when it is 64 messages, the executor allocates
    // once, to let the sockets' own tasks have a turn. The last updates are kept for copies that missed them, and fill a room of 16 KiB now and
    // then.
    let handed_over = (CHANGES as u64).div_ceil(64);
    assert!(taken.iter().all(|count| *count < handed_over + CHANGES as u64 / 100), "{taken:?}");
}
