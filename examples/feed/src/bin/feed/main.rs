//! One program with all of it: a feed of trades, the service that follows it, and the desk that is told of them.
//!
//! `cargo run --package feed`

mod server;

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use desk::Desk;
use feed::Feed;
use server::Server;
use service_framework::{Service, json};

const TRADES: u64 = 1000;
/// It takes a second or two; a machine under load takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::start(TRADES)?;
    println!("A feed of {TRADES} trades at {}, which hangs up now and then", server.address());
    let mut desk = Service::of::<Desk>()
        .addresses(json!({"connections": {"in": {"trade": {"replyer": "127.0.0.1:0"}}}}))
        .build()?;
    desk.run_service()?;
    let mut feed = Service::of::<Feed>()
        .addresses(json!({"connections": {"out": {"desk": {"requester": desk.address("trade")}}}}))
        .config(json!({"feed": server.address(), "summary_every_s": 0.1}))
        .console_loglevel("INFO")
        .build()?;
    feed.run_service()?;

    let began = Instant::now();
    while answered(&feed) < TRADES {
        if began.elapsed() > PATIENCE {
            return Err(format!("{} of {TRADES} trades were answered in {PATIENCE:?}", answered(&feed)).into());
        }
        thread::sleep(Duration::from_millis(5));
    }

    feed.stop_service()?;
    let told = desk.stats().inbound.remove("trade").unwrap_or_default();
    desk.stop_service()?;
    println!("connected to the feed: {} times", server.calls());
    println!("trades that the desk was told of: {}", told.received);
    println!("trades that it refused: {}", told.dropped.values().sum::<u64>());
    Ok(())
}

/// How many answers the feed's service has had.
fn answered(feed: &Service) -> u64 {
    feed.stats().outbound.get("desk").map_or(0, |desk| desk.received)
}
