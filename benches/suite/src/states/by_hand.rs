//! Both sides as a last-value cache by hand, over raw sockets of `omq`: a PUB with each change, a ROUTER for the value as a
//! whole, and copies that are hash maps, with a thread each.
//!
//! Owns what is written: a number, a key and its value, or the number of the last change and all keys. The whole is written
//! once for all who ask for it at the same number, and a copy that finds a gap asks anew. Nothing is validated, there are
//! neither digests nor heartbeats, and a copy does not wait until its subscription has come to the owner.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bench_desk::process::told;
use bytes::Bytes;
use omq_tokio::options::WorkloadProfile;
use omq_tokio::{Message, Socket, SocketType};
use rmp::decode;
use rmp::encode::{self, ByteBuf, RmpWrite as _};
use tokio::sync::oneshot;

use super::{Event, IS_PACED, Leave, Says, TOPIC, TURN, names, values};
use crate::publish::by_hand::options;
use crate::publish::turns::AT_ONCE;
use crate::request::by_hand::omq;
use crate::side::{block_on, endpoint};
use crate::turn::{Times, Turn, now};

/// What an owner has.
#[derive(Default)]
struct Cache {
    number: u64,
    keys: HashMap<String, i64>,
    /// All of it as it was written last, and its number.
    written: Option<(u64, Bytes)>,
}

impl Cache {
    /// Changes a key, and writes what is to be published.
    fn set(&mut self, key: &str, value: i64) -> Message {
        self.number += 1;
        match self.keys.get_mut(key) {
            Some(of) => *of = value,
            None => drop(self.keys.insert(key.to_owned(), value)),
        }
        let mut frame = ByteBuf::with_capacity(64);
        // Writing to memory does not fail: the error of these is a type without values.
        let _ = frame.write_bytes(TOPIC.as_bytes());
        let _ = encode::write_uint(&mut frame, self.number);
        let _ = encode::write_str(&mut frame, key);
        let _ = encode::write_sint(&mut frame, value);
        Message::single(frame.into_vec())
    }

    fn whole(&mut self) -> Bytes {
        if let Some((number, written)) = &self.written
            && *number == self.number
        {
            return written.clone();
        }
        let mut frame = ByteBuf::with_capacity(24 * self.keys.len());
        let _ = encode::write_uint(&mut frame, self.number);
        let _ = encode::write_map_len(&mut frame, self.keys.len() as u32);
        for (key, value) in &self.keys {
            let _ = encode::write_str(&mut frame, key);
            let _ = encode::write_sint(&mut frame, *value);
        }
        let written = Bytes::from(frame.into_vec());
        self.written = Some((self.number, written.clone()));
        written
    }
}

pub(super) fn owner(at: &str) {
    let (publisher, replyer) = addresses(at);
    let names = names(told().and_then(|line| line.parse().ok()).unwrap_or(1));
    let keys = names.iter().map(|name| (name.clone(), 0)).collect();
    let cache = Arc::new(Mutex::new(Cache { keys, ..Cache::default() }));
    let served = Arc::clone(&cache);
    // It ends with the process.
    std::thread::spawn(move || serve(&replyer, &served));
    block_on(&[], async {
        let socket = Socket::new(SocketType::Pub, options().send_hwm(100_000).transmit_slot_cap(256 << 20));
        socket.bind(endpoint(&publisher)).await.expect("a free endpoint");
        println!("ready");
        let set = |key: &str, value| cache.lock().unwrap_or_else(PoisonError::into_inner).set(key, value);
        let mut turns = 0;
        while let Some(turn) = tokio::task::spawn_blocking(Turn::next).await.expect("a line") {
            let began = now().as_nanos();
            for ((value, name), number) in values(&turn, turns).zip(names.iter().cycle()).zip(1..) {
                socket.send(set(name, value)).await.expect("an open socket");
                if turn.is_paced() || number % AT_ONCE == 0 {
                    tokio::task::yield_now().await;
                }
            }
            turns += 1;
            socket.send(set(TURN, turns)).await.expect("an open socket");
            tokio::task::yield_now().await;
            println!("{began}");
        }
    });
    std::process::exit(0);
}

/// Answers with all keys.
fn serve(at: &str, cache: &Mutex<Cache>) {
    block_on(&[], async {
        let socket = omq(SocketType::Router, WorkloadProfile::Throughput);
        socket.bind(endpoint(at)).await.expect("a free endpoint");
        loop {
            let request = socket.recv().await.expect("an open socket");
            let mut frames: Vec<Bytes> = request.iter().collect();
            let body = frames.last_mut().expect("a body");
            *body = cache.lock().unwrap_or_else(PoisonError::into_inner).whole();
            // A copy that is gone wants no answer.
            let _ = socket.send(Message::multipart(frames)).await;
        }
    });
}

