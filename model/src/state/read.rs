//! Updates and snapshots, from the wire to entries, checked on the way.
//!
//! Owns what of a map is accepted. A value is read once, to be sure of it, and kept as the bytes that were sent: it is
//! decoded again where somebody reads it.

use rmp::Marker;

use super::plan::{NodePlan, RecordNode, StateValidator};
use crate::dynamic::Arena;
use crate::error::{Code, Refusal};
use crate::schema::{KeyType, Length};
use crate::slot::Slot;
use crate::state::KeyRef;
use crate::validator::{Plan, bad_marker_map, map_key, missing, unexpected, unknown};
use crate::wire::{Reader, decode_dynamic, distinct, marker, shown, too_large};

/// What an update says of one key.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The key.
    pub key: KeyRef<'a>,
    /// What becomes of it.
    pub change: Change<'a>,
}

/// What becomes of a key.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// It is deleted.
    Remove,
    /// It has this value, in its wire form.
    Leaf(&'a [u8]),
    /// What it holds is changed key by key.
    Merge {
        /// The changes.
        entries: &'a [Entry<'a>],
        /// A required key that is not among them: then what is changed must be there already.
        missing: Option<&'a str>,
        /// How many entries it may have.
        length: Length,
    },
}

/// How an update is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Keys that are left out stay as they are, nil deletes.
    Update,
    /// What is left out is not there.
    Whole,
}

type Entries<'a> = Result<&'a [Entry<'a>], Refusal>;

impl StateValidator {
    /// Reads the map of an update.
    ///
    /// # Errors
    /// If what comes next is no well-formed map, or does not fit the model.
    pub fn read_update<'a>(&'a self, reader: &mut Reader<'a>, arena: &'a Arena) -> Entries<'a> {
        self.top.read(Form::Update, reader, arena).map(|(entries, _)| entries)
    }

    /// Reads the map of a whole value. A nil in it is a key that is not there.
    ///
    /// # Errors
    /// As [`StateValidator::read_update`], and if a required key is missing.
    pub fn read_whole<'a>(&'a self, reader: &mut Reader<'a>, arena: &'a Arena) -> Entries<'a> {
        let (entries, missed) = self.top.read(Form::Whole, reader, arena)?;
        missed.map_or(Ok(entries), |name| Err(missing(name)))
    }
}

impl NodePlan {
    /// Reads a map, and tells the first required key that it lacks.
    fn read<'a>(
        &'a self,
        form: Form,
        reader: &mut Reader<'a>,
        arena: &'a Arena,
    ) -> Result<(&'a [Entry<'a>], Option<&'a str>), Refusal> {
        match self {
            Self::Map(key, of, _) => of.read_map(*key, form, reader, arena).map(|entries| (entries, None)),
            Self::Record(record) => record.read(form, reader, arena),
            // A value as a whole is no leaf.
            Self::Leaf(plan) => Err(unexpected(reader, plan.word())),
        }
    }

    fn read_map<'a>(&'a self, kind: KeyType, form: Form, reader: &mut Reader<'a>, arena: &'a Arena) -> Entries<'a> {
        let start = reader.rest();
        let Some(count) = reader.map_head()? else { return Err(unexpected(reader, "Map")) };
        reader.enter(count.saturating_mul(2))?;
        let entries = room(count, arena)?;
        for entry in &mut *entries {
            reader.next_item();
            let Some(key) = map_key(kind, reader, arena)?.and_then(|slot| KeyRef::of(&slot.view())) else {
                return Err(bad_marker_map(start, "Map", arena));
            };
            reader.next_item();
            entry.key = key;
            entry.change = self.read_change(form, reader, arena).map_err(|refusal| under(refusal, key))?;
        }
        reader.leave();
        no_key_twice(entries, arena)?;
        Ok(entries)
    }

    #[inline]
    fn read_change<'a>(&'a self, form: Form, reader: &mut Reader<'a>, arena: &'a Arena) -> Result<Change<'a>, Refusal> {
        if is_nil(reader)? {
            return Ok(Change::Remove);
        }
        match self {
            Self::Leaf(plan) => read_leaf(plan, reader, arena),
            inside => {
                let (entries, missed) = inside.read(form, reader, arena)?;
                let length = if let Self::Map(_, _, length) = inside { *length } else { Length::ANY };
                match (form, missed) {
                    (Form::Whole, Some(name)) => Err(missing(name)),
                    _ => Ok(Change::Merge { entries, missing: missed, length }),
                }
            }
        }
    }
}

