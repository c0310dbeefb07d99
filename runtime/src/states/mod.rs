//! The states of a service: the values that it owns, the copies that it holds, and how its code changes and reads them.
//!
//! Owns what is the same wherever the sockets live. The protocol is the state machines' of the crate `states`; the sockets
//! are `io`'s.

mod changes;
mod copies;
mod head_file;
mod reading;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use service_framework_connections::readiness::Readiness;
use service_framework_model::schema::{Side, StateModel};
use service_framework_model::slot::{ForeignSlot, Slot};
use service_framework_model::state::StateValidator;
use service_framework_model::validator::ModelError;
use service_framework_model::wire::Arena;
use service_framework_states::find;
use service_framework_states::owner::{OwnedValue, Update};
use service_framework_states::settings::{self, CopySettings, OwnerSettings};

use crate::boundary::Failure;

pub(crate) use copies::{Asked, Copies};
pub(crate) use head_file::HeadFile;
pub(crate) use head_file::HeadFileError;
use reading::Readable;
pub(crate) use reading::Span;

/// How large what a change was laid out in may be to be kept for the next one.
const KEPT: usize = 1 << 20;

/// A state as its service has it, for its own thread and that of its sockets.
pub(crate) struct StateWire {
    pub(crate) validator: Arc<StateValidator>,
    pub(crate) part: Part,
}

/// Which part the service has in a state.
pub(crate) enum Part {
    /// It owns the value.
    Owner(Box<Owner>),
    /// It holds a copy.
    Copy(CopySettings),
}

/// A value that the service owns. Its lock is held for one change or one read, never while the service's code runs.
pub(crate) struct Owner {
    value: Mutex<OwnedValue>,
    /// Where changes are laid out, for as long as one is made.
    arena: Mutex<Arena>,
    pub(crate) settings: OwnerSettings,
    pub(crate) head_file: Option<PathBuf>,
    pause: Duration,
}

impl StateWire {
    /// The state of a model that was checked before; `None` if its type is not known.
    pub(crate) fn new(model: &StateModel) -> Result<Option<Self>, ModelError> {
        let Some(kind) = find(&model.state_type) else { return Ok(None) };
        let validator = Arc::new(StateValidator::new(&model.value, settings::merge(model), model.peers)?);
        let part = match model.side {
            Side::Out => Part::Owner(Box::new(Owner {
                value: Mutex::new(OwnedValue::new(Arc::clone(&validator))),
                arena: Mutex::default(),
                settings: OwnerSettings::new(model, kind),
                head_file: text(model, "head_file").map(PathBuf::from),
                pause: seconds(model, "wait_after_creation_s"),
            })),
            Side::In => {
                let has_function = model.creation_argument("function").is_some();
                Part::Copy(CopySettings { keeps_changes: has_function, ..CopySettings::new(model, kind) })
            }
        };
        Ok(Some(Self { validator, part }))
    }

    /// What messages on its publisher begin with.
    pub(crate) fn topic(&self) -> Option<&str> {
        match &self.part {
            Part::Owner(owner) => owner.settings.topic.as_deref(),
            Part::Copy(settings) => settings.topic.as_deref(),
        }
    }

    /// What is waited for after its sockets were made.
    pub(crate) fn readiness(&self) -> Readiness {
        match &self.part {
            Part::Owner(owner) => Readiness { pause: owner.pause, ..Readiness::default() },
            Part::Copy(_) => Readiness::default(),
        }
    }

    pub(crate) fn owner(&self) -> Option<&Owner> {
        match &self.part {
            Part::Owner(owner) => Some(owner),
            Part::Copy(_) => None,
        }
    }
}

impl Owner {
    pub(crate) fn value(&self) -> MutexGuard<'_, OwnedValue> {
        // A change is all or nothing, also if it panicked.
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the value. Nothing comes of changes that change nothing.
    pub(crate) fn change(&self, name: &str, changes: &[ForeignSlot<'_>]) -> Result<Option<Update>, Failure> {
        let mut value = self.value();
        let mut arena = self.arena.lock().unwrap_or_else(PoisonError::into_inner);
        let update = changes::as_map(changes, &value, &arena).and_then(|changes| value.apply(&changes));
        arena.reset();
        if arena.allocated_bytes() > KEPT {
            // One large update is no reason to hold so much for ever.
            *arena = Arena::new();
        }
        update.map_err(|refusal| refused(name, &refusal))
    }

    /// Makes the value be another one.
    pub(crate) fn replace(&self, name: &str, value: &ForeignSlot<'_>) -> Result<Option<Update>, Failure> {
        self.value().replace(value).map_err(|refusal| refused(name, &refusal))
    }

    /// Reads what a path leads to.
    pub(crate) fn read(&self, path: &[ForeignSlot<'_>], read: &mut dyn FnMut(&Slot<'_>)) -> Result<(), Failure> {
        let (value, arena) = (self.value(), Arena::new());
        if !value.is_ready() {
            return Ok(());
        }
        let readable = Readable { tree: value.tree(), validator: value.validator() };
        read_value(readable, path, &arena, read)
    }

    /// Goes through the entries of a map.
    pub(crate) fn entries(
        &self,
        span: Span<'_>,
        write: &mut dyn FnMut(&Slot<'_>, &Slot<'_>) -> bool,
    ) -> Result<(), Failure> {
        let (value, arena) = (self.value(), Arena::new());
        let readable = Readable { tree: value.tree(), validator: value.validator() };
        readable.entries(span, &arena, write).map_err(|refusal| Failure::of_own("bad_path", &refusal))
    }
}

fn read_value<'a>(
    readable: Readable<'a>,
    path: &[ForeignSlot<'_>],
    arena: &'a Arena,
    read: &mut dyn FnMut(&Slot<'_>),
) -> Result<(), Failure> {
    if let Some(slot) = readable.value(path, arena).map_err(|refusal| Failure::of_own("bad_path", &refusal))? {
        read(&slot);
    }
    Ok(())
}

#[cold]
fn refused(name: &str, refusal: &service_framework_model::error::Refusal) -> Failure {
    let failure = Failure::of_own("invalid_arguments", refusal);
    Failure { message: format!("the change of `{name}` was refused: {}", failure.message), ..failure }
}

/// The number of the first update of a life: microseconds since 1970, so that a later life has greater ones.
pub(crate) fn first_number() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(0).max(1)
}

fn text<'m>(model: &'m StateModel, name: &str) -> Option<&'m str> {
    model.creation_argument(name).and_then(serde_json::Value::as_str).filter(|text| !text.is_empty())
}

fn seconds(model: &StateModel, name: &str) -> Duration {
    let seconds = model.creation_argument(name).and_then(serde_json::Value::as_f64).unwrap_or(0.0);
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
