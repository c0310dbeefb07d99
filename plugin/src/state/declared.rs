//! The states of a service: their places and models, and what is done with those whose models are known only at run
//! time.
//!
//! Owns the way from values with names to slots and back.

use service_framework_model::dynamic::Arena;
use service_framework_model::schema::{ArgType, ServiceModel, Side, StateModel};
use service_framework_model::slot::Slot;
use service_framework_model::value::Value;

use super::view::absent;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::untyped;

/// The states of a service.
pub(crate) struct States(Vec<Declared>);

/// A state and its place among those of the service.
pub(crate) struct Declared {
    pub(crate) place: u32,
    model: StateModel,
    kind: ArgType,
}

impl States {
    pub(crate) fn of(model: &ServiceModel) -> Self {
        let places = (0_u32..).zip(&model.states);
        let declared = |(place, model): (u32, &StateModel)| Declared {
            place,
            model: model.clone(),
            kind: model.value.clone().into(),
        };
        Self(places.map(declared).collect())
    }

    pub(crate) fn find(&self, side: Side, name: &str) -> Result<&Declared> {
        let is_it = |declared: &&Declared| declared.model.side == side && declared.model.name == name;
        let missing = || Error::new(format!("the service declares no {} state `{name}`", side.word()));
        self.0.iter().find(is_it).ok_or_else(missing)
    }

    /// The whole value of a state.
    pub(crate) fn value(&self, side: Side, name: &str, host: Host) -> Result<Value> {
        let Declared { place, kind, .. } = self.find(side, name)?;
        let value = host.state_value(*place, &[], |slots| {
            slots.first().map_or(Value::Nil, |slot| untyped::value_from_slot(kind, slot))
        })?;
        value.ok_or_else(|| absent(name))
    }

    /// Changes an `out` state by a map of what is put where.
    pub(crate) fn edit(&self, name: &str, changes: &Value, host: Host, arena: &Arena) -> Result<()> {
        let Declared { place, model, kind } = self.find(Side::Out, name)?;
        let is_deep = model.creation_argument("merge").is_some_and(|merge| merge == "deep");
        let (mut path, mut slots) = (Vec::new(), Vec::new());
        collect(kind, changes, is_deep, &mut path, &mut slots, arena)?;
        host.change_state(*place, &slots)
    }
}

/// Adds a change for each entry of a map; of a map inside, where that is merged too, one for each entry of it.
fn collect<'a>(
    kind: &ArgType,
    changes: &'a Value,
    is_deep: bool,
    path: &mut Vec<Slot<'a>>,
    slots: &mut Vec<Slot<'a>>,
    arena: &'a Arena,
) -> Result<()> {
    let Value::Map(entries) = changes else {
        return Err(Error::invalid_arguments(format!("expected a map of changes, got {}", changes.word())));
    };
    for (key, value) in entries {
        path.push(key.to_slot(arena));
        let inner = inner(kind, key);
        match (value, inner) {
            (Value::Map(_), Some(inner)) if is_deep && is_merged(inner) => {
                collect(inner, value, is_deep, path, slots, arena)?;
            }
            _ => {
                let change = arena.alloc_slice_fill_copy(path.len() + 1, Slot::NIL);
                for (part, slot) in change.iter_mut().zip(path.iter().copied().chain([value.to_slot(arena)])) {
                    *part = slot;
                }
                slots.push(Slot::list(change));
            }
        }
        path.pop();
    }
    Ok(())
}

/// The type of what a key leads to; `None` where the model does not say.
fn inner<'k>(kind: &'k ArgType, key: &Value) -> Option<&'k ArgType> {
    match kind {
        ArgType::Map(_, of, _) => Some(of),
        ArgType::Record(record) => {
            let name = key.as_str()?;
            record.fields().iter().find(|field| field.name == name).map(|field| &field.kind)
        }
        _ => None,
    }
}

const fn is_merged(kind: &ArgType) -> bool {
    matches!(kind, ArgType::Map(..) | ArgType::Record(_))
}
