//! The messages of states: updates, snapshots and requests for them, with what the owner says beside them in `sync`.
//!
//! Owns what they are and how they are read, the keys around a state; `write` has how they are written. The state itself
//! is checked to be well put together and left where it is, for the validator to read: whether it is wanted at all is
//! known only by its number. A message without `sync` comes from an owner of the Python library; so does, for this
//! version, one whose `sync` has another `v` than 1, of which nothing but the number is understood.

mod write;

use crate::dynamic::Arena;
use crate::error::{Code, Refusal};
use crate::wire::envelope::{RemoteError, no_body, not_a_map, remote_error, twice};
use crate::wire::extras::Extras;
use crate::wire::{Item, Reader, decode_dynamic, marker, not_empty};

pub use write::{write_delta, write_full, write_reply, write_request};

/// The version of `sync` that is written and understood.
const VERSION: u64 = 1;

/// What an owner says of itself beside a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sync {
    /// The life of the owner.
    pub epoch: u64,
    /// The number of the last update that it published.
    pub head: u64,
    /// After how many milliseconds of silence it sends a heartbeat; 0 if it sends none.
    pub heartbeat_ms: u32,
    /// The digest of its value at this number.
    pub digest: Option<u64>,
    /// Whether this is its last message.
    pub end: bool,
}

/// One message of an owner on its publisher.
#[derive(Clone, Copy, Debug)]
pub struct StateUpdate<'a> {
    /// Its number; of a full update the owner's head, if it says so.
    pub number: Option<u64>,
    /// Whether `state` is the whole value.
    pub is_snapshot: bool,
    /// A place at the map of the state.
    pub state: Reader<'a>,
    /// What the owner says of itself; nothing if it is the Python library's.
    pub sync: Option<Sync>,
}

/// What who asks for a snapshot has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Have {
    /// The life of the owner that it is from.
    pub epoch: u64,
    /// The number of the last update in it.
    pub number: u64,
}

/// The answer to the request for a snapshot.
#[derive(Clone, Copy, Debug)]
pub struct StateReply<'a> {
    /// The number of the last update in it. The Python library always says 0.
    pub number: u64,
    /// A place at the map of the whole value; of an empty one if there are `updates`.
    pub state: Reader<'a>,
    /// What the owner says of itself; nothing if it is the Python library's.
    pub sync: Option<Sync>,
    /// What the one that asked does not have yet, instead of the whole value.
    pub updates: Option<Updates<'a>>,
}

/// Updates in a reply, in order.
#[derive(Clone, Copy, Debug)]
pub struct Updates<'a> {
    reader: Reader<'a>,
    left: usize,
}

impl<'a> Updates<'a> {
    /// The next one: its number, and a place at its map.
    ///
    /// # Errors
    /// If it is not an array of a number and a map.
    pub fn next_update(&mut self) -> Result<Option<(u64, Reader<'a>)>, Refusal> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        let bad = || Refusal::new(Code::BadEnvelope, "an update in `sync.updates` is no array of a number and a map");
        let Item::Array(2) = self.reader.item()? else { return Err(bad()) };
        let Some(number) = number(&mut self.reader)? else { return Err(bad()) };
        let state = self.reader;
        self.reader.skip()?;
        Ok(Some((number, state)))
    }
}

/// A whole number that is not negative, if that comes next; else nothing is read.
fn number(reader: &mut Reader<'_>) -> Result<Option<u64>, Refusal> {
    let mut ahead = *reader;
    let number = match ahead.item()? {
        Item::Int(n) => u64::try_from(n).ok(),
        Item::UInt(n) => Some(n),
        _ => None,
    };
    if number.is_some() {
        *reader = ahead;
    }
    Ok(number)
}

