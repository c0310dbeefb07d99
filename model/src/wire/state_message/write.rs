//! How the messages of states are written.
//!
//! Owns the order of their keys. Never looks into a state: whoever has it appends it.

use std::ops::Range;

use super::{Have, Sync};
use crate::wire::Writer;
use crate::wire::envelope::WorkflowId;

fn write_sync(sync: &Sync, updates: Option<&[(u64, &[u8])]>, writer: &mut Writer<'_>) {
    writer.raw(b"\xa4sync");
    let optional = usize::from(sync.digest.is_some()) + usize::from(sync.end) + usize::from(updates.is_some());
    writer.map(4 + optional);
    writer.raw(b"\xa1v\x01\xa5epoch");
    writer.uint(sync.epoch);
    writer.raw(b"\xa4head");
    writer.uint(sync.head);
    writer.raw(b"\xacheartbeat_ms");
    writer.uint(sync.heartbeat_ms.into());
    if let Some(digest) = sync.digest {
        writer.raw(b"\xa6digest");
        writer.uint(digest);
    }
    if sync.end {
        writer.raw(b"\xa3end\xc3");
    }
    if let Some(updates) = updates {
        writer.str("updates");
        writer.array(updates.len());
        for (number, delta) in updates {
            writer.array(2);
            writer.uint(*number);
            writer.raw(delta);
        }
    }
}

/// The end of a message of an owner, after its state.
fn write_end(id: &WorkflowId<'_>, sync: &Sync, updates: Option<&[(u64, &[u8])]>, writer: &mut Writer<'_>) {
    writer.raw(b"\xabworkflow_id");
    id.write(writer);
    write_sync(sync, updates, writer);
}

/// Appends what `write_state` writes: the map of a state in its wire form. Returned is where it is.
fn state_by(write_state: impl FnOnce(&mut Vec<u8>), out: &mut Vec<u8>) -> Range<usize> {
    let start = out.len();
    write_state(out);
    start..out.len()
}

/// Appends a message of the publisher of a delta state. `write_state` appends the map in its wire form; where that is
/// then is returned.
pub fn write_delta(
    number: u64,
    is_snapshot: bool,
    write_state: impl FnOnce(&mut Vec<u8>),
    id: &WorkflowId<'_>,
    sync: &Sync,
    out: &mut Vec<u8>,
) -> Range<usize> {
    let mut writer = Writer::new(out);
    writer.raw(b"\x83\xa4args\x83\xabcurrent_num");
    writer.uint(number);
    writer.raw(if is_snapshot { b"\xabis_snapshot\xc3\xa5state" } else { b"\xabis_snapshot\xc2\xa5state" });
    drop(writer);
    let state = state_by(write_state, out);
    write_end(id, sync, None, &mut Writer::new(out));
    state
}

/// Appends a message of the publisher of a full update state, as [`write_delta`] does.
pub fn write_full(
    write_state: impl FnOnce(&mut Vec<u8>),
    id: &WorkflowId<'_>,
    sync: &Sync,
    out: &mut Vec<u8>,
) -> Range<usize> {
    out.extend_from_slice(b"\x83\xa4args");
    let state = state_by(write_state, out);
    write_end(id, sync, None, &mut Writer::new(out));
    state
}

/// Appends the request for a snapshot.
pub fn write_request(have: Option<&Have>, out: &mut Vec<u8>) {
    let mut writer = Writer::new(out);
    writer.map(1 + usize::from(have.is_some()));
    writer.str("args");
    writer.map(0);
    if let Some(have) = have {
        writer.str("have");
        writer.map(2);
        writer.str("epoch");
        writer.uint(have.epoch);
        writer.str("num");
        writer.uint(have.number);
    }
}

/// Appends the answer to the request for a snapshot: the map of the whole value, or an empty one and the updates that
/// whoever asked does not have. `write_state` appends the map in its wire form; where that is then is returned.
pub fn write_reply(
    number: u64,
    write_state: impl FnOnce(&mut Vec<u8>),
    sync: &Sync,
    updates: Option<&[(u64, &[u8])]>,
    out: &mut Vec<u8>,
) -> Range<usize> {
    out.extend_from_slice(b"\x83\xabreturn_args\x82\xa5state");
    let state = state_by(write_state, out);
    let mut writer = Writer::new(out);
    writer.raw(b"\xabcurrent_num");
    writer.uint(number);
    write_end(&WorkflowId::Nil, sync, updates, &mut writer);
    state
}
