//! Publishers and subscribers of both makes: every value, with and without a topic, whoever of the two binds, over each
//! of our transports that reaches another process.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender as ChannelSender, channel};

use service_framework::prelude::*;
use service_framework::{Json, Service, json};

use crate::support::runner::Folder;
use crate::support::{PATIENCE, free_address};
use crate::theirs::Python;
use crate::values::{assert_same, canonical_of, every_value, list, under};

/// How the two sides are connected.
#[derive(Clone, Copy, Debug)]
struct Way {
    transport: &'static str,
    topic: &'static str,
    /// Whether the subscriber binds and the publisher connects.
    is_turned: bool,
}

impl Way {
    fn each(test: impl Fn(Self) + std::panic::RefUnwindSafe) {
        for transport in ["omq", "zeromq"] {
            for (topic, is_turned) in [("", false), ("caf\u{e9} and more than thirty-one bytes", false), ("T", true)] {
                let way = Self { transport, topic, is_turned };
                assert!(std::panic::catch_unwind(|| test(way)).is_ok(), "{way:?}");
            }
        }
    }

    /// The flags of a script.
    fn flags<'a>(&self, address: &'a str, turned: &'a str) -> Vec<&'a str> {
        let mut flags = vec!["--addr", address];
        if !self.topic.is_empty() {
            flags.extend(["--topic", self.topic]);
        }
        flags.extend(self.is_turned.then_some(turned));
        flags
    }
}

fn payload() -> Record {
    Record::new().required("payload", ArgType::Any)
}

fn payloads() -> Vec<Json> {
    every_value().into_iter().map(|value| canonical_of(&under("payload", value))).collect()
}

#[derive(Model)]
struct Config {
    #[allow(dead_code, reason = "read where the connections are set up")]
    topic: String,
    #[allow(dead_code, reason = "likewise")]
    turned: bool,
}

/// Publishes every value as soon as somebody has subscribed.
struct Speaker;

const SPOKEN: Publisher<()> = Publisher::new("spoken");

impl ServiceDefinition for Speaker {
    type Config = Config;

    fn new(_: Config) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.publisher_untyped("spoken", payload());
        m.setup_connections(|config| Ok(json!({"spoken": {"topic": config["topic"], "is_x_pub": config["turned"]}})));
        m.main(|_, ctx| {
            ctx.wait_for_subscribers(&SPOKEN, 1, PATIENCE)?;
            every_value().into_iter().try_for_each(|value| ctx.send_value("spoken", &under("payload", value)).map(drop))
        });
    }
}

#[test]
fn what_we_publish_python_hears() {
    let Some(python) = Python::find() else { return };
    Way::each(|way| {
        let (address, count) = (free_address(), every_value().len().to_string());
        let flags = [way.flags(&address, "--bind"), vec!["--n", &count]].concat();
        let hearer = python.start("subscriber.py", &flags);
        let key = json!({"publisher": address, "transport": way.transport});
        let mut speaker = Service::of::<Speaker>()
            .addresses(json!({"connections": {"out": {"spoken": key}}}))
            .config(json!({"topic": way.topic, "turned": way.is_turned}))
            .build()
            .unwrap();
        speaker.run_service_as_main_blocking().unwrap();
        let told = hearer.told();
        assert_eq!(told["ok"], true, "{told}");
        assert_same(&list(&told, "received"), &payloads());
        let ids = list(&told, "workflow_ids");
        assert!(ids.iter().all(|id| id["t"] == "uuid"), "{ids:?}");
    });
}

/// Keeps what it hears.
struct Hearer(ChannelSender<(Value, Value)>);

static LISTENING: Mutex<Option<ChannelSender<(Value, Value)>>> = Mutex::new(None);

impl ServiceDefinition for Hearer {
    type Config = Config;

    fn new(_: Config) -> Result<Self> {
        LISTENING.lock().unwrap().take().map(Self).ok_or_else(|| Error::new("nobody listens"))
    }

    fn models(m: &mut Models<Self>) {
        m.subscriber_untyped("spoken", payload(), |hearer: &mut Self, arguments, ctx| {
            Ok(hearer.0.send((arguments, ctx.workflow_id()))?)
        });
        m.setup_connections(|config| Ok(json!({"spoken": {"topic": config["topic"], "is_binder": config["turned"]}})));
    }
}

fn hearer(way: Way, address: &str) -> (Service, Receiver<(Value, Value)>) {
    let (hears, heard) = channel();
    *LISTENING.lock().unwrap() = Some(hears);
    let key = json!({"subscriber": address, "transport": way.transport});
    let mut hearer = Service::of::<Hearer>()
        .addresses(json!({"connections": {"in": {"spoken": key}}}))
        .config(json!({"topic": way.topic, "turned": way.is_turned}))
        .build()
        .unwrap();
    hearer.run_service().unwrap();
    (hearer, heard)
}

#[test]
fn what_python_publishes_we_hear() {
    let Some(python) = Python::find() else { return };
    Way::each(|way| {
        let address = free_address();
        let (service, heard) = hearer(way, &address);
        let folder = Folder::new();
        let script: Json = every_value().iter().map(peer::typed::to_json).collect();
        let script = folder.file("script.json", script.to_string());
        let flags = [way.flags(&address, "--connect"), vec!["--script", script.to_str().unwrap()]].concat();
        let told = python.start("publisher.py", &flags).told();
        assert_eq!(told["ok"], true, "{told}");
        let received: Vec<(Value, Value)> =
            every_value().iter().map(|_| heard.recv_timeout(PATIENCE).unwrap()).collect();
        let arguments: Vec<Json> = received.iter().map(|(arguments, _)| canonical_of(arguments)).collect();
        assert_same(&arguments, &payloads());
        assert!(received.iter().all(|(_, id)| matches!(id, Value::Uuid(_))), "{received:?}");
        let stats = &service.stats().inbound["spoken"];
        assert!(stats.dropped.is_empty(), "no numbers, and nothing missed: {stats:?}");
    });
}
