//! A service's connections by their place in its model, without sockets.
//!
//! Owns the state machines that read and write messages, and the counters of each connection.

use std::collections::BTreeMap;

use service_framework_connections::registry::{self, Made, MakeError};
use service_framework_connections::{Inbound, Outbound};
use service_framework_model::schema::{ConnectionModel, Side};

use crate::counters::{ConnectionStats, Counters};

/// The connections of one service.
#[derive(Default)]
pub(crate) struct Wiring(Vec<Wire>);

struct Wire {
    name: String,
    side: Side,
    made: Made,
    counters: Counters,
}

impl Wiring {
    /// Makes what the models declare; they were checked against the registry before.
    pub(crate) fn new(models: &[ConnectionModel]) -> Result<Self, MakeError> {
        let make = |model: &ConnectionModel| {
            let made = registry::make(model)?;
            Ok(Wire { name: model.name.clone(), side: model.side, made, counters: Counters::default() })
        };
        models.iter().map(make).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn inbound(&self, place: usize) -> Option<(&str, &dyn Inbound, &Counters)> {
        let wire = self.0.get(place)?;
        let Made::In(inbound) = &wire.made else { return None };
        Some((&wire.name, inbound.as_ref(), &wire.counters))
    }

    pub(crate) fn outbound(&self, place: usize) -> Option<(&str, &dyn Outbound, &Counters)> {
        let wire = self.0.get(place)?;
        let Made::Out(outbound) = &wire.made else { return None };
        Some((&wire.name, outbound.as_ref(), &wire.counters))
    }

    pub(crate) fn counters(&self, place: usize) -> Option<&Counters> {
        self.0.get(place).map(|wire| &wire.counters)
    }

    /// What happened so far, by side and name.
    pub(crate) fn stats(&self) -> BTreeMap<(Side, String), ConnectionStats> {
        self.0.iter().map(|wire| ((wire.side, wire.name.clone()), wire.counters.read())).collect()
    }
}
