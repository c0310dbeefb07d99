//! What is published and who gets it, wherever the sockets of either side live.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, Sender as ChannelSender, channel};

use service_framework::prelude::*;
use service_framework::{ConnectionStats, Json, Placement, Service, ServiceBuilder, json};

use crate::support::messages::{publication, request};
use crate::support::peer::Peer;
use crate::support::{PATIENCE, until};
use crate::{each_placement, started};

#[derive(Clone, Debug, PartialEq, Model)]
pub(crate) struct Tick {
    pub(crate) key: String,
    pub(crate) n: i64,
}

#[derive(Clone, Debug, Model)]
pub(crate) struct Setup {
    pub(crate) test: i64,
    #[model(default = 0)]
    pub(crate) count: i64,
    /// What the creation arguments of the connection are to be.
    #[model(default = "{}")]
    pub(crate) creation: String,
}

pub(crate) fn creation(config: &Json, connection: &str) -> Result<Json> {
    let text = config.get("creation").and_then(Json::as_str).unwrap_or("{}");
    let creation: Json = service_framework::serde_json::from_str(text)?;
    Ok(json!({ connection: creation }))
}

pub(crate) const TICKS: Publisher<Tick> = Publisher::new("ticks");

/// Publishes in main mode: waits for one subscriber, then counts.
struct Source {
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
            if ctx.should_stop() {
                break;
            }
            ctx.send(&TICKS, &Tick { key: format!("k{}", n % 10), n })?;
        }
        while !ctx.should_stop() {
            ctx.wait(Duration::from_secs(1)).or_else(|error| if ctx.should_stop() { Ok(()) } else { Err(error) })?;
        }
        Ok(())
    }
}

/// The number of a test, where what is heard goes, and the gate.
type Listening = (i64, ChannelSender<Tick>, Receiver<()>);

static LISTENING: Mutex<Vec<Listening>> = Mutex::new(Vec::new());

/// Hears what is published; each message waits for its gate, if it has one.
struct Sink {
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
    creation: &Json,
) -> (Service, Receiver<Tick>, ChannelSender<()>) {
    static NEXT: AtomicI64 = AtomicI64::new(1);
    let test = NEXT.fetch_add(1, Ordering::Relaxed);
    let ((heard, hears), (open, gate)) = (channel(), channel());
    LISTENING.lock().unwrap().push((test, heard, gate));
    let config = json!({"test": test, "creation": creation.to_string()});
    let mut service = builder(Service::of::<Sink>().config(config)).build().unwrap();
    service.run_service().unwrap();
    (service, hears, open)
}

fn source(builder: impl FnOnce(ServiceBuilder) -> ServiceBuilder, count: i64, creation: &Json) -> Service {
    let config = json!({"test": 0, "count": count, "creation": creation.to_string()});
    let mut service = builder(Service::of::<Source>().config(config)).build().unwrap();
    service.run_service_as_main().unwrap();
    service
}

/// Addresses of the ticks.
pub(crate) fn at(side: &str, key: &str, address: &str) -> Json {
    json!({"connections": {side: {"ticks": {key: address}}}})
}

/// A way in which the two sides can be connected.
struct Way {
    /// Where the publisher binds.
    address: String,
    transport: &'static str,
}

impl Way {
    /// Addresses of the ticks, by this transport.
    fn at(&self, side: &str, key: &str, address: &str) -> Json {
        json!({"connections": {side: {"ticks": {key: address, "transport": self.transport}}}})
    }
}

fn each_way(test: impl Fn(Placement, &Way) + std::panic::RefUnwindSafe) {
    each_placement(|placement| {
        for transport in ["omq", "zeromq", "inproc"] {
            let address = match transport {
                "inproc" => format!("inproc://ticks-{}", Uuid::new_v4()),
                _ => "127.0.0.1:0".to_owned(),
            };
            let way = Way { address, transport };
            let outcome = std::panic::catch_unwind(|| test(placement, &way));
            assert!(outcome.is_ok(), "over {transport}");
        }
    });
}

struct Pair {
    publisher: Service,
    subscriber: Service,
    hears: Receiver<Tick>,
    gate: ChannelSender<()>,
}

