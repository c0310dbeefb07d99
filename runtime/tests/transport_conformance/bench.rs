//! The bench that scenarios work on: a runtime, a directory for socket files, and sockets with
//! waits that fail loudly instead of hanging.

use std::future::poll_fn;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{PoisonError, RwLock};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use service_framework_runtime::transport::{
    Frames, PeersChange, SendRefused, Socket, SocketKind, SocketOptions, Transport,
};
use tokio::task::yield_now;

use crate::lack;

/// No scenario needs longer, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Held by every scenario; alone by those that look at the whole process.
static PROCESS: RwLock<()> = RwLock::new(());

/// A transport under test and a place for its files.
pub(crate) struct Bench {
    pub(crate) transport: &'static dyn Transport,
    directory: PathBuf,
}

/// Runs a scenario in a runtime as a service has it: one thread, driven by `block_on` alone.
pub(crate) fn run(transport: &'static dyn Transport, scenario: impl AsyncFnOnce(&Bench)) {
    let _beside_others = PROCESS.read().unwrap_or_else(PoisonError::into_inner);
    let bench = Bench::new(transport);
    block_on(async {
        tokio::time::timeout(lack::patience(PATIENCE), scenario(&bench)).await.expect("the scenario ends")
    });
}

/// Runs blocking code while no other scenario of this process is running.
pub(crate) fn alone<R>(work: impl FnOnce() -> R) -> R {
    let _alone = PROCESS.write().unwrap_or_else(PoisonError::into_inner);
    work()
}

pub(crate) fn block_on<R>(future: impl Future<Output = R>) -> R {
    executor().block_on(future)
}

pub(crate) fn executor() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

