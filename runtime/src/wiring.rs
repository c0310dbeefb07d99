//! A service's connections by their place in its model, without sockets.
//!
//! Owns the state machines that read and write messages, and the counters of each connection.

use service_framework_connections::arrivals::Arrivals;
use service_framework_connections::readiness::Readiness;
use service_framework_connections::registry::{self, Made, MakeError};
use service_framework_connections::{Inbound, Outbound};
use service_framework_model::schema::{ConnectionModel, Side};
use service_framework_plugin::Stats;

use crate::counters::Counters;

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

    /// What happened so far.
    pub(crate) fn stats(&self) -> Stats {
        let side = |side| {
            let wires = self.wires.iter().filter(move |wire| wire.side == side);
            wires.map(|wire| (wire.name.clone(), wire.counters.read())).collect()
        };
        Stats { inbound: side(Side::In), outbound: side(Side::Out) }
    }

    /// What is waited for after the connections were made: their places and names, where there is something.
    pub(crate) fn readiness(&self) -> impl Iterator<Item = (usize, &str, Readiness)> {
        let all = self.wires.iter().enumerate().map(|(place, wire)| {
            let readiness = match &wire.made {
                Made::In(inbound) => inbound.readiness(),
                Made::Out(outbound) => outbound.readiness(),
            };
            (place, wire.name.as_str(), readiness)
        });
        all.filter(|(.., readiness)| !readiness.pause.is_zero() || readiness.subscribers > 0)
    }

    /// The `in` connections whose messages are numbered, and whose numbers nobody looks at when they arrive.
    pub(crate) fn numbered(&self) -> Vec<Option<Arrivals>> {
        let numbered = |wire: &Wire| match &wire.made {
            Made::In(inbound) => inbound.intake().is_some_and(|intake| !intake.looks_at_numbers()),
            Made::Out(_) => false,
        };
        self.wires.iter().map(|wire| numbered(wire).then(Arrivals::default)).collect()
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
