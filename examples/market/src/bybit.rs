//! The format of Bybit's public archive of order books: a JSON object a line, a snapshot first and then changes.
//!
//! Owns the format. A line that is not what it should be is an error with its number. The archive has no trades.

use std::fs::File;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};

use service_framework::prelude::*;
use service_framework::{Json, serde_json};

use crate::venue::{Event, Level};

/// Why a file gives no event.
#[derive(Debug)]
pub(crate) struct BadFile {
    path: PathBuf,
    line: Option<usize>,
    problem: String,
}

impl std::fmt::Display for BadFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for BadFile {}

/// The events of a file, read as they are asked for.
#[derive(Debug)]
pub(crate) struct Events {
    path: PathBuf,
    lines: Lines<BufReader<File>>,
    line: usize,
    last: Option<(String, u64)>,
}

impl Events {
    pub(crate) fn open(path: &Path) -> Result<Self, BadFile> {
        let bad = |error: std::io::Error| BadFile { path: path.to_owned(), line: None, problem: error.to_string() };
        let file = File::open(path).map_err(bad)?;
        Ok(Self { path: path.to_owned(), lines: BufReader::new(file).lines(), line: 0, last: None })
    }

    /// Checks that an event follows the one before.
    fn follows(&mut self, event: &Event) -> Result<(), String> {
        let Event { symbol, update, is_snapshot, .. } = event;
        match self.last.replace((symbol.clone(), *update)) {
            _ if *is_snapshot => Ok(()),
            None => Err("expected a snapshot before the first change".to_owned()),
            Some((before, _)) if before != *symbol => Err(format!("expected a change of `{before}`, got `{symbol}`")),
            Some((_, last)) if last.checked_add(1) == Some(*update) => Ok(()),
            Some((_, last)) => Err(format!("expected the update after {last}, got {update}")),
        }
    }
}

impl Iterator for Events {
    type Item = Result<Event, BadFile>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.lines.next()?;
        self.line += 1;
        let event = line.map_err(|error| error.to_string()).and_then(|line| parse(&line));
        let event = event.and_then(|event| self.follows(&event).map(|()| event));
        Some(event.map_err(|problem| BadFile { path: self.path.clone(), line: Some(self.line), problem }))
    }
}

fn parse(line: &str) -> Result<Event, String> {
    let json: Json = serde_json::from_str(line).map_err(|error| format!("not JSON: {error}"))?;
    let is_snapshot = match json.get("type").and_then(Json::as_str) {
        Some("snapshot") => true,
        Some("delta") => false,
        _ => return Err("expected `snapshot` or `delta` under `type`".to_owned()),
    };
    let milliseconds = json.get("ts").and_then(Json::as_i64);
    let time = milliseconds.and_then(DateTime::from_timestamp_millis);
    let part = |name: &str| json.pointer(&format!("/data/{name}"));
    let symbol = part("s").and_then(Json::as_str);
    Ok(Event {
        symbol: symbol.ok_or("expected a text under `data.s`")?.to_owned(),
        time: time.ok_or("expected milliseconds since 1970 under `ts`")?,
        update: part("u").and_then(Json::as_u64).ok_or("expected a whole number under `data.u`")?,
        is_snapshot,
        bids: levels("b", part("b"))?,
        asks: levels("a", part("a"))?,
        trades: Vec::new(),
    })
}

fn levels(name: &str, json: Option<&Json>) -> Result<Vec<Level>, String> {
    let rows = json.and_then(Json::as_array).ok_or_else(|| format!("expected an array under `data.{name}`"))?;
    let bad = |(place, row)| format!("`data.{name}[{place}]`: expected [\"price\", \"size\"], got {row}");
    rows.iter().enumerate().map(|(place, row)| level(row).ok_or_else(|| bad((place, row)))).collect()
}

fn level(row: &Json) -> Option<Level> {
    let [price, size] = row.as_array()?.as_slice() else { return None };
    let number = |json: &Json| Decimal::from_str_exact(json.as_str()?).ok().filter(|number| *number >= Decimal::ZERO);
    Some((number(price)?, number(size)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNAPSHOT: &str = r#"{"topic":"orderbook.500.ABCUSDT","type":"snapshot","ts":1700000000000,"data":{"s":"ABCUSDT","b":[["1.5","20"]],"a":[["1.6","30.5"]],"u":7,"seq":1}}"#;

    fn change(update: u64) -> String {
        format!(
            r#"{{"type":"delta","ts":1700000000100,"data":{{"s":"ABCUSDT","b":[["1.5","0"]],"a":[],"u":{update}}}}}"#
        )
    }

    /// Reads a file of these lines, up to the first error.
    fn read(lines: &[&str]) -> Result<Vec<Event>, String> {
        let mut folder = std::env::temp_dir();
        folder.push(format!("bybit-{}-{:?}", std::process::id(), std::thread::current().id()));
        std::fs::write(&folder, lines.join("\n")).unwrap();
        let events = Events::open(&folder).unwrap().collect::<Result<_, _>>();
        std::fs::remove_file(&folder).unwrap();
        events.map_err(|error| error.to_string().split_once(", ").unwrap().1.to_owned())
    }

    #[test]
    fn a_snapshot_and_its_changes_are_read_to_the_last_digit() {
        let events = read(&[SNAPSHOT, &change(8)]).unwrap();
        let [first, second] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!((first.is_snapshot, first.symbol.as_str(), first.update), (true, "ABCUSDT", 7));
        assert_eq!(first.asks, [(Decimal::new(16, 1), Decimal::new(305, 1))]);
        assert_eq!(second.bids, [(Decimal::new(15, 1), Decimal::ZERO)]);
        assert_eq!((second.time - first.time).num_milliseconds(), 100);
    }

    #[test]
    fn a_bad_line_is_told_with_its_number() {
        let lacks = read(&[SNAPSHOT, &change(9)]).unwrap_err();
        assert_eq!(lacks, "line 2: expected the update after 7, got 9");
        assert_eq!(read(&[&change(8)]).unwrap_err(), "line 1: expected a snapshot before the first change");
        let price = SNAPSHOT.replace("\"1.6\"", "1.6");
        let told = read(&[&price]).unwrap_err();
        assert_eq!(told, r#"line 1: `data.a[0]`: expected ["price", "size"], got [1.6,"30.5"]"#);
        assert!(read(&["{"]).unwrap_err().starts_with("line 1: not JSON"));
    }
}
