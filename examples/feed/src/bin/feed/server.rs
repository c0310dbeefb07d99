//! A feed for those who have none: a TCP server on a free port of this machine that makes up trades.
//!
//! Owns the trades and the interruptions. Whoever says `since 17` is told of trade 18 and those that follow, and is hung
//! up on in the middle of a line now and then. It serves one at a time.

use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

/// How many trades it tells of before it hangs up.
const UNTIL_HANGING_UP: u64 = 300;

/// A server that runs until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    calls: Arc<AtomicU64>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a feed of this many trades.
    pub(crate) fn start(trades: u64) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (calls, ends) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let thread = thread::spawn({
            let (calls, ends) = (Arc::clone(&calls), Arc::clone(&ends));
            move || {
                for stream in listener.incoming() {
                    if ends.load(Ordering::SeqCst) {
                        break;
                    }
                    calls.fetch_add(1, Ordering::SeqCst);
                    // Whoever went away will be back.
                    let _ = stream.and_then(|stream| serve(&stream, trades));
                }
            }
        });
        Ok(Self { address, calls, ends, thread: Some(thread) })
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// How often somebody has connected.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        // It waits for the next to connect.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(stream: &TcpStream, trades: u64) -> io::Result<()> {
    let mut asked = String::new();
    let mut reader = BufReader::new(stream);
    reader.by_ref().take(64).read_line(&mut asked)?;
    let since = asked.trim_end().strip_prefix("since ").and_then(|since| since.parse::<u64>().ok());
    let since = since.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, asked))?;
    let mut writer = BufWriter::new(stream);
    for id in since + 1..=trades {
        if id > since + UNTIL_HANGING_UP {
            write!(writer, "{id} 2026-01-05T09:3")?;
            return writer.flush();
        }
        let (side, cents) = if id % 3 == 0 { ("sell", 50) } else { ("buy", 10) };
        writeln!(writer, "{id} 2026-01-05T09:30:{:02}Z BTC-USD {side} 0.25 64{:03}.{cents}", id % 60, id % 1000)?;
    }
    writer.flush()?;
    // Nothing more to tell: it stays until the other side goes.
    reader.read_to_end(&mut Vec::new()).map(|_| ())
}
