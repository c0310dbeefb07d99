//! The owner whose numbers are those of a script: each value is the whole map of arguments of one update, with
//! `current_num`, `is_snapshot` and `state`, and leaves as it is.
//!
//! It is a driver, and no owner of this framework: that one gives its updates numbers of its own, and never leaves out one.
//! Nothing is told of a life or a head for the same reason; the copy takes it for an owner of the Python library. Unlike
//! that one it gives each snapshot the number of the last update in it, so that `--track-num` changes nothing.

use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::time::Instant;

use bytes::Bytes;
use serde_json::{Value as Json, json};
use service_framework::prelude::*;
use service_framework_connections::{Frames, replyer};
use service_framework_model::wire::{decode_value, encode_value};
use service_framework_runtime::transport::{Socket, SocketKind};

use crate::script::read_script;
use crate::sockets::{block_on, open, prefix};
use crate::{Outcome, typed};

/// What the owner is told on its command line.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The address of its publisher, HOST:PORT
    #[arg(long)]
    r#pub: String,
    /// The address at which it gives snapshots, HOST:PORT
    #[arg(long)]
    rep: String,
    /// The file with the updates: a JSON array of typed values
    #[arg(long)]
    script: PathBuf,
    /// The topic of its updates
    #[arg(long, default_value = "")]
    topic: String,
    /// Connect its publisher to the address instead
    #[arg(long)]
    connect: bool,
    /// How long it waits after the sockets are made, in seconds
    #[arg(long, default_value = "0.8", value_parser = crate::seconds)]
    wait: Duration,
    /// How long it gives snapshots after the last update, in seconds
    #[arg(long, default_value = "1", value_parser = crate::seconds)]
    serve: Duration,
    /// How long it waits after each update, in seconds
    #[arg(long, default_value = "0.05", value_parser = crate::seconds)]
    interval: Duration,
    /// Give snapshots the number of the last update, which it does anyway
    #[arg(long)]
    track_num: bool,
    /// How long everything may take, in seconds
    #[arg(long, default_value = "15", value_parser = crate::seconds)]
    timeout: Duration,
}

/// The owner's value and what it has sent.
struct Owner {
    topic: Vec<u8>,
    state: Vec<(Value, Value)>,
    number: Value,
    requests: Vec<Json>,
    sent: usize,
}

/// Plays the owner until the script is through and snapshots were given for as long as they were to be.
#[must_use]
pub fn run(options: &Options) -> Outcome {
    let mut owner = Owner {
        topic: prefix(&options.topic),
        state: Vec::new(),
        number: Value::Int(0),
        requests: Vec::new(),
        sent: 0,
    };
    let played = read_script(Path::new(&options.script)).and_then(|script| {
        block_on(async { tokio::time::timeout(options.timeout, owner.play(options, script)).await? })
    });
    let number = owner.number.as_int().and_then(|number| u64::try_from(number).ok());
    Outcome::of_role("delta_out")
        .with("sent", owner.sent)
        .with("snapshot_requests", owner.requests)
        .with("state", typed::to_json(&Value::Map(owner.state)))
        .with("current_num", number)
        .judged(true, played.err().map(|error| error.to_string()))
}

impl Owner {
    async fn play(&mut self, options: &Options, script: Vec<Value>) -> Result<()> {
        let mut replyer = open(SocketKind::Router, &options.rep, true).await?;
        let mut publisher = open(SocketKind::Publisher, &options.r#pub, !options.connect).await?;
        self.serve(&mut *replyer, options.wait).await?;
        for arguments in script {
            self.publish(&mut *publisher, arguments)?;
            self.serve(&mut *replyer, options.interval).await?;
        }
        self.serve(&mut *replyer, options.serve).await?;
        publisher.close(options.serve).await;
        replyer.close(options.serve).await;
        Ok(())
    }

    fn publish(&mut self, publisher: &mut dyn Socket, arguments: Value) -> Result<()> {
        let part = |key: &str| arguments.get(key).ok_or_else(|| Error::new(format!("no `{key}` in {arguments:?}")));
        let (number, is_snapshot, state) = (part("current_num")?, part("is_snapshot")?, part("state")?);
        let Value::Map(changes) = state else { return Err(Error::new(format!("`state` is no map in {arguments:?}"))) };
        if *is_snapshot == Value::Bool(true) {
            self.state.clone_from(changes);
        } else {
            changes.iter().for_each(|(key, value)| self.change(key, value));
        }
        self.number.clone_from(number);
        let mut frame = self.topic.clone();
        encode_value(&Value::map([("args", arguments), ("workflow_id", Uuid::new_v4().into())]), &mut frame);
        publisher.try_send([Bytes::from(frame)].into_iter().collect())?;
        self.sent += 1;
        Ok(())
    }

    fn change(&mut self, key: &Value, value: &Value) {
        let at = self.state.iter().position(|(other, _)| other == key);
        match (at, value) {
            (Some(at), Value::Nil) => drop(self.state.remove(at)),
            (Some(at), value) => self.state[at].1.clone_from(value),
            (None, Value::Nil) => {}
            (None, value) => self.state.push((key.clone(), value.clone())),
        }
    }

    /// Gives snapshots for so long.
    async fn serve(&mut self, replyer: &mut dyn Socket, time: Duration) -> Result<()> {
        let ends = Instant::now() + time;
        loop {
            let asked = poll_fn(|context| replyer.poll_receive(context));
            let Ok(frames) = tokio::time::timeout_at(ends.into(), asked).await else { return Ok(()) };
            self.answer(replyer, &frames?)?;
        }
    }

    fn answer(&mut self, replyer: &mut dyn Socket, frames: &Frames) -> Result<()> {
        let Some((route, [body])) = replyer::split(frames) else {
            return Err(Error::new("a request that no REQ socket would send"));
        };
        let request = decode_value(body).map_err(|refusal| Error::new(refusal.to_string()))?;
        self.requests.push(json!({"hex": hex::encode(body), "value": typed::to_json(&request)}));
        let snapshot = [("state", Value::Map(self.state.clone())), ("current_num", self.number.clone())];
        let mut reply = Vec::new();
        encode_value(&Value::map([("return_args", Value::map(snapshot)), ("workflow_id", Value::Nil)]), &mut reply);
        let (route, mut answer) = (route.len(), frames.clone());
        replyer::answer(&mut answer, route, reply.into());
        replyer.try_send(answer)?;
        Ok(())
    }
}
