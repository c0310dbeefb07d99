//! The program as a process: what it prints, and that it ends well.

use std::process::Command;

#[test]
fn the_program_tells_each_way_to_fail_apart_and_ends() {
    let output = Command::new(env!("CARGO_BIN_EXE_quotes")).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}\n{printed}{}", output.status, String::from_utf8_lossy(&output.stderr));
    let told: Vec<_> = printed.lines().filter(|line| line.starts_with(' ')).map(without_duration).collect();
    let expected = [
        "BTC-USD  64235.17",
        "ETH-USD  3120.5",
        "NOPE     unknown_symbol (the question is wrong)",
        "FAIL     exchange_failed (trying again may help)",
        "GARBLED  exchange_garbled (trying again will not help)",
        "MINUS    bad_return (trying again will not help)",
        "SLOW     timed_out (trying again may help)",
        "BTC-USD  64235.17",
        "calls that the exchange has not answered: 1",
        "SLOW     timed_out (trying again may help)",
        "BTC-USD  busy (trying again may help)",
        "calls that the exchange has not answered: 2",
    ];
    assert_eq!(told, expected, "{printed}");
}

fn without_duration(line: &str) -> &str {
    line.split_once(", after ").map_or(line, |(line, _)| line).trim()
}
