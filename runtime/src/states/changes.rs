//! What a service's code changes in a state, from the flat form in which it crosses the boundary to a map of changes.
//!
//! Owns the grouping: each change is a list of keys and a value, and those that share a key become one map under it. Never
//! checks a type: the state's own model does.

use service_framework_model::error::{Code, Refusal};
use service_framework_model::slot::{ForeignSlot, View};
use service_framework_model::state::{KeyRef, Node};
use service_framework_model::wire::Arena;
use service_framework_states::owner::OwnedValue;
use service_framework_states::tree::{Branch, Found};
use smallvec::SmallVec;

/// A few of these, without an allocation: most updates are of no more changes.
type Few<T> = SmallVec<[T; 8]>;

/// A change: the keys that lead to it, and what is put there.
#[derive(Clone, Copy)]
struct Change<'a> {
    path: &'a [ForeignSlot<'a>],
    value: ForeignSlot<'a>,
}

/// A part of the value that is changed.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// What the model says of it.
    node: Node<'a>,
    /// What is there, if that is gone into.
    branch: Option<Branch<'a>>,
}

/// The most keys that lead to a part of a state: as deep as a message may be.
const DEEPEST: usize = 500;

/// The map of these changes of a value. Of two of the same part, the later one counts. What removes something inside of a
/// part that is not there is left out: it would make the part.
///
/// # Errors
/// If one of them is no list of keys and a value, or goes into what another one replaces, or into what the state's model
/// has replaced as a whole.
pub(super) fn as_map<'a>(
    changes: &'a [ForeignSlot<'a>],
    value: &OwnedValue,
    arena: &'a Arena,
) -> Result<ForeignSlot<'a>, Refusal> {
    let place = Place { node: value.validator().top(), branch: Some(value.tree().top()) };
    if let [change] = changes {
        let change = Change::read(change)?;
        return Ok(alone(change, place, arena)?.unwrap_or(ForeignSlot::map(&[])));
    }
    let mut read = changes.iter().map(Change::read).collect::<Result<Few<_>, _>>()?;
    grouped(&mut read, 0, place, arena)
}

impl<'a> Change<'a> {
    fn read(slot: &'a ForeignSlot<'a>) -> Result<Self, Refusal> {
        let View::List(parts) = slot.view().map_err(bad_slot)? else { return Err(no_change()) };
        let Some((value, path)) = parts.split_last().filter(|(_, path)| !path.is_empty()) else {
            return Err(no_change());
        };
        if path.len() > DEEPEST {
            return Err(Refusal::new(Code::TooDeep, format!("a path of {} keys, at most {DEEPEST}", path.len())));
        }
        Ok(Self { path, value: *value })
    }
}

impl<'a> Place<'a> {
    /// The part under a key.
    ///
    /// # Errors
    /// If the model knows no such part, or has it replaced as a whole.
    fn inside(self, key: KeyRef<'_>) -> Result<Self, Refusal> {
        let node = self.node.child(key).ok_or_else(|| no_part().under_key(&key.to_string()))?;
        if !node.is_merged() {
            return Err(replaced_whole().under_key(&key.to_string()));
        }
        let branch = match self.branch.and_then(|branch| branch.get(key)) {
            Some(Found::Map(branch)) => Some(branch),
            Some(Found::Leaf(_)) | None => None,
        };
        Ok(Self { node, branch })
    }

    /// Whether the model knows the key, and nothing is there.
    fn lacks(self, key: KeyRef<'_>) -> bool {
        self.node.child(key).is_some() && self.branch.is_none_or(|branch| branch.get(key).is_none())
    }
}

/// The map of one change; nothing if it removes something inside of what is not there.
fn alone<'a>(change: Change<'a>, top: Place<'_>, arena: &'a Arena) -> Result<Option<ForeignSlot<'a>>, Refusal> {
    let Some((last, outer)) = change.path.split_last() else { return Err(no_change()) };
    let place = outer.iter().try_fold(top, |place, key| place.inside(key_of(key)?))?;
    let is_lacking = place.lacks(key_of(last)?);
    if is_lacking && !outer.is_empty() && matches!(change.value.view(), Ok(View::Nil)) {
        return Ok(None);
    }
    let map = |value, key: &ForeignSlot<'a>| ForeignSlot::map(arena.alloc_slice_copy(&[*key, value]));
    Ok(Some(change.path.iter().rev().fold(change.value, map)))
}

