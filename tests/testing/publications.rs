//! What is published to a service under test, and what it publishes.

use std::time::Duration;

use fixtures::{Listener, Text};
use service_framework::testing::{TestError, TestService, TestServiceBuilder};
use service_framework::{Value, json};

use super::support::messages::publication;
use super::support::plugins::plugin;
use super::{each, task, texts};

fn each_listener(test: impl Fn(TestServiceBuilder) + std::panic::RefUnwindSafe) {
    each([TestService::of::<Listener>, || TestService::from_path(plugin("listener"))], test);
}

#[test]
fn a_publication_is_delivered_and_what_is_published_is_seen_behind_its_topic() {
    each_listener(|listener| {
        let mut listener = listener.start().unwrap();
        assert_eq!(listener.with_workflow_id("w").deliver("heard", task("hello")).unwrap(), json!(null));
        let () = listener.deliver_as("heard", &Text { text: "there".into() }).unwrap();
        let sent = listener.sent();
        assert_eq!(texts(&sent), [("said", "hello"), ("said", "there")]);
        assert_eq!(sent[0].workflow_id, Value::from("w"));
        assert_eq!(sent[1].arguments_as::<Text>().unwrap().text, "there");
        assert!(sent.iter().all(|sent| sent.bytes.starts_with(b"\xa4SAID\x83\xa4args")), "{sent:?}");
        let stats = listener.stats();
        assert_eq!((stats.inbound["heard"].received, stats.outbound["said"].sent), (2, 2));
        assert_eq!(listener.deliver("count", task("heard")).unwrap(), task("heard 2"));
    });
}

#[test]
fn a_test_is_told_what_a_publisher_never_is() {
    each_listener(|listener| {
        let mut listener = listener.start().unwrap();
        for (text, code) in [("fail", "unmoved"), ("panic", "panicked")] {
            assert_eq!(listener.deliver("heard", task(text)).unwrap_err().code(), code);
        }
        let unknown = Value::map([("text", Value::from("t")), ("colour", Value::from("red"))]);
        let refused = listener.deliver_value("heard", &unknown).unwrap_err();
        assert_eq!((refused.code(), refused.refused().unwrap().field.as_deref()), ("unknown_key", Some("colour")));
        let other = publication("OTHER", Value::map([("text", Value::from("t"))]), "w", None);
        assert_eq!(listener.deliver_bytes("heard", other).unwrap_err().code(), "other_topic");
        let dropped = &listener.stats().inbound["heard"].dropped;
        for code in ["unmoved", "panicked", "unknown_key", "other_topic"] {
            assert_eq!(dropped[code], 1, "{dropped:?}");
        }
        assert!(listener.sent().is_empty());
    });
}

#[test]
fn numbers_of_publications_are_noted_as_over_sockets() {
    each_listener(|listener| {
        let mut listener = listener.start().unwrap();
        for number in [5, 6, 9, 9] {
            let message = publication("HEARD", Value::map([("text", Value::from("t"))]), "w", Some((1, number)));
            assert_eq!(listener.deliver_bytes("heard", message).unwrap(), None);
        }
        let stats = &listener.stats().inbound["heard"];
        assert_eq!((stats.received, stats.dropped["missed"], stats.dropped["repeated"]), (4, 2, 1));
    });
}

#[test]
fn subscribers_are_there_unless_the_test_says_how_many() {
    each_listener(|listener| {
        let mut listener = listener.config(json!({"audience": 2})).start().unwrap();
        assert_eq!(listener.elapsed(), Duration::ZERO);
        assert!(listener.subscribers("sayd", 1).unwrap_err().to_string().contains("did you mean `said`?"));
    });
    each_listener(|listener| {
        let failed = listener.config(json!({"audience": 2})).subscribers("said", 1).start().err().unwrap();
        assert!(matches!(failed, TestError::Start(_)), "{failed}");
        assert!(failed.to_string().contains("1 of 2 subscribers were there within 60s"), "{failed}");
    });
}

#[test]
fn a_service_that_stops_on_errors_stops_on_those_of_a_subscriber() {
    each_listener(|listener| {
        let mut listener = listener.stop_on_error(true).start().unwrap();
        listener.deliver("heard", task("fine")).unwrap();
        listener.deliver("heard", task("fail")).unwrap_err();
        assert!(listener.stop().unwrap_err().to_string().contains("told to fail"));
    });
}
