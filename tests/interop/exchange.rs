//! A request and its reply, in both directions: whatever is sent comes back as it was.

use std::collections::BTreeSet;

use fixtures::Everything;
use peer::typed;
use service_framework::Json;
use service_framework::prelude::*;

use crate::ours::{Lead, Leader, NOBODY, Ours, lead, lead_over};
use crate::support::PATIENCE;
use crate::theirs::Python;
use crate::values::{
    assert_same, canonical_of, every_value, everything, everything_in_python, list, names, under, version_4,
};

#[test]
fn a_python_requester_gets_every_value_back_from_our_replyer() {
    let Some(python) = Python::find() else { return };
    for start in Ours::WAYS {
        let mut ours = start(NOBODY);
        let told = python.ask(&ours.address("echo"), &every_value(), &[]);
        assert_eq!(told["ok"], true, "{told}");
        let expected: Vec<Json> = every_value().into_iter().map(|value| canonical_of(&under("echo", value))).collect();
        assert_same(&list(&told, "replies"), &expected);
        let ids = list(&told, "workflow_ids");
        assert!(ids.iter().all(|id| id["t"] == "uuid"), "{ids:?}");
    }
}

#[test]
fn a_python_requester_and_our_typed_replyer_understand_each_other() {
    let Some(python) = Python::find() else { return };
    for start in Ours::WAYS {
        let mut ours = start(NOBODY);
        let told = python.ask(
            &ours.address("everything"),
            &[Value::map(everything_in_python())],
            &["--fields", &names(), "--returns", &names()],
        );
        assert_eq!(told["ok"], true, "{told}");
        // Ours answers in the order of its model.
        let reply = typed::from_json(&told["replies"][0]).unwrap();
        for (name, value) in everything_in_python() {
            assert_eq!(canonical_of(reply.get(name).unwrap()), canonical_of(&value), "{name}");
        }
    }
}

#[test]
fn a_whole_number_from_python_will_do_for_our_float() {
    let Some(python) = Python::find() else { return };
    let arguments = Value::map([("text", "".into()), ("ratio", Value::Int(2))]);
    for start in Ours::WAYS {
        let mut ours = start(NOBODY);
        let more = ["--fields", "text,ratio", "--returns", "text,ratio"];
        let told = python.ask(&ours.address("everything"), std::slice::from_ref(&arguments), &more);
        let reply = typed::from_json(&told["replies"][0]).unwrap();
        assert_eq!(reply.get("ratio"), Some(&Value::Float(2.0)), "{told}");
    }
}

#[test]
fn our_requester_gets_every_value_back_from_a_python_replyer() {
    struct Asker;
    impl Lead for Asker {
        fn lead(ctx: &mut Context) -> Result<()> {
            for value in every_value() {
                let reply = ctx.send_value("next", &under("payload", value.clone()))?;
                assert_eq!(canonical_of(&reply), canonical_of(&under("echo", value)));
            }
            Ok(())
        }
    }
    let Some(python) = Python::find() else { return };
    for transport in ["omq", "zeromq"] {
        let mut replyer = python.start("replyer.py", &["--n", &every_value().len().to_string()]);
        lead_over::<Asker>(transport, &replyer.address());
        let told = replyer.told();
        let payloads = every_value().into_iter().map(|value| canonical_of(&under("payload", value)));
        let expected: Vec<Json> = payloads.collect();
        assert_same(&list(&told, "received"), &expected);
        // In main mode every request begins a workflow of its own.
        let ids: BTreeSet<_> = list(&told, "workflow_ids").iter().map(version_4).collect();
        assert_eq!(ids.len(), expected.len());
    }
}

#[test]
fn our_typed_requester_and_a_python_replyer_understand_each_other() {
    const NEXT: Requester<Everything, Everything> = Requester::new("next");
    struct Asker;
    impl Lead for Asker {
        fn declare(m: &mut Models<Leader<Self>>) {
            m.requester(&NEXT).timeout(PATIENCE);
        }
        fn lead(ctx: &mut Context) -> Result<()> {
            assert_eq!(ctx.send(&NEXT, &everything())?, everything());
            Ok(())
        }
    }
    let Some(python) = Python::find() else { return };
    let mut replyer = python.start("replyer.py", &["--n", "1", "--fields", &names()]);
    lead::<Asker>(&replyer.address());
    let received = typed::from_json(&replyer.told()["received"][0]).unwrap();
    for (name, value) in everything_in_python() {
        assert_eq!(canonical_of(received.get(name).unwrap()), canonical_of(&value), "{name}");
    }
}

#[test]
fn a_value_nested_as_deep_as_python_reads_passes_and_a_deeper_one_never_leaves() {
    struct Asker;
    impl Lead for Asker {
        fn lead(ctx: &mut Context) -> Result<()> {
            let nested = |depth| (1..depth).fold(Value::List(vec![]), |value, _| Value::List(vec![value]));
            // The envelope and the arguments are containers, too.
            let reply = ctx.send_value("next", &under("payload", nested(498)))?;
            assert_eq!(reply, under("echo", nested(498)));
            let refused = ctx.send_value("next", &under("payload", nested(499))).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Invalid, "{refused:?}");
            Ok(())
        }
    }
    let Some(python) = Python::find() else { return };
    let mut replyer = python.start("replyer.py", &[]);
    lead::<Asker>(&replyer.address());
}
