//! What peers write into ids, messages, keys and codes neither forges a line of the log nor drives a terminal.

use service_framework::prelude::*;
use service_framework::{Json, Service, json, serde_json};

use crate::support::messages::{request, request_with};
use crate::support::peer::Peer;
use crate::support::plugins::plugin;
use crate::support::runner::{Folder, Running, run, runner};
use crate::{NOBODY, desk, driver, stopped};

/// A line of the log, a cleared screen in both codings, and texts that read from right to left.
const FORGED: &str =
    "\r\n2026-01-01T00:00:00.000000Z INFO  desk forged\u{1b}[2J\u{9b}2J\u{7f}\u{202e}\u{2066}\u{2028}\0";

/// A peer that answers every request with a hostile error.
struct Liar;

impl ServiceDefinition for Liar {
    type Config = ();

    fn new(_: ()) -> Result<Self> {
        Ok(Self)
    }

    fn models(m: &mut Models<Self>) {
        m.replyer("lie", Self::on_text);
    }
}

impl Liar {
    fn on_text(&mut self, _: fixtures::Text, _: &mut Context) -> Result<fixtures::Text> {
        Err(Error::caller(FORGED, FORGED).with_field(FORGED))
    }
}

/// What the runner logged, on the console and in its file, while hostile things were said to it in every way.
fn logged(format: &str) -> [String; 2] {
    let addresses = json!({"connections": {"in": {"lie": {"replyer": "127.0.0.1:0"}}}});
    let mut liar = Service::of::<Liar>().addresses(addresses).build().unwrap();
    liar.run_service().unwrap();
    let folder = Folder::new();
    let logs = folder.path().join("logs");
    let arguments = ["--log-format", format, "-l", logs.to_str().unwrap(), "-cl", "DEBUG", "-f", "DEBUG"];
    let mut running = Running::start(&mut desk(&folder, liar.address("lie").unwrap(), &arguments));
    let line = running.until_logged("`trouble` at tcp:");
    let endpoint = line.split_once("`trouble` at ").unwrap().1.split('"').next().unwrap();
    let mut peer = Peer::dealer(endpoint);
    for how in ["log", "fail", "panic"] {
        peer.ask(&request(&format!("{how}: {FORGED}"), FORGED));
    }
    assert_eq!(peer.ask(&request("ask the peer", FORGED)).code(), FORGED, "the liar's own code is handed on");
    let unknown = Value::map([("text", Value::from("a text")), (FORGED, Value::Nil)]);
    assert_eq!(peer.ask(&request_with(unknown, FORGED)).code(), "unknown_key");
    let ended = stopped(running);
    let file = std::fs::read_dir(&logs).unwrap().next().unwrap().unwrap().path();
    [ended.stderr, std::fs::read_to_string(file).unwrap()]
}

fn is_harmless(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn every_line_of_text_is_one_that_the_service_wrote_and_harmless() {
    for log in logged("text") {
        assert!(log.lines().count() > 10 && log.contains("forged"), "{log}");
        for line in log.lines() {
            assert!(line.chars().all(is_harmless), "{line:?}");
            let (time, rest) = line.split_once(' ').unwrap();
            assert!(time.parse::<DateTime<Utc>>().is_ok(), "{line}");
            let level = rest.get(..6).unwrap();
            assert!(["ERROR ", "WARN  ", "INFO  ", "DEBUG "].contains(&level), "{line}");
            assert!(!line.starts_with("2026-01-01T00:00:00.000000Z"), "{line}");
        }
    }
}

#[test]
fn every_line_of_json_is_harmless_too_and_keeps_what_was_said() {
    for log in logged("json") {
        let mut said = [0; 4];
        for line in log.lines() {
            assert!(line.chars().all(is_harmless), "{line:?}");
            let line: Json = serde_json::from_str(line).expect(line);
            let holds = |part: &Json| part.as_str().is_some_and(|text| text.contains(FORGED));
            let fields = line["fields"].as_object().unwrap();
            let found = [holds(&line["message"]), holds(&line["workflow_id"]), fields.values().any(holds), true];
            said.iter_mut().zip(found).for_each(|(count, found)| *count += usize::from(found));
        }
        let [messages, ids, fields, lines] = said;
        assert!(messages >= 5 && ids >= 6 && fields >= 2 && lines > 10, "{said:?} in {log}");
    }
}

#[test]
fn what_stands_in_files_and_arguments_is_harmless_where_its_problems_are_drawn() {
    let folder = Folder::new();
    let config = folder.file("config.json", json!({FORGED: 1, "depth": FORGED, "lo\u{9b}ud": FORGED}).to_string());
    let raw = folder
        .file("addresses.json", format!("{{\"connections\": {{\"in\": {{\"e\u{9b}2J\u{202e}\": {FORGED:?}}}}}}}"));
    let argument = format!("--{}", FORGED.replace('\0', ""));
    for addresses in [raw, folder.file("good.json", json!({"connections": {"in": {FORGED: FORGED}}}).to_string())] {
        let mut command = runner();
        command.args(["validate", "-s"]).arg(plugin("desk")).arg("-c").arg(&config).arg("-a").arg(addresses);
        let ended = run(command.args([argument.as_str(), FORGED.trim_end_matches('\0')]));
        assert_eq!(ended.code, Some(78), "{ended:?}");
        for line in ended.stderr.lines() {
            assert!(line.chars().all(is_harmless) && !line.starts_with("2026"), "{line:?}");
        }
    }
    let ended = run(runner().arg("-s").arg(format!("no{}", argument)));
    assert!(
        ended.stderr.starts_with("error: the service cannot be loaded: there is no such file\n--> no"),
        "{ended:?}"
    );
    for line in ended.stderr.lines() {
        assert!(line.chars().all(is_harmless) && !line.starts_with("2026"), "{line:?}");
    }
}

#[test]
fn what_a_peer_said_is_harmless_at_the_end_of_a_run_too() {
    let folder = Folder::new();
    let task = FORGED.replace('\0', "");
    let ended = run(&mut driver(&folder, NOBODY, &["--task", &task]));
    assert_eq!(ended.code, Some(70), "{ended:?}");
    let last = ended.stderr.lines().last().unwrap();
    assert!(last.starts_with("error: main failed: does not know how to \\r\\n2026"), "{last:?}");
    assert!(ended.stderr.lines().all(|line| line.chars().all(is_harmless)), "{ended:?}");
}
