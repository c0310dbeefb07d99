use proptest::prelude::*;
use service_framework_model::dynamic::Arena;
use service_framework_model::schema::{ArgType, KeyType, Merge, Record, StateValue};
use service_framework_model::state::StateValidator;
use service_framework_model::value::Value;
use service_framework_model::wire::{Reader, decode_value, encode_value};

use super::*;

fn validator(merge: Merge, value: &StateValue) -> StateValidator {
    StateValidator::new(value, merge, Peers::Own).unwrap()
}

/// A map of maps of numbers.
fn nested(merge: Merge) -> StateValidator {
    let inner = ArgType::map(KeyType::Int, ArgType::int());
    validator(merge, &StateValue::map(KeyType::Str, inner))
}

fn wire(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    encode_value(value, &mut out);
    out
}

fn apply(tree: &mut Tree, validator: &StateValidator, update: &Value) -> Result<Vec<String>, Refusal> {
    let (bytes, arena) = (wire(update), Arena::new());
    let entries = validator.read_update(&mut Reader::new(&bytes), &arena)?;
    tree.check(entries, validator.length(), false)?;
    let mut changed = Vec::new();
    tree.apply(entries, |key| changed.push(key.to_string()));
    Ok(changed)
}

fn replace(tree: &mut Tree, validator: &StateValidator, value: &Value) {
    let (bytes, arena) = (wire(value), Arena::new());
    tree.replace(validator.read_whole(&mut Reader::new(&bytes), &arena).unwrap(), |_| ());
}

fn value_of(tree: &Tree) -> Value {
    let mut out = Vec::new();
    tree.encode(Peers::Any, &mut out);
    decode_value(&out).unwrap()
}

/// The digest of the value from its beginning.
fn digest_from_scratch(tree: &Tree, validator: &StateValidator) -> u64 {
    let (mut bytes, arena) = (Vec::new(), Arena::new());
    tree.encode(Peers::Any, &mut bytes);
    of_whole(validator.read_whole(&mut Reader::new(&bytes), &arena).unwrap())
}

fn numbers(entries: &[(&str, Value)]) -> Value {
    Value::map(entries.iter().map(|(key, value)| (*key, value.clone())))
}

#[test]
fn an_update_tells_what_it_changed_and_nothing_else() {
    let (validator, mut tree) = (nested(Merge::TopLevel), Tree::new());
    let one = || numbers(&[("1", Value::Int(1))]);
    assert_eq!(apply(&mut tree, &validator, &numbers(&[("a", one()), ("b", Value::Nil)])).unwrap(), ["a"]);
    assert!(apply(&mut tree, &validator, &numbers(&[("a", one())])).unwrap().is_empty());
    assert_eq!(apply(&mut tree, &validator, &numbers(&[("a", Value::Nil)])).unwrap(), ["a"]);
    assert_eq!((tree.digest(), tree.top().len()), (0, 0));
}

#[test]
fn deep_merge_changes_what_it_names_and_top_level_merge_the_whole_key() {
    let first = numbers(&[("a", numbers(&[("1", Value::Int(1)), ("2", Value::Int(2))]))]);
    let second = numbers(&[("a", numbers(&[("2", Value::Nil), ("3", Value::Int(3))]))]);
    let merged = |merge, second: &Value| {
        let (validator, mut tree) = (nested(merge), Tree::new());
        apply(&mut tree, &validator, &first).unwrap();
        apply(&mut tree, &validator, second).map(|_| value_of(&tree))
    };
    let deep = numbers(&[("a", numbers(&[("1", Value::Int(1)), ("3", Value::Int(3))]))]);
    assert_eq!(merged(Merge::Deep, &second), Ok(deep));
    let second = numbers(&[("a", numbers(&[("3", Value::Int(3))]))]);
    assert_eq!(merged(Merge::TopLevel, &second), Ok(second));
}

#[test]
fn an_empty_map_is_told_from_none() {
    let (validator, mut tree) = (nested(Merge::Deep), Tree::new());
    apply(&mut tree, &validator, &numbers(&[("a", numbers(&[]))])).unwrap();
    assert_ne!(tree.digest(), 0);
    apply(&mut tree, &validator, &numbers(&[("a", Value::Nil)])).unwrap();
    assert_eq!(tree.digest(), 0);
}

