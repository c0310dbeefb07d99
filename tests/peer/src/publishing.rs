//! What the roles that publish a script have in common: the publisher, and the owner of a state that is sent as a whole.
//!
//! Owns their command line, their config and how they are played. What they send is theirs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value as Json, json};
use service_framework::prelude::*;
use service_framework::{Service, ServiceError};

use crate::Outcome;
use crate::report::Witness;
use crate::script::{Played, play, read_script};

/// What such a role is told on its command line.
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
pub(crate) struct Config {
    script: String,
    #[allow(dead_code, reason = "read where the sockets are set up")]
    creation: String,
}

impl Config {
    /// The values to send, and whom to tell of each.
    pub(crate) fn into_parts(self) -> Result<(Vec<Value>, Witness)> {
        Ok((read_script(Path::new(&self.script))?, Witness::take()?))
    }
}

impl Options {
    /// Plays the role; `addresses` makes its addresses of the one that it is told.
    pub(crate) fn play<S: ServiceDefinition>(&self, role: &str, addresses: impl FnOnce(&str) -> Json) -> Outcome {
        let Played { seen, complete, error } =
            play(&self.script, self.timeout, || self.start::<S>(addresses(&self.addr)));
        Outcome::of_role(role).with("sent", seen.len()).judged(complete, error)
    }

    fn start<S: ServiceDefinition>(&self, addresses: Json) -> Result<Service, ServiceError> {
        let creation = json!({
            "topic": self.topic,
            "is_x_pub": self.connect,
            "wait_after_creation_s": self.wait.as_secs_f64(),
        });
        let mut service = Service::of::<S>()
            .addresses(addresses)
            .config(json!({"script": self.script, "creation": creation.to_string()}))
            .build()?;
        service.run_service_as_main()?;
        Ok(service)
    }
}
