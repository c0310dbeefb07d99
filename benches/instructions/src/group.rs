//! The paths of messages between two services of a group.
//!
//! Owns the service that sends. Its main is the code that is counted, so that a message counts from the sender's arguments
//! to the other service's function and, for a request, back.

use std::hint::black_box;

use bench_desk::{BORROWED, Desk, HEARD_BORROWED, HEARD_OWNED, Order, OwnedAck, acknowledge, message, publication};
use service_framework::prelude::*;
use service_framework::{json, service_table};
use service_framework_runtime::diagnostics::Source;
use service_framework_runtime::{
    GroupMember, Inputs, Loaded, LogOptions, Mode, PreparedGroup, RunOptions, WrittenRelation,
};

use crate::counting::{ALL, count};

const ORDERS: Requester<Order<'static>, OwnedAck> = Requester::new("orders");
const NEWS: Publisher<Order<'static>> = Publisher::new("news");

/// Sends: requests, or publications.
struct Sender<const ASKS: bool>;

impl<const ASKS: bool> ServiceDefinition for Sender<ASKS> {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        if ASKS {
            m.requester(&ORDERS);
        } else {
            m.publisher(&NEWS).topic(publication::TOPIC);
        }
        m.main(Self::send);
    }
}

impl<const ASKS: bool> Sender<ASKS> {
    fn send(&mut self, ctx: &mut Context) -> Result<()> {
        let order = message::order(message::SEQUENCE);
        let expected = acknowledge(&order).notional;
        count(&mut |_| {
            if ASKS {
                let told = ctx.send(&ORDERS, black_box(&order)).expect("an answer");
                assert_eq!(told.notional, expected);
            } else {
                ctx.send(&NEWS, black_box(&order)).expect("a subscriber");
            }
        });
        Ok(())
    }
}

/// Sends all messages from one service of a group to the desk.
pub(crate) fn sent<const ASKS: bool>() {
    let desk = Loaded::from_table(service_table::<Desk>()).expect("good models");
    let sender = Loaded::from_table(service_table::<Sender<ASKS>>()).expect("good models");
    let (options, log, none) = (RunOptions::default(), LogOptions::default(), Inputs::default());
    // What stands in no relation needs an address.
    let unused =
        [("owned", "replyer"), (BORROWED, "replyer"), (HEARD_OWNED, "subscriber"), (HEARD_BORROWED, "subscriber")];
    let related = if ASKS { BORROWED } else { HEARD_BORROWED };
    let unused = unused.into_iter().filter(|(name, _)| *name != related);
    let unused = unused.map(|(name, key)| (name.to_owned(), json!({key: format!("inproc://{name}")})));
    let unused = unused.collect::<service_framework::serde_json::Map<_, _>>();
    let addressed = Inputs { addresses: Some(json!({"connections": {"in": unused}})), ..Inputs::default() };
    let member = |name, loaded, mode, inputs| GroupMember { name, loaded, mode, inputs, options: &options, log: &log };
    let members = [member("desk", &desk, Mode::Service, &addressed), member("sender", &sender, Mode::Main, &none)];
    let relation = WrittenRelation {
        from: if ASKS { "sender.orders" } else { "sender.news" }.to_owned(),
        to: format!("desk.{related}"),
        source: Source::Embedded("relations"),
        span: None,
    };
    let group = PreparedGroup::new(&members, &[relation]).expect("a good group");
    let mut group = group.start().expect("a group that starts");
    group.wait().expect("a group that ends well");
    let stats = group.stats();
    let stats = &stats.inbound[related];
    assert_eq!((stats.received, stats.dropped.len()), (ALL as u64, 0), "{stats:?}");
}
