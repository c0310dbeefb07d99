//! Both sides as loops over the raw sockets of the crates that the framework's transports use.
//!
//! Owns the framing, which is the framework's: a correlation, an empty frame, the body. They validate nothing.

use bytes::Bytes;
use omq_tokio::options::WorkloadProfile;
use omq_tokio::{Message, Options, Socket, SocketType};
use rmp::encode::ByteBuf;
use zeromq::{DealerSocket, RouterSocket, Socket as _, SocketRecv as _, SocketSend as _, ZmqMessage};

use super::turns::{Desk, Turns};
use crate::side::{block_on, endpoint, exit_when_left};

pub(crate) fn omq_desk(at: &str, words: &[&str]) {
    block_on(words, async {
        let (socket, at) = bound(at).await;
        println!("{at}");
        exit_when_left();
        answer(socket, words).await;
    });
}

/// The socket of a desk, and where it is.
pub(crate) async fn bound(at: &str) -> (Socket, String) {
    let socket = omq(SocketType::Router, WorkloadProfile::Throughput);
    let at = socket.bind(endpoint(at)).await.expect("a free endpoint");
    (socket, at.to_string())
}

/// Answers as the desk that is called this, and never ends.
pub(crate) async fn answer(socket: Socket, words: &[&str]) {
    let mut desk = Desk::of(words);
    loop {
        let request = socket.recv().await.expect("an open socket");
        let frames = answered(&mut desk, request.iter().collect());
        socket.send(Message::multipart(frames)).await.expect("a client that is there");
    }
}

pub(crate) fn omq_client(at: &str, words: &[&str]) {
    block_on(words, async {
        let socket = omq(SocketType::Dealer, WorkloadProfile::Latency);
        socket.connect(endpoint(at)).await.expect("an endpoint");
        let mut asking = Asking { turns: Turns::of(words), correlation: 0 };
        while let Some(count) = asking.turns.next() {
            for _ in 0..count {
                let frames = asking.request();
                socket.send(Message::multipart(frames)).await.expect("a desk that is there");
                let reply = socket.recv().await.expect("an open socket");
                let [correlation, body] = [0, 2].map(|frame| reply.part_slice(frame).expect("three frames"));
                asking.answered(correlation, body);
            }
        }
    });
}

pub(crate) fn zeromq_desk(at: &str, words: &[&str]) {
    block_on(words, async {
        let mut socket = RouterSocket::new();
        println!("{}", socket.bind(at).await.expect("a free endpoint"));
        exit_when_left();
        let mut desk = Desk::of(words);
        loop {
            let request = socket.recv().await.expect("an open socket");
            let frames = answered(&mut desk, request.into_vec());
            socket.send(multipart(frames)).await.expect("a client that is there");
        }
    });
}

pub(crate) fn zeromq_client(at: &str, words: &[&str]) {
    block_on(words, async {
        let mut socket = DealerSocket::new();
        socket.connect(at).await.expect("a desk that listens");
        let mut asking = Asking { turns: Turns::of(words), correlation: 0 };
        while let Some(count) = asking.turns.next() {
            for _ in 0..count {
                let frames = asking.request();
                socket.send(multipart(frames.into())).await.expect("a desk that is there");
                let reply = socket.recv().await.expect("an open socket");
                let [correlation, body] = [0, 2].map(|frame| reply.get(frame).expect("three frames"));
                asking.answered(correlation, body);
            }
        }
    });
}

/// A socket with the options that the framework gives its own.
pub(crate) fn omq(kind: SocketType, profile: WorkloadProfile) -> Socket {
    Socket::new(kind, Options::new().workload_profile(profile))
}

fn multipart(frames: Vec<Bytes>) -> ZmqMessage {
    frames.try_into().expect("frames")
}

/// The frames of a request, with the reply in place of the body.
fn answered(desk: &mut Desk, mut frames: Vec<Bytes>) -> Vec<Bytes> {
    let [_, _, _, body] = frames.as_mut_slice() else { panic!("identity, correlation, empty frame and body") };
    *body = desk.answer(body).expect("a good request").into();
    frames
}

/// A client between its request and the reply.
struct Asking {
    turns: Turns,
    correlation: u64,
}

impl Asking {
    fn request(&mut self) -> [Bytes; 3] {
        self.correlation += 1;
        let mut request = ByteBuf::with_capacity(super::ROOM);
        self.turns.write(&mut request);
        let correlation = Bytes::copy_from_slice(&self.correlation.to_be_bytes());
        [correlation, Bytes::new(), request.into_vec().into()]
    }

    fn answered(&mut self, correlation: &[u8], body: &[u8]) {
        assert_eq!(correlation, self.correlation.to_be_bytes());
        self.turns.read(body);
    }
}
