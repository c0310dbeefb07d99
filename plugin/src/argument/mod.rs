//! The types that an argument can have: how each is described in a model, written into a slot and read back.
//!
//! Owns the trait [`Argument`] and its implementations for the types of Rust and of the crates that the prelude
//! re-exports. Never checks a constraint: the host does, on both ways.

mod collections;
mod constraints;
mod float_array;
mod optional;
mod scalars;
mod tuples;

use service_framework_model::dynamic::Arena;
use service_framework_model::error::{Code, Refusal};
use service_framework_model::schema::{ArgType, KeyType};
use service_framework_model::slot::{Slot, View};
use service_framework_model::value::Value;

pub use constraints::{Measured, Numeric, Textual, at_least, at_most, longest, matching, shortest};
pub use float_array::FloatArray;

/// A type that an argument, a part of one, or a config value can have.
///
/// Implemented for the types that the argument types of a model stand for, and by `#[derive(Model)]` for structs (as
/// nested records) and enums without fields (as one of a set of literals). There is no need to implement it by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an argument type",
    label = "no argument of a model can have this type",
    note = "argument types are: bool, i8 to i64, u8 to u64, f64, String, &str, Vec<u8> and &[u8] (bytes), Decimal, \
            DateTime<Utc>, Uuid, Vec<T>, HashSet<T>, BTreeSet<T>, HashMap<K, V>, BTreeMap<K, V>, tuples of up to 8, \
            Option<T>, Box<T>, FloatArray, and Value for anything at all",
    note = "a struct or an enum of your own becomes one with #[derive(Model)]; for a 32-bit float use f64, for usize u64"
)]
pub trait Argument: Sized {
    /// The same type, borrowing from a message of the lifetime `'a`: `&'a str` for any `&str`, the type itself where
    /// it borrows nothing.
    type Of<'a>;

    /// How many records are inside one another. A model that contains itself has no such number, and does not compile.
    const NESTING: u32 = 0;

    /// The type as models tell of it.
    fn arg_type() -> ArgType;

    /// The value as a slot that borrows from it; what has to be laid out anew is put into `arena`.
    fn slot<'a>(&'a self, arena: &'a Arena) -> Slot<'a>;

    /// The value as the slot of an optional argument: a `None` is left out.
    #[doc(hidden)]
    fn optional_slot<'a>(&'a self, arena: &'a Arena) -> Slot<'a> {
        self.slot(arena)
    }

    /// Reads a slot.
    ///
    /// # Errors
    /// If the slot holds something else. The host checks what it hands over, so that this happens only where a type
    /// is narrower than its description.
    fn read<'a>(slot: &Slot<'a>) -> Result<Self::Of<'a>, Refusal>;

    /// The value in the form of which the type is known only at run time.
    fn value(&self) -> Value {
        Value::from_view(&self.slot(&Arena::new()))
    }

    /// How a list of this type is described: bytes are the list that is not a list.
    #[doc(hidden)]
    fn list_type() -> ArgType {
        ArgType::list(Self::arg_type())
    }

    /// A list of this type as a slot.
    #[doc(hidden)]
    fn list_slot<'a>(items: &'a [Self], arena: &'a Arena) -> Slot<'a> {
        Slot::list(arena.alloc_slice_fill_iter(items.iter().map(|item| item.slot(arena))))
    }

    /// Reads a list of this type.
    ///
    /// # Errors
    /// As for [`Argument::read`].
    #[doc(hidden)]
    fn read_list<'a>(slot: &Slot<'a>) -> Result<Vec<Self::Of<'a>>, Refusal> {
        let items = slot.as_list().ok_or_else(|| unexpected("List", slot))?;
        items.iter().enumerate().map(|(i, item)| Self::read(item).map_err(|refusal| refusal.at_index(i))).collect()
    }

    /// A list of this type in the form of which the type is known only at run time.
    #[doc(hidden)]
    fn list_value(items: &[Self]) -> Value {
        Value::List(items.iter().map(Self::value).collect())
    }
}

/// A type that the keys of a map can have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a key type",
    label = "no map of a model can have keys of this type",
    note = "key types are: String, &str, i8 to i64, u8 to u64, Decimal, Uuid, DateTime<Utc>"
)]
pub trait Key: Argument {
    /// The type as models tell of it.
    const KEY_TYPE: KeyType;
}

/// The greatest of these nestings.
#[must_use]
pub const fn deepest(mut nestings: &[u32]) -> u32 {
    let mut deepest = 0;
    while let [first, rest @ ..] = nestings {
        deepest = if *first > deepest { *first } else { deepest };
        nestings = rest;
    }
    deepest
}

/// The refusal of a slot that holds another type than it should.
#[cold]
pub(crate) fn unexpected(expected: &str, slot: &Slot<'_>) -> Refusal {
    let view = slot.view();
    let code = if matches!(view, View::Absent) { Code::MissingKey } else { Code::WrongType };
    Refusal::new(code, format!("expected {expected}, got {}", view.word()))
}

#[cfg(test)]
pub(crate) mod testing {
    //! What the tests of the argument types share.

    use std::fmt::Debug;

    use super::*;

    /// Reads a slot as an owned type.
    pub(crate) fn read<'a, T: Argument<Of<'a> = T>>(slot: Slot<'a>) -> Result<T, Refusal> {
        T::read(&slot)
    }

    /// Writes a value into a slot and reads it back, typed and untyped.
    pub(crate) fn round_trip<T: for<'a> Argument<Of<'a> = T> + PartialEq + Debug>(value: &T) {
        let arena = Arena::new();
        assert_eq!(T::read(&value.slot(&arena)).as_ref(), Ok(value));
        let untyped = value.value();
        assert_eq!(T::read(&untyped.to_slot(&arena)).as_ref(), Ok(value), "through {untyped:?}");
    }
}
