use std::sync::Arc;

use serde_json::json;
use service_framework_model::json::read;
use service_framework_model::schema::{Record, StateModel};

use super::*;
use crate::diagnostics::SourceFile;

fn model() -> ServiceModel {
    ServiceModel {
        name: "trader".into(),
        connections: vec![
            ConnectionModel::new("order", Side::In, "replyer"),
            ConnectionModel::new("cancel", Side::In, "replyer"),
            ConnectionModel::new("desk", Side::Out, "requester"),
        ],
        ..ServiceModel::default()
    }
}

fn file(text: &str) -> Document {
    let file = Arc::new(SourceFile { path: "addresses.json".into(), text: text.into() });
    Document { source: Source::File(file), node: read(text).unwrap() }
}

fn good() -> serde_json::Value {
    json!({"connections": {
        "in": {"order": {"replyer": "*:8001"}, "cancel": {"replyer": "127.0.0.1:8002"}},
        "out": {"desk": {"requester": "ipc:///tmp/desk.sock"}},
    }})
}

fn resolved(documents: &[Document]) -> ResolvedAddresses {
    let mut diagnostics = Diagnostics::new();
    let addresses = resolve(&model(), Mode::Service, documents, None, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics}");
    addresses.unwrap()
}

fn refused_by(model: &ServiceModel, mode: Mode, documents: &[Document]) -> String {
    let mut diagnostics = Diagnostics::new();
    assert!(resolve(model, mode, documents, None, &mut diagnostics).is_none());
    assert!(diagnostics.has_errors());
    diagnostics.to_string()
}

fn refused(addresses: &serde_json::Value) -> String {
    refused_by(&model(), Mode::Service, &[Document::embedded("addresses", addresses)])
}

fn endpoints(resolved: &ResolvedAddresses) -> Vec<String> {
    resolved.connections.iter().flat_map(|written| written.addresses.iter().map(ToString::to_string)).collect()
}

#[test]
fn both_forms_lead_to_the_same_addresses_in_the_models_order() {
    let mut later_form = good()["connections"].clone();
    later_form["states"] = json!({});
    for addresses in [good(), later_form] {
        let resolved = resolved(&[Document::embedded("addresses", &addresses)]);
        assert_eq!(endpoints(&resolved), ["tcp://*:8001", "tcp://127.0.0.1:8002", "ipc:///tmp/desk.sock"]);
        assert_eq!(resolved.connections.iter().map(|written| written.binds).collect::<Vec<_>>(), [true, true, false]);
    }
}

#[test]
fn a_later_document_wins_key_by_key() {
    let later = json!({"connections": {"in": {"order": {"replyer": "127.0.0.1:0"}}}});
    let resolved = resolved(&[Document::embedded("addresses", &good()), Document::embedded("addresses", &later)]);
    assert_eq!(endpoints(&resolved), ["tcp://127.0.0.1:0", "tcp://127.0.0.1:8002", "ipc:///tmp/desk.sock"]);
}

#[test]
fn setup_gets_what_was_written_and_overwrites_it() {
    let setup: Setup<'_> = Box::new(|addresses| {
        assert_eq!(addresses["connections"]["in"]["order"]["replyer"], "*:8001");
        Ok(json!({"connections": {"in": {"order": {"replyer": "*:9001"}}}}))
    });
    let mut diagnostics = Diagnostics::new();
    let documents = [Document::embedded("addresses", &good())];
    let resolved = resolve(&model(), Mode::Service, &documents, Some(setup), &mut diagnostics).unwrap();
    assert_eq!(endpoints(&resolved)[0], "tcp://*:9001");
    assert_eq!(resolved.connections[0].source, Source::Function(Function::SetupAddresses));
}