/// A publisher that sends so many ticks, and a subscriber with these creation arguments.
fn pair(placement: Placement, way: &Way, count: i64, creation: &Json) -> Pair {
    let of_publisher = way.at("out", "publisher", &way.address);
    let publisher =
        source(|builder| builder.placement(placement).addresses(of_publisher), count, &json!({"topic": "TICK"}));
    let address = publisher.address("ticks").expect("a bound publisher").to_owned();
    let of_subscriber = way.at("in", "subscriber", &address);
    let (subscriber, hears, gate) = sink(|builder| builder.placement(placement).addresses(of_subscriber), creation);
    Pair { publisher, subscriber, hears, gate }
}

pub(crate) fn stats(service: &Service) -> ConnectionStats {
    let mut stats = service.stats();
    stats.inbound.remove("ticks").or_else(|| stats.outbound.remove("ticks")).expect("a connection `ticks`")
}

fn dropped(service: &Service, reason: &str) -> u64 {
    stats(service).dropped.get(reason).copied().unwrap_or_default()
}

#[test]
fn everything_published_arrives_once_and_in_order() {
    each_way(|placement, way| {
        let Pair { publisher, subscriber, hears, gate } = pair(placement, way, 900, &json!({}));
        drop(gate);
        for n in 0..900 {
            assert_eq!(hears.recv_timeout(PATIENCE).expect("a tick").n, n);
        }
        until("the counters", || (stats(&subscriber).received == 900).then_some(()));
        assert_eq!((dropped(&subscriber, "missed"), stats(&subscriber).waiting), (0, 0));
        assert_eq!((stats(&publisher).sent, stats(&publisher).dropped.len()), (900, 0));
    });
}

#[test]
fn what_waits_for_a_slow_function_is_seen_and_none_of_it_is_lost() {
    each_way(|placement, way| {
        let Pair { publisher, subscriber, hears, gate } = pair(placement, way, 900, &json!({}));
        gate.send(()).expect("a sink");
        assert_eq!(hears.recv_timeout(PATIENCE).expect("a tick").n, 0);
        if placement == Placement::Offloaded {
            until("the depth", || (stats(&subscriber).waiting >= 800).then_some(()));
        }
        drop(gate);
        for n in 1..900 {
            let heard = hears.recv_timeout(PATIENCE);
            assert_eq!(heard.as_ref().map(|tick| tick.n), Ok(n), "{:?} {:?}", stats(&subscriber), stats(&publisher));
        }
        until("an empty queue", || (stats(&subscriber).waiting == 0).then_some(()));
    });
}

/// What a slow subscriber heard of 900 ticks, in its order, with the counters afterwards.
fn heard_slowly(placement: Placement, way: &Way, creation: &Json) -> (Vec<i64>, ConnectionStats) {
    let Pair { publisher, subscriber, hears, gate } = pair(placement, way, 900, creation);
    gate.send(()).expect("a sink");
    let mut heard = vec![hears.recv_timeout(PATIENCE).expect("a tick").n];
    until("the publisher to have sent", || (stats(&publisher).sent == 900).then_some(()));
    if placement == Placement::Offloaded {
        // While the function hangs, the queue takes in all that comes.
        until("the drops", || (stats(&subscriber).dropped.values().sum::<u64>() >= 800).then_some(()));
    }
    drop(gate);
    until("all to be heard or counted", || {
        let stats = stats(&subscriber);
        (stats.received + stats.dropped.values().sum::<u64>() == 900).then_some(())
    });
    heard.extend(hears.try_iter().map(|tick| tick.n));
    (heard, stats(&subscriber))
}

#[test]
fn a_queue_that_drops_the_oldest_keeps_the_last() {
    each_way(|placement, way| {
        let (heard, stats) = heard_slowly(placement, way, &json!({"queue": "drop_oldest", "queue_messages": 20}));
        assert!(heard.is_sorted() && heard.last() == Some(&899), "{heard:?}");
        assert_eq!(stats.dropped.keys().collect::<Vec<_>>(), ["oldest_dropped"]);
        if placement == Placement::Offloaded {
            assert_eq!(heard[heard.len() - 20..], (880..900).collect::<Vec<_>>());
        }
    });
}

