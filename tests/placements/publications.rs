//! What is published and who gets it, wherever the sockets of either side live.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender as ChannelSender, channel};

use service_framework::prelude::*;
use service_framework::{ConnectionStats, Placement, Service, ServiceBuilder, json};

use crate::each_placement;
use crate::support::{PATIENCE, until};

#[derive(Clone, Debug, PartialEq, Model)]
pub(crate) struct Tick {
    key: String,
    n: i64,
}

#[derive(Clone, Debug, Model)]
pub(crate) struct Setup {
    test: i64,
    #[model(default = 0)]
    count: i64,
    /// What the creation arguments of the connection are to be.
    #[model(default = "{}")]
    creation: String,
}

fn creation(config: &service_framework::Json, connection: &str) -> Result<service_framework::Json> {
    let text = config.get("creation").and_then(service_framework::Json::as_str).unwrap_or("{}");
    let creation: service_framework::Json = service_framework::serde_json::from_str(text)?;
    Ok(json!({ connection: creation }))
}

pub(crate) const TICKS: Publisher<Tick> = Publisher::new("ticks");

/// Publishes in main mode: waits for one subscriber, then counts.
pub(crate) struct Source {
    setup: Setup,
}

impl ServiceDefinition for Source {
    type Config = Setup;

    fn new(setup: Setup) -> Result<Self> {
        Ok(Self { setup })
    }

    fn models(m: &mut Models<Self>) {
        m.publisher(&TICKS).topic("TICK");
        m.setup_connections(|config| creation(&config, "ticks"));
        m.main(Self::main);
    }

    fn name() -> &'static str {
        "source"
    }
}

impl Source {
    fn main(&mut self, ctx: &mut Context) -> Result<()> {
        ctx.wait_for_subscribers(&TICKS, 1, PATIENCE)?;
        for n in 0..self.setup.count {
            ctx.send(&TICKS, &Tick { key: format!("k{}", n % 10), n })?;
            if n % 1_000 == 999 {
                ctx.flush()?;
            }
        }
        while !ctx.should_stop() {
            ctx.wait(Duration::from_secs(1)).or_else(|error| if ctx.should_stop() { Ok(()) } else { Err(error) })?;
        }
        Ok(())
    }
}

static LISTENING: Mutex<Vec<(i64, ChannelSender<Tick>, Receiver<()>)>> = Mutex::new(Vec::new());

/// Hears what is published; each message waits for its gate, if it has one.
pub(crate) struct Sink {
    heard: ChannelSender<Tick>,
    gate: Receiver<()>,
}

impl ServiceDefinition for Sink {
    type Config = Setup;

    fn new(setup: Setup) -> Result<Self> {
        let mut listening = LISTENING.lock().unwrap();
        let at = listening.iter().position(|(test, ..)| *test == setup.test);
        let (_, heard, gate) = listening.remove(at.ok_or_else(|| Error::new("nobody listens"))?);
        Ok(Self { heard, gate })
    }

    fn models(m: &mut Models<Self>) {
        m.subscriber("ticks", Self::on_tick).topic("TICK");
        m.setup_connections(|config| creation(&config, "ticks"));
    }

    fn name() -> &'static str {
        "sink"
    }
}

impl Sink {
    fn on_tick(&mut self, tick: Tick, _: &mut Context) -> Result<()> {
        // A gate that nobody holds any more is open.
        let _ = self.gate.recv();
        let _ = self.heard.send(tick);
        Ok(())
    }
}

/// A sink, what it hears, and its gate: one message for each `()`; all when it is dropped.
pub(crate) fn sink(
    builder: impl FnOnce(ServiceBuilder) -> ServiceBuilder,
    test: i64,
    creation: &service_framework::Json,
) -> (Service, Receiver<Tick>, ChannelSender<()>) {
    let ((heard, hears), (open, gate)) = (channel(), channel());
    LISTENING.lock().unwrap().push((test, heard, gate));
    let config = json!({"test": test, "creation": creation.to_string()});
    let mut service = builder(Service::of::<Sink>().config(config)).build().unwrap();
    service.run_service().unwrap();
    (service, hears, open)
}

pub(crate) fn source(
    builder: impl FnOnce(ServiceBuilder) -> ServiceBuilder,
    count: i64,
    creation: &service_framework::Json,
) -> Service {
    let config = json!({"test": 0, "count": count, "creation": creation.to_string()});
    let mut service = builder(Service::of::<Source>().config(config)).build().unwrap();
    service.run_service_as_main().unwrap();
    service
}

fn at(key: &'static str, side: &'static str, address: &str) -> service_framework::Json {
    json!({"connections": {side: {"ticks": {key: address}}}})
}

fn stats(service: &Service) -> ConnectionStats {
    let mut stats = service.stats();
    stats.inbound.remove("ticks").or_else(|| stats.outbound.remove("ticks")).unwrap()
}

#[test]
fn everything_published_arrives_once_and_in_order() {
    each_placement(|placement| {
        let publisher =
            source(|b| b.placement(placement).addresses(at("publisher", "out", "127.0.0.1:0")), 500, &json!({}));
        let address = publisher.address("ticks").unwrap().to_owned();
        let (subscriber, hears, gate) =
            sink(|b| b.placement(placement).addresses(at("subscriber", "in", &address)), 1, &json!({}));
        drop(gate);
        for n in 0..500 {
            assert_eq!(hears.recv_timeout(PATIENCE).unwrap().n, n);
        }
        until("the counters", || (stats(&subscriber).received == 500).then_some(()));
        assert!(stats(&subscriber).dropped.is_empty(), "{:?}", stats(&subscriber));
        assert_eq!(stats(&publisher).sent, 500);
    });
}
