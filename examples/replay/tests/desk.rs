//! The replay against a desk in the same program: a right one, one that is wrong by the least there is, and none.

use std::path::{Path, PathBuf};

use desk::Desk;
use replay::Replay;
use service_framework::prelude::*;
use service_framework::testing::{Answer, TestError, TestService};
use service_framework::{Json, json};
use trades::{Holding, Trade};

/// Replays to a desk of this type.
fn replay_to<D: ServiceDefinition>(config: Json) -> Result<(), TestError> {
    let mut desk = TestService::of::<D>().start()?;
    let told = move |trade: &Json| desk.deliver("trade", trade.clone()).map_or_else(Answer::from, Answer::from);
    TestService::of::<Replay>().config(config).answer("desk", told).start_as_main()?.run_main()
}

/// A file of its own for a test, in Kraken's format.
fn file(name: &str, rows: &Json) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, json!({"error": [], "result": {"ABCUSD": rows, "last": "0"}}).to_string()).unwrap();
    path
}

#[test]
fn a_right_desk_passes_with_trades_of_any_seed() {
    for seed in 0..3 {
        replay_to::<Desk>(json!({"seed": seed, "count": 500})).unwrap();
    }
}

#[test]
fn a_right_desk_passes_with_the_trades_of_a_file() {
    let path = file(
        "long_and_short.json",
        &json!([
            ["105.50000", "0.00027625", 1_700_000_000.25, "b", "l", "", 1],
            ["105.60000", "0.00127625", 1_700_000_001.5, "s", "m", "", 2],
            ["104.10000", "0.00100000", 1_700_000_001.5, "b", "m", "", 3],
        ]),
    );
    replay_to::<Desk>(json!({ "path": path })).unwrap();
}

#[test]
fn a_bad_file_is_told_of_with_the_trades_index_before_anything_starts() {
    let path = file("bad.json", &json!([["1", "1", 1, "b", "l", "", 1], ["1", "one", 2, "b", "l", "", 2]]));
    let said = replay_to::<Desk>(json!({ "path": path })).unwrap_err().to_string();
    assert!(said.starts_with("the service could not be made: ") && said.contains("bad.json`"), "{said}");
    assert!(said.contains("`result.ABCUSD[1]`: expected the volume as a decimal text above 0, got \"one\""), "{said}");
}

#[test]
fn what_the_desk_refuses_ends_the_replay_with_the_trades_number() {
    let path = file("twice.json", &json!([["1", "1", 1, "b", "l", "", 7], ["1", "1", 2, "b", "l", "", 7]]));
    let said = replay_to::<Desk>(json!({ "path": path })).unwrap_err().to_string();
    assert!(said.contains("trade 2 of 2: `trade_id`: trade 7 is not newer than trade 7"), "{said}");
}

/// A desk that is right but for the last digit of the profit, from the third trade on.
struct Cheat(Decimal, Decimal, u64);

impl ServiceDefinition for Cheat {
    type Config = ();

    fn new(_: ()) -> service_framework::Result<Self> {
        Ok(Self(Decimal::ZERO, Decimal::ZERO, 0))
    }

    fn models(m: &mut Models<Self>) {
        m.replyer("trade", Self::on_trade);
    }
}

impl Cheat {
    fn on_trade(&mut self, trade: Trade, _: &mut Context) -> service_framework::Result<Holding> {
        let Self(position, cash, trades) = self;
        let bought = if trade.side == trades::Side::Buy { trade.quantity } else { -trade.quantity };
        *position += bought;
        *cash -= bought * trade.price;
        *trades += 1;
        let taken = if *trades < 3 { Decimal::ZERO } else { Decimal::new(1, 16) };
        Ok(Holding {
            symbol: trade.symbol,
            trade_id: trade.trade_id,
            trades: *trades,
            position: *position,
            average_price: Some(trade.price).filter(|_| !position.is_zero()),
            realised: *cash - taken,
            unrealised: *position * trade.price,
        })
    }
}

#[test]
fn a_desk_that_is_wrong_by_the_last_digit_is_caught_at_that_trade() {
    let said = replay_to::<Cheat>(json!({"count": 10})).unwrap_err().to_string();
    assert!(said.contains("trade 3 of 10: the desk's profit (in 10^-16) is "), "{said}");
}
