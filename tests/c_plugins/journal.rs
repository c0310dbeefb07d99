//! The example `journal.c`: an external target, a timer, a sender in a thread of C and the counters, in one service.

use service_framework::Value;

use crate::support::messages::request_with;
use crate::support::peer::Peer;
use crate::support::runner::{Folder, Running, run};
use crate::support::until;
use crate::{c_runner, listening, stopped};

const JOURNAL: &str = "examples/c/journal.c";

fn note(peer: &mut Peer, text: &str) -> Value {
    let reply = peer.ask(&request_with(Value::map([("text", Value::from(text))]), "w"));
    reply.returned().get("line").cloned().unwrap()
}

#[test]
fn notes_and_the_ticks_of_a_thread_become_lines_of_the_file() {
    let folder = Folder::new();
    let file = folder.path().join("notes.txt");
    let mut command = c_runner(JOURNAL, &listening("note"), &folder);
    let mut journal = Running::start(command.arg("--path").arg(&file).args(["--every_ms", "20"]));
    let mut peer = Peer::dealer(&journal.address("note"));
    let written = || std::fs::read_to_string(&file).unwrap();
    until("ticks of the thread", || (written().matches("tick\n").count() >= 3).then_some(()));
    for text in ["one", "caf\u{e9}"] {
        let Value::Int(line) = note(&mut peer, text) else { panic!("no number of a line") };
        assert_eq!(written().lines().nth(line as usize - 1), Some(text));
    }
    // The timer's line has what had been counted when it rang.
    let counters = journal.until_logged(r#""note":{"dropped":{},"received":2,"sent":2}"#);
    assert!(counters.contains("\"file\""), "{counters}");
    let log = stopped(journal);
    let lines = written().lines().count();
    assert!(log.contains(&format!("the journal has {lines} lines")), "{log}");
    assert_eq!(written().lines().last(), Some("the journal closes"));
}

#[test]
fn a_journal_that_stops_on_an_error_waits_for_its_thread_and_ends() {
    let folder = Folder::new();
    let mut command = c_runner(JOURNAL, &listening("note"), &folder);
    // Whatever is written to this file does not fit.
    command.args(["--path", "/dev/full", "--every_ms", "20", "--on-error", "stop"]);
    let mut journal = Running::start(&mut command);
    let mut peer = Peer::dealer(&journal.address("note"));
    let reply = peer.ask(&request_with(Value::map([("text", Value::from("too much"))]), "w"));
    assert_eq!(reply.code(), "not_written", "{reply:?}");
    let ended = journal.ended();
    assert_eq!(ended.code, Some(70), "{ended:?}");
    assert!(ended.stderr.contains("the file takes no more"), "{ended:?}");
}

#[test]
fn a_file_that_cannot_be_opened_keeps_the_journal_from_starting() {
    let folder = Folder::new();
    let path = folder.path().join("missing").join("notes.txt");
    let ended = run(c_runner(JOURNAL, &listening("note"), &folder).arg("--path").arg(&path));
    assert_eq!(ended.code, Some(70), "{ended:?}");
    assert!(ended.stderr.contains("cannot be opened to append to it (no_file)"), "{ended:?}");
}