impl RecordNode {
    fn read<'a>(
        &'a self,
        form: Form,
        reader: &mut Reader<'a>,
        arena: &'a Arena,
    ) -> Result<(&'a [Entry<'a>], Option<&'a str>), Refusal> {
        let start = reader.rest();
        let Some(count) = reader.map_head()? else { return Err(unexpected(reader, "Record")) };
        reader.enter(count.saturating_mul(2))?;
        let entries = room(count, arena)?;
        let (mut expected, mut seen) = (0, 0);
        for entry in &mut *entries {
            reader.next_item();
            let place = match self.fields.get(expected) {
                Some(node) if reader.skip_prefix(&node.field.key) => Some(expected),
                _ => match reader.text()? {
                    Some(name) if marker::shape_of_key(name).is_some() => {
                        return Err(bad_marker_map(start, "Record", arena));
                    }
                    Some(name) => {
                        entry.key = KeyRef::Str(name);
                        self.place_of(name)
                    }
                    None => return Err(Refusal::new(Code::BadKey, "the keys of a state are text")),
                },
            };
            reader.next_item();
            match place.and_then(|place| self.fields.get(place).zip(Some(place))) {
                Some((node, place)) => {
                    entry.key = KeyRef::Str(&node.field.name);
                    entry.change =
                        self.read_field(place, form, reader, arena).map_err(|refusal| under(refusal, entry.key))?;
                    expected = place + 1;
                    seen += usize::from(place < self.required);
                }
                None if self.open => {
                    let change = if is_nil(reader)? { Ok(Change::Remove) } else { read_any(reader, arena) };
                    entry.change = change.map_err(|refusal| under(refusal, entry.key))?;
                }
                None => return Err(unknown(&entry.key.to_string())),
            }
        }
        reader.leave();
        no_key_twice(entries, arena)?;
        let missed = if seen < self.required { self.first_missing(entries) } else { None };
        Ok((entries, missed))
    }

    /// The first required key that no entry has.
    #[cold]
    fn first_missing(&self, entries: &[Entry<'_>]) -> Option<&str> {
        let required = self.fields.iter().take(self.required).map(|node| node.field.name.as_str());
        required.into_iter().find(|name| !entries.iter().any(|entry| entry.key == KeyRef::Str(name)))
    }

    fn read_field<'a>(
        &'a self,
        place: usize,
        form: Form,
        reader: &mut Reader<'a>,
        arena: &'a Arena,
    ) -> Result<Change<'a>, Refusal> {
        let Some(node) = self.fields.get(place) else { return Ok(Change::Remove) };
        let change = match &node.inside {
            Some(inside) => inside.read_change(form, reader, arena)?,
            None if is_nil(reader)? => Change::Remove,
            None => read_leaf(&node.field.plan, reader, arena)?,
        };
        if place < self.required && matches!(change, Change::Remove) {
            return Err(Refusal::new(Code::MissingKey, "it is required, and cannot be deleted"));
        }
        Ok(change)
    }
}

fn read_leaf<'a>(plan: &'a Plan, reader: &mut Reader<'a>, arena: &'a Arena) -> Result<Change<'a>, Refusal> {
    let before = reader.rest();
    let mut slot = Slot::ABSENT;
    plan.decode(reader, arena, &mut slot)?;
    Ok(Change::Leaf(read_since(before, reader)))
}

fn read_any<'a>(reader: &mut Reader<'a>, arena: &'a Arena) -> Result<Change<'a>, Refusal> {
    let before = reader.rest();
    decode_dynamic(reader, arena)?;
    Ok(Change::Leaf(read_since(before, reader)))
}

fn read_since<'a>(before: &'a [u8], reader: &Reader<'_>) -> &'a [u8] {
    before.get(..before.len().saturating_sub(reader.rest().len())).unwrap_or_default()
}

/// Goes past a nil, if that comes next.
#[inline]
fn is_nil(reader: &mut Reader<'_>) -> Result<bool, Refusal> {
    Ok(reader.item_if(|marker| marker == Marker::Null)?.is_some())
}

fn room<'a>(count: usize, arena: &'a Arena) -> Result<&'a mut [Entry<'a>], Refusal> {
    let nothing = Entry { key: KeyRef::Int(0), change: Change::Remove };
    arena.try_alloc_slice_fill_copy(count, nothing).map_err(|_| too_large())
}

fn no_key_twice(entries: &[Entry<'_>], arena: &Arena) -> Result<(), Refusal> {
    match distinct::repeated(entries.iter().map(|entry| entry.key), KeyRef::cmp, arena)? {
        None => Ok(()),
        Some(twice) => Err(Refusal::new(Code::Duplicate, format!("the key `{twice}` is in the map twice"))),
    }
}

#[cold]
fn under(refusal: Refusal, key: KeyRef<'_>) -> Refusal {
    refusal.under_key(&shown(&key.to_string()))
}