#[test]
fn what_was_not_there_comes_with_its_required_keys_and_counts_are_kept() {
    let level = Record::new().required("price", ArgType::int()).optional("count", ArgType::int());
    let length = Length { min: 0, max: Some(1) };
    let value = StateValue::Map(KeyType::Str, Box::new(ArgType::Record(level)), length);
    let (validator, mut tree) = (validator(Merge::Deep, &value), Tree::new());
    let count = numbers(&[("a", numbers(&[("count", Value::Int(2))]))]);
    let refusal = apply(&mut tree, &validator, &count).unwrap_err();
    assert_eq!((refusal.code(), refusal.path()), (Code::MissingKey, "a.price".into()));
    apply(&mut tree, &validator, &numbers(&[("a", numbers(&[("price", Value::Int(1))]))])).unwrap();
    assert_eq!(apply(&mut tree, &validator, &count).unwrap(), ["a"]);
    let second = numbers(&[("b", numbers(&[("price", Value::Int(1))]))]);
    assert_eq!(apply(&mut tree, &validator, &second).unwrap_err().code(), Code::BadLength);
    let swap = numbers(&[("a", Value::Nil), ("b", numbers(&[("price", Value::Int(1))]))]);
    assert_eq!(apply(&mut tree, &validator, &swap).unwrap(), ["a", "b"]);
}

#[test]
fn a_value_is_read_as_slots_in_the_order_of_its_model() {
    let side = ArgType::map(KeyType::Decimal, ArgType::int());
    let record = Record::new().required("bids", side).optional_with_default("depth", ArgType::int(), 10_i64).open();
    let (validator, mut tree) = (validator(Merge::Deep, &record.into()), Tree::new());
    let bids = numbers(&[("10", Value::Int(2)), ("9.5", Value::Int(1))]);
    apply(&mut tree, &validator, &numbers(&[("other", true.into()), ("bids", bids)])).unwrap();
    let arena = Arena::new();
    let slot = tree.top().to_slot(validator.top(), &arena).unwrap();
    let fields = slot.as_record().unwrap();
    assert_eq!(fields[1].as_int(), Some(10));
    let price = |text: &str| Value::Decimal(text.parse().unwrap());
    let in_order = Value::Map(vec![(price("9.5"), Value::Int(1)), (price("10"), Value::Int(2))]);
    assert_eq!(Value::from_view(&fields[0]), in_order);
    assert_eq!(Value::from_view(&fields[2]), numbers(&[("other", true.into())]));
    let bids = validator.top().child(KeyRef::Str("bids")).unwrap();
    let Some(Found::Map(branch)) = tree.top().get(KeyRef::Str("bids")) else { panic!("a map") };
    let at = KeyRef::Decimal("10".parse().unwrap());
    assert_eq!(branch.slot_of(at, bids, &arena).unwrap().as_int(), Some(2));
    assert!(branch.slot_of(KeyRef::Decimal(1.into()), bids, &arena).unwrap().is_absent());
    assert_eq!(tree.top().slot_of(KeyRef::Str("depth"), validator.top(), &arena).unwrap().as_int(), Some(10));
    assert!(tree.top().get(KeyRef::Str("none")).is_none());
}

/// A map of maps, `None` for a key that is deleted.
fn values(deletes: bool) -> impl Strategy<Value = Value> {
    let number = if deletes {
        prop_oneof![(0_i64..9).prop_map(Value::Int), Just(Value::Nil)].boxed()
    } else {
        (0_i64..9).prop_map(Value::Int).boxed()
    };
    let inner = proptest::collection::btree_map(0_i64..4, number, 0..4);
    let inner = inner.prop_map(|map| Value::map(map.into_iter().map(|(key, value)| (key.to_string(), value))));
    let inner = if deletes { prop_oneof![4 => inner, 1 => Just(Value::Nil)].boxed() } else { inner.boxed() };
    proptest::collection::btree_map("[a-d]", inner, 0..4).prop_map(Value::map)
}

