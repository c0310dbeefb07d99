//! How a service's code reads a state: by the keys that lead to a part of it, and along the keys of a map.
//!
//! Owns the way from keys to slots. Decodes only what is asked for, and keeps nothing.

use service_framework_model::error::{Code, Refusal};
use service_framework_model::slot::{ForeignSlot, Slot, View};
use service_framework_model::state::{KeyRef, Node, StateValidator};
use service_framework_model::wire::Arena;
use service_framework_states::tree::{Found, Tree};

use super::changes::{key_of, no_part};

/// What is looked for in a state.
#[derive(Clone, Copy)]
pub(crate) struct Span<'s> {
    /// The keys that lead to the map.
    pub(crate) path: &'s [ForeignSlot<'s>],
    /// The first key, if not all of them are wanted.
    pub(crate) from: Option<&'s ForeignSlot<'s>>,
    /// Whether the last key comes first.
    pub(crate) is_backward: bool,
}

/// A value with its model.
#[derive(Clone, Copy)]
pub(super) struct Readable<'a> {
    pub(super) tree: &'a Tree,
    pub(super) validator: &'a StateValidator,
}

/// A part of a value.
enum Part<'a> {
    /// A node of the tree with its model.
    Node(Found<'a>, Node<'a>),
    /// What is inside of a leaf.
    Slot(Slot<'a>),
}

impl<'a> Readable<'a> {
    /// What a path leads to, as a slot; nothing if nothing is there. Without keys, that is the whole value.
    pub(super) fn value(self, path: &[ForeignSlot<'_>], arena: &'a Arena) -> Result<Option<Slot<'a>>, Refusal> {
        Ok(match self.part(path, arena)? {
            Some(Part::Node(found, node)) => Some(found.to_slot(node, arena)?),
            Some(Part::Slot(slot)) => Some(slot),
            None => None,
        })
    }

    /// Goes through the entries of a map until `write` has enough.
    pub(super) fn entries(
        self,
        span: Span<'_>,
        arena: &'a Arena,
        write: &mut dyn FnMut(&Slot<'_>, &Slot<'_>) -> bool,
    ) -> Result<(), Refusal> {
        let from = span.from.map(key_of).transpose()?;
        match self.part(span.path, arena)? {
            Some(Part::Node(Found::Map(branch), node)) => {
                for (key, found) in branch.range(from, span.is_backward) {
                    let Some(node) = node.child(key) else { continue };
                    if !write(&key.to_slot(arena), &found.to_slot(node, arena)?) {
                        break;
                    }
                }
                Ok(())
            }
            Some(Part::Node(leaf, node)) => in_order(&leaf.to_slot(node, arena)?, from, span.is_backward, write),
            Some(Part::Slot(slot)) => in_order(&slot, from, span.is_backward, write),
            None => Ok(()),
        }
    }

    fn part(self, path: &[ForeignSlot<'_>], arena: &'a Arena) -> Result<Option<Part<'a>>, Refusal> {
        let mut part = Part::Node(Found::Map(self.tree.top()), self.validator.top());
        for key in path {
            let key = key_of(key)?;
            let next = match part {
                Part::Node(Found::Map(branch), node) => {
                    let Some(inside) = node.child(key) else {
                        return Err(no_part().under_key(&key.to_string()));
                    };
                    branch.get(key).map(|found| Part::Node(found, inside))
                }
                Part::Node(leaf, node) => inside_of(&leaf.to_slot(node, arena)?, key)?.map(Part::Slot),
                Part::Slot(slot) => inside_of(&slot, key)?.map(Part::Slot),
            };
            let Some(next) = next else { return Ok(None) };
            part = next;
        }
        Ok(Some(part))
    }
}

/// The pairs of a map that is no part of the tree, by key.
fn pairs<'a>(slot: &Slot<'a>) -> Result<Vec<(KeyRef<'a>, Slot<'a>, Slot<'a>)>, Refusal> {
    let View::Map(slots) = slot.view() else { return Err(no_map()) };
    let pairs = slots.as_chunks::<2>().0.iter();
    pairs.map(|[key, value]| Ok((KeyRef::of(&key.view()).ok_or_else(no_map)?, *key, *value))).collect()
}

fn inside_of<'a>(slot: &Slot<'a>, key: KeyRef<'_>) -> Result<Option<Slot<'a>>, Refusal> {
    Ok(pairs(slot)?.into_iter().find(|(other, ..)| *other == key).map(|(.., value)| value))
}

/// Goes through the pairs of a map that is no part of the tree, which has no order of its own.
fn in_order(
    slot: &Slot<'_>,
    from: Option<KeyRef<'_>>,
    is_backward: bool,
    write: &mut dyn FnMut(&Slot<'_>, &Slot<'_>) -> bool,
) -> Result<(), Refusal> {
    let mut pairs = pairs(slot)?;
    pairs.sort_by_key(|(key, ..)| *key);
    if is_backward {
        pairs.reverse();
    }
    let is_before = |key: &KeyRef<'_>| from.is_some_and(|from| if is_backward { *key > from } else { *key < from });
    for (_, key, value) in pairs.into_iter().skip_while(|(key, ..)| is_before(key)) {
        if !write(&key, &value) {
            break;
        }
    }
    Ok(())
}

#[cold]
fn no_map() -> Refusal {
    Refusal::new(Code::NotAMap, "the path leads into something that is no map: read it as a whole")
}
