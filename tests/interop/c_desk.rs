//! A service in C as our side: the Python library asks the desk of the examples.

use service_framework::prelude::*;
use service_framework::{Timestamp, json};

use crate::support::plugins::c_plugin;
use crate::support::runner::{Folder, Running, runner};
use crate::theirs::Python;

/// What the Python library sends: the one order of all figures, with `sequence` as given.
fn order(sequence: i64) -> Value {
    let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
    Value::map([
        ("price", decimal("64235.17")),
        ("quantity", decimal("0.0125")),
        ("symbol", "BTC-USD".into()),
        ("order_id", "0b9f3c1e-52a7-4d0e-8c3f-6a1d9e7b2f40".into()),
        ("sequence", Value::Int(sequence)),
        ("time", Value::DateTime(Timestamp { seconds: 1_700_000_000, nanoseconds: 123_456_789 })),
    ])
}

#[test]
fn a_python_requester_is_answered_by_a_desk_in_c() {
    let Some(python) = Python::find() else { return };
    let folder = Folder::new();
    let addresses = json!({"connections": {"in": {"order": {"replyer": "127.0.0.1:0"}}}});
    let addresses = folder.file("addresses.json", addresses.to_string());
    let library = c_plugin("examples/c/desk.c");
    let mut desk = Running::start(runner().arg("-s").arg(library).arg("-a").arg(addresses));
    let address = desk.address("order");
    let more = ["--fields", "price,quantity,symbol,order_id,sequence,time", "--returns", "symbol,notional,sequence"];
    let told = python.ask(address.strip_prefix("tcp://").unwrap(), &[order(1), order(i64::MIN)], &more);
    assert_eq!(told["ok"], true, "{told}");
    for (place, sequence) in [(0, 1), (1, i64::MIN)] {
        let reply = json!({"t": "map", "v": [
            [{"t": "str", "v": "symbol"}, {"t": "str", "v": "BTC-USD"}],
            [{"t": "str", "v": "notional"}, {"t": "decimal", "v": "802.939625"}],
            [{"t": "str", "v": "sequence"}, {"t": "int", "v": sequence.to_string()}],
        ]});
        assert_eq!(told["replies"][place], reply);
    }
}
