//! Arguments that are a fixed sequence of values, each with a type of its own.

use service_framework_model::dynamic::Arena;
use service_framework_model::error::{Code, Refusal};
use service_framework_model::schema::ArgType;
use service_framework_model::slot::Slot;
use service_framework_model::value::Value;

use super::{Argument, deepest, unexpected};

macro_rules! tuple {
    ($count:literal: $($type:ident $item:ident $index:tt),+) => {
        impl<$($type: Argument),+> Argument for ($($type,)+) {
            type Of<'a> = ($($type::Of<'a>,)+);

            const NESTING: u32 = deepest(&[$($type::NESTING),+]);

            fn arg_type() -> ArgType {
                ArgType::Tuple(vec![$($type::arg_type()),+])
            }

            fn slot<'a>(&'a self, arena: &'a Arena) -> Slot<'a> {
                Slot::list(arena.alloc_slice_copy(&[$(self.$index.slot(arena)),+]))
            }

            fn read<'a>(slot: &Slot<'a>) -> Result<Self::Of<'a>, Refusal> {
                let items = slot.as_list().ok_or_else(|| unexpected("Tuple", slot))?;
                let [$($item),+] = items else { return Err(bad_length($count, items.len())) };
                Ok(($($type::read($item).map_err(|refusal| refusal.at_index($index))?,)+))
            }

            fn value(&self) -> Value {
                Value::List(vec![$(self.$index.value()),+])
            }
        }
    };
}

tuple!(1: A a 0);
tuple!(2: A a 0, B b 1);
tuple!(3: A a 0, B b 1, C c 2);
tuple!(4: A a 0, B b 1, C c 2, D d 3);
tuple!(5: A a 0, B b 1, C c 2, D d 3, E e 4);
tuple!(6: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5);
tuple!(7: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6);
tuple!(8: A a 0, B b 1, C c 2, D d 3, E e 4, F f 5, G g 6, H h 7);

#[cold]
fn bad_length(expected: usize, got: usize) -> Refusal {
    Refusal::new(Code::BadLength, format!("expected a Tuple of {expected}, got {got}"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{read, round_trip};
    use super::*;

    #[test]
    fn tuples_are_read_back_as_they_were_written() {
        round_trip(&(1_i64,));
        round_trip(&("a".to_owned(), (true, vec![2_u8]), None::<i64>));
        assert_eq!(<(bool, &str)>::arg_type(), ArgType::Tuple(vec![ArgType::Bool, ArgType::str()]));
    }

    #[test]
    fn a_tuple_of_another_length_or_type_is_refused_with_its_place() {
        let items = [Slot::bool(true), Slot::int(1)];
        assert_eq!(read::<(bool,)>(Slot::list(&items)).unwrap_err().code(), Code::BadLength);
        assert_eq!(read::<(bool, bool)>(Slot::list(&items)).unwrap_err().path(), "[1]");
    }
}
