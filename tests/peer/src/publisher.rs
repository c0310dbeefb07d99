//! The publisher: sends each value of a script as `{"payload": value}` to whoever subscribes.

use serde_json::{Value as Json, json};
use service_framework::prelude::*;

use crate::Outcome;
use crate::publishing::{Config, Options};
use crate::report::Witness;

struct Publisher {
    script: Vec<Value>,
    witness: Witness,
}

impl ServiceDefinition for Publisher {
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        let (script, witness) = config.into_parts()?;
        Ok(Self { script, witness })
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
    options
        .play::<Publisher>("publisher", |address| json!({"connections": {"out": {"publish": {"publisher": address}}}}))
}
