//! The parts of a service that is to be tested, and its start.
//!
//! Owns what a test says before there is a service. Validation and start are those of a service that runs.

use std::path::PathBuf;

use serde_json::{Value as Json, json};
use service_framework_connections::registry;
use service_framework_model::schema::{ServiceModel, Side};
use service_framework_plugin::abi::PluginTable;
use service_framework_plugin::{Model, OwnedModel, Result, ServiceDefinition, service_table};

use super::TestService;
use super::answer::{Answer, Script, script, typed_script};
use super::error::TestError;
use crate::addresses::put;
use crate::diagnostics::Diagnostics;
use crate::logging::LogOptions;
use crate::prepare::{Inputs, Loaded};
use crate::running::{Mode, RunOptions};

/// The parts of a service that is to be tested.
#[must_use = "a service is tested once it is started"]
pub struct TestServiceBuilder {
    source: Source,
    inputs: Inputs,
    options: RunOptions,
    scripts: Vec<(String, Script)>,
    subscribers: Vec<(String, usize)>,
}

enum Source {
    Table(&'static PluginTable),
    Path(PathBuf),
}

impl TestServiceBuilder {
    pub(super) fn of<T: ServiceDefinition>() -> Self {
        Self::new(Source::Table(service_table::<T>()))
    }

    pub(super) fn from_path(path: PathBuf) -> Self {
        Self::new(Source::Path(path))
    }

    fn new(source: Source) -> Self {
        let (inputs, options) = (Inputs::default(), RunOptions::default());
        Self { source, inputs, options, scripts: Vec::new(), subscribers: Vec::new() }
    }

    /// The config, in the form of a config file.
    pub fn config(mut self, config: Json) -> Self {
        self.inputs.config = Some(config);
        self
    }

    /// The file with the config.
    pub fn config_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.inputs.config_path = Some(path.into());
        self
    }

    /// The addresses, in the form of an addresses file: they are checked as for a service that runs, and nothing is
    /// opened. A test needs none; one that gives some gives all that the service needs.
    pub fn addresses(mut self, addresses: Json) -> Self {
        self.inputs.addresses = Some(addresses);
        self
    }

    /// Whether a failing function ends the service, as for a service that runs.
    pub fn stop_on_error(mut self, stops: bool) -> Self {
        self.options.stops_on_error = stops;
        self
    }

    /// As [`TestService::answer`], for what is sent from `init` on.
    pub fn answer<T: Into<Answer>>(mut self, connection: &str, answer: impl FnMut(&Json) -> T + 'static) -> Self {
        self.scripts.push((connection.to_owned(), script(answer)));
        self
    }

    /// As [`TestService::answer_as`], for what is sent from `init` on.
    pub fn answer_as<A, R>(mut self, connection: &str, answer: impl FnMut(A) -> Result<R> + 'static) -> Self
    where
        A: OwnedModel,
        R: Model,
    {
        self.scripts.push((connection.to_owned(), typed_script(answer)));
        self
    }

    /// As [`TestService::subscribers`], for what is waited for from `init` on.
    pub fn subscribers(mut self, connection: &str, count: usize) -> Self {
        self.subscribers.push((connection.to_owned(), count));
        self
    }

    /// Validates everything, makes the service as for the service loop, and runs its `init`.
    ///
    /// # Errors
    /// As for a service that is run: the library is no plugin, the models or the config are invalid (all problems
    /// together), or the service refused to be made.
    pub fn start(self) -> std::result::Result<TestService, TestError> {
        self.start_in(Mode::Service)
    }

    /// The same for main mode: [`TestService::run_main`] is what runs `main`.
    ///
    /// # Errors
    /// As [`TestServiceBuilder::start`]; also if the service has no `main`, or has something that comes in.
    pub fn start_as_main(self) -> std::result::Result<TestService, TestError> {
        self.start_in(Mode::Main)
    }

    fn start_in(self, mode: Mode) -> std::result::Result<TestService, TestError> {
        let Self { source, mut inputs, options, scripts, subscribers } = self;
        let loaded = match source {
            Source::Table(table) => Loaded::from_table(table)?,
            Source::Path(path) => Loaded::from_path(&path)?,
        };
        if inputs.addresses.is_none() {
            inputs.addresses = Some(stand_ins(loaded.model(), mode));
        }
        let prepared = loaded.prepare(mode, &inputs, options, &LogOptions::default())?;
        TestService::start(
            loaded.model().clone(),
            prepared.into_blueprint(&mut Diagnostics::new()),
            scripts,
            subscribers,
        )
    }
}

/// Addresses that fit the service, each of them once. Nothing is ever opened at them.
fn stand_ins(model: &ServiceModel, mode: Mode) -> Json {
    let (mut addresses, mut place) = (json!({}), 0);
    let mut stand_in = |group: &str, side: Side, name: &str, keys: &[&'static str]| {
        // In main mode an address of what comes in would be one problem more.
        if mode == Mode::Main && side == Side::In {
            return;
        }
        for key in keys {
            place += 1;
            put(&mut addresses, &[group, side.word(), name, key], format!("127.1.0.1:{place}").into());
        }
    };
    for connection in &model.connections {
        let key = registry::find(&connection.connection_type).and_then(registry::ConnectionType::address_key);
        stand_in("connections", connection.side, &connection.name, key.as_slice());
    }
    for state in &model.states {
        let keys = service_framework_states::find(&state.state_type).map_or(&[][..], |kind| kind.address_keys);
        let keys: Vec<_> = keys.iter().map(|key| key.key).collect();
        stand_in("states", state.side, &state.name, &keys);
    }
    addresses
}
