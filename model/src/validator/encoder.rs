//! What is written for a service, whatever its type: the slots come over the boundary and are trusted in nothing.
//!
//! Owns the checks that no model turns off: that slots are what their tags say, that nothing is deeper than the other
//! side reads, that no key is there twice or makes a map look like a marker. For [`Peers::Any`] the other side may be
//! the Python library.

use super::decode::wrong_type;
use crate::dynamic::Arena;
use crate::error::{Code, Refusal};
use crate::schema::Peers;
use crate::slot::{BadSlot, ForeignSlot, View};
use crate::wire::{MAX_DEPTH, OLD_PEER_DEPTH, Reader, Writer, decode_dynamic, distinct, marker, old_peers};

type Written = Result<(), Refusal>;

/// The buffer that is written to, and how deep in it.
pub(crate) struct Encoder<'o> {
    pub(crate) out: Writer<'o>,
    pub(crate) peers: Peers,
    /// The containers around what is written next.
    pub(crate) depth: usize,
}

/// Reads a slot of a service.
#[inline]
pub(crate) fn view<'s>(slot: &ForeignSlot<'s>) -> Result<View<'s, ForeignSlot<'s>>, Refusal> {
    slot.view().map_err(|bad: BadSlot| Refusal::new(Code::BadSlot, bad.to_string()))
}

impl<'o> Encoder<'o> {
    pub(crate) fn new(out: &'o mut Vec<u8>, peers: Peers, depth: usize) -> Self {
        Self { out: Writer::new(out), peers, depth }
    }

    /// Makes sure that a container may be written here.
    #[inline]
    pub(crate) fn room_for_container(&self) -> Written {
        match self.peers {
            Peers::Any if self.depth >= OLD_PEER_DEPTH => Err(old_peers::too_deep()),
            Peers::Own if self.depth >= MAX_DEPTH => Err(too_deep()),
            _ => Ok(()),
        }
    }

    #[inline]
    pub(crate) fn enter(&mut self) -> Written {
        self.room_for_container()?;
        self.depth += 1;
        Ok(())
    }

