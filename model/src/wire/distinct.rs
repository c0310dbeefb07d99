//! No key twice in a map, no item twice in a set.
//!
//! Owns the order of slots by content, and the search for equal ones: one pass if they come in order, as most do, else
//! a sort in the arena, so that no choice of keys makes it slow. Equal is what has the same type and content: `1` and
//! `1.0` are two keys, `1` in one byte and `1` in eight are one.

use std::cmp::Ordering;

use crate::dynamic::Arena;
use crate::error::{Code, Refusal};
use crate::slot::{Slot, View};
use crate::wire::shown;

/// Up to this many, each is compared with each.
const FEW: usize = 8;

/// Makes sure that no item is there twice.
pub(crate) fn items<'a>(items: &[Slot<'a>], arena: &Arena) -> Result<(), Refusal> {
    match repeated(items.iter().copied(), compare, arena)? {
        None => Ok(()),
        Some(twice) => {
            Err(Refusal::new(Code::Duplicate, format!("the item `{}` is in the set twice", show(&twice.view()))))
        }
    }
}

/// Makes sure that no key of key, value, key, value, ... is there twice.
pub(crate) fn keys<'a>(pairs: &[Slot<'a>], arena: &Arena) -> Result<(), Refusal> {
    match repeated(pairs.iter().step_by(2).copied(), compare, arena)? {
        None => Ok(()),
        Some(twice) => {
            Err(Refusal::new(Code::Duplicate, format!("the key `{}` is in the map twice", show(&twice.view()))))
        }
    }
}

/// One of the items that are there twice.
pub(crate) fn repeated<T: Copy>(
    items: impl ExactSizeIterator<Item = T> + Clone,
    compare: impl Fn(&T, &T) -> Ordering,
    arena: &Arena,
) -> Result<Option<T>, Refusal> {
    let mut previous: Option<T> = None;
    let ascending = items.clone().all(|item| {
        let before = previous.replace(item);
        before.is_none_or(|before| compare(&before, &item).is_lt())
    });
    if ascending {
        return Ok(None);
    }
    if items.len() <= FEW {
        let twice = items.clone().enumerate().find(|(place, item)| {
            let mut earlier = items.clone().take(*place);
            earlier.any(|other| compare(&other, item).is_eq())
        });
        return Ok(twice.map(|(_, item)| item));
    }
    let sorted = arena.try_alloc_slice_fill_iter(items).map_err(|_| super::too_large())?;
    sorted.sort_unstable_by(&compare);
    Ok(sorted.windows(2).find_map(|pair| match pair {
        [a, b] if compare(a, b).is_eq() => Some(*b),
        _ => None,
    }))
}

/// The order of slots: by type, then by content.
pub(crate) fn compare(a: &Slot<'_>, b: &Slot<'_>) -> Ordering {
    let (a, b) = (a.view(), b.view());
    match (a, b) {
        (View::Bool(a), View::Bool(b)) => a.cmp(&b),
        (View::Int(a), View::Int(b)) => a.cmp(&b),
        (View::UInt(a), View::UInt(b)) => a.cmp(&b),
        (View::Float(a), View::Float(b)) => a.total_cmp(&b),
        (View::Str(a), View::Str(b)) | (View::DecimalText(a), View::DecimalText(b)) => a.cmp(b),
        (View::Bytes(a), View::Bytes(b)) | (View::FloatArray(a), View::FloatArray(b)) => a.cmp(b),
        // By content, so that 1.0 and 1.00 are two, as their texts are.
        (View::Decimal(a), View::Decimal(b)) => a.serialize().cmp(&b.serialize()),
        (View::DateTime(a), View::DateTime(b)) => a.cmp(&b),
        (View::Uuid(a), View::Uuid(b)) => a.cmp(&b),
        (View::OneOf(a, _), View::OneOf(b, _)) => a.cmp(&b),
        (View::Ext(a, a_bytes), View::Ext(b, b_bytes)) => (a, a_bytes).cmp(&(b, b_bytes)),
        (View::List(a), View::List(b))
        | (View::Set(a), View::Set(b))
        | (View::Map(a), View::Map(b))
        | (View::Record(a), View::Record(b)) => compare_all(a, b),
        (a, b) => rank(&a).cmp(&rank(&b)),
    }
}

fn compare_all(a: &[Slot<'_>], b: &[Slot<'_>]) -> Ordering {
    let first_difference = a.iter().zip(b).map(|(a, b)| compare(a, b)).find(|order| order.is_ne());
    first_difference.unwrap_or_else(|| a.len().cmp(&b.len()))
}

fn rank<S>(view: &View<'_, S>) -> u8 {
    match view {
        View::Absent => 0,
        View::Nil => 1,
        View::Bool(_) => 2,
        View::Int(_) => 3,
        View::UInt(_) => 4,
        View::Float(_) => 5,
        View::Str(_) => 6,
        View::Bytes(_) => 7,
        View::Decimal(_) => 8,
        View::DecimalText(_) => 9,
        View::DateTime(_) => 10,
        View::Uuid(_) => 11,
        View::List(_) => 12,
        View::Set(_) => 13,
        View::Map(_) => 14,
        View::Record(_) => 15,
        View::OneOf(..) => 16,
        View::FloatArray(_) => 17,
        View::Ext(..) => 18,
    }
}

/// A key or item for a message to people.
#[cold]
pub(crate) fn show<S>(view: &View<'_, S>) -> String {
    match view {
        View::Str(text) | View::DecimalText(text) | View::OneOf(_, text) => shown(text),
        View::Bool(value) => value.to_string(),
        View::Int(n) => n.to_string(),
        View::UInt(n) => n.to_string(),
        View::Float(x) => x.to_string(),
        View::Decimal(decimal) => decimal.to_string(),
        View::Uuid(uuid) => uuid.to_string(),
        View::DateTime(time) if let Some(time) = time.to_chrono() => format!("{time:?}"),
        other => format!("of type {}", other.word()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn twice(items: &[i64]) -> Option<i64> {
        repeated(items.iter().copied(), i64::cmp, &Arena::new()).unwrap()
    }

    #[test]
    fn repeated_items_are_found_whatever_their_number_and_order() {
        assert_eq!(twice(&[]), None);
        assert_eq!(twice(&[3, 1, 2]), None);
        assert_eq!(twice(&[1, 2, 2]), Some(2));
        assert_eq!(twice(&[3, 1, 3]), Some(3));
        let many: Vec<i64> = (0..100).rev().collect();
        assert_eq!(twice(&many), None);
        assert_eq!(twice(&[&many[..], &[42]].concat()), Some(42));
    }

    #[test]
    fn items_of_different_types_are_never_equal() {
        let arena = Arena::new();
        let one = [Slot::int(1), Slot::float(1.0), Slot::bool(true), Slot::str("1"), Slot::decimal(1.into())];
        items(&one, &arena).unwrap();
        assert_eq!(items(&[one, one].concat(), &arena).unwrap_err().code(), Code::Duplicate);
    }
}
