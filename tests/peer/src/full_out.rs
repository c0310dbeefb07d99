//! The owner of a state that is sent as a whole: each value of a script, as `{"value": value}`.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use service_framework::prelude::*;
use service_framework::{Service, ServiceError};

use crate::Outcome;
use crate::report::{Audience, Witness};
use crate::script::read_script;

/// How long a copy has after the last update to see that it is the last one: the service's end is told by one more.
const LINGER: Duration = Duration::from_millis(500);

/// What the owner is told on its command line.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The address to bind, HOST:PORT
    #[arg(long)]
    addr: String,
    /// The file with the values to send: a JSON array of typed values
    #[arg(long)]
    script: PathBuf,
    /// The topic of the updates
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
    #[allow(dead_code, reason = "read where the states are set up")]
    creation: String,
}

struct Owner {
    script: Vec<Value>,
    witness: Witness,
}

impl ServiceDefinition for Owner {
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        Ok(Self { script: read_script(Path::new(&config.script))?, witness: Witness::take()? })
    }

    fn models(m: &mut Models<Self>) {
        // A copy counts what it gets: nothing but the script's values is sent.
        m.out_state("full", "full_update_out", Record::new().required("value", ArgType::Any)).heartbeat(Duration::ZERO);
        m.setup_states(|config| Ok(json!({"full": crate::creation(&config)?})));
        m.main(Self::main);
    }
}

impl Owner {
    fn main(&mut self, ctx: &mut Context) -> Result<()> {
        for value in self.script.drain(..) {
            ctx.replace_value("full", &Value::map([("value", value)]))?;
            self.witness.saw(Json::Null);
        }
        std::thread::sleep(LINGER);
        Ok(())
    }
}

/// Plays the owner until the script is through, a value could not be sent, or the time is over.
#[must_use]
pub fn run(options: &Options) -> Outcome {
    let outcome = Outcome::of_role("full_out");
    let script = match read_script(&options.script) {
        Ok(script) => script,
        Err(error) => return outcome.judged(false, Some(error.to_string())),
    };
    let audience = Audience::open();
    let (sent, ended) = match start(options) {
        Ok(mut service) => {
            let sent = audience.hear(script.len(), options.timeout);
            (sent.len(), service.wait())
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
    let mut service = Service::of::<Owner>()
        .addresses(json!({"states": {"out": {"full": {"publisher": options.addr}}}}))
        .config(json!({"script": options.script, "creation": creation.to_string()}))
        .build()?;
    service.run_service_as_main()?;
    Ok(service)
}
