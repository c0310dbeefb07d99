//! Workflow ids along chains in which both make take part: carried, numbered, made where there was none.

use peer::typed;
use service_framework::Json;
use service_framework::prelude::*;

use crate::ours::{Lead, NOBODY, Ours, lead};
use crate::support::peer::Peer;
use crate::theirs::{Python, Script};
use crate::values::{ID, assert_same, canonical_of, every_value, list, request, under, version_4};

#[test]
fn a_request_from_python_to_python_passes_through_ours_unchanged() {
    let Some(python) = Python::find() else { return };
    for start in Ours::WAYS {
        let count = (every_value().len() * 3).to_string();
        let mut last = python.start("replyer.py", &["--n", &count]);
        let mut ours = start(&last.address());
        let told = python.ask(&ours.address("relay"), &every_value(), &[]);
        assert_eq!(told["ok"], true, "{told}");
        let three = |value: Value| under("echo", Value::List(vec![value; 3]));
        let expected: Vec<Json> = every_value().into_iter().map(|value| canonical_of(&three(value))).collect();
        assert_same(&list(&told, "replies"), &expected);
        let told_last = last.told();
        let payloads = every_value().into_iter().flat_map(|value| vec![canonical_of(&under("payload", value)); 3]);
        assert_same(&list(&told_last, "received"), &payloads.collect::<Vec<_>>());
        let carried =
            list(&told, "workflow_ids").iter().flat_map(|id| carried_on(&version_4(id).into())).collect::<Vec<_>>();
        assert_same(&list(&told_last, "workflow_ids"), &carried);
    }
}

#[test]
fn a_request_from_ours_to_ours_passes_through_python_with_its_workflow_id() {
    struct Asker;
    impl Lead for Asker {
        fn lead(ctx: &mut Context) -> Result<()> {
            let reply = ctx.send_value("next", &under("payload", Value::Nil))?;
            let Some(Value::List(ids)) = reply.get("echo") else { panic!("expected a list, got {reply:?}") };
            version_4(&typed::to_json(&ids[0]));
            let ids: Vec<Json> = ids.iter().map(typed::to_json).collect();
            assert_eq!(ids, carried_on(&typed::from_json(&ids[0])?));
            Ok(())
        }
    }
    let Some(python) = Python::find() else { return };
    for start in Ours::WAYS {
        let mut ours = start(NOBODY);
        let mut relay = python.start("relay.py", &["--next", &ours.address("identify")]);
        lead::<Asker>(&relay.address());
    }
}

#[test]
fn ours_and_python_give_their_sends_the_same_workflow_ids() {
    let Some(python) = Python::find() else { return };
    for start in Ours::WAYS {
        let mut last = python.start("replyer.py", &["--n", &SENDS.to_string()]);
        let mut ours = start(&last.address());
        expect_the_ids_of_python(&ours.endpoint("relay"), last);
    }
    let mut last = python.start("replyer.py", &["--n", &SENDS.to_string()]);
    let mut relay = python.start("relay.py", &["--next", &last.address()]);
    expect_the_ids_of_python(&format!("tcp://{}", relay.address()), last);
}

/// What [`expect_the_ids_of_python`] makes a relay send.
const SENDS: usize = 3 * (3 + 4);

/// Asks a relay with ids of many kinds, and looks at those with which it has asked the last one.
fn expect_the_ids_of_python(relay: &str, last: Script) {
    // Nothing at all, and two ways to say nothing: a fresh id serves all sends of the handler.
    let unnamed = [None, Some(Value::Nil), Some(Value::from(""))];
    let named = [Value::from("w"), Value::from("w_1"), Value::Uuid(ID), Value::Int(7)];
    let mut asker = Peer::dealer(relay);
    for id in unnamed.iter().cloned().chain(named.iter().cloned().map(Some)) {
        let reply = asker.ask(&request(1, id.clone()));
        assert_eq!(*reply.workflow_id(), id.unwrap_or(Value::Nil));
    }
    let ids = list(&last.told(), "workflow_ids");
    let (fresh, carried) = ids.split_at(unnamed.len() * 3);
    for three in fresh.chunks(3) {
        assert_eq!(three, carried_on(&version_4(&three[0]).into()));
    }
    assert_same(carried, &named.iter().flat_map(carried_on).collect::<Vec<_>>());
}

/// The ids of three sends in a handler whose message had this one, as typed JSON.
fn carried_on(id: &Value) -> Vec<Json> {
    let text = match id {
        Value::Str(text) => text.clone(),
        Value::Uuid(id) => id.to_string(),
        Value::Int(number) => number.to_string(),
        other => panic!("no rule for {other:?}"),
    };
    let numbered = |n| typed::to_json(&Value::Str(format!("{text}_{n}")));
    vec![typed::to_json(id), numbered(1), numbered(2)]
}
