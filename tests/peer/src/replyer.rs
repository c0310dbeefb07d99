//! The replyer: answers `{"payload": value}` with `{"echo": value}` and keeps the requests with their workflow ids.

use serde_json::json;
use service_framework::prelude::*;
use service_framework::{Service, ServiceError};

use crate::report::{Audience, Witness};
use crate::{Outcome, typed};

/// What the replyer is told on its command line.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The address to bind, HOST:PORT
    #[arg(long)]
    addr: String,
    /// How many requests it answers before it stops
    #[arg(long, default_value_t = 1)]
    n: usize,
    /// How long it waits for them all, in seconds
    #[arg(long, default_value = "15", value_parser = crate::seconds)]
    timeout: Duration,
}

struct Replyer {
    witness: Witness,
}

impl ServiceDefinition for Replyer {
    type Config = ();

    fn new((): ()) -> Result<Self> {
        Ok(Self { witness: Witness::take()? })
    }

    fn models(m: &mut Models<Self>) {
        let (payload, echo) =
            (Record::new().required("payload", ArgType::Any), Record::new().required("echo", ArgType::Any));
        m.replyer_untyped("reply", payload, echo, Self::on_request);
    }
}

impl Replyer {
    fn on_request(&mut self, arguments: Value, ctx: &mut Context) -> Result<Value> {
        self.witness.saw(json!({
            "args": typed::to_json(&arguments),
            "workflow_id": typed::to_json(&ctx.workflow_id()),
        }));
        Ok(Value::map([("echo", arguments.get("payload").cloned().unwrap_or(Value::Nil))]))
    }
}

/// Plays the replyer until it has answered all requests or the time is over.
#[must_use]
pub fn run(options: &Options) -> Outcome {
    let audience = Audience::open();
    let (received, ended) = match start(options) {
        Ok(mut service) => {
            let received = audience.hear(options.n, options.timeout);
            // The request that was told of last may still be in the handler: a stop lets its answer leave.
            (received, service.stop_service())
        }
        Err(error) => (Vec::new(), Err(error)),
    };
    let complete = received.len() == options.n;
    Outcome::of_role("replyer")
        .with("replied", received.len())
        .with("received", received)
        .judged(complete, ended.err().map(|error| error.to_string()))
}

fn start(options: &Options) -> Result<Service, ServiceError> {
    let addresses = json!({"connections": {"in": {"reply": {"replyer": options.addr}}}});
    let mut service = Service::of::<Replyer>().addresses(addresses).build()?;
    service.run_service()?;
    Ok(service)
}
