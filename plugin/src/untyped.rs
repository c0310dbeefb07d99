//! Arguments whose models are known only at run time: values with names, to slots in the order of a record and back.
//!
//! Owns the names: slots have none, a record has them. Never checks a type or a constraint: the host does.

use service_framework_model::dynamic::Arena;
use service_framework_model::schema::{ArgType, Record};
use service_framework_model::slot::{Slot, View};
use service_framework_model::value::Value;

use crate::error::{Error, Result};

/// The map that the slots of a record hold. What is absent is left out; the keys that an open record does not name
/// follow those that it names.
pub(crate) fn value_from_record_slots(record: &Record, slots: &[Slot<'_>]) -> Value {
    let (fields, rest) = slots.split_at(record.fields().len().min(slots.len()));
    let named = record.fields().iter().zip(fields).filter(|(_, slot)| !slot.is_absent());
    let mut entries: Vec<_> =
        named.map(|(field, slot)| (Value::Str(field.name.clone()), value_from_slot(&field.kind, slot))).collect();
    if let Some(Value::Map(unnamed)) = rest.first().map(Value::from_view) {
        entries.extend(unnamed);
    }
    Value::Map(entries)
}

/// The value of a slot of this type, the records inside of it with their names.
pub(crate) fn value_from_slot(kind: &ArgType, slot: &Slot<'_>) -> Value {
    match (kind, slot.view()) {
        (ArgType::Option(of), _) => value_from_slot(of, slot),
        (ArgType::Record(record), View::Record(fields)) => value_from_record_slots(record, fields),
        (ArgType::List(item, _), View::List(items)) => {
            Value::List(items.iter().map(|slot| value_from_slot(item, slot)).collect())
        }
        (ArgType::Set(item, _), View::Set(items)) => {
            Value::Set(items.iter().map(|slot| value_from_slot(item, slot)).collect())
        }
        (ArgType::Tuple(kinds), View::List(items)) => {
            Value::List(kinds.iter().zip(items).map(|(kind, slot)| value_from_slot(kind, slot)).collect())
        }
        (ArgType::Map(_, of, _), View::Map(slots)) => {
            let (pairs, _) = slots.as_chunks::<2>();
            Value::Map(pairs.iter().map(|[key, slot]| (Value::from_view(key), value_from_slot(of, slot))).collect())
        }
        _ => Value::from_view(slot),
    }
}

/// The slots of a record, out of a map with its names. Records inside stay maps with text keys: the host looks their
/// names up.
///
/// # Errors
/// If the value is no map, names a key twice, or names one that the record does not have.
pub(crate) fn record_slots<'a>(record: &Record, value: &'a Value, arena: &'a Arena) -> Result<&'a [Slot<'a>]> {
    let Value::Map(entries) = value else {
        return Err(Error::invalid_arguments(format!("expected a map of arguments, got {}", value.word())));
    };
    let slots = arena.alloc_slice_fill_copy(record.slot_count(), Slot::ABSENT);
    let mut unnamed = Vec::new();
    for (key, value) in entries {
        let place = key.as_str().and_then(|key| record.fields().iter().position(|field| field.name == key));
        match place.and_then(|place| slots.get_mut(place)) {
            Some(slot) if slot.is_absent() => *slot = value.to_slot(arena),
            Some(_) => return Err(bad_key("appears twice among the arguments", key)),
            None if record.is_open() => unnamed.extend([key.to_slot(arena), value.to_slot(arena)]),
            None => return Err(bad_key("is no argument of the model", key)),
        }
    }
    if let (false, Some(last)) = (unnamed.is_empty(), slots.last_mut()) {
        *last = Slot::map(arena.alloc_slice_copy(&unnamed));
    }
    Ok(slots)
}

#[cold]
fn bad_key(problem: &str, key: &Value) -> Error {
    match key.as_str() {
        Some(name) => Error::invalid_arguments(format!("`{name}` {problem}")).with_field(name),
        None => Error::invalid_arguments(format!("the key {key:?} {problem}")),
    }
}

#[cfg(test)]
mod tests {
    use service_framework_model::schema::KeyType;

    use super::*;
    use crate::error::ErrorKind;

    fn level() -> Record {
        Record::new().optional("note", ArgType::str()).required("price", ArgType::int())
    }

    #[test]
    fn values_get_the_order_of_the_record_and_back_their_names() {
        let record = Record::new().optional("note", ArgType::str()).required("symbol", ArgType::str());
        let value = Value::map([("symbol", Value::from("A"))]);
        let arena = Arena::new();
        let slots = record_slots(&record, &value, &arena).unwrap();
        assert!(matches!(slots[0].view(), View::Str("A")));
        assert!(slots[1].is_absent());
        assert_eq!(value_from_record_slots(&record, slots), value);
    }

    #[test]
    fn records_inside_of_anything_get_their_names() {
        let fields = [Slot::int(7), Slot::ABSENT];
        let levels = [Slot::record(&fields)];
        let pairs = [Slot::int(1), Slot::list(&levels)];
        let tuple = [Slot::map(&pairs), Slot::NIL];
        let kind = ArgType::Tuple(vec![
            ArgType::map(KeyType::Int, ArgType::list(ArgType::Record(level()))),
            ArgType::option(ArgType::Record(level())),
        ]);
        let named = Value::map([("price", Value::Int(7))]);
        let expected = Value::List(vec![Value::Map(vec![(Value::Int(1), Value::List(vec![named]))]), Value::Nil]);
        let record = Record::new().required("books", kind);
        assert_eq!(value_from_record_slots(&record, &[Slot::list(&tuple)]), Value::map([("books", expected)]));
    }

    #[test]
    fn an_open_record_keeps_what_it_does_not_name() {
        let record = level().open();
        let value = Value::Map(vec![("price".into(), Value::Int(1)), ("other".into(), true.into())]);
        let arena = Arena::new();
        let slots = record_slots(&record, &value, &arena).unwrap();
        assert_eq!(value_from_record_slots(&record, slots), value);
    }

    #[test]
    fn a_key_that_the_record_does_not_have_is_refused_by_name() {
        let (arena, unknown) = (Arena::new(), Value::map([("pricee", 1_i64.into())]));
        let error = record_slots(&level(), &unknown, &arena).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("pricee")));
        let twice = Value::map([("price", Value::Int(1)), ("price", Value::Int(2))]);
        assert!(record_slots(&level(), &twice, &arena).unwrap_err().message().contains("twice"));
        assert!(record_slots(&level(), &Value::Nil, &arena).is_err());
    }
}
