//! What a struct must be to be a message, a reply or a config: a model, as `#[derive(Model)]` makes it.
//!
//! Owns the trait and the form of a record's slots on the service's side. Never checks a constraint: the host does.

use service_framework_model::dynamic::Arena;
use service_framework_model::error::{Code, Refusal};
use service_framework_model::schema::{ArgType, Record};
use service_framework_model::slot::{Slot, View};
use service_framework_model::value::Value;

use crate::argument::{Argument, unexpected};

/// A struct whose fields are the arguments of a message, of its reply, or of a config.
///
/// Made by `#[derive(Model)]`; `()` is the model without fields. A model cannot contain itself, be it through others:
///
/// ```compile_fail,E0391
/// use service_framework::prelude::*;
///
/// #[derive(Model)]
/// struct Buyer {
///     sellers: Vec<Seller>,
/// }
///
/// #[derive(Model)]
/// struct Seller {
///     buyers: Vec<Buyer>,
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a model",
    label = "not a model",
    note = "a struct with named fields becomes a model with #[derive(Model)]; `()` is the model without fields",
    note = "a single value is no model: put it into a field"
)]
pub trait Model: Argument {
    /// The fields with their types.
    fn record() -> Record;

    /// Lays the fields out as slots in the order of [`Model::record`], for as long as `use_slots` runs. What slots
    /// cannot borrow from the model is put into `arena`.
    fn with_slots<T>(&self, arena: &Arena, use_slots: impl FnOnce(&[Slot<'_>]) -> T) -> T;

    /// Reads the model from slots in the order of [`Model::record`].
    ///
    /// # Errors
    /// If a slot holds something else than its field. The host checks what it hands over, so that this happens only
    /// where a type is narrower than its description.
    fn read_slots<'a>(slots: &'a [Slot<'a>]) -> Result<Self::Of<'a>, Refusal>;
}

/// A model that borrows nothing, so that it can outlive the message that it was read from.
///
/// Made by `#[derive(Model)]` for structs without a lifetime.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no model, or one that borrows from its message",
    label = "expected a model that owns its fields",
    note = "a struct with named fields becomes a model with #[derive(Model)]; `()` is the model without fields",
    note = "a model that borrows from its message (`struct Order<'a>`) is taken by a function that is declared with \
            `replyer_borrowed`; a config is always owned"
)]
pub trait OwnedModel: Model + Send + 'static {
    /// Reads the model, as [`Model::read_slots`].
    ///
    /// # Errors
    /// As for [`Model::read_slots`].
    fn from_slots<'a>(slots: &'a [Slot<'a>]) -> Result<Self, Refusal>;
}

impl Argument for () {
    type Of<'a> = ();

    fn arg_type() -> ArgType {
        ArgType::Record(Record::new())
    }

    fn slot<'a>(&'a self, _: &'a Arena) -> Slot<'a> {
        Slot::record(&[])
    }

    fn read<'a>(slot: &Slot<'a>) -> Result<(), Refusal> {
        read_nested::<()>(slot)
    }

    fn value(&self) -> Value {
        Value::Map(Vec::new())
    }
}

impl Model for () {
    fn record() -> Record {
        Record::new()
    }

    fn with_slots<T>(&self, _: &Arena, use_slots: impl FnOnce(&[Slot<'_>]) -> T) -> T {
        use_slots(&[])
    }

    fn read_slots<'a>(_: &'a [Slot<'a>]) -> Result<(), Refusal> {
        Ok(())
    }
}

impl OwnedModel for () {
    fn from_slots<'a>(_: &'a [Slot<'a>]) -> Result<(), Refusal> {
        Ok(())
    }
}

/// Reads a model that is nested in another.
///
/// # Errors
/// If the slot holds no record, or as for [`Model::read_slots`].
pub fn read_nested<'a, M: Model>(slot: &Slot<'a>) -> Result<M::Of<'a>, Refusal> {
    M::read_slots(slot.as_record().ok_or_else(|| unexpected("Record", slot))?)
}

/// The refusal of a record that has fewer slots than its model has fields.
#[cold]
#[must_use]
pub fn too_few_slots(expected: usize, got: usize) -> Refusal {
    Refusal::new(Code::BadSlot, format!("expected a record of {expected} slots, got {got}"))
}

/// The refusal of a text that is none of an enum's literals.
#[cold]
#[must_use]
pub fn not_one_of(literals: &[&str], slot: &Slot<'_>) -> Refusal {
    let literals = literals.join("`, `");
    match slot.view() {
        View::Str(text) | View::OneOf(_, text) => {
            Refusal::new(Code::NotOneOf, format!("expected one of `{literals}`, got `{text}`"))
        }
        other => Refusal::new(Code::WrongType, format!("expected one of `{literals}`, got {}", other.word())),
    }
}
