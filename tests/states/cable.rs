//! A cable between an owner and its copies that can be pulled: connections stay, and nothing gets through.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Passes on what it is sent, on each of its connections, unless it is pulled.
pub(super) struct Cable {
    pub(super) address: String,
    /// Connections before this one are dead for good.
    dead: Arc<AtomicUsize>,
    /// Connections before this one wait.
    held: Arc<AtomicUsize>,
    count: Arc<AtomicUsize>,
}

impl Cable {
    /// A cable to whoever listens, or will listen, at an address.
    pub(super) fn to(address: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let own = listener.local_addr().expect("a bound port").to_string();
        let cable = Self { address: own, dead: Arc::default(), held: Arc::default(), count: Arc::default() };
        let (dead, held, count) = (Arc::clone(&cable.dead), Arc::clone(&cable.held), Arc::clone(&cable.count));
        let address = address.to_owned();
        std::thread::spawn(move || {
            for near in listener.incoming() {
                let near = near.expect("a connection");
                let number = count.fetch_add(1, Ordering::AcqRel);
                // Nobody listens: the connection is refused, as it would be without a cable.
                let Ok(far) = TcpStream::connect(&address) else { continue };
                let ways = [(near.try_clone(), far.try_clone()), (Ok(far), Ok(near))];
                for (from, to) in ways {
                    let (from, to) = (from.expect("a socket"), to.expect("a socket"));
                    let (dead, held) = (Arc::clone(&dead), Arc::clone(&held));
                    std::thread::spawn(move || pass_on(from, to, number, &dead, &held));
                }
            }
        });
        cable
    }

    /// Nothing gets through any more on the connections that there are.
    pub(super) fn cut(&self) {
        self.dead.store(self.count.load(Ordering::Acquire), Ordering::Release);
    }

    /// Nothing gets through, also on connections that are made now, until [`Cable::heal`].
    pub(super) fn hold(&self) {
        self.held.store(usize::MAX, Ordering::Release);
    }

    /// What waited gets through.
    pub(super) fn heal(&self) {
        self.held.store(0, Ordering::Release);
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, number: usize, dead: &AtomicUsize, held: &AtomicUsize) {
    let mut buffer = [0; 65_536];
    from.set_read_timeout(Some(Duration::from_millis(10))).expect("a live socket");
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
            Err(_) => break,
        };
        while number < held.load(Ordering::Acquire) || number < dead.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(10));
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    // The other way ends too; it may have ended already.
    let _ = to.shutdown(std::net::Shutdown::Both);
}