    #[inline]
    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }

    pub(crate) fn nil(&mut self) {
        self.out.nil();
    }

    pub(crate) fn map_head(&mut self, count: usize) {
        self.out.map(count);
    }

    /// Bytes that are MessagePack already.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.out.raw(bytes);
    }

    /// A text key of a map, which must not turn the map into a marker.
    pub(crate) fn text_key(&mut self, key: &str) -> Written {
        match marker::shape_of_key(key) {
            None => {
                self.out.str(key);
                Ok(())
            }
            Some(shape) if self.peers == Peers::Any => Err(old_peers::marker_key(shape.key)),
            Some(shape) => Err(Refusal::new(Code::BadMarker, format!("a map cannot have the key `{}`", shape.key))),
        }
    }

    /// A value of any type. Nesting takes little stack: what is not nested is written elsewhere.
    pub(crate) fn any(&mut self, slot: &ForeignSlot<'_>) -> Written {
        match view(slot)? {
            View::List(items) => self.items(items, Self::any_item),
            View::Set(items) => self.set(items, Self::any_item),
            View::Map(pairs) => self.any_map(pairs),
            scalar => self.any_scalar(&scalar),
        }
    }

    fn any_item(item: &ForeignSlot<'_>, encoder: &mut Self) -> Written {
        encoder.any(item)
    }

    fn any_map(&mut self, pairs: &[ForeignSlot<'_>]) -> Written {
        self.enter()?;
        self.out.map(pairs.len() / 2);
        self.any_pairs(pairs)?;
        self.leave();
        Ok(())
    }

    fn any_scalar(&mut self, value: &View<'_, ForeignSlot<'_>>) -> Written {
        match value {
            View::Nil => self.out.nil(),
            View::Bool(value) => self.out.bool(*value),
            View::Int(n) => self.out.int(*n),
            View::UInt(n) => self.out.uint(*n),
            View::Float(x) => self.out.float(*x),
            View::Str(text) | View::OneOf(_, text) => self.out.str(text),
            View::Bytes(bytes) => self.out.bytes(bytes),
            View::DateTime(time) => self.out.date_time(*time),
            View::Ext(code, bytes) => {
                if *code == marker::TIMESTAMP {
                    marker::timestamp(bytes)?;
                }
                self.out.ext(*code, bytes);
            }
            View::Decimal(decimal) => {
                self.room_for_container()?;
                self.out.decimal(*decimal);
            }
            View::DecimalText(text) => {
                marker::decimal_slot(text)?;
                self.room_for_container()?;
                self.out.decimal_text(text);
            }
            View::Uuid(uuid) => {
                self.room_for_container()?;
                self.out.uuid(uuid);
            }
            View::FloatArray(bytes) => self.float_array(bytes)?,
            other => return Err(wrong_type("Any", other.word())),
        }
        Ok(())
    }

    pub(crate) fn float_array(&mut self, bytes: &[u8]) -> Written {
        self.room_for_container()?;
        self.out.marker(marker::FLOAT_ARRAY);
        self.out.bytes(bytes);
        Ok(())
    }

    /// A list or tuple.
    pub(crate) fn items<'s>(
        &mut self,
        items: &[ForeignSlot<'s>],
        mut write: impl FnMut(&ForeignSlot<'s>, &mut Self) -> Written,
    ) -> Written {
        self.enter()?;
        self.out.array(items.len());
        for (index, slot) in items.iter().enumerate() {
            write(slot, self).map_err(|refusal| refusal.at_index(index))?;
        }
        self.leave();
        Ok(())
    }

    /// A set.
    pub(crate) fn set<'s>(
        &mut self,
        items: &[ForeignSlot<'s>],
        write: impl FnMut(&ForeignSlot<'s>, &mut Self) -> Written,
    ) -> Written {
        if self.peers == Peers::Any {
            for (index, item) in items.iter().enumerate() {
                old_peers::in_set(&view(item)?).map_err(|refusal| refusal.at_index(index))?;
            }
        }
        self.enter()?;
        self.out.marker(marker::SET);
        let start = self.out.written().len();
        self.items(items, write)?;
        self.leave();
        let mut written = Walk { reader: self.written_since(start), left: items.len(), values: 1 };
        written.reader.item()?;
        written.no_repetition("item", "set")
    }

    /// The pairs of a map of any type whose head is written.
    pub(crate) fn any_pairs(&mut self, pairs: &[ForeignSlot<'_>]) -> Written {
        self.pairs(pairs, Self::any_key, Self::any_item)
    }

    fn any_key(key: &ForeignSlot<'_>, encoder: &mut Self) -> Written {
        match view(key)? {
            View::Str(key) | View::OneOf(_, key) => encoder.text_key(key),
            View::Bytes(key) => {
                encoder.out.bytes(key);
                Ok(())
            }
            other if encoder.peers == Peers::Any => Err(old_peers::bad_key(other.word())),
            _ => encoder.any(key),
        }
    }

    /// The pairs of a map whose head is written.
    pub(crate) fn pairs<'s>(
        &mut self,
        pairs: &[ForeignSlot<'s>],
        mut write_key: impl FnMut(&ForeignSlot<'s>, &mut Self) -> Written,
        mut write_value: impl FnMut(&ForeignSlot<'s>, &mut Self) -> Written,
    ) -> Written {
        let start = self.out.written().len();
        for [key, value] in pairs.as_chunks::<2>().0 {
            write_key(key, self)?;
            write_value(value, self).map_err(|refusal| {
                let key = key.view().map_or_else(|bad| bad.to_string(), |key| distinct::show(&key));
                refusal.under_key(&key)
            })?;
        }
        Walk { reader: self.written_since(start), left: pairs.len() / 2, values: 2 }.no_repetition("key", "map")
    }

    fn written_since(&self, start: usize) -> Reader<'_> {
        Reader::new(self.out.written().get(start..).unwrap_or_default())
    }
}

#[cold]
fn too_deep() -> Refusal {
    Refusal::new(Code::TooDeep, format!("more than {MAX_DEPTH} containers inside each other"))
}

/// Goes over written items, or over written pairs and gives their keys. Each value is written in one way only, so that
/// equal bytes are equal values.
#[derive(Clone)]
struct Walk<'a> {
    reader: Reader<'a>,
    left: usize,
    /// How many values there are to each item.
    values: usize,
}

impl Walk<'_> {
    fn no_repetition(self, what: &str, of: &str) -> Written {
        let arena = Arena::new();
        let Some(twice) = distinct::repeated(self, |a, b| a.cmp(b), &arena)? else { return Ok(()) };
        let twice = decode_dynamic(&mut Reader::new(twice), &arena)?;
        let twice = distinct::show(&twice.view());
        Err(Refusal::new(Code::Duplicate, format!("the {what} `{twice}` is in the {of} twice")))
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.left = self.left.checked_sub(1)?;
        let before = self.reader.rest();
        self.reader.skip().ok()?;
        let item = before.get(..before.len() - self.reader.rest().len());
        for _ in 1..self.values {
            self.reader.skip().ok()?;
        }
        item
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Walk<'_> {}