#[test]
fn a_queue_that_drops_the_newest_keeps_the_first() {
    each_way(|placement, way| {
        let (heard, stats) = heard_slowly(placement, way, &json!({"queue": "drop_newest", "queue_messages": 20}));
        assert!(heard.is_sorted(), "{heard:?}");
        assert_eq!(heard[..20], (0..20).collect::<Vec<_>>());
        assert_eq!(stats.dropped.keys().collect::<Vec<_>>(), ["newest_dropped"]);
    });
}

#[test]
fn a_queue_that_conflates_keeps_the_last_of_each_key() {
    each_way(|placement, way| {
        let creation = json!({"queue": "conflate", "conflate_by": ["key"]});
        let (heard, stats) = heard_slowly(placement, way, &creation);
        assert_eq!(stats.dropped.keys().collect::<Vec<_>>(), ["conflated"]);
        for key in 0..10 {
            assert_eq!(heard.iter().rev().find(|n| *n % 10 == key), Some(&(890 + key)), "{heard:?}");
        }
        if placement == Placement::Offloaded {
            assert!(heard.len() <= 21, "the function was handed what was replaced: {heard:?}");
        }
    });
}

#[test]
fn what_a_publisher_says_that_it_sent_and_nobody_got_is_counted() {
    each_placement(|placement| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound port").to_string();
        let (subscriber, hears, gate) =
            sink(|builder| builder.placement(placement).addresses(at("in", "subscriber", &address)), &json!({}));
        drop(gate);
        let mut publisher = Peer::accepted_as_publisher(&listener);
        let mut publish = |n: i64, seq: Option<(u64, u64)>| {
            let tick = Value::map([("key", Value::from("k")), ("n", Value::Int(n))]);
            publisher.send(&[&publication("TICK", tick, "w", seq)]);
        };
        let (one_life, another) = (7, u64::MAX);
        publish(0, Some((one_life, 100)));
        publish(1, Some((one_life, 101)));
        publish(2, Some((one_life, 105)));
        publish(-1, Some((one_life, 103)));
        publish(-1, Some((one_life, 105)));
        publish(3, Some((another, 1)));
        publish(4, None);
        publish(5, Some((one_life, 108)));
        for n in 0..6 {
            assert_eq!(hears.recv_timeout(PATIENCE).expect("a tick").n, n);
        }
        assert_eq!((dropped(&subscriber, "missed"), dropped(&subscriber, "repeated")), (3 + 2, 2));
    });
}

#[test]
fn a_subscriber_hears_all_of_its_publishers_each_in_its_order() {
    each_placement(|placement| {
        let publishers: Vec<_> = (0..3)
            .map(|_| {
                source(
                    |builder| builder.placement(placement).addresses(at("out", "publisher", "127.0.0.1:0")),
                    300,
                    &json!({}),
                )
            })
            .collect();
        let addresses: Vec<_> = publishers.iter().map(|publisher| publisher.address("ticks").expect("bound")).collect();
        let addresses = json!({"connections": {"in": {"ticks": {"subscriber": addresses}}}});
        let (subscriber, hears, gate) = sink(|builder| builder.placement(placement).addresses(addresses), &json!({}));
        drop(gate);
        let mut heard: Vec<i64> = (0..900).map(|_| hears.recv_timeout(PATIENCE).expect("a tick").n).collect();
        heard.sort_unstable();
        assert_eq!(heard, (0..300).flat_map(|n| [n; 3]).collect::<Vec<_>>());
        assert!(stats(&subscriber).dropped.is_empty(), "{:?}", stats(&subscriber));
    });
}

