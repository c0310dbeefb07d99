//! The copy of a state that is sent in numbered updates: tells its value and its number, and how often it asked for a
//! snapshot.

use std::time::Instant;

use service_framework::prelude::*;
use service_framework_model::schema::{KeyType, StateValue};
use service_framework_runtime::transport::SocketKind;

use crate::follower::Follower;
use crate::sockets::{block_on, open};
use crate::{Outcome, typed};

/// What the copy is told on its command line.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The address of the owner's publisher, HOST:PORT
    #[arg(long)]
    sub: String,
    /// The address at which the owner gives snapshots, HOST:PORT
    #[arg(long)]
    rep: String,
    /// How many updates it takes before it stops
    #[arg(long, default_value_t = 1)]
    n: usize,
    /// The topic that it subscribes to
    #[arg(long, default_value = "")]
    topic: String,
    /// How long it waits for all updates, in seconds
    #[arg(long, default_value = "15", value_parser = crate::seconds)]
    timeout: Duration,
}

/// Plays the copy until it has taken all updates and nothing is missing, or the time is over.
#[must_use]
pub fn run(options: &Options) -> Outcome {
    let outcome = Outcome::of_role("delta_in");
    match block_on(follow(options)) {
        Ok((value, follower)) => outcome
            .with("resets", follower.resets())
            .with("state", typed::to_json(&value))
            .with("current_num", follower.number())
            .judged(true, None),
        Err(error) => outcome.judged(false, Some(error.to_string())),
    }
}

async fn follow(options: &Options) -> Result<(Value, Follower)> {
    let ends = Instant::now() + options.timeout;
    let subscriber = open(SocketKind::Subscriber, &options.sub, false).await?;
    let requester = open(SocketKind::Dealer, &options.rep, false).await?;
    let value = StateValue::map(KeyType::Str, ArgType::Any);
    let mut follower = Follower::start("delta_update_in", value, &options.topic, subscriber, Some(requester)).await?;
    for taken in 0..options.n {
        let late = |error: Error| Error::new(format!("{error} after {taken} updates"));
        follower.follow(ends).await.map_err(late)?;
    }
    follower.settle(ends).await?;
    Ok((follower.value()?, follower))
}
