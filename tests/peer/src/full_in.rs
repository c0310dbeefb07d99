//! The copy of a state that is sent as a whole: tells its value after each update.

use std::time::Instant;

use serde_json::Value as Json;
use service_framework::prelude::*;
use service_framework_runtime::transport::SocketKind;

use crate::follower::Follower;
use crate::sockets::{block_on, open};
use crate::{Outcome, typed};

/// What the copy is told on its command line.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The owner's address, HOST:PORT
    #[arg(long)]
    addr: String,
    /// How many updates it takes before it stops
    #[arg(long, default_value_t = 1)]
    n: usize,
    /// The topic that it subscribes to
    #[arg(long, default_value = "")]
    topic: String,
    /// Bind the address instead
    #[arg(long)]
    bind: bool,
    /// How long it waits for all updates, in seconds
    #[arg(long, default_value = "15", value_parser = crate::seconds)]
    timeout: Duration,
}

/// Plays the copy until it has all updates, or the time is over.
#[must_use]
pub fn run(options: &Options) -> Outcome {
    let mut states = Vec::new();
    let followed = block_on(follow(options, &mut states));
    let (complete, last) = (states.len() == options.n, states.last().cloned());
    Outcome::of_role("full_in")
        .with("states", states)
        .with("state", last.unwrap_or_default())
        .judged(complete, followed.err().map(|error| error.to_string()))
}

async fn follow(options: &Options, states: &mut Vec<Json>) -> Result<()> {
    let ends = Instant::now() + options.timeout;
    let subscriber = open(SocketKind::Subscriber, &options.addr, options.bind).await?;
    let value = Record::new().required("value", ArgType::Any);
    let mut follower = Follower::start("full_update_in", value, &options.topic, subscriber, None).await?;
    while states.len() < options.n {
        follower.follow(ends).await?;
        if follower.refused() > 0 {
            return Err(Error::new("an update was refused"));
        }
        states.push(typed::to_json(&follower.value()?));
    }
    Ok(())
}
