//! Publications in both directions: with topics and without, whoever of the two listens.

use peer::typed;
use service_framework::prelude::*;
use service_framework::{Json, Service, json};

use crate::states::TRANSPORTS;
use crate::support::messages::{Reply, request_with};
use crate::support::peer::Peer;
use crate::support::runner::Folder;
use crate::support::{PATIENCE, free_address, until};
use crate::theirs::{Python, Script};
use crate::values::{assert_same, canonical, canonical_of, every_value, list, under};

/// A service of ours that publishes what it is told to, and tells what it has heard.
struct Station {
    heard: Vec<Value>,
}

#[derive(Model)]
struct Payload {
    payload: Value,
}

const PUBLISH: Publisher<Payload> = Publisher::new("publish");

#[derive(Model)]
struct Config {
    #[allow(dead_code, reason = "read where the connections are set up")]
    creation: String,
}

impl ServiceDefinition for Station {
    type Config = Config;

    fn new(_: Config) -> Result<Self> {
        Ok(Self { heard: Vec::new() })
    }

    fn models(m: &mut Models<Self>) {
        let payload = || Record::new().required("payload", ArgType::Any);
        m.publisher(&PUBLISH);
        m.subscriber_untyped("hear", payload(), Self::on_hear);
        m.replyer_untyped("say", payload(), Record::new(), Self::on_say);
        m.replyer_untyped("heard", Record::new(), payload(), Self::on_heard);
        m.setup_connections(|config| {
            let text = config.get("creation").and_then(Json::as_str).unwrap_or("{}");
            Ok(service_framework::serde_json::from_str(text)?)
        });
    }
}

impl Station {
    fn on_hear(&mut self, arguments: Value, _: &mut Context) -> Result<()> {
        self.heard.push(arguments);
        Ok(())
    }

    fn on_say(&mut self, arguments: Value, ctx: &mut Context) -> Result<Value> {
        ctx.wait_for_subscribers(&PUBLISH, 1, PATIENCE)?;
        let payload = arguments.get("payload").cloned().unwrap_or(Value::Nil);
        ctx.send(&PUBLISH, &Payload { payload })?;
        Ok(Value::Map(Vec::new()))
    }

    fn on_heard(&mut self, _: Value, _: &mut Context) -> Result<Value> {
        Ok(under("payload", Value::List(self.heard.clone())))
    }
}

/// The station, as it runs.
struct Ours {
    service: Service,
}

/// What its sockets are told to be.
#[derive(Clone, Copy)]
struct Way {
    topic: &'static str,
    /// Whether the subscriber listens and the publisher connects.
    is_turned: bool,
}

const WAYS: [Way; 6] = [
    Way { topic: "", is_turned: false },
    Way { topic: "T", is_turned: false },
    Way { topic: "caf\u{e9}", is_turned: false },
    Way { topic: "", is_turned: true },
    Way { topic: "T", is_turned: true },
    Way { topic: "a topic whose text is longer than thirty-one bytes", is_turned: true },
];

impl Ours {
    fn start(transport: &str, publish: &str, hear: &str, way: Way) -> Self {
        let mut creation = json!({"publish": {"is_x_pub": way.is_turned}, "hear": {"is_binder": way.is_turned}});
        if !way.topic.is_empty() {
            creation["publish"]["topic"] = way.topic.into();
            creation["hear"]["topic"] = way.topic.into();
        }
        let replyer = || json!({"replyer": "127.0.0.1:0"});
        let addresses = json!({"connections": {
            "in": {"say": replyer(), "heard": replyer(), "hear": {"subscriber": hear}},
            "out": {"publish": {"publisher": publish}},
        }});
        let builder = Service::of::<Station>().addresses(addresses).transport(transport);
        let mut service = builder.config(json!({"creation": creation.to_string()})).build().unwrap();
        service.run_service().unwrap();
        Self { service }
    }

    fn asker(&self, replyer: &str) -> Peer {
        Peer::dealer(self.service.address(replyer).unwrap())
    }

    fn say(&self, value: &Value) {
        let reply: Reply = self.asker("say").ask(&request_with(under("payload", value.clone()), "w"));
        assert_eq!(reply.code(), "no error", "{reply:?}");
    }

