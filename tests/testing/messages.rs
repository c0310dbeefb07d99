//! What is delivered, and what comes back for it.

use std::collections::BTreeMap;

use fixtures::clerk::{Order, Price};
use fixtures::{Desk, Everything, Side, Text};
use service_framework::testing::{TestError, TestService};
use service_framework::{DateTime, Decimal, FloatArray, Json, Uuid, Value, json};

use super::support::plugins::plugin;
use super::{each, each_clerk, task};

fn order() -> Json {
    json!({"symbol": "BTC-USD", "quantity": 3, "time": "2024-05-01T12:00:00.5Z"})
}

#[test]
fn a_message_comes_back_as_what_its_peer_gets() {
    each_clerk(|clerk| {
        let mut clerk = clerk.answer("venue", |_| json!({"price": "1.10"})).start().unwrap();
        assert_eq!(clerk.deliver("order", order()).unwrap(), json!({"price": "3.30"}));
        let order = Order { symbol: "A".into(), quantity: 2, time: None };
        let price: Price = clerk.deliver_as("order", &order).unwrap();
        assert_eq!(price.price.to_string(), "2.20");
    });
}

#[test]
fn a_value_of_every_type_has_the_form_that_it_has_in_config_files() {
    let json = json!({
        "text": "é", "flag": true, "count": -7, "ratio": 2.5, "bytes": "aGVsbG8=", "price": "0.10",
        "time": "2024-05-01T12:00:00.500Z", "id": "0b9f3c1e-52a7-4d0e-8c3f-6a1d9e7b2f40", "items": [1, 2],
        "tags": ["a", "b"], "pair": [1, "one"], "by_name": {"x": 1}, "by_id": {"7": "seven"},
        "nested": {"text": "inner"}, "side": "Buy", "samples": [0.5, 1.0], "any": {"deep": [null, 1]},
    });
    let model = Everything {
        text: "é".into(),
        flag: Some(true),
        count: Some(-7),
        ratio: Some(2.5),
        bytes: Some(b"hello".to_vec()),
        price: Some(Decimal::new(10, 2)),
        time: Some(DateTime::from_timestamp(1_714_564_800, 500_000_000).unwrap()),
        id: Some(Uuid::parse_str("0b9f3c1e-52a7-4d0e-8c3f-6a1d9e7b2f40").unwrap()),
        items: Some(vec![1, 2]),
        tags: Some(["a".to_owned(), "b".to_owned()].into()),
        pair: Some((1, "one".into())),
        by_name: Some(BTreeMap::from([("x".to_owned(), 1)])),
        by_id: Some(BTreeMap::from([(7, "seven".to_owned())])),
        nested: Some(Text { text: "inner".into() }),
        side: Some(Side::Buy),
        samples: Some(FloatArray(vec![0.5, 1.0])),
        any: Some(Value::map([("deep", Value::List(vec![Value::Nil, Value::Int(1)]))])),
    };
    each([TestService::of::<Desk>, || TestService::from_path(plugin("desk"))], |desk| {
        let mut desk = desk.start().unwrap();
        assert_eq!(desk.deliver("echo", json.clone()).unwrap(), json);
        assert_eq!(desk.deliver_as::<_, Everything>("echo", &model).unwrap(), model);
        assert_eq!(desk.deliver("echo", json!({"text": "alone"})).unwrap(), json!({"text": "alone"}));
    });
}

#[test]
fn a_refusal_is_what_the_peer_is_told() {
    each_clerk(|clerk| {
        let mut clerk = clerk.start().unwrap();
        let out_of_range = clerk.deliver("order", json!({"symbol": "A", "quantity": 0})).unwrap_err();
        let refused = out_of_range.refused().unwrap();
        assert_eq!((refused.code.as_str(), refused.field.as_deref()), ("out_of_range", Some("quantity")));
        assert!(refused.is_caller_error && !refused.is_retryable);

        let failed = clerk.deliver("task", task("fail")).unwrap_err();
        assert_eq!((failed.code(), failed.refused().unwrap().is_caller_error), ("failed", false));
        assert_eq!(failed.to_string(), "the service refused: told to fail (failed)");

        let of_the_target = clerk.deliver("task", task("nothing")).unwrap_err();
        assert_eq!(of_the_target.code(), "not_found");
        assert_eq!(
            of_the_target.to_string(),
            "the service refused: the store has no such thing (not_found, field `text`)"
        );
    });
}

