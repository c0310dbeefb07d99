//! Both sides as services of the framework.
//!
//! Owns the services and how they are built from words: the transport, the placement, `main`, and `queue=` with how many
//! messages a subscriber's queue has room for.

use std::sync::OnceLock;
use std::time::Duration;

use bench_desk::{Order, publication};
use service_framework::prelude::*;
use service_framework::{Json, Placement, Service, json};

use super::turns::{Heard, REST, last, order, subscribers};
use crate::side::until_left;
use crate::turn::Turn;

/// Publishes at this endpoint, until nobody tells it to any more.
pub(crate) fn publisher(at: &str, words: &[&str]) {
    let addresses = json!({"connections": {"out": {"orders": {"publisher": at}}}});
    if words.contains(&"main") {
        build::<Feed<true>>(addresses, words).run_service_as_main_blocking().expect("a publisher");
    } else {
        build::<Feed<false>>(addresses, words).run_service().expect("a publisher");
    }
}

/// Listens at this endpoint.
pub(crate) fn subscriber(at: &str, words: &[&str]) {
    let addresses = json!({"connections": {"in": {"orders": {"subscriber": at}}}});
    if let Some(room) = words.iter().find_map(|word| word.strip_prefix("queue=")) {
        QUEUE.get_or_init(|| room.parse().expect("a number of messages"));
    }
    let mut service = build::<Hearer>(addresses, words);
    service.run_service().expect("a subscriber");
    until_left();
    service.stop_service().expect("a service that stops");
}

fn build<T: ServiceDefinition>(addresses: Json, words: &[&str]) -> Service {
    let mut builder = Service::of::<T>().addresses(addresses);
    for word in words {
        builder = match *word {
            "omq" | "zeromq" => builder.transport(*word),
            "inline" => builder.placement(Placement::Inline),
            "offloaded" => builder.placement(Placement::Offloaded),
            "busy" => builder.busy(true),
            // The caller chooses it.
            "main" => builder,
            queue if queue.starts_with("queue=") => builder,
            other => panic!("a service cannot be `{other}`"),
        };
    }
    builder.build().expect("a service")
}

const ORDERS: Publisher<Order<'static>> = Publisher::new("orders");

/// A publisher, which works in `main` or, as a function of a service would, on the thread of its sockets.
struct Feed<const IN_MAIN: bool>;

impl<const IN_MAIN: bool> ServiceDefinition for Feed<IN_MAIN> {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.publisher(&ORDERS).topic(publication::TOPIC);
        if IN_MAIN { m.main(Self::publish) } else { m.init(Self::publish) }
    }
}

impl<const IN_MAIN: bool> Feed<IN_MAIN> {
    fn publish(&mut self, ctx: &mut Context) -> Result<()> {
        ctx.wait_for_subscribers(&ORDERS, subscribers(), Duration::from_secs(10))?;
        println!("ready");
        while let Some(turn) = Turn::next() {
            for number in 1..=turn.count {
                ctx.send(&ORDERS, &order(&turn, number))?;
                // In main mode the thread of the sockets has it by now, and to flush is to wait for that thread.
                if turn.is_paced() && !IN_MAIN {
                    ctx.flush()?;
                }
            }
            ctx.wait(REST)?;
            ctx.send(&ORDERS, &last())?;
            ctx.wait(REST)?;
        }
        Ok(())
    }
}

/// How many messages the queue of this process's subscriber has room for, if that was said: a model is made before there is
/// a config.
static QUEUE: OnceLock<u64> = OnceLock::new();

/// A subscriber.
struct Hearer {
    heard: Heard,
}

impl ServiceDefinition for Hearer {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self { heard: Heard::new() })
    }

    fn models(m: &mut Models<Self>) {
        let subscriber = m.subscriber_borrowed::<Order>("orders", Self::on_order).topic(publication::TOPIC);
        if let Some(room) = QUEUE.get() {
            subscriber.queue_messages(*room);
        }
    }
}

impl Hearer {
    fn on_order(&mut self, order: Order<'_>, _: &mut Context) -> Result<()> {
        self.heard.note(&order);
        Ok(())
    }
}
