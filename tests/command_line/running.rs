//! How a service runs, as the flags say: where its sockets live, over which transport, spinning or asleep, and watched.

use crate::support::messages::request;
use crate::support::peer::Peer;
use crate::support::process;
use crate::support::runner::{Folder, Running, run};
use crate::{NOBODY, desk, driver, started, stopped};

/// Whether a process has a thread of this name.
fn has_thread(running: &Running, name: &str) -> bool {
    process::thread_names(&running.id()).iter().any(|thread| thread == name)
}

#[test]
fn the_sockets_live_where_the_flag_says_in_either_mode() {
    let folder = Folder::new();
    for (place, on_their_own) in [(None, false), (Some("inline"), false), (Some("offloaded"), true)] {
        let flags: Vec<&str> = place.iter().flat_map(|place| ["--placement", place]).collect();
        let (running, endpoint) = started(desk(&folder, NOBODY, &flags));
        assert_eq!(Peer::dealer(&endpoint).ask(&request("hello", "w")).text(), "hello");
        assert_eq!(has_thread(&running, "desk-io"), on_their_own, "service mode, {place:?}");
        assert_eq!(stopped(running).code, Some(0));
    }
    for (place, on_their_own) in [(None, true), (Some("inline"), false), (Some("offloaded"), true)] {
        let flags: Vec<&str> = place.iter().flat_map(|place| ["--placement", place]).collect();
        let mut running = Running::start(driver(&folder, NOBODY, &["--task", "wait"]).args(flags));
        running.until_printed("depth=10");
        assert_eq!(has_thread(&running, "driver-io"), on_their_own, "main mode, {place:?}");
        assert_eq!(stopped(running).code, Some(0));
    }
}

#[test]
fn a_whole_process_goes_over_the_transport_of_the_flag() {
    let folder = Folder::new();
    let (mut theirs, endpoint) = started(desk(&folder, NOBODY, &["--transport", "zeromq"]));
    theirs.until_logged("over zeromq: in `echo` at tcp://");
    theirs.until_logged("over zeromq: out `peer` at tcp://");
    assert_eq!(Peer::dealer(&endpoint).ask(&request("hello", "w")).text(), "hello");
    for transport in ["omq", "zeromq"] {
        let trouble = theirs.address("trouble");
        let asked = run(&mut driver(&folder, &trouble, &["--task", "ask the peer", "--transport", transport]));
        assert_eq!((asked.code, asked.stdout.contains("the peer answered main")), (Some(0), true), "{asked:?}");
    }
    assert_eq!(stopped(theirs).code, Some(0));
    let refused = run(&mut desk(&folder, NOBODY, &["--transport", "inproc"]));
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("[possible values: omq, zeromq]"), "{refused:?}");
}

#[test]
fn a_busy_service_answers_and_stops() {
    let folder = Folder::new();
    let (running, endpoint) = started(desk(&folder, NOBODY, &["--busy"]));
    assert_eq!(Peer::dealer(&endpoint).ask(&request("hello", "w")).text(), "hello");
    let before = process::cpu_time(&running.id());
    crate::support::until("a core to be used", || {
        (process::cpu_time(&running.id()) > before + std::time::Duration::from_millis(50)).then_some(())
    });
    assert_eq!(stopped(running).code, Some(0));
}

#[test]
fn a_function_that_takes_too_long_is_named_once_and_goes_on() {
    let folder = Folder::new();
    let mut running = Running::start(&mut desk(&folder, NOBODY, &["--slow-after", "0.02"]));
    let mut peer = Peer::dealer(&running.address("trouble"));
    assert_eq!(peer.ask(&request("wait", "w")).text(), "wait");
    let line = running.until_logged("the function of `trouble` has been running for more than 20ms");
    assert!(line.contains("WARN"), "{line}");
    assert_eq!(peer.ask(&request("hello", "w")).text(), "hello");
    let said = stopped(running).stderr.matches("has been running for more than").count();
    assert_eq!(said, 1);
    let mut running = Running::start(&mut desk(&folder, NOBODY, &["--slow-after", "0"]));
    let mut peer = Peer::dealer(&running.address("trouble"));
    peer.ask(&request("wait", "w"));
    assert!(!has_thread(&running, "desk-watch"));
    assert_eq!(stopped(running).stderr.matches("has been running").count(), 0);
}

#[test]
fn a_function_that_holds_up_the_stop_is_named_too() {
    let folder = Folder::new();
    let flags = ["--task", "hang on a signal", "--slow-after", "0.05", "--stop-timeout", "60"];
    let (mut running, _) = started(desk(&folder, NOBODY, &flags));
    running.signal("TERM");
    running.until_logged("`on_sigterm` has been running for more than 50ms");
    running.signal("TERM");
    assert_eq!(running.ended().code, Some(143));
}