fn holds_nil(value: &Value) -> bool {
    let Value::Map(pairs) = value else { return false };
    pairs.iter().any(|(_, inside)| matches!(inside, Value::Map(pairs) if pairs.iter().any(|(_, v)| *v == Value::Nil)))
}

/// Changes a tree, and another one by the difference that this makes: they are the same then, and the same change once
/// more makes none.
fn follow(
    tree: &mut Tree,
    follower: &mut Tree,
    validator: &StateValidator,
    change: &Value,
    whole: bool,
    peers: Peers,
) -> Result<(), TestCaseError> {
    let (bytes, arena) = (wire(change), Arena::new());
    let mut reader = Reader::new(&bytes);
    let entries =
        if whole { validator.read_whole(&mut reader, &arena) } else { validator.read_update(&mut reader, &arena) };
    let entries = entries.unwrap();
    let (mut difference, mut changed) = (Difference::new(peers), Vec::new());
    let count = tree.update(entries, whole, &mut difference, |key| changed.push(key.to_string()));
    prop_assert_eq!(count, changed.len());
    let mut update = Vec::new();
    write_map_head(count, &mut update);
    update.extend_from_slice(&difference.pairs);
    let pairs = validator.read_update(&mut Reader::new(&update), &arena).unwrap();
    prop_assert_eq!(difference.deletes, deletes(pairs));
    let mut followed = Vec::new();
    follower.apply(pairs, |key| followed.push(key.to_string()));
    prop_assert_eq!((&*tree, tree.digest(), changed), (&*follower, follower.digest(), followed));
    difference.clear();
    prop_assert_eq!((tree.update(entries, whole, &mut difference, |_| ()), difference.pairs.len()), (0, 0));
    Ok(())
}

fn deletes(entries: &[Entry<'_>]) -> bool {
    entries.iter().any(|entry| match entry.change {
        Change::Remove => true,
        Change::Merge { entries, .. } => deletes(entries),
        Change::Leaf(_) => false,
    })
}

proptest! {
    #[test]
    fn the_digest_of_the_changes_is_that_of_the_value(updates in proptest::collection::vec(values(true), 0..8)) {
        let (validator, mut tree) = (nested(Merge::Deep), Tree::new());
        for update in &updates {
            apply(&mut tree, &validator, update).unwrap();
            prop_assert_eq!(tree.digest(), digest_from_scratch(&tree, &validator));
        }
    }

    #[test]
    fn a_difference_applied_is_the_target(first in values(false), second in values(false)) {
        for (merge, peers) in [(Merge::Deep, Peers::Own), (Merge::TopLevel, Peers::Any)] {
            let validator = nested(merge);
            let (mut tree, mut follower) = (Tree::new(), Tree::new());
            replace(&mut tree, &validator, &first);
            replace(&mut follower, &validator, &first);
            follow(&mut tree, &mut follower, &validator, &second, true, peers)?;
            prop_assert_eq!(value_of(&tree), value_of(&{
                let mut target = Tree::new();
                replace(&mut target, &validator, &second);
                target
            }));
        }
    }

    #[test]
    fn who_follows_the_differences_has_the_value(updates in proptest::collection::vec(values(true), 0..8)) {
        for (merge, peers) in [(Merge::Deep, Peers::Own), (Merge::TopLevel, Peers::Own), (Merge::Deep, Peers::Any)] {
            let (validator, mut tree, mut follower) = (nested(merge), Tree::new(), Tree::new());
            for update in updates.iter().filter(|update| merge == Merge::Deep || !holds_nil(update)) {
                follow(&mut tree, &mut follower, &validator, update, false, peers)?;
            }
        }
    }

    #[test]
    fn replacing_is_the_same_as_beginning_anew(first in values(false), second in values(false)) {
        for merge in [Merge::Deep, Merge::TopLevel] {
            let validator = nested(merge);
            let (mut tree, mut target) = (Tree::new(), Tree::new());
            replace(&mut tree, &validator, &first);
            replace(&mut tree, &validator, &second);
            replace(&mut target, &validator, &second);
            prop_assert_eq!(&tree, &target);
            prop_assert_eq!(tree.digest(), target.digest());
        }
    }
}
