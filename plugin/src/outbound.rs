//! The `out` connections of a service: their places and models, and what a send through one of them is made of.
//!
//! Owns the way from arguments to slots and back. Which thread sends, and when, is up to who carries the slots.

use service_framework_model::dynamic::Arena;
use service_framework_model::schema::{ConnectionModel, ServiceModel, Side};
use service_framework_model::value::Value;

use crate::destination::Destination;
use crate::error::{Error, Result};
use crate::host::Carry;
use crate::model::{Model as _, OwnedModel as _};
use crate::untyped;

/// The `out` connections of a service.
pub(crate) struct Outbound(Vec<Connection>);

struct Connection {
    place: u32,
    model: ConnectionModel,
}

impl Outbound {
    /// Those of a model, the places being those among all of its connections.
    pub(crate) fn of(model: &ServiceModel) -> Self {
        let places = (0_u32..).zip(&model.connections).filter(|(_, connection)| connection.side == Side::Out);
        Self(places.map(|(place, model)| Connection { place, model: model.clone() }).collect())
    }

    fn find(&self, name: &str) -> Result<&Connection> {
        self.0
            .iter()
            .find(|connection| connection.model.name == name)
            .ok_or_else(|| Error::new(format!("the service declares no out connection `{name}`")))
    }

    /// The place of a connection among all of the service.
    pub(crate) fn place(&self, name: &str) -> Result<u32> {
        Ok(self.find(name)?.place)
    }

    /// Sends typed arguments and reads what comes back.
    pub(crate) fn send<D: Destination + ?Sized>(
        &self,
        to: &D,
        arguments: &D::Arguments,
        by: &impl Carry,
        arena: &Arena,
    ) -> Result<D::Returns> {
        let place = self.find(to.name())?.place;
        let returned = arguments.with_slots(arena, |slots| by.carry(place, slots, D::Returns::from_slots));
        returned?.unwrap_or_else(|| D::Returns::from_slots(&[])).map_err(|refusal| Error::bad_reply(&refusal))
    }

    /// Sends a map of arguments and reads what comes back as a map.
    pub(crate) fn send_value(&self, name: &str, arguments: &Value, by: &impl Carry, arena: &Arena) -> Result<Value> {
        let Connection { place, model } = self.find(name)?;
        let slots = untyped::record_slots(&model.arguments, arguments, arena)?;
        let returns = &model.return_arguments;
        let returned = by.carry(*place, slots, |slots| untyped::value_from_record_slots(returns, slots))?;
        Ok(returned.unwrap_or_else(|| Value::Map(Vec::new())))
    }
}
