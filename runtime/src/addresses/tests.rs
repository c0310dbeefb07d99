use std::sync::Arc;

use serde_json::json;
use service_framework_model::json::read;
use service_framework_model::schema::{ConnectionModel, Record, Side, StateModel};

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
    let addresses = resolve(&model(), &[], Mode::Service, documents, None, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics}");
    addresses.unwrap()
}

fn refused_by(model: &ServiceModel, mode: Mode, documents: &[Document]) -> String {
    let mut diagnostics = Diagnostics::new();
    assert!(resolve(model, &[], mode, documents, None, &mut diagnostics).is_none());
    assert!(diagnostics.has_errors());
    diagnostics.to_string()
}

fn refused(addresses: &serde_json::Value) -> String {
    refused_by(&model(), Mode::Service, &[Document::embedded("addresses", addresses)])
}

fn endpoints(resolved: &ResolvedAddresses) -> Vec<String> {
    resolved
        .connections
        .iter()
        .flatten()
        .flat_map(|written| written.endpoints.iter().map(ToString::to_string))
        .collect()
}

#[test]
fn both_forms_lead_to_the_same_addresses_in_the_models_order() {
    let mut later_form = good()["connections"].clone();
    later_form["states"] = json!({});
    for addresses in [good(), later_form] {
        let resolved = resolved(&[Document::embedded("addresses", &addresses)]);
        assert_eq!(endpoints(&resolved), ["tcp://*:8001", "tcp://127.0.0.1:8002", "ipc:///tmp/desk.sock"]);
        assert_eq!(
            resolved.connections.iter().flatten().map(|written| written.binds).collect::<Vec<_>>(),
            [true, true, false]
        );
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
    let resolved = resolve(&model(), &[], Mode::Service, &documents, Some(setup), &mut diagnostics).unwrap();
    assert_eq!(endpoints(&resolved)[0], "tcp://*:9001");
    assert_eq!(resolved.connections[0].as_ref().unwrap().source, Source::Function(Function::SetupAddresses));
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
        r#"error: `connections.in.ordre`: the service declares no such connection
 --> addresses.json:4:7
  |
4 |       "ordre": {"replyer": "*:8001"},
  |       ^^^^^^^
  |
  = help: did you mean `order`?

error: `connections.in.cancel.replier`: expected `replyer` or `transport`, got `replier`
 --> addresses.json:5:18
  |
5 |       "cancel": {"replier": "*:8002"},
  |                  ^^^^^^^^^
  |
  = help: did you mean `replyer`?

error: `connections.in.desk`: the service declares no such connection
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

error: `in.cancel.replyer`: "*:80020" is not an address: the port `80020` is not a number from 0 to 65535
  --> addresses.json:10:32
   |
10 |   "in": {"cancel": {"replyer": "*:80020"}}
   |                                ^^^^^^^^^
   |
   = help: write a port such as `8001`

5 problems; nothing was bound or started
"#
    );
}

#[test]
fn a_requester_connects_to_a_known_port_of_a_known_host() {
    for address in ["*:8001", "127.0.0.1:0"] {
        let mut addresses = good();
        addresses["connections"]["out"]["desk"]["requester"] = address.into();
        assert!(refused(&addresses).contains("cannot be connected to"));
    }
}

