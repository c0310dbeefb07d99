//! Arguments that may be nil or left out, and those behind a `Box`.

use service_framework_model::dynamic::Arena;
use service_framework_model::error::Refusal;
use service_framework_model::schema::ArgType;
use service_framework_model::slot::{Slot, View};
use service_framework_model::value::Value;

use super::Argument;

/// A value or nil. As a field of a model it is an optional argument unless the field says `#[model(required)]`.
impl<T: Argument> Argument for Option<T> {
    type Of<'a> = Option<T::Of<'a>>;

    const NESTING: u32 = T::NESTING;

    fn arg_type() -> ArgType {
        ArgType::option(T::arg_type())
    }

    fn slot<'a>(&'a self, arena: &'a Arena) -> Slot<'a> {
        self.as_ref().map_or(Slot::NIL, |value| value.slot(arena))
    }

    fn optional_slot<'a>(&'a self, arena: &'a Arena) -> Slot<'a> {
        self.as_ref().map_or(Slot::ABSENT, |value| value.slot(arena))
    }

    fn read<'a>(slot: &Slot<'a>) -> Result<Option<T::Of<'a>>, Refusal> {
        match slot.view() {
            View::Absent | View::Nil => Ok(None),
            _ => T::read(slot).map(Some),
        }
    }

    fn value(&self) -> Value {
        self.as_ref().map_or(Value::Nil, T::value)
    }
}

impl<T: Argument> Argument for Box<T> {
    type Of<'a> = Box<T::Of<'a>>;

    const NESTING: u32 = T::NESTING;

    fn arg_type() -> ArgType {
        T::arg_type()
    }

    fn slot<'a>(&'a self, arena: &'a Arena) -> Slot<'a> {
        T::slot(self, arena)
    }

    fn read<'a>(slot: &Slot<'a>) -> Result<Box<T::Of<'a>>, Refusal> {
        T::read(slot).map(Box::new)
    }

    fn value(&self) -> Value {
        T::value(self)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{read, round_trip};
    use super::*;

    #[test]
    fn nil_and_what_is_left_out_are_none() {
        assert_eq!(read::<Option<i64>>(Slot::NIL), Ok(None));
        assert_eq!(read::<Option<i64>>(Slot::ABSENT), Ok(None));
        assert_eq!(read::<Option<i64>>(Slot::int(7)), Ok(Some(7)));
        assert!(read::<Option<i64>>(Slot::str("7")).is_err());
    }

    #[test]
    fn none_is_nil_in_a_value_and_absent_as_an_optional_argument() {
        let (arena, none) = (Arena::new(), None::<i64>);
        assert!(matches!(none.slot(&arena).view(), View::Nil));
        assert!(none.optional_slot(&arena).is_absent());
        round_trip(&vec![Some("a".to_owned()), None]);
        round_trip(&Box::new(Some(7_u64)));
    }
}
