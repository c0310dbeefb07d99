//! The market with a file of a venue and with one that is made up: the book that others get copies of, and the trades.

use std::path::{Path, PathBuf};

use market::Market;
use service_framework::prelude::*;
use service_framework::testing::{TestError, TestService};
use service_framework::{Json, StopReason, json};

/// Runs a market until it is closed and a minute has passed.
fn run(config: Json) -> Result<TestService, TestError> {
    let mut market = TestService::of::<Market>().config(config).start_as_main()?;
    market.stop_after(Duration::from_secs(3600), StopReason::Requested);
    market.run_main().map(|()| market)
}

fn file(name: &str, lines: &[&str]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, lines.join("\n")).unwrap();
    path
}

const SNAPSHOT: &str = r#"{"type":"snapshot","ts":1700000000000,"data":{"s":"ABCUSDT","b":[["1.50","20"],["1.4","1"]],"a":[["1.6","30.5"]],"u":7}}"#;
const CHANGE: &str = r#"{"type":"delta","ts":1700000000100,"data":{"s":"ABCUSDT","b":[["1.5","0"],["1.4","2.0"]],"a":[["1.7","3"]],"u":8}}"#;

#[test]
fn the_changes_of_a_file_lead_to_the_book_at_its_end() {
    let path = file("book.jsonl", &[SNAPSHOT, CHANGE]);
    let mut market = run(json!({ "path": path })).unwrap();
    let expected =
        json!({"symbol": "ABCUSDT", "update": 8, "bids": {"1.4": "2.0"}, "asks": {"1.6": "30.5", "1.7": "3"}});
    assert_eq!(market.state("book").unwrap(), expected);
    // The book as a whole, and then only what changed.
    let sent = market.sent();
    let [whole, change] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!((&whole.connection, &whole.arguments["is_snapshot"]), (&"book".to_owned(), &json!(true)));
    let changed = json!({"update": 8, "bids": {"1.5": null, "1.4": "2.0"}, "asks": {"1.7": "3"}});
    assert_eq!((&change.arguments["is_snapshot"], &change.arguments["state"]), (&json!(false), &changed));
}

#[test]
fn a_bad_line_ends_the_market_and_is_told_with_its_number() {
    let path = file("bad.jsonl", &[SNAPSHOT, SNAPSHOT.replace("snapshot", "delta").as_str()]);
    let said = run(json!({ "path": path })).err().unwrap().to_string();
    assert!(said.contains("bad.jsonl`, line 2: expected the update after 7, got 7"), "{said}");
    let said = run(json!({ "path": "none.jsonl" })).err().unwrap().to_string();
    assert!(said.contains("the service could not be made: ") && said.contains("none.jsonl"), "{said}");
}

#[test]
fn a_market_that_is_made_up_changes_its_book_and_publishes_trades() {
    let mut market = run(json!({"seed": 3, "count": 200})).unwrap();
    let book = market.state("book").unwrap();
    assert_eq!((book["update"].as_u64(), book["bids"].as_object().unwrap().len()), (Some(200), 500));
    let sent = market.sent();
    let of = |name: &str| sent.iter().filter(|sent| sent.connection == name).count();
    assert_eq!(of("book"), 200);
    assert!(of("trades") > 20, "{}", of("trades"));
}
