//! What a service's code changes in a state, from the flat form in which it crosses the boundary to a map of changes.
//!
//! Owns the grouping: each change is a list of keys and a value, and those that share a key become one map under it. Never
//! checks a type: the state's own model does.

use service_framework_model::error::{Code, Refusal};
use service_framework_model::slot::{ForeignSlot, View};
use service_framework_model::state::KeyRef;
use service_framework_model::wire::Arena;

/// A change: the keys that lead to it, and what is put there.
#[derive(Clone, Copy)]
struct Change<'a> {
    path: &'a [ForeignSlot<'a>],
    value: ForeignSlot<'a>,
}

/// The most keys that lead to a part of a state: as deep as a message may be.
const DEEPEST: usize = 500;

/// The map of these changes. Of two of the same part, the later one counts.
///
/// # Errors
/// If one of them is no list of keys and a value, or goes into what another one replaces.
pub(super) fn as_map<'a>(changes: &'a [ForeignSlot<'a>], arena: &'a Arena) -> Result<ForeignSlot<'a>, Refusal> {
    let mut read = Vec::with_capacity(changes.len());
    for change in changes {
        let View::List(parts) = change.view().map_err(bad_slot)? else { return Err(no_change()) };
        let Some((value, path)) = parts.split_last().filter(|(_, path)| !path.is_empty()) else {
            return Err(no_change());
        };
        if path.len() > DEEPEST {
            return Err(Refusal::new(Code::TooDeep, format!("a path of {} keys, at most {DEEPEST}", path.len())));
        }
        read.push(Change { path, value: *value });
    }
    grouped(&mut read, 0, arena)
}

/// The map of changes that share their first `depth` keys.
fn grouped<'a>(changes: &mut [Change<'a>], depth: usize, arena: &'a Arena) -> Result<ForeignSlot<'a>, Refusal> {
    let mut keyed = Vec::with_capacity(changes.len());
    for change in changes.iter() {
        let Some(key) = change.path.get(depth) else { return Err(overlapping()) };
        keyed.push((key_of(key)?, *key, *change));
    }
    // Stable, so that the later one of two stays the later one.
    keyed.sort_by_key(|(key, ..)| *key);
    let mut pairs = Vec::with_capacity(2 * keyed.len());
    for group in keyed.chunk_by(|(one, ..), (other, ..)| one == other) {
        let Some((_, key, last)) = group.last() else { continue };
        let value = if last.path.len() == depth + 1 {
            last.value
        } else {
            // What was put there before is gone into, unless that is replaced by a change of the whole.
            let after = group.iter().rposition(|(.., change)| change.path.len() == depth + 1).map_or(0, |at| at + 1);
            if after > 0 {
                return Err(overlapping());
            }
            let mut inside: Vec<_> = group.iter().map(|(.., change)| *change).collect();
            grouped(&mut inside, depth + 1, arena)?
        };
        pairs.extend([*key, value]);
    }
    Ok(ForeignSlot::map(arena.alloc_slice_copy(&pairs)))
}

/// The key in a slot.
///
/// # Errors
/// If it holds something that is no key.
pub(super) fn key_of<'a>(slot: &ForeignSlot<'a>) -> Result<KeyRef<'a>, Refusal> {
    let view = slot.view().map_err(bad_slot)?;
    KeyRef::of(&view).ok_or_else(|| Refusal::new(Code::BadKey, format!("expected a key, got {}", view.word())))
}

#[cold]
fn bad_slot(bad: service_framework_model::slot::BadSlot) -> Refusal {
    Refusal::new(Code::BadSlot, bad.to_string())
}

#[cold]
fn no_change() -> Refusal {
    Refusal::new(Code::WrongType, "a change is a list of one key or more and of what is put there")
}

#[cold]
fn overlapping() -> Refusal {
    let detail = "a part of the state is replaced and gone into by the same update: make two updates of it";
    Refusal::new(Code::Duplicate, detail)
}

#[cfg(test)]
mod tests {
    use service_framework_model::slot::Slot;
    use service_framework_model::value::Value;

    use super::*;

    fn list(values: &[Value]) -> Value {
        Value::List(values.to_vec())
    }

    fn map(changes: &[Value]) -> Result<Value, Refusal> {
        let arena = Arena::new();
        let slots: Vec<_> = changes.iter().map(|change| change.to_slot(&arena)).collect();
        as_map(Slot::as_foreign(&slots), &arena).map(|map| value_of(&map))
    }

    fn value_of(slot: &ForeignSlot<'_>) -> Value {
        match slot.view().unwrap() {
            View::Map(pairs) => {
                let pairs = pairs.as_chunks::<2>().0;
                Value::Map(pairs.iter().map(|[key, value]| (value_of(key), value_of(value))).collect())
            }
            View::Str(text) => text.into(),
            View::Int(n) => Value::Int(n),
            View::Nil => Value::Nil,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn changes_with_a_key_in_common_become_one_map_under_it() {
        let changes = [
            list(&["b".into(), 2.into(), 5.into()]),
            list(&["a".into(), 1.into()]),
            list(&["b".into(), 1.into(), Value::Nil]),
        ];
        let inside = Value::Map(vec![(1.into(), Value::Nil), (2.into(), 5.into())]);
        assert_eq!(map(&changes).unwrap(), Value::map([("a", 1.into()), ("b", inside)]));
    }

    #[test]
    fn of_two_changes_of_one_part_the_later_one_counts() {
        let changes = [list(&["a".into(), 1.into()]), list(&["a".into(), Value::Nil]), list(&["a".into(), 3.into()])];
        assert_eq!(map(&changes).unwrap(), Value::map([("a", 3.into())]));
        let whole_last = [list(&["a".into(), 1.into(), 1.into()]), list(&["a".into(), 3.into()])];
        assert_eq!(map(&whole_last).unwrap(), Value::map([("a", 3.into())]));
    }

    #[test]
    fn what_is_no_change_is_refused() {
        for (change, code) in [
            (Value::Nil, Code::WrongType),
            (list(&[]), Code::WrongType),
            (list(&["a".into()]), Code::WrongType),
            (list(&[Value::Bool(true), 1.into()]), Code::BadKey),
        ] {
            assert_eq!(map(std::slice::from_ref(&change)).unwrap_err().code(), code, "{change:?}");
        }
        let inside_what_was_replaced = [list(&["a".into(), 3.into()]), list(&["a".into(), 1.into(), 1.into()])];
        assert_eq!(map(&inside_what_was_replaced).unwrap_err().code(), Code::Duplicate);
    }
}