#[test]
fn every_problem_is_shown_at_its_place() {
    let text = r#"{
  "connections": {
    "in": {
      "ordre": {"replyer": "*:8001"},
      "cancel": {"replier": "*:8002"},
      "desk": {"requester": "127.0.0.1:8003"}
    },
    "inn": {}
  },
  "in": {"cancel": {"replyer": "*:80020"}}
}
"#;
    assert_eq!(
        refused_by(&model(), Mode::Service, &[file(text)]),
        r#"error: `connections.in.order.replyer`: the replyer `order` has no address
--> addresses.json
 = help: add it to the addresses: `{"connections": {"in": {"order": {"replyer": "127.0.0.1:8001"}}}}`

error: `connections.out.desk.requester`: the requester `desk` has no address
--> addresses.json
 = help: add it to the addresses: `{"connections": {"out": {"desk": {"requester": "127.0.0.1:8001"}}}}`

error: `connections.in.ordre`: the service declares no `ordre` in `connections.in`
 --> addresses.json:4:7
  |
4 |       "ordre": {"replyer": "*:8001"},
  |       ^^^^^^^
  |
  = help: did you mean `order`?

error: `connections.in.cancel.replier`: a `replyer` has no address `replier`
 --> addresses.json:5:18
  |
5 |       "cancel": {"replier": "*:8002"},
  |                  ^^^^^^^^^
  |
  = help: did you mean `replyer`?

error: `connections.in.desk`: the service declares no `desk` in `connections.in`
 --> addresses.json:6:7
  |
6 |       "desk": {"requester": "127.0.0.1:8003"}
  |       ^^^^^^
  |
  = help: `desk` is declared in `connections.out`: move its addresses there

error: `connections.inn`: `inn` is not known here
 --> addresses.json:8:5
  |
8 |     "inn": {}
  |     ^^^^^
  |
  = help: did you mean `in`?

error: `in.cancel.replyer`: "*:80020" is not an address here: `80020` is not a port: a port is a number from 0 to 65535
  --> addresses.json:10:32
   |
10 |   "in": {"cancel": {"replyer": "*:80020"}}
   |                                ^^^^^^^^^
   |
   = help: write the port in decimal digits

7 problems; nothing was bound or started
"#
    );
}

#[test]
fn a_requester_connects_to_a_known_port_of_a_known_host() {
    for address in ["*:8001", "127.0.0.1:0"] {
        let mut addresses = good();
        addresses["connections"]["out"]["desk"]["requester"] = address.into();
        assert!(refused(&addresses).contains("but not connected to"));
    }
}

#[test]
fn lists_and_other_values_are_refused_where_one_address_is_expected() {
    for (value, why) in [
        (json!(["*:1"]), "a `replyer` has one address, got a list"),
        (json!(8001), "expected an address, got the number 8001"),
        (json!({"address": "*:1"}), "expected an address, got an object"),
        (json!(null), "expected an address, got null"),
    ] {
        let mut addresses = good();
        addresses["connections"]["in"]["order"]["replyer"] = value;
        assert!(refused(&addresses).contains(why), "{why}");
    }
}

#[test]
fn two_binds_of_one_address_are_reported_at_the_later_one() {
    let mut addresses = good();
    addresses["connections"]["in"]["cancel"]["replyer"] = "127.0.0.1:8001".into();
    let said = refused(&addresses);
    assert!(
        said.starts_with(
            "error: `connections.in.cancel.replyer`: `connections.in.order.replyer` binds this address too"
        ),
        "{said}"
    );
}

#[test]
fn main_mode_refuses_whatever_comes_in() {
    let mut model = model();
    model.states.push(StateModel {
        name: "book".into(),
        side: Side::In,
        state_type: "full_update_in".into(),
        arguments: Record::new(),
    });
    let said = refused_by(&model, Mode::Main, &[Document::embedded("addresses", &good())]);
    for name in ["connections.in.order", "connections.in.cancel", "states.in.book"] {
        assert!(said.contains(&format!("error: `{name}`: nothing comes in in main mode")), "{said}");
    }
    assert!(said.contains("run it without -m"), "{said}");
    assert!(!said.contains("has no address"), "{said}");
}

#[test]
fn without_addresses_every_connection_is_missed() {
    let said = refused_by(&model(), Mode::Service, &[]);
    assert_eq!(said.matches("has no address").count(), 3);
    assert!(said.contains("--> no addresses given"), "{said}");
}

#[test]
fn loopback_binds_are_noted_once_with_the_fix() {
    let resolved = resolved(&[Document::embedded("addresses", &good())]);
    let note = loopback_note(&model(), &resolved).unwrap();
    assert_eq!(note.severity, Severity::Note);
    assert_eq!(note.message, "`cancel` binds a loopback address, so only this machine can connect");
    assert!(note.help.unwrap().contains("`*:8001`"));
    let mut open = resolved;
    open.connections.remove(1);
    assert!(loopback_note(&model(), &open).is_none());
}
