//! The maps around what a message carries: `args` or `return_args`, the workflow id, and the error of an answer.
//!
//! Owns the top level of a message. Keys that it does not know are read, so that the frame is known to be well formed,
//! and ignored, so that the format can grow. An envelope whose body was refused is still read to its end: whoever sent
//! it is answered with its workflow id.

use crate::dynamic::Arena;
use crate::error::{Code, Refusal};
use crate::schema::Peers;
use crate::slot::{ForeignSlot, Slot, View};
use crate::validator::Validator;
use crate::value::Value;
use crate::wire::extras::Extras;
use crate::wire::{Reader, Seq, Writer, decode_dynamic, marker, not_empty, seq};

pub use crate::wire::workflow_id::WorkflowId;

/// A message that calls: a request, a publication, a state update.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// What it carries, in the model's order.
    pub arguments: &'a [Slot<'a>],
    /// Its workflow id.
    pub workflow_id: WorkflowId<'a>,
    /// Its number, if it has one.
    pub seq: Option<Seq>,
}

/// A message that was refused.
#[derive(Clone, Debug)]
pub struct BadCall<'a> {
    /// Why.
    pub refusal: Refusal,
    /// The workflow id to answer with; nil if none could be read.
    pub workflow_id: WorkflowId<'a>,
    /// Its number, if one could be read.
    pub seq: Option<Seq>,
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub enum Answer<'a> {
    /// What the other side returned.
    Returned {
        /// In the model's order.
        arguments: &'a [Slot<'a>],
        /// The workflow id.
        workflow_id: WorkflowId<'a>,
    },
    /// The other side could not do it.
    Failed {
        /// Why.
        error: RemoteError,
        /// The workflow id.
        workflow_id: WorkflowId<'a>,
    },
}

/// An error as an answer carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteError {
    /// A stable word for programs.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// The key path that it is about.
    pub field: Option<String>,
    /// Whether the caller is at fault.
    pub is_caller_error: bool,
    /// Whether trying again may help.
    pub is_retryable: bool,
}

/// One of the two bodies.
#[derive(Clone, Copy)]
struct Body {
    key: &'static str,
    /// The key as it is written.
    wire: &'static [u8],
    /// The beginning of an envelope of a body and a workflow id.
    head: &'static [u8],
}

const ARGUMENTS: Body = Body { key: "args", wire: b"\xa4args", head: b"\x82\xa4args" };
/// The beginning of an envelope of arguments, a workflow id and a number.
const NUMBERED_HEAD: &[u8] = b"\x83\xa4args";
const RETURNED: Body = Body { key: "return_args", wire: b"\xabreturn_args", head: b"\x82\xabreturn_args" };
const WORKFLOW_ID: &[u8] = b"\xabworkflow_id";
const NIL: &[u8] = b"\xc0";
const EMPTY_MAP: &[u8] = b"\x80";

/// Reads a call.
///
/// # Errors
/// If the frame is no envelope with `args`, or they do not fit the model. The path does not begin with `args`.
#[inline]
pub fn read_call<'a>(frame: &'a [u8], validator: &'a Validator, arena: &'a Arena) -> Result<Call<'a>, BadCall<'a>> {
    let mut parts = Parts::default();
    let read = parts.read(frame, ARGUMENTS, validator, arena);
    let (workflow_id, seq) = (parts.workflow_id, parts.seq);
    match (parts.refused.or(read.err()), parts.arguments) {
        (None, Some(arguments)) => Ok(Call { arguments, workflow_id, seq }),
        (refusal, _) => {
            let refusal = refusal.unwrap_or_else(|| no_body(ARGUMENTS.key));
            Err(BadCall { refusal, workflow_id, seq })
        }
    }
}

/// Reads an answer. `return_args` that are nil are read as an empty map: the Python library sends them where its model
/// returns nothing.
///
/// # Errors
/// If the frame is no envelope with `return_args`, or they do not fit the model and there is no `error` beside them.
#[inline]
pub fn read_answer<'a>(frame: &'a [u8], validator: &'a Validator, arena: &'a Arena) -> Result<Answer<'a>, Refusal> {
    let mut parts = Parts::default();
    let read = parts.read(frame, RETURNED, validator, arena);
    let workflow_id = parts.workflow_id;
    match (parts.error, parts.refused.or(read.err()), parts.arguments) {
        (Some(error), ..) => Ok(Answer::Failed { error, workflow_id }),
        (None, None, Some(arguments)) => Ok(Answer::Returned { arguments, workflow_id }),
        (None, refusal, _) => Err(refusal.unwrap_or_else(|| no_body(RETURNED.key))),
    }
}