#[test]
fn a_slip_of_the_test_is_no_refusal_and_is_told_with_its_key_path() {
    each_clerk(|clerk| {
        let mut clerk = clerk.start().unwrap();
        let error = clerk.deliver("order", json!({"symbl": "A", "quantity": "3"})).unwrap_err();
        assert!(matches!(error, TestError::Test(_)) && error.code().is_empty());
        let said = error.to_string();
        assert!(said.starts_with("the test's arguments for `order` do not fit the model:"), "{said}");
        for part in ["`symbol` is required", "did you mean `symbol`?", "`quantity`: expected Int, got the text \"3\""] {
            assert!(said.contains(part), "{part:?} is not in: {said}");
        }
        let error = clerk.deliver("ordr", order()).unwrap_err().to_string();
        assert_eq!(error, "the service has no `in` connection `ordr`; did you mean `order`?");
        let error = clerk.deliver_as::<_, Price>("task", &Text { text: "apple".into() }).unwrap_err();
        assert!(matches!(error, TestError::Test(_)) && error.to_string().contains("clerk::Price`"), "{error}");
        let seen = clerk.stats().inbound["order"].received;
        assert_eq!(seen, 0, "nothing was delivered");
    });
}

#[test]
fn what_does_not_fit_the_model_is_delivered_as_a_value_or_as_bytes_and_refused_by_the_service() {
    each_clerk(|clerk| {
        let mut clerk = clerk.start().unwrap();
        let arguments = Value::map([("symbol", Value::Int(1)), ("quantity", Value::Int(1))]);
        assert_eq!(clerk.deliver_value("order", &arguments).unwrap_err().code(), "wrong_type");
        assert_eq!(
            clerk.deliver_value("order", &Value::map([("symbol", "A".into())])).unwrap_err().code(),
            "missing_key"
        );
        let answer = clerk.deliver_bytes("order", &b"\xc1"[..]).unwrap().expect("an error reply");
        assert!(answer.starts_with(b"\x83\xabreturn_args\x80"), "{answer:?}");
        let dropped = &clerk.stats().inbound["order"].dropped;
        assert_eq!(dropped.values().sum::<u64>(), 3, "{dropped:?}");
    });
}

#[test]
fn the_counters_are_those_of_a_service_that_runs() {
    each_clerk(|clerk| {
        let mut clerk = clerk.start().unwrap();
        clerk.deliver("task", task("apple")).unwrap();
        clerk.deliver("task", task("fail")).unwrap_err();
        let stats = clerk.stats();
        let (task, store) = (&stats.inbound["task"], &stats.outbound["store"]);
        assert_eq!((task.received, task.sent, task.dropped["failed"]), (2, 2, 1));
        assert_eq!((store.sent, store.received), (1, 1));
    });
}

#[test]
fn a_workflow_id_is_of_one_message_and_travels_with_what_it_leads_to() {
    each_clerk(|clerk| {
        let mut clerk = clerk.answer("ledger", |_| task("noted")).start().unwrap();
        clerk.with_workflow_id("w").deliver("task", task("report twice")).unwrap();
        let ids: Vec<_> = clerk.sent().into_iter().map(|sent| sent.workflow_id).collect();
        assert_eq!(ids, ["w".into(), "w_1".into()]);

        clerk.deliver("task", task("report twice")).unwrap();
        let ids: Vec<_> = clerk.sent().into_iter().map(|sent| sent.workflow_id).collect();
        assert!(matches!(ids[0], Value::Uuid(_)), "a message without an id gets a fresh one: {ids:?}");
    });
}

#[test]
fn a_service_that_stops_on_errors_stops() {
    each_clerk(|clerk| {
        let mut clerk = clerk.stop_on_error(true).start().unwrap();
        assert_eq!(clerk.deliver("task", task("fail")).unwrap_err().code(), "failed", "the peer is answered");
        assert_eq!(clerk.deliver("task", task("apple")).unwrap_err().code(), "stopping");
        let error = clerk.stop().unwrap_err().to_string();
        assert_eq!(error, "stopped because a function failed: told to fail");
    });
}
