//! What happened to the messages of each connection, as a service and its host tell each other of it.
//!
//! Owns the figures and their JSON. Counts nothing: the host does.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, json};
use service_framework_model::schema::Side;

use crate::Json;
use crate::error::{Error, Result};

/// What happened to the messages of a service so far, by connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Of the `in` connections, by name.
    pub inbound: BTreeMap<String, ConnectionStats>,
    /// Of the `out` connections, by name.
    pub outbound: BTreeMap<String, ConnectionStats>,
}

/// What happened to the messages of one connection so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionStats {
    /// Messages that arrived, good or bad.
    pub received: u64,
    /// Messages that left: replies of a replyer, requests of a requester, publications of a publisher.
    pub sent: u64,
    /// Messages of a subscriber that wait for the service just now.
    pub waiting: u64,
    /// Messages that were refused, failed, dropped or missed, by the stable word of the reason.
    pub dropped: BTreeMap<String, u64>,
}

impl Stats {
    /// Each connection with its side and its name, the `in` connections first.
    pub fn connections(&self) -> impl Iterator<Item = (Side, &str, &ConnectionStats)> {
        let sides = [(Side::In, &self.inbound), (Side::Out, &self.outbound)];
        sides.into_iter().flat_map(|(side, of)| of.iter().map(move |(name, stats)| (side, name.as_str(), stats)))
    }

    /// The figures as they cross:
    /// `{"in": {name: {"received": 1, "sent": 1, "waiting": 1, "dropped": {reason: 1}}}, "out": {...}}`, `waiting` only
    /// where messages do.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let side = |side: &BTreeMap<String, ConnectionStats>| {
            side.iter().map(|(name, stats)| (name.clone(), stats.to_json())).collect::<Map<_, _>>()
        };
        json!({ "in": side(&self.inbound), "out": side(&self.outbound) })
    }

    /// Reads what [`Stats::to_json`] wrote. Members that are not known here are passed over: a later host may have more.
    pub(crate) fn from_json(text: &str) -> Result<Self> {
        let json: Json = serde_json::from_str(text).map_err(|error| unreadable(&error.to_string()))?;
        let side = |side| members(&json, side, ConnectionStats::from_json);
        Ok(Self { inbound: side("in")?, outbound: side("out")? })
    }
}

impl ConnectionStats {
    fn to_json(&self) -> Json {
        let Self { received, sent, waiting, dropped } = self;
        match waiting {
            0 => json!({ "received": received, "sent": sent, "dropped": dropped }),
            _ => json!({ "received": received, "sent": sent, "waiting": waiting, "dropped": dropped }),
        }
    }

    fn from_json(json: &Json) -> Result<Self> {
        let number = |key| count(json.get(key).unwrap_or(&Json::Null));
        Ok(Self {
            received: number("received")?,
            sent: number("sent")?,
            // It is not there where nothing waits.
            waiting: json.get("waiting").map_or(Ok(0), count)?,
            dropped: members(json, "dropped", count)?,
        })
    }
}

fn members<T>(json: &Json, key: &str, read: impl Fn(&Json) -> Result<T>) -> Result<BTreeMap<String, T>> {
    let object = json.get(key).and_then(Json::as_object);
    let object = object.ok_or_else(|| unreadable(&format!("expected an object at `{key}`")))?;
    object.iter().map(|(name, member)| Ok((name.clone(), read(member)?))).collect()
}

fn count(json: &Json) -> Result<u64> {
    json.as_u64().ok_or_else(|| unreadable(&format!("expected a count, got {json}")))
}

#[cold]
fn unreadable(problem: &str) -> Error {
    Error::new(format!("the host's counters cannot be read: {problem}"))
}

impl fmt::Display for ConnectionStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "received={} sent={}", self.received, self.sent)?;
        if self.waiting > 0 {
            write!(f, " waiting={}", self.waiting)?;
        }
        self.dropped.iter().try_for_each(|(reason, count)| write!(f, " {reason}={count}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats() -> Stats {
        let dropped = BTreeMap::from([("no_peer".to_owned(), 2), ("timed_out".to_owned(), u64::MAX)]);
        let connection = ConnectionStats { received: 3, sent: 1, waiting: 2, dropped };
        let inbound = BTreeMap::from([("order".to_owned(), connection)]);
        Stats { inbound, outbound: BTreeMap::from([("desk".to_owned(), ConnectionStats::default())]) }
    }

    #[test]
    fn the_figures_survive_the_way_through_json() {
        assert_eq!(Stats::from_json(&stats().to_json().to_string()).unwrap(), stats());
    }

    #[test]
    fn a_line_for_each_connection_tells_all_reasons() {
        let stats = stats();
        let lines: Vec<_> = stats.connections().map(|(side, name, stats)| (side, name, stats.to_string())).collect();
        let order = format!("received=3 sent=1 waiting=2 no_peer=2 timed_out={}", u64::MAX);
        assert_eq!(lines, [(Side::In, "order", order), (Side::Out, "desk", "received=0 sent=0".to_owned())]);
    }

    #[test]
    fn what_is_not_known_is_passed_over_and_what_is_missing_is_told() {
        let newer =
            r#"{"in": {"order": {"received": 1, "sent": 2, "dropped": {}, "late": 3}}, "out": {}, "state": {}}"#;
        assert_eq!(Stats::from_json(newer).unwrap().inbound["order"].sent, 2);
        for (bad, problem) in [
            ("{", "cannot be read"),
            (r#"{"in": {}}"#, "expected an object at `out`"),
            (r#"{"in": {"order": {"received": 1, "sent": 1}}, "out": {}}"#, "expected an object at `dropped`"),
            (r#"{"in": {"order": {"sent": 1, "dropped": {}}}, "out": {}}"#, "expected a count, got null"),
        ] {
            let error = Stats::from_json(bad).unwrap_err();
            assert!(error.message().contains(problem), "{error}");
        }
    }
}
