//! Arguments that are one value: numbers, text, bytes, decimals, times, UUIDs, and values of any type.
//!
//! Owns the mapping between these Rust types and their slots.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use service_framework_model::dynamic::Arena;
use service_framework_model::error::{Code, Refusal};
use service_framework_model::schema::{ArgType, KeyType};
use service_framework_model::slot::{Slot, View};
use service_framework_model::value::{Timestamp, Value};
use uuid::Uuid;

use super::{Argument, Key, unexpected};

/// An argument that borrows nothing: its description, its slot, and how it is read.
macro_rules! owned_argument {
    ($type:ty, $arg_type:expr, |$value:ident| $slot:expr, $word:literal, |$read:ident| $content:expr) => {
        impl Argument for $type {
            type Of<'a> = Self;

            fn arg_type() -> ArgType {
                $arg_type
            }

            #[inline]
            fn slot<'a>(&'a self, _: &'a Arena) -> Slot<'a> {
                let $value = self;
                $slot
            }

            #[inline]
            fn read<'a>($read: &Slot<'a>) -> Result<Self, Refusal> {
                $content.ok_or_else(|| unexpected($word, $read))
            }
        }
    };
}

owned_argument!(bool, ArgType::Bool, |value| Slot::bool(*value), "Bool", |slot| slot.as_bool());
owned_argument!(f64, ArgType::float(), |value| Slot::float(*value), "Float", |slot| slot.as_float());
owned_argument!(Decimal, ArgType::decimal(), |value| Slot::decimal(*value), "Decimal", |slot| slot.as_decimal());
owned_argument!(Uuid, ArgType::Uuid, |value| Slot::uuid(value), "Uuid", |slot| match slot.view() {
    View::Uuid(uuid) => Some(uuid),
    _ => None,
});
owned_argument!(String, ArgType::str(), |value| Slot::str(value), "Str", |slot| slot.as_str().map(str::to_owned));

/// A whole number: the range of the Rust type is the range of the argument.
macro_rules! whole_number {
    ($type:ty, $slot:expr $(, { $($list_hooks:tt)* })?) => {
        impl Argument for $type {
            type Of<'a> = Self;

            fn arg_type() -> ArgType {
                ArgType::int_range(i128::from(Self::MIN), i128::from(Self::MAX))
            }

            #[inline]
            fn slot<'a>(&'a self, _: &'a Arena) -> Slot<'a> {
                $slot(*self)
            }

            #[inline]
            fn read<'a>(slot: &Slot<'a>) -> Result<Self, Refusal> {
                if let Some(number) = slot.as_int() {
                    return Self::try_from(number).map_err(|_| out_of_range(stringify!($type)));
                }
                match slot.view() {
                    View::UInt(number) => Self::try_from(number).map_err(|_| out_of_range(stringify!($type))),
                    _ => Err(unexpected("Int", slot)),
                }
            }

            $($($list_hooks)*)?
        }

        impl Key for $type {
            const KEY_TYPE: KeyType = KeyType::Int;
        }
    };
}

whole_number!(i8, |n| Slot::int(i64::from(n)));
whole_number!(i16, |n| Slot::int(i64::from(n)));
whole_number!(i32, |n| Slot::int(i64::from(n)));
whole_number!(i64, Slot::int);
whole_number!(u16, |n| Slot::int(i64::from(n)));
whole_number!(u32, |n| Slot::int(i64::from(n)));
whole_number!(u64, Slot::uint);

// A list of u8 is bytes.
whole_number!(u8, |n| Slot::int(i64::from(n)), {
    fn list_type() -> ArgType {
        ArgType::bytes()
    }

    fn list_slot<'a>(items: &'a [Self], _: &'a Arena) -> Slot<'a> {
        Slot::bytes(items)
    }

    fn read_list<'a>(slot: &Slot<'a>) -> Result<Vec<Self>, Refusal> {
        <&[u8] as Argument>::read(slot).map(<[u8]>::to_vec)
    }

    fn list_value(items: &[Self]) -> Value {
        Value::Bytes(items.to_vec())
    }
});

impl Argument for &str {
    type Of<'a> = &'a str;

    fn arg_type() -> ArgType {
        ArgType::str()
    }

    #[inline]
    fn slot<'a>(&'a self, _: &'a Arena) -> Slot<'a> {
        Slot::str(self)
    }

    #[inline]
    fn read<'a>(slot: &Slot<'a>) -> Result<&'a str, Refusal> {
        slot.as_str().ok_or_else(|| unexpected("Str", slot))
    }
}

impl Argument for &[u8] {
    type Of<'a> = &'a [u8];

    fn arg_type() -> ArgType {
        ArgType::bytes()
    }

