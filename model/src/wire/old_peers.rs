//! What the Python library could not read.
//!
//! Owns the rules for values built at run time; the validator asks the same of what services send.

use crate::error::{Code, Refusal};
use crate::slot::View;
use crate::value::Value;
use crate::wire::{OLD_PEER_DEPTH, marker, shown};

/// Makes sure that the Python library reads this value as what it is.
///
/// # Errors
/// [`Code::NotForOldPeers`] for a map key that is neither text nor bytes, for a set of what Python cannot hash, for more
/// than [`OLD_PEER_DEPTH`] containers inside each other, and for a map with the key of a marker (`__decimal__`, ...).
pub fn for_old_peers(value: &Value) -> Result<(), Refusal> {
    check(value, 0)
}

fn check(value: &Value, depth: usize) -> Result<(), Refusal> {
    match value {
        Value::Decimal(_) | Value::DecimalText(_) | Value::Uuid(_) | Value::FloatArray(_) => deeper(depth).map(|_| ()),
        Value::List(items) => check_items(items, deeper(depth)?),
        // The marker map, and the array in it.
        Value::Set(items) => {
            let depth = deeper(deeper(depth)?)?;
            for (index, item) in items.iter().enumerate() {
                check_in_set(item).map_err(|refusal| refusal.at_index(index))?;
            }
            check_items(items, depth)
        }
        Value::Map(entries) => {
            let depth = deeper(depth)?;
            entries.iter().try_for_each(|(key, value)| check_entry(key, value, depth))
        }
        _ => Ok(()),
    }
}

fn check_items(items: &[Value], depth: usize) -> Result<(), Refusal> {
    items.iter().enumerate().try_for_each(|(index, item)| check(item, depth).map_err(|refusal| refusal.at_index(index)))
}

fn check_in_set(item: &Value) -> Result<(), Refusal> {
    match item {
        Value::List(_) | Value::Set(_) | Value::Map(_) | Value::FloatArray(_) => Err(bad_item(item.word())),
        Value::DecimalText(text) if is_signaling(text) => Err(bad_item("sNaN")),
        _ => Ok(()),
    }
}

/// Makes sure that the Python library can put this item into a set.
pub(crate) fn in_set<S>(item: &View<'_, S>) -> Result<(), Refusal> {
    match item {
        View::List(_) | View::Set(_) | View::Map(_) | View::Record(_) | View::FloatArray(_) => {
            Err(bad_item(item.word()))
        }
        View::DecimalText(text) if is_signaling(text) => Err(bad_item("sNaN")),
        _ => Ok(()),
    }
}

/// A NaN that Python refuses to hash.
fn is_signaling(text: &str) -> bool {
    text.trim_start_matches(['+', '-']).starts_with(['s', 'S'])
}

#[cold]
fn bad_item(word: &str) -> Refusal {
    let detail = format!("an item of type {word} in a set, which the Python library cannot hash");
    Refusal::new(Code::NotForOldPeers, detail)
}

fn check_entry(key: &Value, value: &Value, depth: usize) -> Result<(), Refusal> {
    match key {
        Value::Str(key) => {
            if let Some(shape) = marker::shape_of_key(key) {
                return Err(marker_key(shape.key));
            }
            check(value, depth).map_err(|refusal| refusal.under_key(&shown(key)))
        }
        Value::Bytes(_) => check(value, depth),
        other => Err(bad_key(other.word())),
    }
}

fn deeper(depth: usize) -> Result<usize, Refusal> {
    if depth < OLD_PEER_DEPTH { Ok(depth + 1) } else { Err(too_deep()) }
}

#[cold]
pub(crate) fn too_deep() -> Refusal {
    let detail =
        format!("more than {OLD_PEER_DEPTH} containers inside each other, which the Python library cannot read");
    Refusal::new(Code::NotForOldPeers, detail)
}

#[cold]
pub(crate) fn bad_key(word: &str) -> Refusal {
    let detail = format!("a map key of type {word}: the Python library reads only text and bytes");
    Refusal::new(Code::NotForOldPeers, detail)
}

#[cold]
pub(crate) fn marker_key(key: &str) -> Refusal {
    let detail = format!("a map with the key `{key}`: the Python library would take it for something else");
    Refusal::new(Code::NotForOldPeers, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(value: &Value) -> Option<Code> {
        for_old_peers(value).err().map(|refusal| refusal.code())
    }

    #[test]
    fn what_the_python_library_cannot_read_is_named() {
        assert_eq!(refused(&Value::Map(vec![(Value::Bytes(vec![1]), Value::Nil)])), None);
        for value in [
            Value::Map(vec![(Value::Int(1), Value::Nil)]),
            Value::map([("__set__", false)].map(|(key, value)| (key, Value::Bool(value)))),
            Value::Set(vec![Value::Int(1), Value::List(vec![])]),
            Value::Set(vec![Value::DecimalText("-sNaN1".into())]),
            Value::List(vec![Value::map([("a", Value::Map(vec![(Value::Nil, Value::Nil)]))])]),
        ] {
            assert_eq!(refused(&value), Some(Code::NotForOldPeers), "{value:?}");
        }
    }

    #[test]
    fn nesting_is_counted_with_the_maps_of_markers() {
        let nested = |inner: Value, levels| (0..levels).fold(inner, |value, _| Value::List(vec![value]));
        assert_eq!(refused(&nested(Value::Nil, OLD_PEER_DEPTH)), None);
        assert_eq!(refused(&nested(Value::Nil, OLD_PEER_DEPTH + 1)), Some(Code::NotForOldPeers));
        let decimal = Value::Decimal(1.into());
        assert_eq!(refused(&nested(decimal.clone(), OLD_PEER_DEPTH - 1)), None);
        assert_eq!(refused(&nested(decimal, OLD_PEER_DEPTH)), Some(Code::NotForOldPeers));
    }
}
