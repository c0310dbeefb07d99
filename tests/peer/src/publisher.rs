//! The publisher: sends each value of a script as `{"payload": value}` to whoever subscribes.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use service_framework::prelude::*;
use service_framework::{Service, ServiceError};

use crate::Outcome;
use crate::report::{Audience, Witness};
use crate::script::read_script;

/// What the publisher is told on its command line.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The address to bind, HOST:PORT
    #[arg(long)]
    addr: String,
    /// The file with the values to send: a JSON array of typed values
    #[arg(long)]
    script: PathBuf,
    /// The topic of the messages
    #[arg(long, default_value = "")]
    topic: String,
    /// Connect to the address instead
    #[arg(long)]
    connect: bool,
    /// How long it waits after the socket is made, in seconds
    #[arg(long, default_value = "0.8", value_parser = crate::seconds)]
    wait: Duration,
    /// How long the whole script may take, in seconds
    #[arg(long, default_value = "15", value_parser = crate::seconds)]
    timeout: Duration,
}

#[derive(Model)]
struct Config {
    script: String,
    #[allow(dead_code, reason = "read where the connections are set up")]
    creation: String,
}

struct Publisher {
    script: Vec<Value>,
    witness: Witness,
}

impl ServiceDefinition for Publisher {
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        Ok(Self { script: read_script(Path::new(&config.script))?, witness: Witness::take()? })
    }

    fn models(m: &mut Models<Self>) {
        m.publisher_untyped("publish", Record::new().required("payload", ArgType::Any));
        m.setup_connections(|config| Ok(json!({"publish": crate::creation(&config)?})));
        m.main(Self::main);
    }
}

impl Publisher {
    fn main(&mut self, ctx: &mut Context) -> Result<()> {
        for payload in self.script.drain(..) {
            ctx.send_value("publish", &Value::map([("payload", payload)]))?;
            self.witness.saw(Json::Null);
        }
        Ok(())
    }
}

/// Plays the publisher until the script is through, a message could not be sent, or the time is over.
#[must_use]
pub fn run(options: &Options) -> Outcome {
    let outcome = Outcome::of_role("publisher");
    let script = match read_script(&options.script) {
        Ok(script) => script,
        Err(error) => return outcome.judged(false, Some(error.to_string())),
    };
    let audience = Audience::open();
    let (sent, ended) = match start(options) {
        Ok(mut service) => {
            let sent = audience.hear(script.len(), options.timeout);
            // What was sent may still be on its way to the sockets: a stop lets it leave.
            (sent.len(), service.stop_service())
        }
        Err(error) => (0, Err(error)),
    };
    outcome.with("sent", sent).judged(sent == script.len(), ended.err().map(|error| error.to_string()))
}

fn start(options: &Options) -> Result<Service, ServiceError> {
    let creation = json!({
        "topic": options.topic,
        "is_x_pub": options.connect,
        "wait_after_creation_s": options.wait.as_secs_f64(),
    });
    let mut service = Service::of::<Publisher>()
        .addresses(json!({"connections": {"out": {"publish": {"publisher": options.addr}}}}))
        .config(json!({"script": options.script, "creation": creation.to_string()}))
        .build()?;
    service.run_service_as_main()?;
    Ok(service)
}
