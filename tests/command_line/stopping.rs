//! How a service ends: signals, failures, and the exit code of each.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::support::messages::request;
use crate::support::peer::Peer;
use crate::support::plugins::plugin;
use crate::support::recorder::{has_heard, recorder};
use crate::support::runner::{Folder, Running, run, runner};
use crate::{NOBODY, desk, driver, started, stopped};
use service_framework::json;

#[test]
fn a_signal_runs_its_function_which_may_still_send_and_the_end_is_clean() {
    let folder = Folder::new();
    let (_recorder, peer) = recorder();
    for (signal, word) in [("INT", "sigint"), ("TERM", "sigterm")] {
        let task = format!("goodbye {}", folder.path().display());
        let (running, endpoint) = started(desk(&folder, &peer, &["--task", &task]));
        assert_eq!(Peer::dealer(&endpoint).ask(&request("hello", "w")).text(), "hello");
        running.signal(signal);
        let ended = running.ended();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(has_heard(&format!("{task}: {word}")), "{ended:?}");
        assert!(ended.stderr.contains(&format!("the peer answered noted {task}: {word}")), "{ended:?}");
        assert!(ended.stderr.contains("in `echo`: received=1 sent=1"), "{ended:?}");
    }
}

#[test]
fn a_signal_ends_main_before_its_function_runs() {
    let folder = Folder::new();
    for task in ["wait", "look"] {
        let mut running = Running::start(&mut driver(&folder, NOBODY, &["--task", task]));
        running.until_printed("depth=10");
        let ended = stopped(running);
        assert_eq!(ended.code, Some(0), "{task}: {ended:?}");
        assert!(ended.stderr.contains("on_sigterm runs after main"), "{task}: {ended:?}");
    }
}

#[test]
fn a_signal_ends_a_main_that_asks_a_silent_peer() {
    let folder = Folder::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = silent.local_addr().unwrap().to_string();
    let running = Running::start(&mut driver(&folder, &peer, &["--task", "ask the peer"]));
    let mut accepted = Peer::accepted(&silent);
    accepted.receive();
    let ended = stopped(running);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = Folder::new();
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let (mut running, _) = started(desk(&folder, NOBODY, &["--task", "hang on a signal"]));
        running.signal(signal);
        running.until_logged("hanging on");
        assert!(running.is_running());
        running.signal(signal);
        let ended = running.ended();
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.stderr.contains("a second signal"), "{ended:?}");
    }
}

#[test]
fn code_that_does_not_return_in_time_ends_with_seventy() {
    let folder = Folder::new();
    let arguments = ["--task", "never return", "--stop-timeout", "0.1"];
    let mut running = Running::start(&mut driver(&folder, NOBODY, &arguments));
    running.until_printed("depth=10");
    let ended = stopped(running);
    assert_eq!(ended.code, Some(70), "{ended:?}");
    assert!(ended.stderr.contains("did not return within 100ms"), "{ended:?}");
}

#[test]
fn a_service_that_fails_ends_with_seventy_and_says_why() {
    let folder = Folder::new();
    for (task, part) in [("fail in new", "told to fail in new"), ("fail in init", "told to fail in init")] {
        let ended = run(&mut desk(&folder, NOBODY, &["--task", task]));
        assert_eq!(ended.code, Some(70), "{ended:?}");
        assert!(ended.stderr.contains(part), "{ended:?}");
    }
    for (task, part) in [("dance", "does not know how to dance"), ("panic", "told to panic, at ")] {
        let ended = run(&mut driver(&folder, NOBODY, &["--task", task]));
        assert_eq!(ended.code, Some(70), "{ended:?}");
        assert!(ended.stderr.contains(part), "{ended:?}");
    }
    let (running, _) = started(desk(&folder, NOBODY, &["--task", "fail on a signal"]));
    let ended = stopped(running);
    assert_eq!(ended.code, Some(70), "{ended:?}");
    assert!(ended.stderr.contains("on_sigterm failed: told to fail on a signal"), "{ended:?}");
}

#[test]
fn a_signal_during_init_ends_its_wait_and_the_service_stops_as_ever() {
    let folder = Folder::new();
    let mut running = Running::start(&mut desk(&folder, NOBODY, &["--task", "wait in init"]));
    running.until_logged("the desk opens");
    let ended = stopped(running);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("the desk says goodbye"), "{ended:?}");
}

#[test]
fn a_function_that_fails_ends_the_service_only_where_that_is_asked_for() {
    let folder = Folder::new();
    let (mut running, _) = started(desk(&folder, NOBODY, &[]));
    let mut peer = Peer::dealer(&running.address("trouble"));
    assert_eq!(peer.ask(&request("error", "w")).code(), "unknown_symbol");
    let panicked = peer.ask(&request("panic", "w"));
    let message = panicked.of_error("message").and_then(|message| message.as_str()).unwrap();
    assert!(message.contains("told to panic") && message.contains("desk.rs:"), "{message}");
    let line = running.until_logged("told to panic");
    assert!(line.contains("ERROR") && line.contains("[w]"), "{line}");
    assert_eq!(stopped(running).code, Some(0));

    let (mut running, _) = started(desk(&folder, NOBODY, &["--on-error", "stop"]));
    let mut peer = Peer::dealer(&running.address("trouble"));
    assert_eq!(peer.ask(&request("error", "w")).code(), "unknown_symbol", "a caller's mistake stops nothing");
    assert_eq!(peer.ask(&request("panic", "w")).code(), "panicked", "the answer leaves before the service ends");
    let ended = running.ended();
    assert_eq!(ended.code, Some(70), "{ended:?}");
    assert!(ended.stderr.contains("stopped because a function failed: told to panic"), "{ended:?}");
}

#[test]
fn an_address_that_is_taken_ends_with_sixty_nine() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let addresses = json!({"connections": {
        "in": {"echo": {"replyer": address}, "trouble": {"replyer": "127.0.0.1:0"}},
        "out": {"peer": {"requester": NOBODY}},
    }});
    let path = folder.file("taken.json", addresses.to_string());
    let ended = run(runner().arg("-s").arg(plugin("desk")).arg("-a").arg(path));
    assert_eq!(ended.code, Some(69), "{ended:?}");
    assert!(ended.stderr.contains("`echo`") && ended.stderr.contains(&address), "{ended:?}");
}

#[test]
fn the_loop_waits_at_least_as_long_as_it_is_told_between_two_passes() {
    let folder = Folder::new();
    let (running, endpoint) = started(desk(&folder, NOBODY, &["-wt", "0.1"]));
    let mut peer = Peer::dealer(&endpoint);
    peer.ask(&request("first", "w"));
    let began = Instant::now();
    for _ in 0..5 {
        peer.ask(&request("next", "w"));
    }
    assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
    assert_eq!(stopped(running).code, Some(0));
}
