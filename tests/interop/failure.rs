//! What goes wrong between the two: errors that one side tells the other, and a peer that dies and comes back.

use service_framework::json;
use service_framework::prelude::*;

use crate::ours::{NOBODY, Ours};
use crate::support::messages::Reply;
use crate::support::peer::Peer;
use crate::support::until;
use crate::theirs::Python;
use crate::values::{assert_same, canonical_of, list, request, under};

#[test]
fn an_old_requester_is_told_of_an_error_and_does_not_hang() {
    let Some(python) = Python::find() else { return };
    for start in Ours::WAYS {
        let mut ours = start(NOBODY);
        // One that counts on a return argument raises, as it does on any reply without it.
        for (replyer, code) in [("refuse", "unknown_symbol"), ("everything", "unknown_key")] {
            let told = python.ask(&ours.address(replyer), &[Value::Nil, Value::Nil], &[]);
            assert_eq!(told["ok"], false, "{told}");
            assert!(told["error"].as_str().unwrap().contains("echo"), "{told}");
            assert_eq!(told["errors"][0]["code"], code, "{told}");
            assert_eq!(told["workflow_ids"][0]["t"], "uuid", "{told}");
        }
        // One that counts on none goes on.
        let told = python.ask(&ours.address("refuse"), &[Value::Nil, Value::Nil], &["--returns", ""]);
        assert_eq!(told["ok"], true, "{told}");
        assert_eq!(told["replies"], json!([{"t": "map", "v": []}, {"t": "map", "v": []}]));
        assert_eq!(told["errors"][1]["message"], "there is no such symbol", "{told}");
        // And a good request is answered still.
        let told = python.ask(&ours.address("echo"), &[Value::Int(1)], &[]);
        assert_eq!(told["ok"], true, "{told}");
    }
}

#[test]
fn our_requester_outlives_a_python_replyer_that_is_killed_and_comes_back() {
    let Some(python) = Python::find() else { return };
    for start in Ours::WAYS {
        let mut first = python.start("replyer.py", &[]);
        let address = first.address();
        let mut ours = start(&address);
        let mut asker = Peer::dealer(&ours.endpoint("relay"));
        let mut ask = |payload| -> Reply { asker.ask(&request(payload, None)) };
        assert_eq!(ask(1).code(), "no error");

        first.kill();
        until("the loss to be seen", || Some(ask(2)).filter(|reply| reply.code() == "no_peer"));

        let mut dying = python.start("replyer.py", &["--addr", &address, "--die"]);
        dying.address();
        let code = until("the replyer to be back", || Some(ask(3).code().to_owned()).filter(|code| code != "no_peer"));
        assert_eq!(code, "peer_lost");
        dying.gone();

        let mut last = python.start("replyer.py", &["--addr", &address, "--n", "3"]);
        last.address();
        let mut payload = 3;
        until("the replyer to be back again", || {
            payload += 1;
            Some(ask(payload)).filter(|reply| reply.code() == "no error")
        });
        // None of the requests that had failed before is carried out now.
        let received = list(&last.told(), "received");
        assert_same(&received, &vec![canonical_of(&under("payload", Value::Int(payload))); 3]);
    }
}
