//! A request of one text, which is answered with the same text: what the size of a message costs.
//!
//! Owns the reading and writing of exactly these messages by hand. Like [`by_hand`](crate::by_hand) it validates nothing.

use rmp::decode;
use rmp::encode::ByteBuf;

use crate::by_hand::{map, marker, read_marker, read_text, text};

/// The only argument.
const TEXT: &str = "text";

/// Appends a request.
pub fn write_call(of: &str, workflow_id: &str, out: &mut ByteBuf) {
    write("args", of, workflow_id, out);
}

/// From the bytes of a request to those of its reply, appended to `out`. `None` if it is no such request.
pub fn answer(request: &[u8], out: &mut ByteBuf) -> Option<()> {
    let (of, workflow_id) = read("args", request)?;
    write("return_args", of, workflow_id, out);
    Some(())
}

/// Reads a reply.
#[must_use]
pub fn read_answer(frame: &[u8]) -> Option<&str> {
    read("return_args", frame).map(|(of, _)| of)
}

fn write(kind: &str, of: &str, workflow_id: &str, out: &mut ByteBuf) {
    map(2, out);
    text(kind, out);
    map(1, out);
    text(TEXT, out);
    text(of, out);
    text("workflow_id", out);
    marker("__uuid__", workflow_id, out);
}

/// The text and the workflow id.
fn read<'a>(kind: &str, mut frame: &'a [u8]) -> Option<(&'a str, &'a str)> {
    let (mut of, mut workflow_id) = (None, None);
    for _ in 0..decode::read_map_len(&mut frame).ok()? {
        match read_text(&mut frame)? {
            key if key == kind => {
                decode::read_map_len(&mut frame).ok()?;
                of = (read_text(&mut frame)? == TEXT).then_some(read_text(&mut frame)?);
            }
            "workflow_id" => workflow_id = Some(read_marker(&mut frame)?),
            _ => return None,
        }
    }
    Some((of?, workflow_id?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::WORKFLOW_ID;

    #[test]
    fn a_text_comes_back_as_it_was() {
        let (long, mut request, mut reply) = ("x".repeat(70_000), ByteBuf::new(), ByteBuf::new());
        write_call(&long, WORKFLOW_ID, &mut request);
        answer(request.as_slice(), &mut reply).unwrap();
        assert_eq!(read_answer(reply.as_slice()), Some(long.as_str()));
        assert_eq!(answer(reply.as_slice(), &mut request), None);
    }
}