/// Appends a call.
///
/// # Errors
/// As [`Validator::encode`]; then `out` is as it was.
pub fn write_call(
    validator: &Validator,
    slots: &[ForeignSlot<'_>],
    peers: Peers,
    workflow_id: &WorkflowId<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    write(ARGUMENTS.head, validator, slots, peers, workflow_id, out)
}

/// Appends a call that is to be numbered: nothing of it is missing but what [`Seq::append`] appends.
///
/// # Errors
/// As [`Validator::encode`]; then `out` is as it was.
pub fn write_publication(
    validator: &Validator,
    slots: &[ForeignSlot<'_>],
    peers: Peers,
    workflow_id: &WorkflowId<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    write(NUMBERED_HEAD, validator, slots, peers, workflow_id, out)
}

/// Appends the answer to a request.
///
/// # Errors
/// As [`Validator::encode`]; then `out` is as it was.
pub fn write_answer(
    validator: &Validator,
    slots: &[ForeignSlot<'_>],
    peers: Peers,
    workflow_id: &WorkflowId<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    write(RETURNED.head, validator, slots, peers, workflow_id, out)
}

fn write(
    head: &'static [u8],
    validator: &Validator,
    slots: &[ForeignSlot<'_>],
    peers: Peers,
    workflow_id: &WorkflowId<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let start = out.len();
    let mut writer = Writer::new(out);
    writer.raw(head);
    let (mut writer, result) = validator.encode_body(slots, peers, writer);
    match result {
        Ok(()) => {
            writer.raw(WORKFLOW_ID);
            workflow_id.write(&mut writer);
        }
        Err(_) => writer.truncate(start),
    }
    result
}

/// Appends the answer that says why there is no other.
pub fn write_error(error: &RemoteError, workflow_id: &WorkflowId<'_>, out: &mut Vec<u8>) {
    let mut writer = Writer::new(out);
    writer.map(3);
    writer.raw(RETURNED.wire);
    writer.map(0);
    writer.raw(WORKFLOW_ID);
    workflow_id.write(&mut writer);
    writer.str("error");
    writer.map(4 + usize::from(error.field.is_some()));
    writer.str("code");
    writer.str(&error.code);
    writer.str("message");
    writer.str(&error.message);
    if let Some(field) = &error.field {
        writer.str("field");
        writer.str(field);
    }
    writer.str("is_caller_error");
    writer.bool(error.is_caller_error);
    writer.str("is_retryable");
    writer.bool(error.is_retryable);
}

/// What has been read of an envelope so far.
#[derive(Default)]
struct Parts<'a> {
    arguments: Option<&'a [Slot<'a>]>,
    /// Why the body was refused: the rest of the envelope is read nevertheless.
    refused: Option<Refusal>,
    workflow_id: WorkflowId<'a>,
    has_id: bool,
    seq: Option<Seq>,
    has_seq: bool,
    error: Option<RemoteError>,
}

/// The keys of an envelope.
enum Key<'a> {
    Body,
    WorkflowId,
    Seq,
    Error,
    Other(Slot<'a>),
}

impl<'a> Parts<'a> {
    #[inline]
    fn read(&mut self, frame: &'a [u8], body: Body, validator: &'a Validator, arena: &'a Arena) -> Result<(), Refusal> {
        let mut reader = Reader::new(frame);
        let Some(count) = map_head(&mut reader)? else { return Err(not_a_map(&reader)) };
        reader.enter(count.saturating_mul(2))?;
        let mut others = Extras::default();
        for left in (0..count).rev() {
            reader.next_item();
            let key = if reader.skip_prefix(body.wire) {
                Key::Body
            } else if reader.skip_prefix(WORKFLOW_ID) {
                Key::WorkflowId
            } else if body.key == ARGUMENTS.key && reader.skip_prefix(seq::KEY) {
                Key::Seq
            } else {
                key(&mut reader, body, arena)?
            };
            reader.next_item();
            match key {
                Key::Body if self.has_body() => return Err(twice(body.key)),
                Key::Body => self.read_body(&mut reader, left, body, validator, arena)?,
                Key::WorkflowId if self.has_id => return Err(twice("workflow_id")),
                Key::WorkflowId => {
                    self.has_id = true;
                    let read = self.workflow_id.read(&mut reader, arena);
                    read.map_err(|refusal| refusal.under_key("workflow_id"))?;
                }
                Key::Seq if self.has_seq => return Err(twice("seq")),
                Key::Seq => {
                    self.has_seq = true;
                    self.seq = Seq::read(&mut reader, arena).map_err(|refusal| refusal.under_key("seq"))?;
                }
                Key::Error if self.error.is_some() => return Err(twice("error")),
                Key::Error => {
                    let error = remote_error(&mut reader, arena);
                    self.error = error.map_err(|refusal| refusal.under_key("error"))?;
                }
                Key::Other(key) => others.read(key, left, &mut reader, arena)?,
            }
        }
        reader.leave();
        others.finish(arena)?;
        reader.finish()?;
        if self.has_body() { Ok(()) } else { Err(no_body(body.key)) }
    }

    const fn has_body(&self) -> bool {
        self.arguments.is_some() || self.refused.is_some()
    }

    /// Reads the body. Where it is refused for what it says, and not for how its bytes are put together, the reader
    /// goes past it, to the `left` pairs that follow.
    #[inline]
    fn read_body(
        &mut self,
        reader: &mut Reader<'a>,
        left: usize,
        body: Body,
        validator: &'a Validator,
        arena: &'a Arena,
    ) -> Result<(), Refusal> {
        let start = reader.rest();
        match validator.decode(reader, arena) {
            Ok(arguments) => {
                self.arguments = Some(arguments);
                Ok(())
            }
            Err(refusal) => {
                *reader = Reader::new(start);
                self.refuse_body(refusal, reader, body, validator, arena)?;
                reader.enter(left.saturating_mul(2))
            }
        }
    }

    #[cold]
    fn refuse_body(
        &mut self,
        refusal: Refusal,
        reader: &mut Reader<'a>,
        body: Body,
        validator: &'a Validator,
        arena: &'a Arena,
    ) -> Result<(), Refusal> {
        if body.key == RETURNED.key && reader.skip_prefix(NIL) {
            match validator.decode(&mut Reader::new(EMPTY_MAP), arena) {
                Ok(arguments) => self.arguments = Some(arguments),
                Err(refusal) => self.refused = Some(refusal),
            }
            return Ok(());
        }
        self.refused = Some(match marker::word_of_next(reader) {
            Ok("Map") | Err(_) => refusal,
            Ok(word) => {
                let detail = format!("`{}` is of type {word}, not a map", body.key);
                Refusal::new(Code::BadEnvelope, detail)
            }
        });
        reader.skip()
    }
}

fn map_head(reader: &mut Reader<'_>) -> Result<Option<usize>, Refusal> {
    not_empty(reader.rest())?;
    reader.map_head()
}

/// Reads a key that does not begin with the bytes that are usual.
#[cold]
fn key<'a>(reader: &mut Reader<'a>, body: Body, arena: &'a Arena) -> Result<Key<'a>, Refusal> {
    let key = decode_dynamic(reader, arena)?;
    Ok(match key.view() {
        View::Str(name) if name == body.key => Key::Body,
        View::Str("workflow_id") => Key::WorkflowId,
        View::Str("seq") if body.key == ARGUMENTS.key => Key::Seq,
        View::Str("error") if body.key == RETURNED.key => Key::Error,
        View::Str(name) if let Some(shape) = marker::shape_of_key(name) => {
            let detail = format!("the message has the key `{name}`: it is a {}, not a map", shape.word);
            return Err(Refusal::new(Code::NotAMap, detail));
        }
        _ => Key::Other(key),
    })
}

pub(crate) fn remote_error<'a>(reader: &mut Reader<'a>, arena: &'a Arena) -> Result<Option<RemoteError>, Refusal> {
    let value = Value::from_view(&decode_dynamic(reader, arena)?);
    if value == Value::Nil {
        return Ok(None);
    }
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let required = |key: &str| {
        text(key).ok_or_else(|| Refusal::new(Code::BadEnvelope, format!("the error has no text under `{key}`")))
    };
    let flag = |key: &str| value.get(key) == Some(&Value::Bool(true));
    Ok(Some(RemoteError {
        code: required("code")?,
        message: required("message")?,
        field: text("field"),
        is_caller_error: flag("is_caller_error"),
        is_retryable: flag("is_retryable"),
    }))
}

#[cold]
pub(crate) fn twice(key: &str) -> Refusal {
    Refusal::new(Code::Duplicate, format!("the key `{key}` is in the message twice"))
}

#[cold]
pub(crate) fn no_body(key: &str) -> Refusal {
    Refusal::new(Code::BadEnvelope, format!("the message has no `{key}`"))
}

/// The refusal of what is not a map. If a value is in front of the message, such as a topic, it is that.
#[cold]
pub(crate) fn not_a_map(reader: &Reader<'_>) -> Refusal {
    let mut after = *reader;
    match marker::word_of_next(reader).and_then(|word| after.skip().map(|()| word)) {
        Ok(word) => {
            let not_a_map = Refusal::new(Code::NotAMap, format!("the message is of type {word}, not a map"));
            after.finish().err().unwrap_or(not_a_map)
        }
        Err(refusal) => refusal,
    }
}
