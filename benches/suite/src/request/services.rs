//! Both sides as services of the framework.
//!
//! Owns the services and how they are built from words: the transport, the placement, `main`, `busy`.

use bench_desk::{Ack, Order, OwnedAck, acknowledge};
use service_framework::prelude::*;
use service_framework::{Json, Placement, Service, ServiceBuilder, json};

use super::texts::{Asking, Echo};
use super::turns::{Turns, size};
use crate::side::until_left;

/// Answers at this endpoint.
pub(crate) fn desk(at: &str, words: &[&str]) {
    let mut service = started_desk(at, words);
    println!("{}", service.address("desk").expect("an address"));
    until_left();
    service.stop_service().expect("a service that stops");
}

/// A desk that answers in the background.
pub(crate) fn started_desk(at: &str, words: &[&str]) -> Service {
    let mut service = desk_at(at, words).build().expect("a service");
    service.run_service().expect("a free endpoint");
    service
}

/// A desk that is to be built.
pub(crate) fn desk_at(at: &str, words: &[&str]) -> ServiceBuilder {
    let addresses = json!({"connections": {"in": {"desk": {"replyer": at}}}});
    match size(words) {
        Some(_) => building::<Echo>(addresses, words),
        None => building::<Desk>(addresses, words),
    }
}

/// Asks at this endpoint, until nobody tells it to any more.
pub(crate) fn client(at: &str, words: &[&str]) {
    let addresses = json!({"connections": {"out": {"desk": {"requester": at}}}});
    if let Some(size) = size(words) {
        building::<Asking>(addresses, words)
            .config(json!({"size": size}))
            .build()
            .expect("a service")
            .run_service()
            .expect("a client");
    } else if words.contains(&"main") {
        build::<Client<true>>(addresses, words).run_service_as_main_blocking().expect("a client");
    } else {
        build::<Client<false>>(addresses, words).run_service().expect("a client");
    }
}

fn build<T: ServiceDefinition>(addresses: Json, words: &[&str]) -> Service {
    building::<T>(addresses, words).build().expect("a service")
}

fn building<T: ServiceDefinition>(addresses: Json, words: &[&str]) -> ServiceBuilder {
    let mut builder = Service::of::<T>().addresses(addresses);
    for word in words {
        builder = match *word {
            "omq" | "zeromq" => builder.transport(*word),
            "inline" => builder.placement(Placement::Inline),
            "offloaded" => builder.placement(Placement::Offloaded),
            "busy" => builder.busy(true),
            // The address chooses the one, the caller the other.
            "inproc" | "main" => builder,
            text if text.starts_with("text=") => builder,
            other => panic!("a service cannot be `{other}`"),
        };
    }
    builder
}

struct Desk;

impl ServiceDefinition for Desk {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.replyer_borrowed::<Order, Ack>("desk", Self::on_order);
    }
}

impl Desk {
    fn on_order<'a>(&mut self, order: Order<'a>, _: &mut Context) -> Result<Ack<'a>> {
        Ok(acknowledge(&order))
    }
}

/// A client, which works in `main` or, as a handler would, on the thread of its sockets.
struct Client<const IN_MAIN: bool>;

const DESK: Requester<Order<'static>, OwnedAck> = Requester::new("desk");

impl<const IN_MAIN: bool> ServiceDefinition for Client<IN_MAIN> {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.requester(&DESK);
        if IN_MAIN { m.main(Self::ask) } else { m.init(Self::ask) }
    }
}

impl<const IN_MAIN: bool> Client<IN_MAIN> {
    fn ask(&mut self, ctx: &mut Context) -> Result<()> {
        let mut turns = Turns::default();
        while let Some(count) = turns.next() {
            for _ in 0..count {
                let order = turns.order();
                let OwnedAck { symbol, notional, sequence } = ctx.send(&DESK, &order)?;
                turns.took(&Ack { symbol: &symbol, notional, sequence });
            }
        }
        Ok(())
    }
}
