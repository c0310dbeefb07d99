//! A service's connections and states by their place in its model, without sockets: the connections come first.
//!
//! Owns the state machines that read and write messages, the values that the service owns, and the counters of each.

use service_framework_connections::arrivals::Arrivals;
use service_framework_connections::readiness::Readiness;
use service_framework_connections::registry::{self, Made, MakeError};
use service_framework_connections::{Inbound, Outbound};
use service_framework_model::schema::{ServiceModel, Side};
use service_framework_plugin::Stats;

use crate::counters::Counters;
use crate::states::StateWire;

/// The connections of one service.
#[derive(Default)]
pub(crate) struct Wiring {
    wires: Vec<Wire>,
    /// How many of the wires are connections: the states follow.
    connections: usize,
    longest: usize,
}

struct Wire {
    name: String,
    side: Side,
    kind: Kind,
    counters: Counters,
}

enum Kind {
    In(Box<dyn Inbound>),
    Out(Box<dyn Outbound>),
    State(StateWire),
}

impl Wiring {
    /// Makes what the models declare; they were checked against the registry before. `longest` is the longest message
    /// that the sockets send, in bytes.
    pub(crate) fn new(model: &ServiceModel, longest: usize) -> Result<Self, MakeError> {
        let mut wires = Vec::new();
        for connection in &model.connections {
            let kind = match registry::make(connection)? {
                Made::In(inbound) => Kind::In(inbound),
                Made::Out(outbound) => Kind::Out(outbound),
            };
            wires.push(Wire::new(&connection.name, connection.side, kind));
        }
        let connections = wires.len();
        for state in &model.states {
            let made = StateWire::new(state)?.ok_or_else(|| MakeError::UnknownType(state.state_type.clone()))?;
            wires.push(Wire::new(&state.name, state.side, Kind::State(made)));
        }
        Ok(Self { wires, connections, longest })
    }

    /// The longest message that the sockets send, in bytes.
    pub(crate) const fn longest(&self) -> usize {
        self.longest
    }

    pub(crate) fn inbound(&self, place: usize) -> Option<(&str, &dyn Inbound, &Counters)> {
        let wire = self.wires.get(place)?;
        let Kind::In(inbound) = &wire.kind else { return None };
        Some((&wire.name, inbound.as_ref(), &wire.counters))
    }

    pub(crate) fn outbound(&self, place: usize) -> Option<(&str, &dyn Outbound, &Counters)> {
        let wire = self.wires.get(place)?;
        let Kind::Out(outbound) = &wire.kind else { return None };
        Some((&wire.name, outbound.as_ref(), &wire.counters))
    }

    /// The state at this place.
    pub(crate) fn state(&self, place: usize) -> Option<&StateWire> {
        let Kind::State(state) = &self.wires.get(place)?.kind else { return None };
        Some(state)
    }

    /// The place of a state among all of the connections and states.
    pub(crate) const fn place_of_state(&self, state: u32) -> usize {
        self.connections.saturating_add(state as usize)
    }

    /// The place of a state among the states.
    pub(crate) const fn number_of_state(&self, place: usize) -> u32 {
        // There are fewer than 2^30: each stands in a model of bounded size.
        place.saturating_sub(self.connections) as u32
    }

    /// Every state, with its place.
    pub(crate) fn states(&self) -> impl Iterator<Item = (usize, &StateWire)> {
        let places = self.wires.iter().enumerate().skip(self.connections);
        places.filter_map(|(place, wire)| match &wire.kind {
            Kind::State(state) => Some((place, state)),
            Kind::In(_) | Kind::Out(_) => None,
        })
    }

    /// What is at this place is called so.
    pub(crate) fn name(&self, place: usize) -> &str {
        self.wires.get(place).map_or("?", |wire| &wire.name)
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
            let readiness = match &wire.kind {
                Kind::In(inbound) => inbound.readiness(),
                Kind::Out(outbound) => outbound.readiness(),
                Kind::State(state) => state.readiness(),
            };
            (place, wire.name.as_str(), readiness)
        });
        all.filter(|(.., readiness)| !readiness.pause.is_zero() || readiness.subscribers > 0)
    }

    /// The `in` connections whose messages are numbered, and whose numbers nobody looks at when they arrive.
    pub(crate) fn numbered(&self) -> Vec<Option<Arrivals>> {
        let numbered = |wire: &Wire| match &wire.kind {
            Kind::In(inbound) => inbound.intake().is_some_and(|intake| !intake.looks_at_numbers()),
            Kind::Out(_) | Kind::State(_) => false,
        };
        self.wires.iter().map(|wire| numbered(wire).then(Arrivals::default)).collect()
    }

    /// The external targets: their places, names, and how many calls of each may be in flight.
    pub(crate) fn targets(&self) -> impl Iterator<Item = (usize, &str, usize)> {
        self.wires.iter().enumerate().filter_map(|(place, wire)| match &wire.kind {
            Kind::Out(outbound) if outbound.target().is_some() => {
                Some((place, wire.name.as_str(), outbound.calls_in_flight()))
            }
            _ => None,
        })
    }
}

impl Wire {
    fn new(name: &str, side: Side, kind: Kind) -> Self {
        Self { name: name.to_owned(), side, kind, counters: Counters::default() }
    }
}
