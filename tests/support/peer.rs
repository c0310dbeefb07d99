//! A peer made by hand from ZMTP 3.0 bytes (RFC 23): it says what no library would say, and nothing that it is not told
//! to say.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use super::PATIENCE;
use super::messages::Reply;

/// A connection of a ZeroMQ socket, or of something that only looks like one.
pub(crate) struct Peer(TcpStream);

const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;

impl Peer {
    /// Connects to `tcp://host:port` and says nothing yet.
    pub(crate) fn stranger(endpoint: &str) -> Self {
        let address = endpoint.strip_prefix("tcp://").expect("a tcp endpoint");
        Self::over(TcpStream::connect(address).expect("somebody who listens"))
    }

    /// Connects as a DEALER, which sends and receives whatever frames it likes.
    pub(crate) fn dealer(endpoint: &str) -> Self {
        let mut peer = Self::stranger(endpoint);
        peer.introduce("DEALER");
        peer
    }

    /// Accepts a connection as a ROUTER.
    pub(crate) fn accepted(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().expect("a connection");
        let mut peer = Self::over(stream);
        peer.introduce("ROUTER");
        peer
    }

    /// Connects as a PUB, to a subscriber that binds.
    pub(crate) fn publisher(endpoint: &str) -> Self {
        let mut peer = Self::stranger(endpoint);
        peer.introduce("PUB");
        peer
    }

    /// Accepts a subscriber's connection as a PUB.
    pub(crate) fn accepted_as_publisher(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().expect("a connection");
        let mut peer = Self::over(stream);
        peer.introduce("PUB");
        peer
    }

    /// Connects as a SUB and subscribes to what begins with `prefix`.
    pub(crate) fn subscriber(endpoint: &str, prefix: &[u8]) -> Self {
        let mut peer = Self::stranger(endpoint);
        peer.introduce("SUB");
        peer.send(&[&[&[1], prefix].concat()]);
        peer
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a live socket");
        stream.set_nodelay(true).expect("a live socket");
        Self(stream)
    }

    fn introduce(&mut self, kind: &str) {
        let mut greeting = [0; 64];
        greeting[0] = 0xff;
        greeting[9] = 0x7f;
        greeting[10] = 3;
        greeting[12..16].copy_from_slice(b"NULL");
        self.write(&greeting);
        let mut body = b"\x05READY\x0bSocket-Type".to_vec();
        body.extend((kind.len() as u32).to_be_bytes());
        body.extend(kind.as_bytes());
        self.write(&[COMMAND, body.len() as u8]);
        self.write(&body);
        self.read(64);
        let (flags, _) = self.frame().expect("an introduction");
        assert_eq!(flags & COMMAND, COMMAND, "expected a READY");
    }

    /// Says these bytes, whatever they are.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("an open connection");
    }

    /// Says these bytes again and again until the other side hangs up or stops reading.
    pub(crate) fn write_until_refused(&mut self, bytes: &[u8], most: u64) -> u64 {
        self.0.set_write_timeout(Some(Duration::from_millis(500))).expect("a live socket");
        let mut written = 0;
        while written < most {
            match self.0.write(bytes) {
                Ok(0) | Err(_) => break,
                Ok(count) => written += count as u64,
            }
        }
        written
    }

    /// Sends a message of these frames.
    pub(crate) fn send(&mut self, frames: &[&[u8]]) {
        self.write(&message(frames));
    }

    /// Sends a body as a REQ socket does.
    pub(crate) fn send_request(&mut self, body: &[u8]) {
        self.send(&[b"", body]);
    }

    /// Sends a body as a REQ socket does and reads the reply.
    pub(crate) fn ask(&mut self, body: &[u8]) -> Reply {
        self.send_request(body);
        self.reply()
    }

    /// Reads the reply to a request of [`Peer::send_request`].
    pub(crate) fn reply(&mut self) -> Reply {
        let frames = self.receive();
        let [empty, body] = frames.as_slice() else { panic!("expected an empty frame and a body, got {frames:?}") };
        assert!(empty.is_empty(), "expected an empty frame first, got {frames:?}");
        Reply::read(body)
    }

    /// Reads a message.
    pub(crate) fn receive(&mut self) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        loop {
            let (flags, body) = self.frame().expect("a message");
            if flags & COMMAND != 0 {
                continue;
            }
            frames.push(body);
            if flags & MORE == 0 {
                return frames;
            }
        }
    }

    /// Reads a message if one comes within some milliseconds.
    pub(crate) fn receive_soon(&mut self) -> Option<Vec<Vec<u8>>> {
        self.0.set_read_timeout(Some(Duration::from_millis(20))).expect("a live socket");
        let has_come = self.0.peek(&mut [0]).is_ok_and(|count| count > 0);
        self.0.set_read_timeout(Some(PATIENCE)).expect("a live socket");
        has_come.then(|| self.receive())
    }

    /// Reads until the other side hangs up.
    pub(crate) fn until_closed(&mut self) {
        let mut buffer = [0; 4096];
        loop {
            match self.0.read(&mut buffer) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    panic!("the other side did not hang up within {PATIENCE:?}")
                }
                Err(_) => return,
            }
        }
    }

    fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let flags = *self.read(1).first()?;
        let length = if flags & LONG == 0 {
            usize::from(self.read(1)[0])
        } else {
            usize::try_from(u64::from_be_bytes(self.read(8).try_into().ok()?)).ok()?
        };
        Some((flags, self.read(length)))
    }

    #[track_caller]
    fn read(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).expect("the other side to say more");
        bytes
    }
}

/// The bytes of a message of these frames.
pub(crate) fn message(frames: &[&[u8]]) -> Vec<u8> {
    let last = frames.len().saturating_sub(1);
    let mut bytes = Vec::new();
    for (place, frame) in frames.iter().enumerate() {
        let more = if place < last { MORE } else { 0 };
        match u8::try_from(frame.len()) {
            Ok(length) => bytes.extend([more, length]),
            Err(_) => bytes.extend(long_header(more != 0, frame.len() as u64)),
        }
        bytes.extend_from_slice(frame);
    }
    bytes
}

/// The header of a frame that announces `length` bytes.
pub(crate) fn long_header(more: bool, length: u64) -> Vec<u8> {
    let mut header = vec![LONG | u8::from(more)];
    header.extend(length.to_be_bytes());
    header
}
