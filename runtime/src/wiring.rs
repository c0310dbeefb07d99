//! A service's connections by their place in its model, without sockets.
//!
//! Owns the state machines that read and write messages, and the counters of each connection.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json, json};
use service_framework_connections::registry::{self, Made, MakeError};
use service_framework_connections::{Inbound, Outbound};
use service_framework_model::schema::{ConnectionModel, Side};

use crate::counters::{ConnectionStats, Counters};

/// The connections of one service.
#[derive(Default)]
pub(crate) struct Wiring {
    wires: Vec<Wire>,
    longest: usize,
}

struct Wire {
    name: String,
    side: Side,
    made: Made,
    counters: Counters,
}

impl Wiring {
    /// Makes what the models declare; they were checked against the registry before. `longest` is the longest message
    /// that the sockets send, in bytes.
    pub(crate) fn new(models: &[ConnectionModel], longest: usize) -> Result<Self, MakeError> {
        let make = |model: &ConnectionModel| {
            let made = registry::make(model)?;
            Ok(Wire { name: model.name.clone(), side: model.side, made, counters: Counters::default() })
        };
        models.iter().map(make).collect::<Result<_, _>>().map(|wires| Self { wires, longest })
    }

    /// The longest message that the sockets send, in bytes.
    pub(crate) const fn longest(&self) -> usize {
        self.longest
    }

    pub(crate) fn inbound(&self, place: usize) -> Option<(&str, &dyn Inbound, &Counters)> {
        let wire = self.wires.get(place)?;
        let Made::In(inbound) = &wire.made else { return None };
        Some((&wire.name, inbound.as_ref(), &wire.counters))
    }

    pub(crate) fn outbound(&self, place: usize) -> Option<(&str, &dyn Outbound, &Counters)> {
        let wire = self.wires.get(place)?;
        let Made::Out(outbound) = &wire.made else { return None };
        Some((&wire.name, outbound.as_ref(), &wire.counters))
    }

    pub(crate) fn counters(&self, place: usize) -> Option<&Counters> {
        self.wires.get(place).map(|wire| &wire.counters)
    }

    /// What happened so far, by side and name.
    pub(crate) fn stats(&self) -> BTreeMap<(Side, String), ConnectionStats> {
        self.wires.iter().map(|wire| ((wire.side, wire.name.clone()), wire.counters.read())).collect()
    }

    /// The same as JSON: `{"in": {name: {"received": n, "sent": n, "dropped": {reason: n}}}, "out": {...}}`.
    pub(crate) fn stats_json(&self) -> Json {
        let mut sides = [(Side::In, JsonMap::new()), (Side::Out, JsonMap::new())];
        for wire in &self.wires {
            let ConnectionStats { received, sent, dropped } = wire.counters.read();
            let stats = json!({"received": received, "sent": sent, "dropped": dropped});
            if let Some((_, side)) = sides.iter_mut().find(|(side, _)| *side == wire.side) {
                side.insert(wire.name.clone(), stats);
            }
        }
        Json::Object(sides.into_iter().map(|(side, stats)| (side.word().to_owned(), Json::Object(stats))).collect())
    }

    /// The external targets: their places, names, and how many calls of each may be in flight.
    pub(crate) fn targets(&self) -> impl Iterator<Item = (usize, &str, usize)> {
        self.wires.iter().enumerate().filter_map(|(place, wire)| match &wire.made {
            Made::Out(outbound) if outbound.target().is_some() => {
                Some((place, wire.name.as_str(), outbound.calls_in_flight()))
            }
            _ => None,
        })
    }
}