/// Goes over the pairs of a map: `known` reads the value of a key and says whether it knows the key.
fn pairs<'a>(
    reader: &mut Reader<'a>,
    count: usize,
    arena: &'a Arena,
    mut known: impl FnMut(&str, &mut Reader<'a>) -> Result<bool, Refusal>,
) -> Result<(), Refusal> {
    reader.enter(count.saturating_mul(2))?;
    let mut others = Extras::default();
    for left in (0..count).rev() {
        reader.next_item();
        let mut ahead = *reader;
        if let Some(name) = ahead.text()? {
            ahead.next_item();
            if known(name, &mut ahead)? {
                *reader = ahead;
                continue;
            }
        }
        let key = decode_dynamic(reader, arena)?;
        reader.next_item();
        others.read(key, left, reader, arena)?;
    }
    reader.leave();
    others.finish(arena).map(|_| ())
}

/// Puts what was read into its place, once.
fn once<T>(place: &mut Option<T>, key: &str, read: T) -> Result<bool, Refusal> {
    match place.replace(read) {
        Some(_) => Err(twice(key)),
        None => Ok(true),
    }
}

fn expected(key: &str, what: &str, reader: &Reader<'_>) -> Refusal {
    let detail = |word| Refusal::new(Code::WrongType, format!("expected {what}, got {word}"));
    marker::word_of_next(reader).map_or_else(|refusal| refusal, detail).under_key(key)
}

fn expect_number(key: &str, reader: &mut Reader<'_>) -> Result<u64, Refusal> {
    number(reader)?.ok_or_else(|| expected(key, "a whole number that is not negative", reader))
}

fn expect_bool(key: &str, reader: &mut Reader<'_>) -> Result<bool, Refusal> {
    let mut ahead = *reader;
    let Item::Bool(value) = ahead.item()? else { return Err(expected(key, "Bool", reader)) };
    *reader = ahead;
    Ok(value)
}

fn missing(key: &str) -> Refusal {
    Refusal::new(Code::MissingKey, "it is required, and missing").under_key(key)
}

/// The parts of a message of any kind.
#[derive(Default)]
struct Parts<'a> {
    body: Option<Reader<'a>>,
    sync: Option<Option<Sync>>,
    updates: Option<Updates<'a>>,
    have: Option<Option<Have>>,
    error: Option<RemoteError>,
}

