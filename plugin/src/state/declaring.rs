//! How a service declares its states.
//!
//! Owns that part of the builder.

use service_framework_model::schema::{self, Side, StateModel};

use super::{InState, InStateSettings, OutState, OutStateSettings, StateValue};
use crate::builder::Models;
use crate::definition::ServiceDefinition;

impl<S: ServiceDefinition> Models<S> {
    /// A state that this service owns, of which numbered changes are sent and snapshots given.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use service_framework::prelude::*;
    /// # struct Feed;
    /// const QUOTES: OutState<BTreeMap<String, Decimal>> = OutState::new("quotes");
    ///
    /// # impl ServiceDefinition for Feed {
    /// #     type Config = ();
    /// #     fn new(_: ()) -> Result<Self> { Ok(Self) }
    /// fn models(m: &mut Models<Self>) {
    ///     m.delta_update_out(&QUOTES).topic("QUOTES").heartbeat(Duration::from_millis(500));
    /// }
    /// # }
    /// ```
    pub fn delta_update_out<T: StateValue>(&mut self, handle: &OutState<T>) -> OutStateSettings<'_> {
        self.out_state(handle.name(), "delta_update_out", T::value_type())
    }

    /// A state that this service owns, of which every change is sent as a whole.
    pub fn full_update_out<T: StateValue>(&mut self, handle: &OutState<T>) -> OutStateSettings<'_> {
        self.out_state(handle.name(), "full_update_out", T::value_type())
    }

    /// A copy of a state that another service owns: it follows numbered changes, and asks for a snapshot where it has to.
    pub fn delta_update_in<T: StateValue>(&mut self, handle: &InState<T>) -> InStateSettings<'_, S> {
        self.in_state(handle.name(), "delta_update_in", T::value_type())
    }

    /// A copy of a state that another service owns and sends as a whole.
    pub fn full_update_in<T: StateValue>(&mut self, handle: &InState<T>) -> InStateSettings<'_, S> {
        self.in_state(handle.name(), "full_update_in", T::value_type())
    }

    /// A state that this service owns and whose model, a record or a map, is known only at run time; `state_type` is
    /// `delta_update_out` or `full_update_out`.
    pub fn out_state(
        &mut self,
        name: &str,
        state_type: &str,
        value: impl Into<schema::StateValue>,
    ) -> OutStateSettings<'_> {
        OutStateSettings(self.outbound_states.push_mut(StateModel::new(name, Side::Out, state_type, value)))
    }

    /// A copy of a state whose model, a record or a map, is known only at run time; `state_type` is `delta_update_in` or
    /// `full_update_in`.
    pub fn in_state(
        &mut self,
        name: &str,
        state_type: &str,
        value: impl Into<schema::StateValue>,
    ) -> InStateSettings<'_, S> {
        let model = self.inbound_states.push_mut(StateModel::new(name, Side::In, state_type, value));
        InStateSettings { model, function: self.functions.state_handlers.push_mut(None) }
    }
}
