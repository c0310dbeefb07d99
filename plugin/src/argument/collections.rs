//! Arguments that hold many values of one type: lists, sets and maps.
//!
//! Owns the mapping between the collections of the standard library and their slots.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash};

use service_framework_model::dynamic::Arena;
use service_framework_model::error::{Code, Refusal};
use service_framework_model::schema::ArgType;
use service_framework_model::slot::{Slot, View};
use service_framework_model::value::Value;

use super::{Argument, Key, unexpected};

impl<T: Argument> Argument for Vec<T> {
    type Of<'a> = Vec<T::Of<'a>>;

    const NESTING: u32 = T::NESTING;

    fn arg_type() -> ArgType {
        T::list_type()
    }

    fn slot<'a>(&'a self, arena: &'a Arena) -> Slot<'a> {
        T::list_slot(self, arena)
    }

    fn read<'a>(slot: &Slot<'a>) -> Result<Vec<T::Of<'a>>, Refusal> {
        T::read_list(slot)
    }

    fn value(&self) -> Value {
        T::list_value(self)
    }
}

macro_rules! set {
    ($set:ident<T $(, $hasher:ident)?>, $($bound:tt)*) => {
        impl<T $(, $hasher)?> Argument for $set<T $(, $hasher)?>
        where
            T: Argument,
            for<'a> T::Of<'a>: $($bound)*,
            $($hasher: BuildHasher + Default,)?
        {
            type Of<'a> = $set<T::Of<'a> $(, $hasher)?>;

            const NESTING: u32 = T::NESTING;

            fn arg_type() -> ArgType {
                ArgType::set(T::arg_type())
            }

            fn slot<'a>(&'a self, arena: &'a Arena) -> Slot<'a> {
                Slot::set(arena.alloc_slice_fill_iter(self.iter().map(|item| item.slot(arena))))
            }

            fn read<'a>(slot: &Slot<'a>) -> Result<Self::Of<'a>, Refusal> {
                let View::Set(items) = slot.view() else { return Err(unexpected("Set", slot)) };
                items.iter().enumerate().map(|(i, item)| T::read(item).map_err(|refusal| refusal.at_index(i))).collect()
            }

            fn value(&self) -> Value {
                Value::Set(self.iter().map(T::value).collect())
            }
        }
    };
}

set!(HashSet<T, H>, Eq + Hash);
set!(BTreeSet<T>, Ord);

macro_rules! map {
    ($map:ident<K, V $(, $hasher:ident)?>, $($bound:tt)*) => {
        impl<K, V $(, $hasher)?> Argument for $map<K, V $(, $hasher)?>
        where
            K: Key,
            V: Argument,
            for<'a> K::Of<'a>: $($bound)*,
            $($hasher: BuildHasher + Default,)?
        {
            type Of<'a> = $map<K::Of<'a>, V::Of<'a> $(, $hasher)?>;

            const NESTING: u32 = V::NESTING;

            fn arg_type() -> ArgType {
                ArgType::map(K::KEY_TYPE, V::arg_type())
            }

            fn slot<'a>(&'a self, arena: &'a Arena) -> Slot<'a> {
                let pairs = self.iter().map(|(key, value)| [key.slot(arena), value.slot(arena)]);
                Slot::map(arena.alloc_slice_fill_iter(pairs).as_flattened())
            }

            fn read<'a>(slot: &Slot<'a>) -> Result<Self::Of<'a>, Refusal> {
                let View::Map(slots) = slot.view() else { return Err(unexpected("Map", slot)) };
                let (pairs, _) = slots.as_chunks::<2>();
                pairs.iter().map(|[key, value]| read_pair::<K, V>(key, value)).collect()
            }

            fn value(&self) -> Value {
                Value::Map(self.iter().map(|(key, value)| (key.value(), value.value())).collect())
            }
        }
    };
}

map!(HashMap<K, V, H>, Eq + Hash);
map!(BTreeMap<K, V>, Ord);

fn read_pair<'a, K: Key, V: Argument>(key: &Slot<'a>, value: &Slot<'a>) -> Result<(K::Of<'a>, V::Of<'a>), Refusal> {
    let bad_key = |refusal: Refusal| Refusal::new(Code::BadKey, refusal.detail()).under_key(&key_text(key));
    let value = V::read(value).map_err(|refusal| refusal.under_key(&key_text(key)))?;
    Ok((K::read(key).map_err(bad_key)?, value))
}

/// A key as a step of a path.
#[cold]
fn key_text(key: &Slot<'_>) -> String {
    match Value::from_view(key) {
        Value::Str(text) => text,
        Value::Int(n) => n.to_string(),
        Value::UInt(n) => n.to_string(),
        Value::Decimal(decimal) => decimal.to_string(),
        Value::Uuid(uuid) => uuid.to_string(),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use service_framework_model::schema::KeyType;
    use uuid::Uuid;

    use super::super::testing::{read, round_trip};
    use super::*;

    #[test]
    fn collections_are_read_back_as_they_were_written() {
        round_trip(&vec![vec!["a".to_owned()], vec![]]);
        round_trip(&HashSet::from([1_i64, -2, 3]));
        round_trip(&BTreeSet::from(["b".to_owned(), "a".to_owned()]));
        round_trip(&HashMap::from([(Uuid::from_u128(1), vec![Decimal::ONE]), (Uuid::from_u128(2), vec![])]));
        round_trip(&BTreeMap::from([(-1_i32, BTreeMap::from([(Decimal::TEN, true)]))]));
    }

    #[test]
    fn a_list_of_u8_is_bytes() {
        assert_eq!(<Vec<u8> as Argument>::arg_type(), ArgType::bytes());
        assert!(matches!(vec![1_u8, 255].slot(&Arena::new()).view(), View::Bytes(&[1, 255])));
        assert_eq!(vec![1_u8].value(), Value::Bytes(vec![1]));
        assert_eq!(<HashSet<u8> as Argument>::arg_type(), ArgType::set(ArgType::int_range(0, 255)));
        round_trip(&vec![0_u8, 255]);
        round_trip(&vec![vec![0_u8], vec![]]);
    }

    #[test]
    fn borrowed_items_and_keys_point_into_the_message() {
        let text = "key".to_owned();
        let pairs = [Slot::str(&text), Slot::str(&text)];
        let map_slot = Slot::map(&pairs);
        let map = HashMap::<&str, &str>::read(&map_slot).unwrap();
        assert_eq!(map.get("key").map(|value| value.as_ptr()), Some(text.as_ptr()));
        assert_eq!(<HashMap<&str, &str> as Argument>::arg_type(), ArgType::map(KeyType::Str, ArgType::str()));
    }

    #[test]
    fn a_refusal_inside_a_collection_says_where() {
        let items = [Slot::int(1), Slot::NIL];
        assert_eq!(read::<Vec<i64>>(Slot::list(&items)).unwrap_err().to_string(), "`[1]`: expected Int, got nil");
        let pairs = [Slot::str("price"), Slot::list(&items)];
        let refusal = read::<HashMap<String, Vec<i64>>>(Slot::map(&pairs)).unwrap_err();
        assert_eq!(refusal.path(), "price[1]");
        let bad_key = [Slot::int(300), Slot::int(1)];
        let refusal = read::<HashMap<u8, i64>>(Slot::map(&bad_key)).unwrap_err();
        assert_eq!((refusal.code(), refusal.path().as_str()), (Code::BadKey, "300"));
    }
}