impl<'a> Parts<'a> {
    fn read(&mut self, frame: &'a [u8], body: &'static str, arena: &'a Arena) -> Result<Reader<'a>, Refusal> {
        not_empty(frame)?;
        let mut reader = Reader::new(frame);
        let Some(count) = reader.map_head()? else { return Err(not_a_map(&reader)) };
        let mut has_id = None;
        pairs(&mut reader, count, arena, |key, reader| match key {
            _ if key == body => {
                let at = *reader;
                reader.skip()?;
                once(&mut self.body, body, at)
            }
            "workflow_id" => {
                reader.skip()?;
                once(&mut has_id, key, ())
            }
            "sync" => {
                let sync = self.read_sync(reader, arena).map_err(|refusal| refusal.under_key(key))?;
                once(&mut self.sync, key, sync)
            }
            "have" => {
                let have = read_have(reader, arena).map_err(|refusal| refusal.under_key(key))?;
                once(&mut self.have, key, have)
            }
            "error" if body == "return_args" => {
                self.error = remote_error(reader, arena).map_err(|refusal| refusal.under_key(key))?;
                Ok(true)
            }
            _ if let Some(shape) = marker::shape_of_key(key) => {
                let detail = format!("the message has the key `{key}`: it is a {}, not a map", shape.word);
                Err(Refusal::new(Code::NotAMap, detail))
            }
            _ => Ok(false),
        })?;
        reader.finish()?;
        self.body.ok_or_else(|| no_body(body))
    }

    fn read_sync(&mut self, reader: &mut Reader<'a>, arena: &'a Arena) -> Result<Option<Sync>, Refusal> {
        let whole = *reader;
        let Some(count) = reader.map_head()? else { return Err(expected("", "a map", reader)) };
        let (mut v, mut epoch, mut head, mut heartbeat, mut digest, mut end) = (None, None, None, None, None, None);
        let mut updates = None;
        let read = pairs(reader, count, arena, |key, reader| match key {
            "v" => once(&mut v, key, expect_number(key, reader)?),
            "epoch" => once(&mut epoch, key, expect_number(key, reader)?),
            "head" => once(&mut head, key, expect_number(key, reader)?),
            "heartbeat_ms" => once(&mut heartbeat, key, expect_number(key, reader)?),
            "digest" => once(&mut digest, key, expect_number(key, reader)?),
            "end" => once(&mut end, key, expect_bool(key, reader)?),
            "updates" => {
                let mut ahead = *reader;
                let Item::Array(left) = ahead.item()? else { return Err(expected(key, "a List", reader)) };
                reader.skip()?;
                once(&mut updates, key, Updates { reader: ahead, left })
            }
            _ => Ok(false),
        });
        if v.is_some_and(|v| v != VERSION) {
            // What else another version says means something else.
            *reader = whole;
            reader.skip()?;
            return Ok(None);
        }
        read?;
        v.ok_or_else(|| missing("v"))?;
        self.updates = updates;
        Ok(Some(Sync {
            epoch: epoch.ok_or_else(|| missing("epoch"))?,
            head: head.ok_or_else(|| missing("head"))?,
            heartbeat_ms: u32::try_from(heartbeat.unwrap_or(0)).unwrap_or(u32::MAX),
            digest,
            end: end.unwrap_or(false),
        }))
    }
}

/// Reads what a requester has. What cannot be read as that is nothing: the answer is then the whole value.
fn read_have<'a>(reader: &mut Reader<'a>, arena: &'a Arena) -> Result<Option<Have>, Refusal> {
    let Some(count) = reader.map_head()? else { return Err(expected("", "a map", reader)) };
    let (mut epoch, mut number) = (None, None);
    pairs(reader, count, arena, |key, reader| match key {
        "epoch" => once(&mut epoch, key, expect_number(key, reader)?),
        "num" => once(&mut number, key, expect_number(key, reader)?),
        _ => Ok(false),
    })?;
    Ok(epoch.zip(number).map(|(epoch, number)| Have { epoch, number }))
}

/// The keys that a delta update and a reply have around a state.
#[derive(Default)]
struct Numbered<'a> {
    number: Option<u64>,
    is_snapshot: Option<bool>,
    state: Option<Reader<'a>>,
}

impl<'a> Numbered<'a> {
    fn read(mut body: Reader<'a>, name: &str, arena: &'a Arena) -> Result<Self, Refusal> {
        let mut read = Self::default();
        let Some(count) = body.map_head()? else {
            let detail = |word| Refusal::new(Code::BadEnvelope, format!("`{name}` is of type {word}, not a map"));
            return Err(marker::word_of_next(&body).map_or_else(|refusal| refusal, detail));
        };
        pairs(&mut body, count, arena, |key, reader| match key {
            "current_num" => once(&mut read.number, key, expect_number(key, reader)?),
            "is_snapshot" if name == "args" => once(&mut read.is_snapshot, key, expect_bool(key, reader)?),
            "state" => {
                let at = *reader;
                reader.skip()?;
                once(&mut read.state, key, at)
            }
            other => Err(crate::validator::unknown(&crate::wire::shown(other))),
        })?;
        Ok(read)
    }
}

/// Reads a message of the publisher of a delta state.
///
/// # Errors
/// If the frame is no such message. The map of the state is known to be well put together, and not more.
#[inline]
pub fn read_delta<'a>(frame: &'a [u8], arena: &'a Arena) -> Result<StateUpdate<'a>, Refusal> {
    match read_usual_delta(frame) {
        Some(update) => Ok(update),
        None => read_any_delta(frame, arena),
    }
}

