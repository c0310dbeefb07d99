//! The frames of a request and of its reply, as REP and ROUTER peers read and send them.
//!
//! Owns `[correlation, 8 bytes][empty][body]`: such a peer gives back every frame up to the empty one (RFC 28,
//! "request-reply"), which is how a reply finds its request. Never knows which requests there are.

use bytes::{BufMut, Bytes, BytesMut};

use super::Stray;
use crate::Frames;

/// How many bytes of correlations share one allocation.
const SHARED: usize = 4 << 10;

/// The frames of a request. `room` is what is left of an allocation for correlations.
pub(super) fn request(correlation: u64, body: Bytes, room: &mut BytesMut) -> Frames {
    if room.capacity() < size_of::<u64>() {
        *room = BytesMut::with_capacity(SHARED);
    }
    room.put_u64(correlation);
    [room.split().freeze(), Bytes::new(), body].into_iter().collect()
}

/// The correlation and the body of frames that a request was framed into, or its reply.
pub(super) fn read(frames: &[Bytes]) -> Result<(u64, &Bytes), Stray> {
    let [correlation, empty, body] = frames else { return Err(Stray::Malformed) };
    let Ok(correlation) = <[u8; 8]>::try_from(correlation.as_ref()) else { return Err(Stray::Malformed) };
    if empty.is_empty() { Ok((u64::from_be_bytes(correlation), body)) } else { Err(Stray::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: Bytes = Bytes::from_static(b"body");

    #[test]
    fn a_request_is_framed_as_a_rep_peer_expects_it() {
        let frames = request(42, BODY, &mut BytesMut::new());
        assert_eq!(frames.as_slice(), [Bytes::from_static(&[0, 0, 0, 0, 0, 0, 0, 42]), Bytes::new(), BODY]);
        assert_eq!(read(&frames), Ok((42, &BODY)));
    }

    #[test]
    fn frames_that_are_no_reply_are_malformed() {
        let correlation = request(42, BODY, &mut BytesMut::new())[0].clone();
        let short = [Bytes::from_static(b"x"), Bytes::new(), BODY];
        let unframed = [correlation.clone(), BODY, BODY];
        let extra = [correlation, Bytes::new(), BODY, BODY];
        for frames in [&[][..], &short[..], &unframed[..], &extra[..], &[BODY][..]] {
            assert_eq!(read(frames), Err(Stray::Malformed));
        }
    }
}