    #[inline]
    fn slot<'a>(&'a self, _: &'a Arena) -> Slot<'a> {
        Slot::bytes(self)
    }

    #[inline]
    fn read<'a>(slot: &Slot<'a>) -> Result<&'a [u8], Refusal> {
        slot.as_bytes().ok_or_else(|| unexpected("Bytes", slot))
    }
}

impl Argument for DateTime<Utc> {
    type Of<'a> = Self;

    fn arg_type() -> ArgType {
        ArgType::DateTime
    }

    #[inline]
    fn slot<'a>(&'a self, _: &'a Arena) -> Slot<'a> {
        Slot::date_time(Timestamp::from(*self))
    }

    #[inline]
    fn read<'a>(slot: &Slot<'a>) -> Result<Self, Refusal> {
        let time = slot.as_date_time().ok_or_else(|| unexpected("DateTime", slot))?;
        time.to_chrono().ok_or_else(|| out_of_range("chrono::DateTime"))
    }
}

/// Anything at all.
impl Argument for Value {
    type Of<'a> = Self;

    fn arg_type() -> ArgType {
        ArgType::Any
    }

    fn slot<'a>(&'a self, arena: &'a Arena) -> Slot<'a> {
        self.to_slot(arena)
    }

    fn read<'a>(slot: &Slot<'a>) -> Result<Self, Refusal> {
        if slot.is_absent() { Err(unexpected("Any", slot)) } else { Ok(Self::from_view(slot)) }
    }

    fn value(&self) -> Value {
        self.clone()
    }
}

macro_rules! keys {
    ($($type:ty => $key_type:ident),* $(,)?) => {$(
        impl Key for $type {
            const KEY_TYPE: KeyType = KeyType::$key_type;
        }
    )*};
}

keys!(String => Str, &str => Str, Decimal => Decimal, Uuid => Uuid, DateTime<Utc> => DateTime);

#[cold]
fn out_of_range(of: &str) -> Refusal {
    Refusal::new(Code::OutOfRange, format!("out of the range of {of}"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{read, round_trip};
    use super::*;

    #[test]
    fn every_scalar_is_read_back_as_it_was_written() {
        round_trip(&true);
        round_trip(&-1.5_f64);
        round_trip(&"-79228162514264337593543950335".parse::<Decimal>().unwrap());
        round_trip(&"0.00".parse::<Decimal>().unwrap());
        round_trip(&Uuid::from_u128(0x1234));
        round_trip(&"caf\u{e9}".to_owned());
        round_trip(&DateTime::from_timestamp(-1, 999_999_999).unwrap());
        round_trip(&Value::map([("a", Value::List(vec![Value::Nil, Value::UInt(u64::MAX)]))]));
        round_trip(&(i8::MIN, i16::MIN, i32::MIN, i64::MIN, u8::MAX, u16::MAX, u32::MAX, u64::MAX));
    }

    #[test]
    fn borrowed_text_and_bytes_point_into_the_message() {
        let (text, bytes) = ("abc".to_owned(), vec![1_u8, 2]);
        let (text_slot, bytes_slot) = (Slot::str(&text), Slot::bytes(&bytes));
        assert_eq!(<&str>::read(&text_slot).unwrap().as_ptr(), text.as_ptr());
        assert_eq!(<&[u8]>::read(&bytes_slot).unwrap().as_ptr(), bytes.as_ptr());
    }

    #[test]
    fn the_range_of_a_whole_number_is_in_its_description() {
        assert_eq!(<u8 as Argument>::arg_type(), ArgType::int_range(0, 255));
        assert_eq!(<i64 as Argument>::arg_type(), ArgType::int_range(i64::MIN.into(), i64::MAX.into()));
        assert_eq!(<u64 as Argument>::arg_type(), ArgType::int_range(0, u64::MAX.into()));
    }

    #[test]
    fn a_number_out_of_the_range_of_its_type_is_refused() {
        assert_eq!(read::<u8>(Slot::int(256)).unwrap_err().code(), Code::OutOfRange);
        assert_eq!(read::<i64>(Slot::uint(u64::MAX)).unwrap_err().code(), Code::OutOfRange);
        let beyond = Timestamp { seconds: i64::MAX, nanoseconds: 0 };
        assert_eq!(read::<DateTime<Utc>>(Slot::date_time(beyond)).unwrap_err().code(), Code::OutOfRange);
    }

    #[test]
    fn another_type_is_refused_with_both_names() {
        let refusal = read::<i64>(Slot::str("7")).unwrap_err();
        assert_eq!((refusal.code(), refusal.to_string().as_str()), (Code::WrongType, "expected Int, got Str"));
        assert_eq!(read::<Value>(Slot::ABSENT).unwrap_err().code(), Code::MissingKey);
    }
}