/// Reads a message that is written as [`write_delta`] writes it, key for key; `None` for every other.
#[inline]
fn read_usual_delta(frame: &[u8]) -> Option<StateUpdate<'_>> {
    let mut reader = Reader::new(frame);
    reader.skip_exactly(b"\x83\xa4args\x83\xabcurrent_num")?;
    reader.enter(0).ok()?;
    reader.enter(0).ok()?;
    let number = reader.unsigned()?;
    reader.skip_exactly(b"\xabis_snapshot")?;
    let is_snapshot = match reader.skip_exactly(b"\xc2") {
        Some(()) => false,
        None => reader.skip_exactly(b"\xc3").map(|()| true)?,
    };
    reader.skip_exactly(b"\xa5state")?;
    let state = reader;
    reader.skip().ok()?;
    reader.skip_exactly(b"\xabworkflow_id")?;
    reader.skip().ok()?;
    reader.skip_exactly(b"\xa4sync")?;
    let count = reader.map_head().ok()??;
    reader.skip_exactly(b"\xa1v\x01\xa5epoch")?;
    let epoch = reader.unsigned()?;
    reader.skip_exactly(b"\xa4head")?;
    let head = reader.unsigned()?;
    reader.skip_exactly(b"\xacheartbeat_ms")?;
    let heartbeat_ms = u32::try_from(reader.unsigned()?).ok()?;
    let mut digest = None;
    if reader.skip_exactly(b"\xa6digest").is_some() {
        digest = Some(reader.unsigned()?);
    }
    let end = reader.skip_exactly(b"\xa3end\xc3").is_some();
    let is_whole = count == 4 + usize::from(digest.is_some()) + usize::from(end) && reader.rest().is_empty();
    let sync = Sync { epoch, head, heartbeat_ms, digest, end };
    is_whole.then_some(StateUpdate { number: Some(number), is_snapshot, state, sync: Some(sync) })
}

#[cold]
fn read_any_delta<'a>(frame: &'a [u8], arena: &'a Arena) -> Result<StateUpdate<'a>, Refusal> {
    let mut parts = Parts::default();
    let body = parts.read(frame, "args", arena)?;
    let Numbered { number, is_snapshot, state } = Numbered::read(body, "args", arena)?;
    Ok(StateUpdate {
        number: Some(number.ok_or_else(|| missing("current_num"))?),
        is_snapshot: is_snapshot.ok_or_else(|| missing("is_snapshot"))?,
        state: state.ok_or_else(|| missing("state"))?,
        sync: parts.sync.flatten(),
    })
}

/// Reads a message of the publisher of a full update state.
///
/// # Errors
/// As [`read_delta`].
pub fn read_full<'a>(frame: &'a [u8], arena: &'a Arena) -> Result<StateUpdate<'a>, Refusal> {
    let mut parts = Parts::default();
    let state = parts.read(frame, "args", arena)?;
    let sync = parts.sync.flatten();
    Ok(StateUpdate { number: sync.map(|sync| sync.head), is_snapshot: true, state, sync })
}

/// Reads the request for a snapshot: what the one that asks has already.
///
/// # Errors
/// If the frame is no request.
pub fn read_request(frame: &[u8], arena: &Arena) -> Result<Option<Have>, Refusal> {
    let mut parts = Parts::default();
    let mut body = parts.read(frame, "args", arena)?;
    match body.map_head()? {
        Some(0) => Ok(parts.have.flatten()),
        Some(_) => Err(Refusal::new(Code::UnknownKey, "the request for a snapshot has no arguments")),
        None => Err(Refusal::new(Code::BadEnvelope, "`args` is not a map")),
    }
}

/// Reads the answer to the request for a snapshot.
///
/// # Errors
/// If the frame is no answer. The map of the state is known to be well put together, and not more.
pub fn read_reply<'a>(frame: &'a [u8], arena: &'a Arena) -> Result<Result<StateReply<'a>, RemoteError>, Refusal> {
    let mut parts = Parts::default();
    let body = parts.read(frame, "return_args", arena)?;
    if let Some(error) = parts.error {
        return Ok(Err(error));
    }
    let Numbered { number, state, .. } = Numbered::read(body, "return_args", arena)?;
    Ok(Ok(StateReply {
        number: number.ok_or_else(|| missing("current_num"))?,
        state: state.ok_or_else(|| missing("state"))?,
        sync: parts.sync.flatten(),
        updates: parts.updates,
    }))
}