/// The map of changes that share their first `depth` keys.
fn grouped<'a>(
    changes: &mut [Change<'a>],
    depth: usize,
    place: Place<'_>,
    arena: &'a Arena,
) -> Result<ForeignSlot<'a>, Refusal> {
    let mut keyed = Few::with_capacity(changes.len());
    for change in changes.iter() {
        let Some(key) = change.path.get(depth) else { return Err(overlapping()) };
        keyed.push((key_of(key)?, *key, *change));
    }
    // Stable, so that the later one of two stays the later one.
    keyed.sort_by_key(|(key, ..)| *key);
    let mut pairs = SmallVec::<[_; 16]>::with_capacity(2 * keyed.len());
    for group in keyed.chunk_by(|(one, ..), (other, ..)| one == other) {
        let Some((name, key, last)) = group.last() else { continue };
        let value = if last.path.len() == depth + 1 {
            if depth > 0 && place.lacks(*name) && matches!(last.value.view(), Ok(View::Nil)) {
                continue;
            }
            last.value
        } else {
            if group.iter().any(|(.., change)| change.path.len() == depth + 1) {
                return Err(overlapping());
            }
            let mut inside: Few<_> = group.iter().map(|(.., change)| *change).collect();
            let value = grouped(&mut inside, depth + 1, place.inside(*name)?, arena)?;
            if place.lacks(*name) && matches!(value.view(), Ok(View::Map([]))) {
                continue;
            }
            value
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

/// The model has nothing where a path leads through.
#[cold]
pub(super) fn no_part() -> Refusal {
    Refusal::new(Code::UnknownKey, "the state's model has no such part")
}

#[cold]
fn replaced_whole() -> Refusal {
    let detail = "an update replaces it as a whole: put the whole there, or have the state merged deep";
    Refusal::new(Code::WrongType, detail)
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
    use std::sync::Arc;

    use service_framework_model::schema::{ArgType, KeyType, Merge, Peers, StateValue};
    use service_framework_model::slot::Slot;
    use service_framework_model::state::StateValidator;
    use service_framework_model::value::Value;

    use super::*;

    fn list(values: &[Value]) -> Value {
        Value::List(values.to_vec())
    }

    /// A map of maps, which is merged so deep, and has `there` with 1 under "old".
    fn owned(merge: Merge) -> OwnedValue {
        let of = ArgType::map(KeyType::Str, ArgType::map(KeyType::Int, ArgType::Any));
        let value = StateValue::map(KeyType::Str, of);
        let mut owned = OwnedValue::new(Arc::new(StateValidator::new(&value, merge, Peers::Own).unwrap()));
        let there = Value::map([("there", Value::map([("old", Value::Map(vec![(1.into(), 1.into())]))]))]);
        let (arena, mut slots) = (Arena::new(), Vec::new());
        slots.push(there.to_slot(&arena));
        owned.replace(&Slot::as_foreign(&slots)[0]).unwrap();
        owned
    }

    fn map_of(merge: Merge, changes: &[Value]) -> Result<Value, Refusal> {
        let (arena, owned) = (Arena::new(), owned(merge));
        let slots: Vec<_> = changes.iter().map(|change| change.to_slot(&arena)).collect();
        as_map(Slot::as_foreign(&slots), &owned, &arena).map(|map| value_of(&map))
    }

    fn map(changes: &[Value]) -> Result<Value, Refusal> {
        map_of(Merge::Deep, changes)
    }

    #[test]
    fn a_removal_inside_of_what_is_not_there_makes_nothing() {
        let removal = |keys: &[Value]| list(&[keys, &[Value::Nil]].concat());
        let nothing = Value::Map(Vec::new());
        let deep = removal(&["none".into(), "a".into(), 1.into()]);
        assert_eq!(map(std::slice::from_ref(&deep)).unwrap(), nothing);
        let beside = removal(&["there".into(), "new".into(), 1.into()]);
        assert_eq!(map(&[deep.clone(), beside.clone()]).unwrap(), Value::map([("there", nothing.clone())]));
        assert_eq!(
            map(&[deep.clone(), beside, removal(&["none".into(), "b".into()])]).unwrap(),
            Value::map([("there", nothing)])
        );
        // What another change of the same update puts there is removed again, or stays.
        let put = list(&["none".into(), "a".into(), 2.into(), 7.into()]);
        let put_only = Value::map([("none", Value::map([("a", Value::Map(vec![(2.into(), 7.into())]))]))]);
        assert_eq!(map(&[deep, put]).unwrap(), put_only);
        let there = removal(&["there".into(), "old".into(), 1.into()]);
        assert!(map(&[there]).unwrap().get("there").is_some());
    }

    #[test]
    fn a_path_into_what_an_update_replaces_is_refused() {
        let change = list(&["there".into(), "old".into(), 5.into()]);
        let refused = map_of(Merge::TopLevel, std::slice::from_ref(&change)).unwrap_err();
        assert_eq!((refused.code(), refused.path()), (Code::WrongType, "there".to_owned()));
        assert!(refused.to_string().contains("have the state merged deep"), "{refused}");
        assert!(map_of(Merge::TopLevel, &[change.clone(), change]).is_err());
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
            list(&["there".into(), "old".into(), 2.into(), 5.into()]),
            list(&["a".into(), 1.into()]),
            list(&["there".into(), "old".into(), 1.into(), Value::Nil]),
        ];
        let inside = Value::Map(vec![(1.into(), Value::Nil), (2.into(), 5.into())]);
        assert_eq!(map(&changes).unwrap(), Value::map([("a", 1.into()), ("there", Value::map([("old", inside)]))]));
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
