//! Files that are given to the runner as services: those that are none, and those whose authors made mistakes. No code
//! of a file runs before it is known to be a plugin of the one ABI.

mod support;

use std::path::Path;

use service_framework::{LoadError, Service, ServiceError, json};
use support::messages::{Reply, request_with};
use support::peer::Peer;
use support::plugins::plugin;
use support::runner::{Ended, Folder, Running, run, runner};

/// What the runner says to this file.
fn described(path: &Path) -> Ended {
    run(runner().arg("describe").arg(path))
}

#[track_caller]
fn refused(path: &Path, parts: &[&str]) {
    let ended = described(path);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(78), ""), "{ended:?}");
    for part in parts.iter().copied().chain([path.to_str().unwrap()]) {
        assert!(ended.stderr.contains(part), "no {part} in {}", ended.stderr);
    }
}

fn loading_error(path: &Path) -> LoadError {
    match Service::from_path(path).build() {
        Err(ServiceError::Load(error)) => error,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("{} was loaded", path.display()),
    }
}

#[test]
fn a_file_that_is_no_library_is_refused() {
    let folder = Folder::new();
    let text = folder.file("service.so", "not a library\n");
    refused(&text, &["a shared library, got a text file", "cdylib"]);
    assert!(matches!(loading_error(&text), LoadError::NotALibrary { .. }));
    let empty = folder.file("empty.so", "");
    refused(&empty, &["a shared library, got an empty file"]);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    refused(&source, &["got a text file"]);
}

#[test]
fn a_library_that_is_no_plugin_is_refused_before_any_of_its_code_runs() {
    let library = plugin("no_service");
    refused(&library, &["no service", "export_service!"]);
    assert!(matches!(loading_error(&library), LoadError::NotAPlugin { .. }));
}

#[test]
fn a_plugin_of_another_abi_is_refused_before_any_of_its_code_runs() {
    let library = plugin("foreign_abi");
    refused(&library, &["version 9 of the plugin ABI", "version 1", "rebuild"]);
    assert!(matches!(loading_error(&library), LoadError::ForeignAbi { found, .. } if found == "9"));
}

#[test]
fn a_file_that_cannot_be_read_is_refused() {
    let folder = Folder::new();
    let missing = folder.path().join("missing.so");
    refused(&missing, &["cannot be loaded", "no such file"]);
    assert!(matches!(loading_error(&missing), LoadError::Unreadable { .. }));
    refused(folder.path(), &["cannot be loaded", "folder"]);
}

#[test]
fn a_plugin_that_was_cut_short_is_refused() {
    let folder = Folder::new();
    let whole = std::fs::read(plugin("desk")).unwrap();
    for tenths in 0..10 {
        let path = folder.file("cut.so", &whole[..whole.len() * tenths / 10]);
        refused(&path, &[]);
    }
}

#[test]
fn a_plugin_may_have_any_name_and_any_path() {
    let folder = Folder::new();
    let path = folder.path().join("a service, renamed");
    std::fs::copy(plugin("desk"), &path).unwrap();
    let ended = run(runner().current_dir(folder.path()).arg("describe").arg("a service, renamed"));
    assert!(ended.code == Some(0) && ended.stdout.starts_with("service desk"), "{ended:?}");
}

/// The runner of the plugin whose table is made by hand.
fn hand_made(folder: &Folder, models: impl AsRef<[u8]>, wrong: &str) -> std::process::Command {
    let mut command = runner();
    command.env("HAND_MADE_MODELS", folder.file("models", models)).env("HAND_MADE_TABLE", wrong);
    command
}

const GOOD: &str = r#"{"service": "hand_made", "connections": {"in": {"ask": {
    "connection_type": "replyer", "required_creation_arguments": {"function": "ask"}}}}}"#;

#[test]
fn a_damaged_table_is_refused() {
    let folder = Folder::new();
    for (wrong, part) in [
        ("null", "null"),
        ("magic", "magic"),
        ("size", "24 bytes"),
        ("major", "version 7 of the plugin ABI"),
        ("describe", "could not declare its models"),
    ] {
        let ended = run(hand_made(&folder, GOOD, wrong).arg("describe").arg(plugin("hand_made")));
        assert_eq!(ended.code, Some(78), "{wrong}: {ended:?}");
        assert!(ended.stderr.contains(part), "{wrong}: {ended:?}");
    }
}

