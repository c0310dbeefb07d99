//! `service_framework bus` as a process: what passes through it, what it tells, and how it ends.

use std::future::poll_fn;
use std::net::TcpListener;
use std::time::Duration;

use bytes::Bytes;
use service_framework_runtime::transport::{Omq, Socket, SocketKind, SocketOptions, Transport};
use tokio::runtime::Runtime;

use crate::support::PATIENCE;
use crate::support::runner::{Ended, Folder, Running, run, runner};

/// A bus that runs, and the addresses of its two ends.
fn bus(input: &str, output: &str, more: &[&str]) -> (Running, String, String) {
    let mut running = Running::start(runner().args(["bus", "--in", input, "--out", output]).args(more));
    let (input, output) = (running.address("in"), running.address("out"));
    (running, input, output)
}

fn on_any_ports() -> (Running, String, String) {
    bus("127.0.0.1:0", "127.0.0.1:0", &[])
}

/// What the peers of a bus live in.
struct Peers(Runtime);

impl Peers {
    fn new() -> Self {
        Self(tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime"))
    }

    fn publisher(&self, endpoint: &str) -> Box<dyn Socket> {
        self.connected(SocketKind::Publisher, endpoint)
    }

    fn subscriber(&self, endpoint: &str, prefix: &[u8]) -> Box<dyn Socket> {
        let mut subscriber = self.connected(SocketKind::Subscriber, endpoint);
        self.wait("a subscription", async { subscriber.subscribe(prefix).await.expect("a subscriber") });
        subscriber
    }

    fn connected(&self, kind: SocketKind, endpoint: &str) -> Box<dyn Socket> {
        self.wait("a socket", async {
            let mut socket = Omq.open(kind, &SocketOptions::default()).expect("a socket");
            socket.connect(endpoint).await.expect("an endpoint");
            socket
        })
    }

    /// Waits until what begins with `topic` is wanted by as many as this.
    fn until_wanted(&self, publisher: &mut dyn Socket, topic: &[u8], by: usize) {
        self.wait("subscriptions", async {
            while publisher.subscribers(topic) != by {
                poll_fn(|context| publisher.poll_peers(context)).await.expect("an open socket");
            }
        });
    }

    fn heard(&self, subscriber: &mut dyn Socket) -> Vec<Bytes> {
        let received =
            self.wait("a message", poll_fn(|context| subscriber.poll_receive(context))).expect("an open socket");
        received.to_vec()
    }

    fn wait<T>(&self, what: &str, work: impl Future<Output = T>) -> T {
        self.0.block_on(async { tokio::time::timeout(PATIENCE, work).await }).unwrap_or_else(|_| panic!("{what}"))
    }
}

fn publish(publisher: &mut dyn Socket, bytes: &[u8]) {
    publisher.try_send([Bytes::copy_from_slice(bytes)].into_iter().collect()).expect("room");
}

fn ended(running: Running, signal: &str) -> Ended {
    running.signal(signal);
    running.ended()
}

#[test]
fn what_is_published_reaches_those_who_subscribed_and_nothing_else_is_sent_to_the_bus() {
    let (mut running, input, output) = on_any_ports();
    let peers = Peers::new();
    let mut publishers = [peers.publisher(&input), peers.publisher(&input)];
    let mut news = peers.subscriber(&output, b"\xa4news");
    let mut all = peers.subscriber(&output, b"");
    for publisher in &mut publishers {
        peers.until_wanted(publisher.as_mut(), b"\xa4news", 1);
        peers.until_wanted(publisher.as_mut(), b"\xa4rest", 1);
    }
    publish(publishers[0].as_mut(), b"\xa4rest of it");
    publish(publishers[0].as_mut(), b"\xa4news of one");
    assert_eq!(peers.heard(all.as_mut()), [Bytes::from_static(b"\xa4rest of it")]);
    assert_eq!(peers.heard(all.as_mut()), [Bytes::from_static(b"\xa4news of one")]);
    assert_eq!(peers.heard(news.as_mut()), [Bytes::from_static(b"\xa4news of one")]);
    publish(publishers[1].as_mut(), b"\xa4news of the other");
    assert_eq!(peers.heard(news.as_mut()), [Bytes::from_static(b"\xa4news of the other")]);
    assert_eq!(peers.heard(all.as_mut()), [Bytes::from_static(b"\xa4news of the other")]);

    // Nobody wants the rest any more: the publisher hears of it, and keeps it to itself.
    peers.wait("the end of a socket", all.close(Duration::ZERO));
    peers.until_wanted(publishers[0].as_mut(), b"\xa4rest", 0);
    publish(publishers[0].as_mut(), b"\xa4rest for nobody");
    let frames = [b"\xa4news in", &b"two frames"[..]].map(Bytes::copy_from_slice);
    publishers[0].try_send(frames.clone().into_iter().collect()).expect("room");
    assert_eq!(peers.heard(news.as_mut()), frames);

    running.signal("USR1");
    running.until_logged("up for 0h 00m ");
    running.until_logged("publishers=2 subscribers=1 topics=1 received=4 sent=4 bytes=59");
    let ended = ended(running, "TERM");
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{ended:?}");
}

#[test]
fn peers_find_a_bus_that_was_started_again_with_their_subscriptions() {
    let peers = Peers::new();
    let (running, input, output) = on_any_ports();
    let mut publisher = peers.publisher(&input);
    let mut subscriber = peers.subscriber(&output, b"news");
    let mut running = Some(running);
    for _ in 0..5 {
        peers.until_wanted(publisher.as_mut(), b"news", 1);
        publish(publisher.as_mut(), b"news");
        assert_eq!(peers.heard(subscriber.as_mut()), [Bytes::from_static(b"news")]);
        let gone = running.take().expect("a bus");
        gone.signal("KILL");
        gone.ended();
        peers.until_wanted(publisher.as_mut(), b"news", 0);
        running = Some(bus(&input, &output, &[]).0);
    }
}

#[test]
fn a_flood_passes_whole_and_in_order_with_what_was_taken_in_at_the_end() {
    const MESSAGES: u32 = 20_000;
    let folder = Folder::new();
    let [input, output] = ["in", "out"].map(|name| format!("ipc://{}", folder.path().join(name).display()));
    let (running, input, output) = bus(&input, &output, &["--queue", "30000"]);
    let peers = Peers::new();
    let mut publisher = peers.publisher(&input);
    let mut subscriber = peers.subscriber(&output, b"");
    peers.until_wanted(publisher.as_mut(), b"", 1);
    let mut received = Vec::new();
    peers.wait("all messages", async {
        for number in 0..MESSAGES {
            publish(publisher.as_mut(), &number.to_be_bytes());
            if number % 64 == 63 {
                tokio::task::yield_now().await;
                subscriber.try_receive(1_000, &mut received);
            }
        }
        while received.len() < MESSAGES as usize {
            received.push(poll_fn(|context| subscriber.poll_receive(context)).await.expect("an open socket"));
        }
    });
    let numbers = received.iter().map(|frames| u32::from_be_bytes(frames[0][..].try_into().expect("a number")));
    assert!(numbers.eq(0..MESSAGES));
    let ended = ended(running, "INT");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains(&format!("received={MESSAGES} sent={MESSAGES} bytes={}", MESSAGES * 4)), "{ended:?}");
    assert!(std::fs::read_dir(folder.path()).expect("a folder").next().is_none(), "a socket file is left behind");
}

#[test]
fn an_address_that_is_taken_ends_it_with_69_and_frees_the_other_one() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = listener.local_addr().expect("an address").to_string();
    for (input, output, name) in [(taken.as_str(), "127.0.0.1:0", "in"), ("127.0.0.1:0", taken.as_str(), "out")] {
        let ended = run(runner().args(["bus", "--in", input, "--out", output]));
        assert_eq!(ended.code, Some(69), "{ended:?}");
        let told = format!("connection `{name}`: cannot bind tcp://{taken}: the address is in use");
        assert!(ended.stderr.contains(&told), "{ended:?}");
    }
}

#[test]
fn its_log_lines_may_be_json() {
    let (running, ..) = bus("127.0.0.1:0", "127.0.0.1:0", &["--log-format", "json", "-cl", "INFO"]);
    let ended = ended(running, "TERM");
    for line in ended.stderr.lines() {
        let line: service_framework::Json = service_framework::serde_json::from_str(line).expect("JSON");
        assert_eq!(line["service"], "bus");
    }
}
