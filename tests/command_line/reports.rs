//! What a running service tells of itself: its counters when it is asked, and floods of errors in few lines.

use std::time::Instant;

use service_framework::Value;

use crate::support::messages::{request, request_with};
use crate::support::peer::Peer;
use crate::support::runner::{Ended, Folder, Running};
use crate::{NOBODY, desk, driver, started, stopped};

#[test]
fn on_sigusr1_the_service_tells_its_mode_uptime_and_counters_and_goes_on() {
    let folder = Folder::new();
    let (mut running, endpoint) = started(desk(&folder, NOBODY, &[]));
    let mut peer = Peer::dealer(&endpoint);
    for _ in 0..3 {
        peer.ask(&request("hello", "w"));
    }
    assert_eq!(peer.ask(&request_with(Value::map([("text", Value::Nil)]), "w")).code(), "wrong_type");
    running.signal("USR1");
    running.until_logged("desk service mode, up for 0h 00m ");
    running.until_logged("in `echo`: received=4 sent=4 wrong_type=1");
    running.until_logged("in `trouble`: received=0 sent=0");
    running.until_logged("out `peer`: received=0 sent=0");
    assert_eq!(peer.ask(&request("and on", "w")).text(), "and on");
    running.signal("USR1");
    running.until_logged("in `echo`: received=5 sent=5 wrong_type=1");
    assert_eq!(stopped(running).code, Some(0));
}

#[test]
fn it_tells_them_while_main_holds_the_service_and_while_a_function_hangs() {
    let folder = Folder::new();
    for task in ["wait", "never return"] {
        let mut running = Running::start(&mut driver(&folder, NOBODY, &["--task", task]));
        running.until_printed("depth=10");
        running.signal("USR1");
        running.until_logged("driver main mode, up for ");
        running.until_logged("out `peer`: received=0 sent=0");
    }
    let mut running = Running::start(&mut desk(&folder, NOBODY, &[]));
    let mut peer = Peer::dealer(&running.address("trouble"));
    peer.ask(&request("log: before it hangs", "w"));
    peer.send_request(&request("never return", "w"));
    crate::support::until("the line that counts the request which hangs", || {
        running.signal("USR1");
        running.has_logged("in `trouble`: received=2 sent=1").then_some(())
    });
}

/// The lines with this text, and how many others they say were not written.
fn told(ended: &Ended, text: &str) -> (usize, usize) {
    let number_before = |line: &str, words: &str| -> usize {
        let before = line.split_once(words).map_or("", |(before, _)| before);
        before.rsplit(['(', ' ']).next().and_then(|number| number.parse().ok()).unwrap_or(0)
    };
    let mut lines = 0;
    let mut unsaid = 0;
    for line in ended.stderr.lines().filter(|line| line.contains(text)) {
        let left = number_before(line, " more like the last line");
        lines += usize::from(left == 0);
        unsaid += left + number_before(&line.replace("(and ", "("), " more like it before");
    }
    (lines, unsaid)
}

#[test]
fn a_flood_of_bad_messages_or_failures_is_few_lines_that_tell_how_many_were_left_out() {
    const FLOOD: usize = 2_000;
    let folder = Folder::new();
    let begun = Instant::now();
    let (mut running, endpoint) = started(desk(&folder, NOBODY, &[]));
    let mut echo = Peer::dealer(&endpoint);
    let mut trouble = Peer::dealer(&running.address("trouble"));
    let bad = request_with(Value::map([("text", Value::Nil)]), "w");
    for _ in 0..FLOOD {
        echo.send_request(&bad);
        trouble.send_request(&request("error", "w"));
    }
    for _ in 0..FLOOD {
        assert_eq!(echo.reply().code(), "wrong_type");
        assert_eq!(trouble.reply().code(), "unknown_symbol");
    }
    assert_eq!(trouble.ask(&bad).code(), "wrong_type");
    running.until_logged("connection=trouble code=wrong_type");
    let ended = stopped(running);
    let most = 10 * (begun.elapsed().as_secs() as usize + 2);
    for text in ["connection=echo code=wrong_type", "connection=trouble code=unknown_symbol"] {
        let (lines, unsaid) = told(&ended, text);
        assert!(lines <= most, "{lines} lines with {text}");
        assert_eq!(lines + unsaid, FLOOD, "{text}: {}", ended.stderr);
    }
    assert_eq!(told(&ended, "connection=trouble code=wrong_type"), (1, 0), "a flood hides nothing else");
    assert!(ended.stderr.contains("(those that follow at once are only counted)"), "{ended:?}");
}
