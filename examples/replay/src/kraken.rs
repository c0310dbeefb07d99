//! The format of Kraken's public trades (`GET /0/public/Trades`): from a file to trades, or to an error that names the
//! trade.
//!
//! Owns the format. A file is taken whole or not at all.

use std::path::{Path, PathBuf};

use service_framework::prelude::*;
use service_framework::{Json, serde_json};
use trades::{Side, Trade};

/// Why a file gives no trades.
#[derive(Debug)]
pub(crate) struct BadFile {
    path: PathBuf,
    problem: String,
}

impl std::fmt::Display for BadFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`: {}", self.path.display(), self.problem)
    }
}

impl std::error::Error for BadFile {}

/// Reads a file: `{"result": {PAIR: [[price, volume, seconds, "b" or "s", "l" or "m", misc, id], ...], "last": ...}}`.
pub(crate) fn read(path: &Path) -> Result<Vec<Trade>, BadFile> {
    let bad = |problem| BadFile { path: path.to_owned(), problem };
    let text = std::fs::read(path).map_err(|error| bad(error.to_string()))?;
    let json = serde_json::from_slice(&text).map_err(|error| bad(format!("not JSON: {error}")))?;
    parse(&json).map_err(bad)
}

fn parse(json: &Json) -> Result<Vec<Trade>, String> {
    if let Some(errors) = json.get("error").and_then(Json::as_array).filter(|errors| !errors.is_empty()) {
        return Err(format!("Kraken answered with an error: {}", Json::from(errors.as_slice())));
    }
    let result = json.get("result").and_then(Json::as_object).ok_or("there is no object `result`")?;
    let mut pairs = result.iter().filter(|(name, _)| *name != "last");
    let (symbol, rows) = match (pairs.next(), pairs.next()) {
        (Some(pair), None) => pair,
        (None, _) => return Err("`result` names no pair".to_owned()),
        (Some((one, _)), Some((other, _))) => return Err(format!("two pairs, `{one}` and `{other}`: one at a time")),
    };
    let rows = rows.as_array().ok_or_else(|| format!("`result.{symbol}` is not an array"))?;
    if rows.is_empty() {
        return Err(format!("`result.{symbol}` has no trades"));
    }
    let place = |index: usize, problem| format!("`result.{symbol}[{index}]`: {problem}");
    rows.iter().enumerate().map(|(index, row)| trade(symbol, row).map_err(|problem| place(index, problem))).collect()
}

fn trade(symbol: &str, row: &Json) -> Result<Trade, String> {
    let Some([price, volume, seconds, side, _, _, id]) = row.as_array().map(Vec::as_slice) else {
        return Err(format!("expected 7 values [price, volume, seconds, side, type, misc, id], got {row}"));
    };
    let side = match side.as_str() {
        Some("b") => Side::Buy,
        Some("s") => Side::Sell,
        _ => return Err(format!("expected the side `b` or `s`, got {side}")),
    };
    let trade_id = id.as_u64().ok_or_else(|| format!("expected a whole number as the trade's id, got {id}"))?;
    let (price, quantity) = (amount("price", price)?, amount("volume", volume)?);
    Ok(Trade { symbol: symbol.to_owned(), side, price, quantity, trade_id, time: time(seconds)? })
}

fn amount(name: &str, value: &Json) -> Result<Decimal, String> {
    let number = value.as_str().and_then(|text| Decimal::from_str_exact(text).ok());
    let positive = number.filter(|number| *number > Decimal::ZERO);
    positive.ok_or_else(|| format!("expected the {name} as a decimal text above 0, got {value}"))
}

/// Kraken writes seconds as a JSON number; as an `f64` it is good for microseconds, and no finer.
fn time(value: &Json) -> Result<DateTime<Utc>, String> {
    let micros = value.as_f64().map(|seconds| (seconds * 1e6).round());
    // Up to the year 9999; `as` cuts nothing from what is left.
    let micros = micros.filter(|micros| (0.0..253_402_300_800e6).contains(micros)).map(|micros| micros as i64);
    let time = micros.and_then(DateTime::from_timestamp_micros);
    time.ok_or_else(|| format!("expected the time in seconds since 1970, got {value}"))
}

#[cfg(test)]
mod tests {
    use service_framework::json;

    use super::*;

    fn answer(rows: &Json) -> Json {
        json!({"error": [], "result": {"ABCUSD": rows, "last": "1700000001000000000"}})
    }

    fn row() -> Json {
        json!(["101.50000", "0.25000000", 1_700_000_000.123_456_7, "b", "l", "", 42])
    }

    /// The problem with a file in which the second trade has this in place of one of its values.
    fn problem_with(place: usize, value: Json) -> String {
        let mut second = row();
        second[place] = value;
        parse(&answer(&json!([row(), second]))).unwrap_err()
    }

    #[test]
    fn a_row_becomes_a_trade() {
        let mut sell = row();
        sell[3] = json!("s");
        let trades = parse(&answer(&json!([row(), sell]))).unwrap();
        let time = DateTime::from_timestamp_micros(1_700_000_000_123_457).unwrap();
        let (price, quantity) = ("101.5".parse().unwrap(), "0.25".parse().unwrap());
        let buy = Trade { symbol: "ABCUSD".into(), side: Side::Buy, price, quantity, trade_id: 42, time };
        assert_eq!(trades, [buy.clone(), Trade { side: Side::Sell, ..buy }]);
    }

    #[test]
    fn each_bad_value_is_told_with_the_index_of_its_trade() {
        let bad = [
            (0, json!(101.5), "`result.ABCUSD[1]`: expected the price as a decimal text above 0, got 101.5"),
            (0, json!("1e3x"), "expected the price as a decimal text above 0, got \"1e3x\""),
            (1, json!("0.000"), "expected the volume as a decimal text above 0, got \"0.000\""),
            (1, json!("-1"), "expected the volume as a decimal text above 0, got \"-1\""),
            (2, json!("now"), "expected the time in seconds since 1970, got \"now\""),
            (2, json!(1e300), "expected the time in seconds since 1970, got 1e+300"),
            (3, json!("x"), "expected the side `b` or `s`, got \"x\""),
            (6, json!(-1), "expected a whole number as the trade's id, got -1"),
        ];
        for (place, value, said) in bad {
            let problem = problem_with(place, value);
            assert!(problem.starts_with("`result.ABCUSD[1]`: ") && problem.contains(said), "{problem}");
        }
        let short = parse(&answer(&json!([["1", "2"]]))).unwrap_err();
        assert!(short.starts_with("`result.ABCUSD[0]`: expected 7 values"), "{short}");
    }

    #[test]
    fn an_answer_without_trades_says_what_is_missing() {
        let answers = [
            (json!({"error": ["EQuery:Unknown asset pair"]}), "Kraken answered with an error: [\"EQuery:Unknown asset"),
            (json!([]), "there is no object `result`"),
            (json!({"result": {"last": "1"}}), "`result` names no pair"),
            (json!({"result": {"A": [], "B": []}}), "two pairs, `A` and `B`"),
            (json!({"result": {"A": {}}}), "`result.A` is not an array"),
            (answer(&json!([])), "`result.ABCUSD` has no trades"),
        ];
        for (answer, said) in answers {
            let problem = parse(&answer).unwrap_err();
            assert!(problem.contains(said), "{problem}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_or_not_json_is_named() {
        let missing = read(Path::new("no/such/file.json")).unwrap_err().to_string();
        assert!(missing.starts_with("`no/such/file.json`: "), "{missing}");
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let problem = read(&manifest).unwrap_err().to_string();
        assert!(problem.contains("Cargo.toml`: not JSON: "), "{problem}");
    }
}
