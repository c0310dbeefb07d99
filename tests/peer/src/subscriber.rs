//! The subscriber: keeps what it gets, with the workflow ids.

use serde_json::json;
use service_framework::prelude::*;
use service_framework::{Service, ServiceError};

use crate::report::{Audience, Witness};
use crate::{Outcome, typed};

/// What the subscriber is told on its command line.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The publisher's address, HOST:PORT
    #[arg(long)]
    addr: String,
    /// How many messages it takes before it stops; with 0 it expects none
    #[arg(long, default_value_t = 1)]
    n: usize,
    /// The topic that it subscribes to
    #[arg(long, default_value = "")]
    topic: String,
    /// Bind the address instead
    #[arg(long)]
    bind: bool,
    /// For how long it expects no message, in seconds
    #[arg(long, default_value = "3", value_parser = crate::seconds)]
    quiet: Duration,
    /// How long it waits for all messages, in seconds
    #[arg(long, default_value = "15", value_parser = crate::seconds)]
    timeout: Duration,
}

#[derive(Model)]
struct Config {
    #[allow(dead_code, reason = "read where the connections are set up")]
    creation: String,
}

struct Subscriber {
    witness: Witness,
}

impl ServiceDefinition for Subscriber {
    type Config = Config;

    fn new(_: Config) -> Result<Self> {
        Ok(Self { witness: Witness::take()? })
    }

    fn models(m: &mut Models<Self>) {
        m.subscriber_untyped("subscribe", Record::new().required("payload", ArgType::Any), Self::on_message);
        m.setup_connections(|config| Ok(json!({"subscribe": crate::creation(&config)?})));
    }
}

impl Subscriber {
    fn on_message(&mut self, arguments: Value, ctx: &mut Context) -> Result<()> {
        self.witness.saw(json!({
            "args": typed::to_json(&arguments),
            "workflow_id": typed::to_json(&ctx.workflow_id()),
        }));
        Ok(())
    }
}

/// Plays the subscriber until it has all messages, or the time is over.
#[must_use]
pub fn run(options: &Options) -> Outcome {
    let audience = Audience::open();
    let (received, ended) = match start(options) {
        Ok(mut service) => {
            let received = match options.n {
                0 => audience.hear(1, options.quiet),
                n => audience.hear(n, options.timeout),
            };
            (received, service.stop_service())
        }
        Err(error) => (Vec::new(), Err(error)),
    };
    let complete = received.len() == options.n;
    Outcome::of_role("subscriber")
        .with("received", received)
        .judged(complete, ended.err().map(|error| error.to_string()))
}

fn start(options: &Options) -> Result<Service, ServiceError> {
    let creation = json!({"topic": options.topic, "is_binder": options.bind});
    let mut service = Service::of::<Subscriber>()
        .addresses(json!({"connections": {"in": {"subscribe": {"subscriber": options.addr}}}}))
        .config(json!({"creation": creation.to_string()}))
        .build()?;
    service.run_service()?;
    Ok(service)
}
