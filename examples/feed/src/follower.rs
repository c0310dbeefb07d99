//! The thread that follows the feed: connects, reads line by line, tells the desk, and begins anew when the feed is lost.
//!
//! Owns what is sent again and what is not. Never waits without a limit: it looks whether the service stops.

use std::io::{self, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use service_framework::prelude::*;
use trades::Trade;

use crate::DESK;
use crate::lines::Lines;
use crate::trade_line;

/// How long it takes at most until a thread that waits for the feed sees that the service stops.
const LOOK: Duration = Duration::from_millis(100);
/// How long a connection to the feed may take.
const CONNECT: Duration = Duration::from_secs(2);
/// How long it rests before it tries once more: twice as long each time, until the feed is there.
const REST: Duration = Duration::from_millis(200);
const LONGEST_REST: Duration = Duration::from_secs(5);

pub(crate) struct Follower {
    address: String,
    sender: Sender,
    skipped: Arc<AtomicU64>,
    /// The id of the last trade that the desk has answered.
    last: u64,
    /// How long it rests when the feed is lost next.
    rest: Duration,
}

impl Follower {
    pub(crate) const fn new(address: String, sender: Sender, skipped: Arc<AtomicU64>) -> Self {
        Self { address, sender, skipped, last: 0, rest: REST }
    }

    /// Follows the feed until the service stops.
    pub(crate) fn follow(mut self) {
        while !self.sender.should_stop() {
            if let Err(error) = self.follow_once()
                && !self.sender.should_stop()
            {
                warn!("the feed at {} is lost after trade {}: {error}", self.address, self.last);
                thread::park_timeout(self.rest);
                self.rest = LONGEST_REST.min(self.rest * 2);
            }
        }
    }

    /// Follows one connection to the feed, to its end or that of the service.
    fn follow_once(&mut self) -> Result<()> {
        let mut stream = connect(&self.address)?;
        writeln!(stream, "since {}", self.last)?;
        self.rest = REST;
        info!("the feed at {} is followed from trade {} on", self.address, self.last + 1);
        let mut lines = Lines::of(stream, LOOK)?;
        while !self.sender.should_stop() {
            let Some(line) = lines.next()? else { continue };
            match trade_line::read(&line) {
                Ok(trade) => self.tell(&trade)?,
                Err(error) => {
                    warn!("a line of the feed is skipped: {error}");
                    self.skipped.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        Ok(())
    }

    /// Tells the desk of a trade, again and again until that has counted or refused it.
    ///
    /// # Errors
    /// If the service stops before.
    fn tell(&mut self, trade: &Trade) -> Result<()> {
        while let Err(error) = self.sender.send(&DESK, trade) {
            match error.kind() {
                ErrorKind::Stopping => return Err(error),
                // An earlier attempt has reached the desk, and its answer was lost.
                ErrorKind::Refused if error.code() == "trade_seen" => break,
                // Whether it was counted is not known here. The desk knows: it does not count an id twice.
                ErrorKind::TimedOut | ErrorKind::PeerLost => {}
                _ if error.is_retryable() => {}
                _ => {
                    error!("trade {} is skipped: {error}", trade.trade_id);
                    self.skipped.fetch_add(1, Ordering::Relaxed);
                    break;
                }
            }
            warn!("trade {} is sent again: {error}", trade.trade_id);
            thread::park_timeout(REST);
        }
        self.last = trade.trade_id;
        Ok(())
    }
}

/// Tries each address that the name stands for.
fn connect(address: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name stands for no address");
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}