#[test]
fn publishers_that_connect_find_a_subscriber_that_binds() {
    each_placement(|placement| {
        let of_subscriber = at("in", "subscriber", "127.0.0.1:0");
        let (subscriber, hears, gate) =
            sink(|builder| builder.placement(placement).addresses(of_subscriber), &json!({"is_binder": true}));
        drop(gate);
        let address = subscriber.address("ticks").expect("a bound subscriber").to_owned();
        let connects = json!({"is_x_pub": true});
        let publishers: Vec<_> = (0..2)
            .map(|_| {
                source(
                    |builder| builder.placement(placement).addresses(at("out", "publisher", &address)),
                    100,
                    &connects,
                )
            })
            .collect();
        for _ in 0..200 {
            hears.recv_timeout(PATIENCE).expect("a tick");
        }
        assert_eq!(publishers.iter().map(|publisher| stats(publisher).sent).sum::<u64>(), 200);
    });
}

/// Answers, and takes a flood of ticks at the same time.
struct Both {
    ticks: u64,
}

impl ServiceDefinition for Both {
    type Config = Setup;

    fn new(_: Setup) -> Result<Self> {
        Ok(Self { ticks: 0 })
    }

    fn models(m: &mut Models<Self>) {
        m.replyer("told", |both: &mut Self, _: crate::worker::Text, _| {
            Ok(crate::worker::Text::new(both.ticks.to_string()))
        });
        m.subscriber("ticks", |both: &mut Self, _: Tick, _| {
            both.ticks += 1;
            Ok(())
        })
        .topic("TICK");
    }
}

#[test]
fn a_flood_of_publications_starves_no_requester() {
    each_way(|placement, way| {
        let of_publisher = way.at("out", "publisher", &way.address);
        let publisher = source(|builder| builder.placement(placement).addresses(of_publisher), i64::MAX, &json!({}));
        let address = publisher.address("ticks").expect("a bound publisher");
        let addresses = json!({"connections": {"in": {
            "told": {"replyer": "127.0.0.1:0"},
            "ticks": {"subscriber": address, "transport": way.transport},
        }}});
        let both = started(Service::of::<Both>().addresses(addresses).config(json!({"test": 0})).placement(placement));
        let mut peer = Peer::dealer(both.address("told").expect("a running service"));
        let mut ask = || peer.ask(&request("how many?", "w")).text().parse::<u64>().expect("a number");
        until("the flood", || (ask() > 1_000).then_some(()));
        let before = ask();
        (0..100).for_each(|_| assert!(ask() >= before));
        until("the flood to go on", || (ask() > before).then_some(()));
    });
}

#[test]
fn a_busy_subscriber_and_a_busy_publisher_do_as_any_other() {
    each_placement(|placement| {
        let publisher = source(
            |builder| builder.placement(placement).busy(true).addresses(at("out", "publisher", "127.0.0.1:0")),
            500,
            &json!({}),
        );
        let address = publisher.address("ticks").expect("bound").to_owned();
        let of_subscriber = at("in", "subscriber", &address);
        let (_subscriber, hears, gate) =
            sink(|builder| builder.placement(placement).busy(true).addresses(of_subscriber), &json!({}));
        drop(gate);
        for n in 0..500 {
            assert_eq!(hears.recv_timeout(PATIENCE).expect("a tick").n, n);
        }
    });
}

#[test]
fn what_waits_when_the_service_stops_is_counted() {
    each_way(|placement, way| {
        let Pair { publisher, subscriber, hears, gate } = pair(placement, way, 900, &json!({}));
        gate.send(()).expect("a sink");
        hears.recv_timeout(PATIENCE).expect("a tick");
        until("the publisher to have sent", || (stats(&publisher).sent == 900).then_some(()));
        if placement == Placement::Offloaded {
            until("the depth", || (stats(&subscriber).waiting >= 800).then_some(()));
        }
        let stopper = subscriber.stopper().expect("a running service");
        stopper.stop(service_framework::StopReason::Requested);
        drop(gate);
        until("the end", || (!subscriber.is_running()).then_some(()));
        let stats = stats(&subscriber);
        assert_eq!(stats.waiting, 0);
        let accounted = stats.received + dropped(&subscriber, "stopping");
        assert!(accounted >= 2, "{stats:?}");
        if placement == Placement::Offloaded {
            assert!(dropped(&subscriber, "stopping") >= 800, "{stats:?}");
        }
    });
}