#[test]
fn models_that_are_not_good_are_refused_with_their_places() {
    let folder = Folder::new();
    let connection = |inside: &str| format!(r#"{{"service": "s", "connections": {{"in": {{"ask": {inside}}}}}}}"#);
    let typed =
        |kind: &str| connection(&format!(r#"{{"connection_type": "replyer", "required_arguments": {{"a": {kind}}}}}"#));
    let deep = format!("{}\"Int\"{}", r#"{"type": "List", "of": "#.repeat(5_000), "}".repeat(5_000));
    let long = format!(r#"{{"service": "{}"}}"#, "x".repeat(2 << 20));
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"".to_vec(), "expected a JSON value"),
        (b"\xff\xfe{}".to_vec(), "not UTF-8"),
        (b"{\"service\": \"\xc3\x28\"}".to_vec(), "not UTF-8"),
        (b"[]".to_vec(), "object"),
        (b"{\"service\": ".to_vec(), ""),
        (b"{}".to_vec(), "`service` is missing"),
        (b"{\"service\": \"s\", \"service\": \"s\"}".to_vec(), "`service`"),
        (br#"{"service": "s", "conections": {}}"#.to_vec(), "`connections`"),
        (connection(r#"{"connection_type": "replier"}"#).into(), "`replyer`"),
        (connection(r#"{"connection_type": "requester"}"#).into(), "`out`"),
        (connection(r#"{}, "ask": {"connection_type": "replyer"}"#).into(), "ask"),
        (typed(r#""Integer""#).into(), "Int"),
        (typed(r#"{"type": "Str", "pattern": "("}"#).into(), "pattern"),
        (typed(r#"{"type": "Int", "min": 5, "max": 1}"#).into(), "connections.in.ask"),
        (typed(&deep).into(), ""),
        (long.into(), "at most 1048576"),
    ];
    for (models, part) in cases {
        let shown = String::from_utf8_lossy(&models[..models.len().min(200)]).into_owned();
        let ended = run(hand_made(&folder, models, "").arg("describe").arg(plugin("hand_made")));
        assert_eq!(ended.code, Some(78), "{shown}: {ended:?}");
        assert!(ended.stdout.is_empty() && ended.stderr.contains(part), "{shown}: no {part} in {}", ended.stderr);
        assert!(ended.stderr.len() < 20_000, "{shown}: {} bytes of errors", ended.stderr.len());
    }
}

#[test]
fn a_table_made_by_hand_serves_as_well_as_one_of_the_macro() {
    let reply = asked("");
    assert_eq!((reply.code(), reply.workflow_id().as_str()), ("no error", Some("w")));
}

#[test]
fn what_a_plugin_says_in_a_bad_way_becomes_an_error_that_can_be_read() {
    let bad_text = asked("bad text");
    let message = bad_text.of_error("message").and_then(|message| message.as_str()).unwrap();
    assert_eq!((bad_text.code(), message), ("told_to", "not UTF-8: \u{fffd}\u{fffd}"));
    assert_eq!(asked("silent").code(), "no_answer");
    let odd = asked("odd status");
    assert!(odd.of_error("message").and_then(|message| message.as_str()).unwrap().contains("-77"), "{odd:?}");
}

#[test]
fn a_plugin_that_cannot_make_its_service_ends_with_seventy() {
    let folder = Folder::new();
    let ended = run(run_arguments(&folder, "create").arg("-cl").arg("OFF"));
    assert_eq!(ended.code, Some(70), "{ended:?}");
    assert!(ended.stderr.contains("told to fail in create"), "{ended:?}");
}

fn run_arguments(folder: &Folder, wrong: &str) -> std::process::Command {
    let addresses = json!({"connections": {"in": {"ask": {"replyer": "127.0.0.1:0"}}}});
    let addresses = folder.file("addresses.json", addresses.to_string());
    let mut command = hand_made(folder, GOOD, wrong);
    command.arg("-s").arg(plugin("hand_made")).arg("-a").arg(addresses);
    command
}

/// What the plugin whose table is made by hand answers to a request without arguments.
fn asked(wrong: &str) -> Reply {
    let folder = Folder::new();
    let mut running = Running::start(&mut run_arguments(&folder, wrong));
    let mut peer = Peer::dealer(&running.address("ask"));
    let nothing = service_framework::Value::Map(Vec::new());
    let reply = peer.ask(&request_with(nothing, "w"));
    running.signal("TERM");
    assert_eq!(running.ended().code, Some(0));
    reply
}
