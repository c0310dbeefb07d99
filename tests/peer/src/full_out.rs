//! The owner of a state that is sent as a whole: each value of a script, as `{"value": value}`.

use serde_json::{Value as Json, json};
use service_framework::prelude::*;

use crate::Outcome;
use crate::publishing::{Config, Options};
use crate::report::Witness;

/// How long a copy has after the last update to see that it is the last one: the service's end is told by one more.
const LINGER: Duration = Duration::from_millis(500);

struct Owner {
    script: Vec<Value>,
    witness: Witness,
}

impl ServiceDefinition for Owner {
    type Config = Config;

    fn new(config: Config) -> Result<Self> {
        let (script, witness) = config.into_parts()?;
        Ok(Self { script, witness })
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
        ctx.wait(LINGER)
    }
}

/// Plays the owner until the script is through, a value could not be sent, or the time is over.
#[must_use]
pub fn run(options: &Options) -> Outcome {
    options.play::<Owner>("full_out", |address| json!({"states": {"out": {"full": {"publisher": address}}}}))
}
