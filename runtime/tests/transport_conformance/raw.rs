//! A peer made by hand from the bytes of ZMTP 3.0 (RFC 23) and 3.1 (RFC 37), to do what no library would do.

use std::io::ErrorKind;

use tokio::net::TcpStream;

/// A TCP connection that says what it is told to say.
pub(crate) struct Raw(TcpStream);

impl Raw {
    /// Connects to `tcp://host:port` and says nothing yet.
    pub(crate) async fn connect(endpoint: &str) -> Self {
        let address = endpoint.strip_prefix("tcp://").expect("a tcp endpoint");
        Self(TcpStream::connect(address).await.expect("somebody who listens"))
    }

    /// Connects and introduces itself as a socket of type `kind`, with an identity if not empty.
    pub(crate) async fn introduced(endpoint: &str, kind: &str, identity: &str) -> Self {
        Self::introduced_as(endpoint, 0, kind, identity).await
    }

    /// Connects and introduces itself as speaking ZMTP 3 with this minor version.
    pub(crate) async fn introduced_as(endpoint: &str, minor: u8, kind: &str, identity: &str) -> Self {
        let mut peer = Self::connect(endpoint).await;
        peer.write(&greeting(minor)).await;
        peer.write(&ready(kind, identity)).await;
        peer
    }

    /// Accepts a connection from `listener` and introduces itself.
    pub(crate) async fn accepted(listener: &tokio::net::TcpListener, kind: &str) -> Self {
        Self::accepted_as(listener, 0, kind).await
    }

    /// Accepts a connection and introduces itself as speaking ZMTP 3 with this minor version.
    pub(crate) async fn accepted_as(listener: &tokio::net::TcpListener, minor: u8, kind: &str) -> Self {
        let (stream, _) = listener.accept().await.expect("a connection");
        let mut peer = Self(stream);
        peer.write(&greeting(minor)).await;
        peer.write(&ready(kind, "")).await;
        peer
    }

    pub(crate) async fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = &bytes[self.write_some(bytes).await.expect("an open connection")..];
        }
    }

    /// Writes until the other side hangs up, or has taken `most` bytes, and says whether it hung up.
    pub(crate) async fn is_refused_within(&mut self, most: usize, bytes: &[u8]) -> bool {
        let mut written = 0;
        while written < most {
            match self.write_some(bytes).await {
                Ok(count) => written += count,
                Err(_) => return true,
            }
        }
        false
    }

    async fn write_some(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        loop {
            self.0.writable().await?;
            match self.0.try_write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => return result,
            }
        }
    }

    /// Reads until the other side hangs up, and says what it had said.
    pub(crate) async fn until_closed(&mut self) -> Vec<u8> {
        let mut heard = Vec::new();
        while let Some(bytes) = self.read_some().await {
            heard.extend(bytes);
        }
        heard
    }

    /// Reads until `expected` has been heard, and gives back all that was.
    pub(crate) async fn until_heard(&mut self, expected: &[u8]) -> Vec<u8> {
        let mut heard: Vec<u8> = Vec::new();
        while !heard.windows(expected.len()).any(|part| part == expected) {
            heard.extend(self.read_some().await.expect("an open connection"));
        }
        heard
    }

    async fn read_some(&mut self) -> Option<Vec<u8>> {
        let mut buffer = vec![0; 4096];
        loop {
            self.0.readable().await.ok()?;
            match self.0.try_read(&mut buffer) {
                Ok(0) => return None,
                Ok(count) => {
                    buffer.truncate(count);
                    return Some(buffer);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return None,
            }
        }
    }
}

/// Signature, version, mechanism NULL.
fn greeting(minor: u8) -> [u8; 64] {
    let mut greeting = [0; 64];
    greeting[0] = 0xff;
    greeting[9] = 0x7f;
    greeting[10] = 3;
    greeting[11] = minor;
    greeting[12..16].copy_from_slice(b"NULL");
    greeting
}

fn ready(kind: &str, identity: &str) -> Vec<u8> {
    let mut body = b"\x05READY".to_vec();
    for (name, value) in [("Socket-Type", kind), ("Identity", identity)] {
        body.push(name.len() as u8);
        body.extend(name.as_bytes());
        body.extend((value.len() as u32).to_be_bytes());
        body.extend(value.as_bytes());
    }
    let mut command = vec![4, body.len() as u8];
    command.extend(body);
    command
}

/// A short frame, with more frames to follow or not.
pub(crate) fn frame(more: bool, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![u8::from(more), u8::try_from(body.len()).expect("a short frame")];
    frame.extend(body);
    frame
}

/// The header of a long frame that announces `length` bytes.
pub(crate) fn long_header(length: u64) -> Vec<u8> {
    let mut header = vec![2];
    header.extend(length.to_be_bytes());
    header
}

/// A long frame that is the last of its message.
pub(crate) fn long_frame(body: &[u8]) -> Vec<u8> {
    [&long_header(body.len() as u64), body].concat()
}

/// A ping with this context, which its answer repeats, and no word on how long its sender is patient.
pub(crate) fn ping(context: &[u8]) -> Vec<u8> {
    let mut body = b"\x04PING\0\0".to_vec();
    body.extend(context);
    let mut command = vec![4, u8::try_from(body.len()).expect("a short command")];
    command.extend(body);
    command
}