#[test]
fn lists_and_other_values_are_refused_where_one_address_is_expected() {
    for (value, why) in [
        (json!(["*:1"]), "expected one address, got a list"),
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
    model.functions.push(Function::Main);
    model.states.push(book("full_update_in"));
    let said = refused_by(&model, Mode::Main, &[Document::embedded("addresses", &good())]);
    for declared in [
        "`connections.in`: nothing comes in in main mode, but the service declares `order`, `cancel`\n",
        "`states.in`: nothing comes in in main mode, but the service declares `book`\n",
    ] {
        assert!(said.contains(declared), "{said}");
    }
    assert!(said.contains("run it without -m"), "{said}");
    assert!(!said.contains("is missing"), "{said}");
}

#[test]
fn without_any_addresses_one_problem_names_all_that_are_missing() {
    assert_eq!(
        refused_by(&model(), Mode::Service, &[]),
        r#"error: no addresses are given, but the service needs those of `order`, `cancel`, `desk`
 |
 = help: give them in a file (-a PATH): `{"connections":{"in":{"cancel":{"replyer":"127.0.0.1:8002"},"order":{"replyer":"127.0.0.1:8001"}},"out":{"desk":{"requester":"127.0.0.1:8003"}}}}`

1 problem; nothing was bound or started
"#
    );
}

#[test]
fn a_missing_address_is_told_at_the_nearest_place_around_it() {
    let text = "{\n  \"in\": {\n    \"order\": {\"transport\": \"omq\"}\n  }\n}\n";
    assert_eq!(
        refused_by(&model(), Mode::Service, &[file(text)]),
        r#"error: `connections.out.desk.requester`: the address of the requester `desk` is missing
--> addresses.json
 = help: add `{"connections": {"out": {"desk": {"requester": "127.0.0.1:8001"}}}}`

error: `connections.in.cancel.replyer`: the address of the replyer `cancel` is missing
 --> addresses.json:2:3
  |
2 |   "in": {
  |   ^^^^
  |
  = help: add `"cancel": {"replyer": "127.0.0.1:8001"}` to it

error: `connections.in.order.replyer`: the address of the replyer `order` is missing
 --> addresses.json:3:5
  |
3 |     "order": {"transport": "omq"}
  |     ^^^^^^^
  |
  = help: add `"replyer": "127.0.0.1:8001"` to it

3 problems; nothing was bound or started
"#
    );
}

#[test]
fn what_is_missing_only_because_something_else_is_wrong_is_not_told() {
    for (addresses, problem) in [
        (json!({"connection": good()["connections"]}), "`connection` is not known here"),
        (json!({"addresses": good()}), "`addresses` is not known here"),
        (json!({"connections": [1]}), "`connections`: expected an object, got a list"),
        (json!([]), "expected an object, got a list"),
        (json!({"ni": good()["connections"]["in"], "out": good()["connections"]["out"]}), "`ni` is not known here"),
        (
            json!({"in": {"order": "*:8001", "cancel": {"replyer": "*:2"}}, "out": good()["connections"]["out"]}),
            "`in.order`: expected an object with the key `replyer`, got the text \"*:8001\"",
        ),
    ] {
        let said = refused(&addresses);
        assert!(said.starts_with(&format!("error: {problem}")), "{said}");
        assert!(said.ends_with("\n1 problem; nothing was bound or started\n"), "{said}");
    }
    let said = refused(&json!({"in": {"order": "*:8001"}}));
    assert!(said.contains(r#"write `{"replyer": "*:8001"}`"#), "{said}");
}

#[test]
fn a_key_that_one_document_sets_in_both_forms_is_refused() {
    let mut addresses = good();
    addresses["in"] = json!({"order": {"replyer": "*:9001"}});
    let said = refused(&addresses);
    assert!(said.contains("`in.order.replyer` is set here and as `connections.in.order.replyer`"), "{said}");
    assert!(said.contains("1 problem;"), "{said}");
}

/// The addresses of the service with an external target, which needs none, beside its other connections.
fn resolved_wider(addresses: &serde_json::Value) -> Result<ResolvedAddresses, String> {
    let mut model = model();
    model.connections.push(ConnectionModel::new("watch", Side::Out, "external_target"));
    let documents = [Document::embedded("addresses", addresses)];
    let mut diagnostics = Diagnostics::new();
    let resolved = resolve(&model, &[], Mode::Service, &documents, None, &mut diagnostics);
    resolved.ok_or_else(|| diagnostics.to_string())
}

fn desk(keys: &serde_json::Value) -> serde_json::Value {
    let mut addresses = good();
    addresses["connections"]["out"]["desk"] = keys.clone();
    addresses
}

#[test]
fn a_list_is_read_in_its_order_where_the_type_allows_several() {
    let addresses = desk(&json!({"requester": ["10.0.0.2:1", "10.0.0.1:1", "ipc:///tmp/desk"]}));
    let resolved = resolved_wider(&addresses).unwrap();
    assert_eq!(endpoints(&resolved)[2..], ["tcp://10.0.0.2:1", "tcp://10.0.0.1:1", "ipc:///tmp/desk"]);
    assert_eq!(
        endpoints(&resolved_wider(&desk(&json!({"requester": "10.0.0.1:1"}))).unwrap())[2..],
        ["tcp://10.0.0.1:1"]
    );
}

#[test]
fn every_bad_address_of_a_list_is_told_at_its_place() {
    for (list, problem) in [
        (json!([]), "expected addresses, got an empty list"),
        (json!(["10.0.0.1:1", "10.0.0.1:x"]), "\"10.0.0.1:x\" is not an address: the port `x`"),
        (json!(["10.0.0.1:1", 8001]), "expected an address, got the number 8001"),
        (
            json!(["10.0.0.1:1", "10.0.0.2:1", "tcp://10.0.0.1:1"]),
            "`connections.out.desk.requester[2]`: `tcp://10.0.0.1:1` is in the list twice",
        ),
        (json!(["10.0.0.1:1", "inproc://desk"]), "one connection cannot have both"),
    ] {
        let said = resolved_wider(&desk(&json!({"requester": list}))).unwrap_err();
        assert!(said.contains(problem) && said.contains("\n1 problem;"), "{said}");
    }
}

#[test]
fn a_transport_is_chosen_beside_the_address() {
    for (keys, chosen) in [
        (json!({"requester": "10.0.0.1:1"}), None),
        (json!({"requester": "10.0.0.1:1", "transport": "zeromq"}), Some("zeromq")),
        (json!({"requester": ["10.0.0.1:1"], "transport": "omq"}), Some("omq")),
        (json!({"requester": "inproc://desk", "transport": "inproc"}), Some("inproc")),
        (json!({"requester": "inproc://desk"}), None),
    ] {
        let resolved = resolved_wider(&desk(&keys)).unwrap();
        assert_eq!(resolved.connections[2].as_ref().unwrap().transport, chosen, "{keys}");
    }
}

#[test]
fn a_transport_that_there_is_not_or_that_cannot_carry_the_address_is_refused() {
    for (keys, problem) in [
        (json!({"requester": "10.0.0.1:1", "transport": "zeromp"}), "did you mean \"zeromq\"?"),
        (json!({"requester": "10.0.0.1:1", "transport": 3}), "expected one of \"omq\", \"zeromq\", \"inproc\", got"),
        (json!({"requester": "10.0.0.1:1", "transprot": "omq"}), "did you mean `transport`?"),
        (json!({"requester": "10.0.0.1:1", "transport": "inproc"}), "cannot carry `tcp://10.0.0.1:1`"),
        (json!({"requester": "inproc://desk", "transport": "omq"}), "`omq` cannot carry `inproc://desk`"),
    ] {
        let said = resolved_wider(&desk(&keys)).unwrap_err();
        assert!(said.contains(problem) && said.contains("\n1 problem;"), "{said}");
    }
}

#[test]
fn a_type_without_an_address_needs_no_entry_and_may_have_none() {
    assert!(resolved_wider(&good()).unwrap().connections[3].is_none());
    let mut addresses = good();
    addresses["connections"]["out"]["watch"] = json!({"external_target": "10.0.0.1:1"});
    let said = resolved_wider(&addresses).unwrap_err();
    assert!(said.contains("`connections.out.watch`: the external_target `watch` takes no address"), "{said}");
    assert!(said.contains("remove it"), "{said}");
}

fn book(state_type: &str) -> StateModel {
    let side = if state_type.ends_with("_in") { Side::In } else { Side::Out };
    StateModel::new("book", side, state_type, Record::new())
}

fn with_state(state: StateModel, written: &serde_json::Value) -> Result<Vec<EndAddresses>, String> {
    let (mut model, mut addresses) = (model(), good());
    let side = state.side.word();
    model.states.push(state);
    addresses["states"] = json!({side: written});
    let mut diagnostics = Diagnostics::new();
    let documents = [Document::embedded("addresses", &addresses)];
    let resolved = resolve(&model, &[], Mode::Service, &documents, None, &mut diagnostics);
    resolved.map(|mut resolved| resolved.states.remove(0)).ok_or_else(|| diagnostics.to_string())
}

#[test]
fn a_state_has_an_address_for_each_key_of_its_type() {
    let written = json!({"book": {"replyer": "*:9002", "publisher": "*:9001", "transport": "omq"}});
    let ends = with_state(book("delta_update_out"), &written).unwrap();
    let told: Vec<_> = ends.iter().map(|end| (end.key_path.as_str(), end.binds, end.transport)).collect();
    let expected = [("states.out.book.publisher", true, Some("omq")), ("states.out.book.replyer", true, Some("omq"))];
    assert_eq!(told, expected);
    let ends = with_state(book("full_update_in"), &json!({"book": {"subscriber": "10.0.0.1:9001"}})).unwrap();
    assert_eq!((ends.len(), ends[0].binds), (1, false));
}

#[test]
fn a_publisher_that_connects_and_a_subscriber_that_binds_change_places() {
    let mut state = book("delta_update_in");
    state.optional_creation_arguments.push(("is_binder".into(), true.into()));
    let written = json!({"book": {"subscriber": "*:9001", "requester": "10.0.0.1:9002"}});
    let ends = with_state(state, &written).unwrap();
    assert_eq!([ends[0].binds, ends[1].binds], [true, false]);
    let mut state = book("full_update_out");
    state.optional_creation_arguments.push(("is_x_pub".into(), true.into()));
    assert!(!with_state(state, &json!({"book": {"publisher": "10.0.0.1:9001"}})).unwrap()[0].binds);
}

#[test]
fn mistakes_in_the_addresses_of_a_state_are_told_once_and_at_their_place() {
    for (written, problem) in [
        (
            json!({"book": {"publisher": "*:9001"}}),
            "`states.out.book.replyer`: the address `replyer` of the delta_update_out `book` is missing",
        ),
        (json!({}), "`states.out.book`: the addresses of the delta_update_out `book` are missing"),
        (json!({"bok": {"publisher": "*:9001", "replyer": "*:9002"}}), "the service declares no such state"),
        (
            json!({"book": {"publisher": "*:9001", "repleyr": "*:9002"}}),
            "expected `publisher`, `replyer` or `transport`, got `repleyr`",
        ),
        (
            json!({"book": {"publisher": "*:9001", "replyer": "*:9001"}}),
            "`states.out.book.publisher` binds this address too",
        ),
        (
            json!({"book": {"publisher": "*:8001", "replyer": "*:9001"}}),
            "`connections.in.order.replyer` binds this address too",
        ),
        (json!({"book": "*:9001"}), "expected an object with the keys `publisher` and `replyer`, got"),
        (json!({"book": {"publisher": "inproc://book", "replyer": "*:9001"}}), "one connection cannot have both"),
    ] {
        let said = with_state(book("delta_update_out"), &written).unwrap_err();
        assert!(said.contains(problem) && said.contains("\n1 problem;"), "{written}: {said}");
    }
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
