//! Follows a feed of trades over TCP and tells a desk of each: a service with a thread of the author's own.
//!
//! A feed talks whenever it likes, and a service's functions must not wait for it. So a thread does, and sends through a
//! [`Sender`]: what that sends is validated, counted and answered as if a function of the service had sent it. Three
//! rules make such a thread a good guest:
//!
//! - It starts in `init`: the connections are there, and nothing runs before all of the service is known to be good.
//! - It asks [`Sender::should_stop`] at least every so often, so it never waits for the feed without a limit. A send that
//!   waits is ended by the service.
//! - The service joins it when it is dropped. By then the service has stopped, so the thread is about to end.
//!
//! A trade is neither lost nor counted twice. One that may or may not have reached the desk is sent again, since the desk
//! knows trades by their ids; and where the feed hangs up, it is asked for what came after the last trade that the desk
//! has answered.

// Nothing that input can reach may end the process; tests may.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod follower;
mod lines;
mod trade_line;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use service_framework::prelude::*;
use service_framework::tracing::dispatcher::{self, Dispatch};
use trades::{Holding, Trade};

use follower::Follower;

/// What can be set.
#[derive(Debug, Model)]
pub struct Config {
    /// Where the feed is, such as `127.0.0.1:7190`.
    #[model(pattern = ".+:[0-9]+")]
    feed: String,
    /// How often the log is told how far the service is, in seconds.
    #[model(default = 60.0, min = 0.01, max = 86400.0)]
    summary_every_s: f64,
}

const DESK: Requester<Trade, Holding> = Requester::new("desk");

/// The service.
#[derive(Debug)]
pub struct Feed {
    address: String,
    summary_every: Duration,
    /// Lines of the feed that made no sense, and trades that the desk did not take.
    skipped: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl ServiceDefinition for Feed {
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        let summary_every = Duration::from_secs_f64(config.summary_every_s);
        Ok(Self { address: config.feed, summary_every, skipped: Arc::default(), thread: None })
    }

    fn models(m: &mut Models<Self>) {
        m.requester(&DESK).timeout(Duration::from_secs(5));
        m.init(Self::init);
    }
}

impl Feed {
    fn init(&mut self, ctx: &mut Context) -> Result<()> {
        let follower = Follower::new(self.address.clone(), ctx.sender()?, Arc::clone(&self.skipped));
        // What the thread logs goes where the service's lines go; a new thread would not know.
        let logs = dispatcher::get_default(Dispatch::clone);
        let follow = move || dispatcher::with_default(&logs, || follower.follow());
        self.thread = Some(thread::Builder::new().name("feed-follower".to_owned()).spawn(follow)?);
        ctx.every(self.summary_every, Self::summary)?;
        Ok(())
    }

    /// Says how far the service is.
    fn summary(&mut self, ctx: &mut Context) -> Result<()> {
        let stats = ctx.stats()?;
        let desk = stats.outbound.get(DESK.name()).cloned().unwrap_or_default();
        let skipped = self.skipped.load(Ordering::Relaxed);
        info!("{} trades sent, {} answered, {skipped} lines skipped", desk.sent, desk.received);
        // A service whose thread is gone looks healthy and does nothing: it must not be silent about that.
        if self.thread.as_ref().is_none_or(JoinHandle::is_finished) && !ctx.should_stop() {
            return Err(Error::with_code("thread_ended", "the thread that follows the feed has ended"));
        }
        Ok(())
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        // It may be parked between two attempts.
        thread.thread().unpark();
        if thread.join().is_err() {
            error!("the thread that follows the feed panicked");
        }
    }
}

export_service!(Feed);
