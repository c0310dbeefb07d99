//! The program as a process: what it prints, what it logs, and that it ends well.

use std::process::Command;

#[test]
fn the_desk_is_told_of_each_trade_once_although_the_feed_hangs_up() {
    let output = Command::new(env!("CARGO_BIN_EXE_feed")).output().unwrap();
    let (printed, log) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{}\n{printed}{log}", output.status);
    let told: Vec<_> = printed.lines().skip(1).collect();
    let expected =
        ["connected to the feed: 4 times", "trades that the desk was told of: 1000", "trades that it refused: 0"];
    assert_eq!(told, expected, "{log}");
    // From the service's own thread that follows the feed, and from its timer.
    assert!(log.contains("is lost after trade 300: it hung up"), "{log}");
    assert!(log.contains("trades sent, "), "{log}");
}
