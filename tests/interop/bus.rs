//! The bus between publishers and subscribers in Python: what the old library sends passes as it is.

use service_framework::{Json, Value};

use crate::support::runner::{Folder, Running, runner};
use crate::support::until;
use crate::theirs::{Python, Script};
use crate::values::{assert_same, canonical_of, every_value, list, under};

/// Our bus, on any ports.
struct Bus {
    running: Running,
    input: String,
    output: String,
}

impl Bus {
    fn start(input: &str, output: &str) -> Self {
        let mut running = Running::start(runner().args(["bus", "--in", input, "--out", output]));
        let mut end = |name: &str| running.address(name).replace("tcp://", "");
        let (input, output) = (end("in"), end("out"));
        Self { running, input, output }
    }

    /// A subscriber in Python that is there for good.
    fn subscriber(&self, python: Python, topic: &str, n: usize) -> Script {
        let mut known = vec!["--addr", &self.output];
        let n = n.to_string();
        known.extend(["--n", &n]);
        if !topic.is_empty() {
            known.extend(["--topic", topic]);
        }
        let mut script = python.start("subscriber.py", &known);
        script.ready();
        script
    }

    /// Waits until as many subscribers have told it what they want.
    fn until_subscribed(&self, subscribers: usize, topics: usize) {
        let counted = format!(" subscribers={subscribers} topics={topics} ");
        until("the subscriptions", || {
            self.running.signal("USR1");
            self.running.has_logged(&counted).then_some(())
        });
    }

    /// Has Python publish values, and waits until it has.
    fn publish(&self, python: Python, topic: &str, values: &[Value]) {
        let folder = Folder::new();
        let script: Json = values.iter().map(peer::typed::to_json).collect();
        let script = folder.file("script.json", script.to_string());
        let mut known = vec!["--addr", &self.input, "--script", script.to_str().expect("a path that is text")];
        known.push("--connect");
        if !topic.is_empty() {
            known.extend(["--topic", topic]);
        }
        let told = python.start("publisher.py", &known).told();
        assert_eq!(told["ok"], true, "{told}");
    }
}

fn payloads(values: &[Value]) -> Vec<Json> {
    values.iter().cloned().map(|value| canonical_of(&under("payload", value))).collect()
}

#[test]
fn every_value_passes_from_python_to_python() {
    let Some(python) = Python::find() else { return };
    let bus = Bus::start("127.0.0.1:0", "127.0.0.1:0");
    let values = every_value();
    let subscribers = [0, 1].map(|_| bus.subscriber(python, "", values.len()));
    bus.until_subscribed(2, 1);
    bus.publish(python, "", &values);
    for subscriber in subscribers {
        let told = subscriber.told();
        assert_eq!(told["ok"], true, "{told}");
        assert_same(&list(&told, "received"), &payloads(&values));
        let ids = list(&told, "workflow_ids");
        assert!(ids.iter().all(|id| id["t"] == "uuid"), "{ids:?}");
    }
    bus.running.signal("TERM");
    let ended = bus.running.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains(&format!("received={0} sent={0} ", values.len())), "{ended:?}");
}

#[test]
fn python_topics_are_kept_apart_and_found_again_after_the_bus_was_killed() {
    let Some(python) = Python::find() else { return };
    let bus = Bus::start("127.0.0.1:0", "127.0.0.1:0");
    let (a, ab) = (bus.subscriber(python, "a", 2), bus.subscriber(python, "ab", 2));
    let said = |word: &str| [Value::from(word)];
    bus.until_subscribed(2, 2);
    bus.publish(python, "ab", &said("ab before"));
    bus.publish(python, "a", &said("a before"));
    bus.running.signal("KILL");
    let (input, output) = (bus.input.clone(), bus.output.clone());
    bus.running.ended();

    let bus = Bus::start(&input, &output);
    bus.until_subscribed(2, 2);
    bus.publish(python, "a", &said("a after"));
    bus.publish(python, "ab", &said("ab after"));
    for (subscriber, words) in [(a, ["a before", "a after"]), (ab, ["ab before", "ab after"])] {
        let told = subscriber.told();
        assert_same(&list(&told, "received"), &payloads(&words.map(Value::from)));
    }
}