    fn heard(&self) -> Vec<Json> {
        let reply = self.asker("heard").ask(&request_with(Value::Map(Vec::new()), "w"));
        let Some(Value::List(heard)) = reply.returned().get("payload") else { panic!("no list in {reply:?}") };
        heard.iter().map(canonical_of).collect()
    }
}

fn payloads(values: &[Value]) -> Vec<Json> {
    values.iter().map(|value| canonical_of(&under("payload", value.clone()))).collect()
}

/// More publications than there will be.
const FOR_GOOD: usize = 1 << 40;

/// A subscriber in Python that is there for good.
fn subscriber(python: Python, address: &str, n: usize, way: Way) -> Script {
    let n = n.to_string();
    let mut arguments = vec!["--addr", address, "--n", &n];
    if !way.topic.is_empty() {
        arguments.extend(["--topic", way.topic]);
    }
    if way.is_turned {
        arguments.push("--bind");
    }
    let mut script = python.start("subscriber.py", &arguments);
    script.ready();
    script
}

/// Has Python publish values, and waits until it has.
fn publish(python: Python, address: &str, values: &[Value], way: Way) {
    let folder = Folder::new();
    let script: Json = values.iter().map(typed::to_json).collect();
    let script = folder.file("script.json", script.to_string());
    let mut arguments = vec!["--addr", address, "--script", script.to_str().expect("a path that is text")];
    if !way.topic.is_empty() {
        arguments.extend(["--topic", way.topic]);
    }
    if way.is_turned {
        arguments.push("--connect");
    }
    let told = python.start("publisher.py", &arguments).told();
    assert_eq!(told["ok"], true, "{told}");
}

#[test]
fn a_python_subscriber_hears_every_value_of_our_publisher_with_its_workflow_id() {
    let Some(python) = Python::find() else { return };
    for transport in TRANSPORTS {
        for way in WAYS {
            let address = free_address();
            let ours = Ours::start(transport, &address, &free_address(), way);
            let values = every_value();
            let theirs = subscriber(python, &address, values.len(), way);
            values.iter().for_each(|value| ours.say(value));
            let told = theirs.told();
            assert_same(&list(&told, "received"), &payloads(&values));
            let ids = list(&told, "workflow_ids");
            assert!(ids.iter().all(|id| *id == canonical(&typed::to_json(&"w".into()))), "{ids:?}");
        }
    }
}

#[test]
fn our_subscriber_hears_every_value_of_a_python_publisher() {
    let Some(python) = Python::find() else { return };
    for transport in TRANSPORTS {
        for way in WAYS {
            let address = free_address();
            let ours = Ours::start(transport, &free_address(), &address, way);
            let values = every_value();
            publish(python, &address, &values, way);
            until("every value to be heard", || (ours.heard().len() >= values.len()).then_some(()));
            assert_same(&ours.heard(), &payloads(&values));
        }
    }
}

#[test]
fn a_topic_is_no_prefix_of_another_one_between_ours_and_python() {
    let Some(python) = Python::find() else { return };
    let (a, ab) = (Way { topic: "a", is_turned: false }, Way { topic: "ab", is_turned: false });
    for transport in TRANSPORTS {
        // Ours listens to two publishers in Python, one after the other: what the first one says is for nobody.
        let address = free_address();
        let ours = Ours::start(transport, &free_address(), &address, ab);
        publish(python, &address, &["to a".into()], a);
        publish(python, &address, &["to ab".into()], ab);
        until("the publication", || (!ours.heard().is_empty()).then_some(()));
        assert_same(&ours.heard(), &payloads(&["to ab".into()]));

        // Theirs has nothing of what another one hears, and is still there when something is for it.
        let address = free_address();
        let (theirs, other) = (subscriber(python, &address, FOR_GOOD, ab), subscriber(python, &address, FOR_GOOD, a));
        // Over the transport that knows no subscriptions, the one that is there counts for the other.
        let say = |way: Way, text: &str, script: &Script| {
            let ours = Ours::start(transport, &address, &free_address(), way);
            until("the publication to be heard", || {
                ours.say(&text.into());
                script.has_told("heard", &canonical_of(&text.into())).then_some(())
            });
        };
        say(a, "to a", &other);
        assert!(!theirs.has_told("heard", &canonical_of(&"to a".into())));
        say(ab, "to ab", &theirs);
        assert!(!theirs.has_told("heard", &canonical_of(&"to a".into())));
        assert!(!other.has_told("heard", &canonical_of(&"to ab".into())));
    }
}
