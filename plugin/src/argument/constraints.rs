//! The constraints that a field may put on its type: `min`, `max`, `min_length`, `max_length`, `pattern`.
//!
//! Owns which type takes which constraint, and the narrowing of a described type. Never checks a value: the host does.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rust_decimal::Decimal;
use service_framework_model::schema::{ArgType, Length};

use super::{Argument, FloatArray};

/// A type with a least and a greatest value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` takes no `min` and no `max`",
    label = "this is no number",
    note = "`min` and `max` bound whole numbers, f64 and Decimal; the length of text, bytes and collections is bounded \
            by `min_length` and `max_length`"
)]
pub trait Numeric: Argument {
    /// The type of the bounds: the number itself.
    type Bound;

    /// The described type, narrowed to what is not below `bound`.
    fn at_least(kind: ArgType, bound: Self::Bound) -> ArgType;

    /// The described type, narrowed to what is not above `bound`.
    fn at_most(kind: ArgType, bound: Self::Bound) -> ArgType;
}

/// A type that has a length.
#[diagnostic::on_unimplemented(
    message = "`{Self}` takes no `min_length` and no `max_length`",
    label = "this has no length",
    note = "text (in characters), bytes, lists, sets, maps and FloatArray have a length; a number is bounded by `min` \
            and `max`"
)]
pub trait Measured: Argument {}

/// A type that a pattern can describe.
#[diagnostic::on_unimplemented(
    message = "`{Self}` takes no `pattern`",
    label = "this is no text",
    note = "a pattern describes String or &str"
)]
pub trait Textual: Argument {}

macro_rules! numeric {
    ($variant:ident, |$bound:ident| $convert:expr, $($type:ty),*) => {$(
        impl Numeric for $type {
            type Bound = Self;

            fn at_least(mut kind: ArgType, $bound: Self) -> ArgType {
                if let ArgType::$variant(range) = &mut kind {
                    range.min = Some($convert);
                }
                kind
            }

            fn at_most(mut kind: ArgType, $bound: Self) -> ArgType {
                if let ArgType::$variant(range) = &mut kind {
                    range.max = Some($convert);
                }
                kind
            }
        }
    )*};
}

numeric!(Int, |bound| i128::from(bound), i8, i16, i32, i64, u8, u16, u32, u64);
numeric!(Float, |bound| bound, f64);
numeric!(Decimal, |bound| bound, Decimal);

/// What holds for a type holds for it where it may be nil, and behind a box.
macro_rules! also_inside {
    ($($outer:ident),*) => {$(
        impl<T: Numeric> Numeric for $outer<T> {
            type Bound = T::Bound;

            fn at_least(kind: ArgType, bound: Self::Bound) -> ArgType {
                inside(kind, |kind| T::at_least(kind, bound))
            }

            fn at_most(kind: ArgType, bound: Self::Bound) -> ArgType {
                inside(kind, |kind| T::at_most(kind, bound))
            }
        }

        impl<T: Measured> Measured for $outer<T> {}
        impl<T: Textual> Textual for $outer<T> {}
    )*};
}

also_inside!(Option, Box);

impl Textual for String {}
impl Textual for &str {}
impl Measured for String {}
impl Measured for &str {}
impl Measured for &[u8] {}
impl Measured for FloatArray {}
impl<T> Measured for Vec<T> where Self: Argument {}
impl<T, H> Measured for HashSet<T, H> where Self: Argument {}
impl<T> Measured for BTreeSet<T> where Self: Argument {}
impl<K, V, H> Measured for HashMap<K, V, H> where Self: Argument {}
impl<K, V> Measured for BTreeMap<K, V> where Self: Argument {}

/// Narrows what is inside of an `Option`, or the type itself where it is none.
fn inside(kind: ArgType, narrow: impl FnOnce(ArgType) -> ArgType) -> ArgType {
    match kind {
        ArgType::Option(of) => ArgType::option(inside(*of, narrow)),
        other => narrow(other),
    }
}

/// The type of a field with `min = bound`.
#[must_use]
pub fn at_least<T: Numeric>(kind: ArgType, bound: T::Bound) -> ArgType {
    T::at_least(kind, bound)
}

/// The type of a field with `max = bound`.
#[must_use]
pub fn at_most<T: Numeric>(kind: ArgType, bound: T::Bound) -> ArgType {
    T::at_most(kind, bound)
}

/// The type of a field with `min_length = length`.
#[must_use]
pub fn shortest<T: Measured>(kind: ArgType, length: u32) -> ArgType {
    with_length(kind, |bounds| bounds.min = length)
}

/// The type of a field with `max_length = length`.
#[must_use]
pub fn longest<T: Measured>(kind: ArgType, length: u32) -> ArgType {
    with_length(kind, |bounds| bounds.max = Some(length))
}

/// The type of a field with `pattern = "..."`.
#[must_use]
pub fn matching<T: Textual>(kind: ArgType, wanted: &str) -> ArgType {
    inside(kind, |mut kind| {
        if let ArgType::Str { pattern, .. } = &mut kind {
            *pattern = Some(wanted.to_owned());
        }
        kind
    })
}

fn with_length(kind: ArgType, bound: impl FnOnce(&mut Length)) -> ArgType {
    inside(kind, |mut kind| {
        match &mut kind {
            ArgType::Str { length, .. }
            | ArgType::Bytes(length)
            | ArgType::List(_, length)
            | ArgType::Set(_, length)
            | ArgType::Map(_, _, length)
            | ArgType::FloatArray(length) => bound(length),
            _ => {}
        }
        kind
    })
}

#[cfg(test)]
mod tests {
    use service_framework_model::schema::Range;

    use super::*;

    #[test]
    fn a_bound_narrows_the_range_that_the_type_has() {
        let kind = at_most::<Option<u8>>(<Option<u8>>::arg_type(), 9);
        assert_eq!(kind, ArgType::option(ArgType::int_range(0, 9)));
        let kind = at_least::<Decimal>(Decimal::arg_type(), Decimal::ONE);
        assert_eq!(kind, ArgType::Decimal(Range { min: Some(Decimal::ONE), max: None }));
    }

    #[test]
    fn lengths_and_patterns_land_inside_of_an_option() {
        let kind = longest::<Option<String>>(shortest::<Option<String>>(<Option<String>>::arg_type(), 1), 9);
        let kind = matching::<Option<String>>(kind, "[A-Z]+");
        let length = Length { min: 1, max: Some(9) };
        assert_eq!(kind, ArgType::option(ArgType::Str { length, pattern: Some("[A-Z]+".into()) }));
        let kind = longest::<Vec<u8>>(<Vec<u8>>::arg_type(), 4);
        assert_eq!(kind, ArgType::Bytes(Length { min: 0, max: Some(4) }));
    }
}
