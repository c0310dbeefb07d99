//! The requester: sends each value of a script as `{"payload": value}` and keeps the replies.

use std::path::{Path, PathBuf};

use serde_json::json;
use service_framework::prelude::*;
use service_framework::{Service, ServiceError};

use crate::report::Witness;
use crate::script::{Played, play, read_script};
use crate::{Outcome, typed};

/// What the requester is told on its command line.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The replyer's address, HOST:PORT
    #[arg(long)]
    addr: String,
    /// The file with the values to send: a JSON array of typed values
    #[arg(long)]
    script: PathBuf,
    /// How long the whole script may take, in seconds
    #[arg(long, default_value = "15", value_parser = crate::seconds)]
    timeout: Duration,
}

#[derive(Model)]
struct Config {
    script: String,
    timeout: f64,
}

struct Requester {
    script: Vec<Value>,
    witness: Witness,
}

impl ServiceDefinition for Requester {
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        Ok(Self { script: read_script(Path::new(&config.script))?, witness: Witness::take()? })
    }

    fn models(m: &mut Models<Self>) {
        let (payload, echo) =
            (Record::new().required("payload", ArgType::Any), Record::new().required("echo", ArgType::Any));
        m.requester_untyped("request", payload, echo);
        m.setup_connections(|config| Ok(json!({"request": {"timeout_s": config.get("timeout")}})));
        m.main(Self::main);
    }
}

impl Requester {
    fn main(&mut self, ctx: &mut Context) -> Result<()> {
        for payload in self.script.drain(..) {
            let reply = ctx.send_value("request", &Value::map([("payload", payload)]))?;
            self.witness.saw(typed::to_json(&reply));
        }
        Ok(())
    }
}

/// Plays the requester until the script is through, a request has failed, or the time is over.
#[must_use]
pub fn run(options: &Options) -> Outcome {
    let Played { seen, complete, error } = play(&options.script, options.timeout, || start(options));
    Outcome::of_role("requester").with("replies", seen).judged(complete, error)
}

fn start(options: &Options) -> Result<Service, ServiceError> {
    let mut service = Service::of::<Requester>()
        .addresses(json!({"connections": {"out": {"request": {"requester": options.addr}}}}))
        .config(json!({"script": options.script, "timeout": options.timeout.as_secs_f64()}))
        .build()?;
    service.run_service_as_main()?;
    Ok(service)
}