impl Bench {
    pub(crate) fn new(transport: &'static dyn Transport) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("transport-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory for socket files");
        Self { transport, directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    pub(crate) fn ipc(&self, name: &str) -> String {
        format!("ipc://{}", self.path(name).display())
    }

    /// An endpoint that is free, whatever else is bound.
    pub(crate) fn free(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if self.is_within_the_process() {
            format!("inproc://free-{}", NUMBER.fetch_add(1, Ordering::Relaxed))
        } else {
            "tcp://127.0.0.1:0".to_owned()
        }
    }

    /// An endpoint that is known before it is bound.
    pub(crate) fn known(&self, name: &str) -> String {
        if self.is_within_the_process() { format!("inproc://{}", self.path(name).display()) } else { self.ipc(name) }
    }

    /// One of each sort of endpoint.
    pub(crate) fn endpoints(&self, name: &str) -> Vec<String> {
        vec![self.free(), self.known(name)]
    }

    fn is_within_the_process(&self) -> bool {
        self.transport.name() == "inproc"
    }

    pub(crate) fn router(&self) -> Endpointed {
        self.router_with(&SocketOptions::default())
    }

    pub(crate) fn dealer(&self) -> Endpointed {
        self.dealer_with(&SocketOptions::default())
    }

    pub(crate) fn router_with(&self, options: &SocketOptions) -> Endpointed {
        self.open(SocketKind::Router, options)
    }

    pub(crate) fn dealer_with(&self, options: &SocketOptions) -> Endpointed {
        self.open(SocketKind::Dealer, options)
    }

    pub(crate) fn publisher(&self) -> Endpointed {
        self.publisher_with(&SocketOptions::default())
    }

    pub(crate) fn publisher_with(&self, options: &SocketOptions) -> Endpointed {
        self.open(SocketKind::Publisher, options)
    }

    /// A subscriber to everything that begins with one of `prefixes`.
    pub(crate) async fn subscriber(&self, prefixes: &[&[u8]]) -> Endpointed {
        self.subscriber_with(&SocketOptions::default(), prefixes).await
    }

    pub(crate) async fn subscriber_with(&self, options: &SocketOptions, prefixes: &[&[u8]]) -> Endpointed {
        let mut subscriber = self.open(SocketKind::Subscriber, options);
        for prefix in prefixes {
            subscriber.subscribe(prefix).await;
        }
        subscriber
    }

    /// A publisher on a free port, and its endpoint.
    pub(crate) async fn publishing(&self) -> Endpointed {
        self.publishing_with(&SocketOptions::default()).await
    }

    pub(crate) async fn publishing_with(&self, options: &SocketOptions) -> Endpointed {
        let mut publisher = self.publisher_with(options);
        publisher.bind(&self.free()).await;
        publisher
    }

    /// A subscriber that is connected to `publisher`, which knows of it.
    pub(crate) async fn subscribed(&self, publisher: &mut Endpointed, prefixes: &[&[u8]]) -> Endpointed {
        self.subscribed_with(publisher, &SocketOptions::default(), prefixes).await
    }

    pub(crate) async fn subscribed_with(
        &self,
        publisher: &mut Endpointed,
        options: &SocketOptions,
        prefixes: &[&[u8]],
    ) -> Endpointed {
        let before: Vec<_> = prefixes.iter().map(|prefix| publisher.socket.subscribers(prefix)).collect();
        let mut subscriber = self.subscriber_with(options, prefixes).await;
        subscriber.connect(&publisher.endpoint).await;
        for (prefix, before) in prefixes.iter().zip(before) {
            subscriber.beside(publisher.until_subscribers(prefix, before + 1)).await;
        }
        subscriber
    }

    fn open(&self, kind: SocketKind, options: &SocketOptions) -> Endpointed {
        Endpointed { socket: self.transport.open(kind, options).expect("a socket"), endpoint: String::new() }
    }

    /// A router on a free port, and its endpoint.
    pub(crate) async fn listening(&self) -> Endpointed {
        self.listening_with(&SocketOptions::default()).await
    }

    pub(crate) async fn listening_with(&self, options: &SocketOptions) -> Endpointed {
        let mut router = self.router_with(options);
        router.bind(&self.free()).await;
        router
    }

    /// A dealer that is connected to `endpoint`.
    pub(crate) async fn connected(&self, endpoint: &str) -> Endpointed {
        self.connected_with(endpoint, &SocketOptions::default()).await
    }

    pub(crate) async fn connected_with(&self, endpoint: &str, options: &SocketOptions) -> Endpointed {
        let mut dealer = self.dealer_with(options);
        dealer.connect(endpoint).await;
        dealer.until_ready(1).await;
        dealer
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// A socket and the endpoint that it has bound.
pub(crate) struct Endpointed {
    pub(crate) socket: Box<dyn Socket>,
    pub(crate) endpoint: String,
}

impl Endpointed {
    pub(crate) async fn bind(&mut self, endpoint: &str) {
        self.endpoint = self.socket.bind(endpoint).await.expect("a bound endpoint");
    }

    pub(crate) async fn connect(&mut self, endpoint: &str) {
        self.socket.connect(endpoint).await.expect("an endpoint to connect to");
    }

    pub(crate) async fn receive(&mut self) -> Frames {
        poll_fn(|context| self.socket.poll_receive(context)).await.expect("an open socket")
    }

    pub(crate) fn send(&mut self, frames: Frames) {
        self.socket.try_send(frames).expect("room for a message");
    }

    /// Sends until the queue refuses, and says how many messages it took.
    pub(crate) async fn send_until_refused(&mut self, message: impl Fn() -> Frames) -> (usize, SendRefused) {
        let mut taken = 0;
        loop {
            match self.socket.try_send(message()) {
                Ok(()) => taken += 1,
                Err(refusal) => return (taken, refusal),
            }
            if taken % 64 == 0 {
                yield_now().await;
            }
        }
    }

    pub(crate) async fn until_ready(&mut self, peers: usize) {
        while self.socket.ready_peers() != peers {
            self.change().await;
        }
    }

    pub(crate) async fn change(&mut self) -> PeersChange {
        poll_fn(|context| self.socket.poll_peers(context)).await.expect("an open socket")
    }

    pub(crate) async fn until_lost(&mut self) -> PeersChange {
        loop {
            let change = self.change().await;
            if change.lost > 0 {
                return change;
            }
        }
    }

    pub(crate) async fn subscribe(&mut self, prefix: &[u8]) {
        self.socket.subscribe(prefix).await.expect("a subscriber");
    }

    pub(crate) async fn unsubscribe(&mut self, prefix: &[u8]) {
        self.socket.unsubscribe(prefix).await.expect("a subscriber");
    }

    /// Waits until so many peers get what begins with `topic`.
    pub(crate) async fn until_subscribers(&mut self, topic: &[u8], peers: usize) {
        while self.socket.subscribers(topic) != peers {
            self.change().await;
        }
    }

    pub(crate) fn publish(&mut self, bytes: &[u8]) {
        self.send(message([bytes]));
    }

    /// Receives one message of one frame.
    pub(crate) async fn hears(&mut self) -> Vec<u8> {
        let frames = self.receive().await;
        assert_eq!(frames.len(), 1);
        frames[0].to_vec()
    }

    /// Does `work` while this socket is looked after, as a service does that waits; messages stay where they are.
    pub(crate) async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            while let Poll::Ready(change) = self.socket.poll_peers(context) {
                change.expect("an open socket");
            }
            work.as_mut().poll(context)
        })
        .await
    }

    pub(crate) async fn close(self) {
        self.socket.close(Duration::ZERO).await;
    }

    /// Answers one request with its own body.
    pub(crate) async fn echo(&mut self) {
        let request = self.receive().await;
        self.send(request);
    }

    /// Proves that requests still come and go between this router and a dealer.
    pub(crate) async fn serves(&mut self, dealer: &mut Endpointed) {
        dealer.send(request(7, b"are you there"));
        self.echo().await;
        assert_eq!(dealer.receive().await, request(7, b"are you there"));
    }
}

/// A message of these frames.
pub(crate) fn message<const N: usize>(frames: [&[u8]; N]) -> Frames {
    frames.into_iter().map(Bytes::copy_from_slice).collect()
}

/// A request as a requester frames it: correlation, empty frame, body.
pub(crate) fn request(correlation: u64, body: &[u8]) -> Frames {
    message([&correlation.to_be_bytes(), b"", body])
}

/// The request, reply or number behind the envelope.
pub(crate) fn body(frames: &Frames) -> &[u8] {
    frames.last().expect("a body")
}
