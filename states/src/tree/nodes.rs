//! Keys in order, and what is under them.
//!
//! Owns the search for a key, which is most of what an update costs: text is compared as text, without a look at what else
//! a key may be. Never knows what a change is.

use std::collections::BTreeMap;
use std::ops::Bound;

use service_framework_model::state::KeyRef;

use super::Node;

/// The keys of a map. They are all of one type, so that one of the two parts is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Nodes {
    texts: BTreeMap<Box<str>, Node>,
    others: BTreeMap<KeyRef<'static>, Node>,
}

/// A key, by the part that it belongs to.
enum Part<'a> {
    Text(&'a str),
    Other(KeyRef<'static>),
}

impl<'a> From<KeyRef<'a>> for Part<'a> {
    #[inline]
    fn from(key: KeyRef<'a>) -> Self {
        Self::Other(match key {
            KeyRef::Str(text) => return Self::Text(text),
            KeyRef::Int(n) => KeyRef::Int(n),
            KeyRef::UInt(n) => KeyRef::UInt(n),
            KeyRef::Decimal(decimal) => KeyRef::Decimal(decimal),
            KeyRef::Uuid(uuid) => KeyRef::Uuid(uuid),
            KeyRef::DateTime(time) => KeyRef::DateTime(time),
        })
    }
}

impl Nodes {
    pub(super) fn len(&self) -> usize {
        self.texts.len() + self.others.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    pub(super) fn get(&self, key: KeyRef<'_>) -> Option<&Node> {
        match key.into() {
            Part::Text(text) => self.texts.get(text),
            Part::Other(key) => self.others.get(&key),
        }
    }

    #[inline]
    pub(super) fn get_mut(&mut self, key: KeyRef<'_>) -> Option<&mut Node> {
        match key.into() {
            Part::Text(text) => self.texts.get_mut(text),
            Part::Other(key) => self.others.get_mut(&key),
        }
    }

    pub(super) fn insert(&mut self, key: KeyRef<'_>, node: Node) -> Option<Node> {
        match key.into() {
            Part::Text(text) => self.texts.insert(text.into(), node),
            Part::Other(key) => self.others.insert(key, node),
        }
    }

    pub(super) fn remove(&mut self, key: KeyRef<'_>) -> Option<Node> {
        match key.into() {
            Part::Text(text) => self.texts.remove(text),
            Part::Other(key) => self.others.remove(&key),
        }
    }

    /// All of them, in the order of their type.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (KeyRef<'_>, &Node)> {
        let texts = self.texts.iter().map(|(text, node)| (KeyRef::Str(text), node));
        texts.chain(self.others.iter().map(|(key, node)| (*key, node)))
    }

    /// The keys from this one on, or those up to it.
    pub(super) fn range(
        &self,
        from: Option<KeyRef<'_>>,
        is_backward: bool,
    ) -> impl DoubleEndedIterator<Item = (KeyRef<'_>, &Node)> {
        let (texts, others) = match from.map(Part::from) {
            None => (Some(Bound::Unbounded), Some(Bound::Unbounded)),
            Some(Part::Text(text)) => (Some(Bound::Included(text)), (!is_backward).then_some(Bound::Unbounded)),
            Some(Part::Other(key)) => (is_backward.then_some(Bound::Unbounded), Some(Bound::Included(key))),
        };
        let texts = texts.map(|bound| self.texts.range::<str, _>(bounds(bound, is_backward)));
        let others = others.map(|bound| self.others.range::<KeyRef<'static>, _>(bounds(bound, is_backward)));
        let texts = texts.into_iter().flatten().map(|(text, node)| (KeyRef::Str(text), node));
        texts.chain(others.into_iter().flatten().map(|(key, node)| (*key, node)))
    }
}

fn bounds<T>(bound: Bound<T>, is_backward: bool) -> (Bound<T>, Bound<T>) {
    if is_backward { (Bound::Unbounded, bound) } else { (bound, Bound::Unbounded) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use service_framework_model::state::Key;

    use super::*;

    fn key() -> impl Strategy<Value = Key> {
        prop_oneof![
            "[a-c]{0,2}".prop_map(|text| KeyRef::Str(&text).into()),
            (-3_i64..3).prop_map(|n| KeyRef::Int(n).into()),
            (-2_i64..2, 0_u32..2).prop_map(|(n, scale)| KeyRef::Decimal(rust_decimal::Decimal::new(n, scale)).into()),
        ]
    }

    proptest! {
        /// Keys of several types, which no model has in one map, are still in one order.
        #[test]
        fn keys_are_found_and_ranged_over_in_their_order(
            keys in prop::collection::vec(key(), 0..20),
            gone in prop::collection::vec(key(), 0..9),
            from in prop::option::of(key()),
        ) {
            let mut nodes = Nodes::default();
            let mut sorted: Vec<Key> = Vec::new();
            for key in &keys {
                let is_new = nodes.insert(key.as_key(), Node::Leaf(Default::default())).is_none();
                prop_assert_eq!(is_new, !sorted.contains(key));
                if is_new {
                    sorted.push(key.clone());
                }
            }
            for key in &gone {
                prop_assert_eq!(nodes.remove(key.as_key()).is_some(), sorted.contains(key));
                sorted.retain(|held| held != key);
            }
            sorted.sort();
            prop_assert_eq!((nodes.len(), nodes.is_empty()), (sorted.len(), sorted.is_empty()));
            for key in keys.iter().chain(&gone) {
                prop_assert_eq!(nodes.get(key.as_key()).is_some(), sorted.contains(key));
                prop_assert_eq!(nodes.get_mut(key.as_key()).is_some(), sorted.contains(key));
            }
            let listed = |keys: &mut dyn Iterator<Item = KeyRef<'_>>| keys.map(Key::from).collect::<Vec<_>>();
            prop_assert_eq!(&listed(&mut nodes.iter().map(|(key, _)| key)), &sorted);
            for is_backward in [false, true] {
                let mut expected = sorted.clone();
                if let Some(from) = &from {
                    expected.retain(|key| if is_backward { key <= from } else { key >= from });
                }
                let from = from.as_ref().map(Key::as_key);
                prop_assert_eq!(listed(&mut nodes.range(from, is_backward).map(|(key, _)| key)), expected);
            }
        }
    }
}