pub(super) fn copies(at: &str, count: usize, says: &Says) -> Leave {
    let start = |_| {
        let (at, says) = (at.to_owned(), says.clone());
        let (leave, left) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            block_on(&[], async {
                tokio::spawn(hold(at, says));
                let _ = left.await;
            });
        });
        (leave, thread)
    };
    let (leaves, threads): (Vec<oneshot::Sender<()>>, Vec<_>) = (0..count).map(start).unzip();
    Box::new(move || {
        drop(leaves);
        threads.into_iter().for_each(|thread| thread.join().expect("a copy that ends"));
    })
}

/// Holds a copy, as long as it is let to.
async fn hold(at: String, says: Says) {
    let (publisher, replyer) = addresses(&at);
    let socket = Socket::new(SocketType::Sub, options().recv_hwm(100_000));
    socket.subscribe(TOPIC.as_bytes()).await.expect("a subscriber");
    socket.connect(endpoint(&publisher)).await.expect("an endpoint");
    let asks = omq(SocketType::Dealer, WorkloadProfile::Latency);
    asks.connect(endpoint(&replyer)).await.expect("an endpoint");
    let mut copy = Copy::default();
    copy.ask(&asks).await;
    let _ = says.send(Event::Live);
    let mut times = Times::default();
    let mut turn = copy.keys.get(TURN).copied();
    loop {
        let message = socket.recv().await.expect("an open socket");
        let frame = message.part_slice(0).expect("one frame");
        match copy.change(frame).expect("a good change") {
            Changed::Before => continue,
            Changed::Gap => copy.ask(&asks).await,
            Changed::Key(due) if IS_PACED.load(Ordering::Relaxed) => {
                times.note(Duration::from_nanos(due.cast_unsigned()));
            }
            Changed::Key(_) | Changed::Turn => {}
        }
        // A turn may also have ended in a gap.
        if copy.turn != turn {
            turn = copy.turn;
            let _ = says.send(Event::End(std::mem::take(&mut times)));
        }
    }
}

/// A copy of all keys.
#[derive(Default)]
struct Copy {
    number: u64,
    keys: HashMap<String, i64>,
    /// The value of the key that a turn ends with.
    turn: Option<i64>,
}

/// What a change was.
enum Changed {
    /// The copy had it already.
    Before,
    Gap,
    Key(i64),
    Turn,
}

impl Copy {
    async fn ask(&mut self, asks: &Socket) {
        asks.send(Message::multipart([Bytes::new(), Bytes::new()])).await.expect("an owner that is there");
        let reply = asks.recv().await.expect("an open socket");
        self.fill(reply.part_slice(1).expect("two frames")).expect("a good answer");
    }

    /// Takes all keys. `None` if these are none.
    fn fill(&mut self, mut frame: &[u8]) -> Option<()> {
        self.number = decode::read_int(&mut frame).ok()?;
        let count = decode::read_map_len(&mut frame).ok()?;
        self.keys = HashMap::with_capacity(count as usize);
        for _ in 0..count {
            let (key, rest) = decode::read_str_from_slice(frame).ok()?;
            frame = rest;
            self.keys.insert(key.to_owned(), decode::read_int(&mut frame).ok()?);
        }
        self.turn = self.keys.get(TURN).copied();
        Some(())
    }

    /// Takes a change. `None` if it is none.
    fn change(&mut self, frame: &[u8]) -> Option<Changed> {
        let mut frame = frame.strip_prefix(TOPIC.as_bytes())?;
        let number: u64 = decode::read_int(&mut frame).ok()?;
        if number <= self.number {
            return Some(Changed::Before);
        }
        if number > self.number + 1 {
            return Some(Changed::Gap);
        }
        self.number = number;
        let (key, mut frame) = decode::read_str_from_slice(frame).ok()?;
        let value = decode::read_int(&mut frame).ok()?;
        match self.keys.get_mut(key) {
            Some(of) => *of = value,
            None => drop(self.keys.insert(key.to_owned(), value)),
        }
        if key != TURN {
            return Some(Changed::Key(value));
        }
        self.turn = Some(value);
        Some(Changed::Turn)
    }
}

fn addresses(at: &str) -> (String, String) {
    let (publisher, replyer) = at.split_once(',').expect("two addresses");
    (format!("tcp://{publisher}"), format!("tcp://{replyer}"))
}
