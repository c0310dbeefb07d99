//! From a plugin or a table to a service that is ready to start: everything is validated here, and nothing is opened.
//!
//! Owns steps one to four of the lifecycle. Reports all problems of one start together. Never binds or connects.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value as Json;
use service_framework_connections::registry;
use service_framework_connections::workflow::Chain;
use service_framework_model::json::Node;
use service_framework_model::nearest::suggestion;
use service_framework_model::schema::{Function, Peers, ServiceModel, Side};
use service_framework_model::slot::Slot;
use service_framework_model::validator::Validator;
use service_framework_model::value::Value;
use service_framework_model::wire::Arena;
use service_framework_plugin::abi::{PluginTable, SETUP_ADDRESSES, SETUP_CONFIG, SETUP_CONNECTIONS, SETUP_STATES};

use crate::addresses::{self, ResolvedAddresses};
use crate::boundary::{Failure, LoadError, Run, Table, load};
use crate::config::{self, ConfigSources, ResolvedConfig};
use crate::control::Control;
use crate::diagnostics::{Diagnostic, Diagnostics, Source};
use crate::document::Document;
use crate::io::Plan;
use crate::life::{Blueprint, Nowhere};
use crate::logging::{self, LogOptions, Sinks};
use crate::models::models;
use crate::placement::Sockets;
use crate::plans::plans;
use crate::report::Reporter;
use crate::running::{Mode, RunOptions, Running, StartError, Stopper};
use crate::transport::SocketOptions;
use crate::wiring::Wiring;

/// What is left of the largest message for the frames that lead it back, in bytes.
const ROUTE: usize = 1024;

/// A service whose code is loaded and whose models are known to be good.
pub struct Loaded {
    table: Table,
    model: ServiceModel,
    config_model: Validator,
    /// The library that its code is in, if it is in one of its own.
    plugin: Option<PathBuf>,
}

/// Why a service could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadProblem {
    /// The file is no plugin that can be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The service's models are not good.
    #[error("{0}")]
    Models(Diagnostics),
}

/// What a service is to its surroundings.
pub(crate) struct Part<'p> {
    /// What it is called in its log.
    pub(crate) name: &'p str,
    pub(crate) control: Arc<Control>,
    /// Its connections that are wired to others of the group.
    pub(crate) related: Vec<(Side, String)>,
}

/// Where config and addresses come from; of each, later ones win.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The config file.
    pub config_path: Option<PathBuf>,
    /// Config given by the program.
    pub config: Option<Json>,
    /// Whether the environment sets config.
    pub environment: bool,
    /// Config as text, from a command line.
    pub arguments: Vec<(String, String)>,
    /// The names of that command line's flags, without dashes, for the misspelt ones among the arguments.
    pub flags: Vec<String>,
    /// The addresses file.
    pub addresses_path: Option<PathBuf>,
    /// Addresses given by the program.
    pub addresses: Option<Json>,
}

impl Loaded {
    /// Loads the service in a shared library.
    ///
    /// # Errors
    /// If it is no plugin, or its models are not good.
    pub fn from_path(path: &Path) -> Result<Self, LoadProblem> {
        Self::new(Table::new(load(path)?), Some(path.to_owned()))
    }

    /// Takes a service of this program.
    ///
    /// # Errors
    /// If its models are not good.
    pub fn from_table(table: &'static PluginTable) -> Result<Self, LoadProblem> {
        Self::new(Table::new(table), None)
    }

    fn new(table: Table, plugin: Option<PathBuf>) -> Result<Self, LoadProblem> {
        match models(table, plugin.as_deref()) {
            Ok((model, config_model)) => Ok(Self { table, model, config_model, plugin }),
            Err(problems) => Err(LoadProblem::Models(problems.about_plugin(plugin.as_deref()))),
        }
    }

    /// What the service declares.
    #[must_use]
    pub const fn model(&self) -> &ServiceModel {
        &self.model
    }

    /// What the service was built with, for people.
    #[must_use]
    pub fn built_with(&self) -> String {
        self.table.built_with()
    }

    /// Resolves and validates everything that the service needs to run.
    ///
    /// # Errors
    /// All problems together.
    pub fn prepare(
        &self,
        mode: Mode,
        inputs: &Inputs,
        options: RunOptions,
        log: &LogOptions,
    ) -> Result<Prepared, Diagnostics> {
        let alone = Part { name: &self.model.name, control: Arc::default(), related: Vec::new() };
        self.prepare_part(mode, inputs, options, log, &alone)
    }

    /// The same, for a service that may be one of a group.
    ///
    /// # Errors
    /// All problems together.
    pub(crate) fn prepare_part(
        &self,
        mode: Mode,
        inputs: &Inputs,
        options: RunOptions,
        log: &LogOptions,
        part: &Part<'_>,
    ) -> Result<Prepared, Diagnostics> {
        let mut problems = Diagnostics::new().about_plugin(self.plugin.as_deref());
        let sinks = Sinks::open(log, part.name)
            .map_err(|problem| {
                let help = "choose a folder that this user may make or write into".to_owned();
                problems.push(Diagnostic::error(Source::LogOptions, problem).with_help(help));
            })
            .ok();
        let _logs = sinks.as_ref().map(|sinks| sinks.enter(part.name));
        if self.plugin.is_some() {
            if let Some(sinks) = &sinks {
                logging::take_threads_of_plugins(sinks, part.name);
            }
            self.table.attach();
        }
        if mode == Mode::Main && !self.model.defines(Function::Main) {
            let help = "declare it with `m.main(Self::main)`, or run the service loop (without `-m`)".to_owned();
            let error = Diagnostic::error(Source::Model, "the service has no `main` to run in main mode");
            problems.push(error.with_help(help));
        }
        let config = self.config(inputs, &mut problems);
        let config_json = config.as_ref().map_or(Json::Null, |config| config.json.clone());
        let mut model = self.model.clone();
        if config.is_some() {
            self.adjust_connections(&mut model, &config_json, &mut problems);
            self.adjust_states(&mut model, &config_json, &mut problems);
        }
        let given = config.is_some().then_some(config_json);
        let addresses = self.addresses((&model, &part.related), mode, inputs, given, &mut problems);
        let longest = SocketOptions::default().max_message_size - ROUTE;
        let wiring = Wiring::new(&model, longest);
        if let Err(error) = &wiring {
            problems.push(Diagnostic::error(Source::Model, error.to_string()));
        }
        match (config, addresses, wiring, sinks) {
            (Some(config), Some(addresses), Ok(wiring), Some(sinks)) if !problems.has_errors() => {
                if let Some(note) = addresses::loopback_note(&model, &addresses) {
                    problems.push(note);
                }
                let plans = plans(&model, &addresses, &wiring, options.transport.as_deref(), &mut problems);
                if problems.has_errors() {
                    return Err(problems);
                }
                Ok(self.prepared((mode, part), options, sinks, &config, (&model, plans), wiring, problems))
            }
            _ => Err(problems),
        }
    }

    fn config(&self, inputs: &Inputs, problems: &mut Diagnostics) -> Option<ResolvedConfig> {
        let mut documents = Vec::new();
        let mut unread = false;
        if let Some(path) = &inputs.config_path {
            let document = Document::from_file("config", path, problems);
            unread = document.is_none();
            documents.extend(document);
        }
        documents.extend(inputs.config.as_ref().map(|config| Document::embedded("config", config)));
        let environment = if inputs.environment { environment() } else { Vec::new() };
        let sources = ConfigSources {
            documents,
            environment,
            command_line: inputs.arguments.clone(),
            flags: inputs.flags.clone(),
        };
        if unread {
            // What the file would have set is not known: to call it missing would be one problem too many.
            return None;
        }
        let setup = self.hook(Function::SetupConfig, SETUP_CONFIG, |given| given.clone());
        config::resolve(&self.model.config, &sources, setup, problems)
    }

    fn addresses(
        &self,
        (model, related): (&ServiceModel, &[(Side, String)]),
        mode: Mode,
        inputs: &Inputs,
        config: Option<Json>,
        problems: &mut Diagnostics,
    ) -> Option<ResolvedAddresses> {
        let mut documents = Vec::new();
        if let Some(path) = &inputs.addresses_path {
            documents.push(Document::from_file("addresses", path, problems)?);
        }
        documents.extend(inputs.addresses.as_ref().map(|addresses| Document::embedded("addresses", addresses)));
        // Without a config there is nothing to hand to the hook, and its problems are told already.
        if config.is_none() && self.model.defines(Function::SetupAddresses) {
            return None;
        }
        let with_config = move |given: &Json| serde_json::json!({"config": config, "addresses": given});
        let setup = self.hook(Function::SetupAddresses, SETUP_ADDRESSES, with_config);
        addresses::resolve(model, related, mode, &documents, setup, problems)
    }

    /// Lets the service set the creation arguments of its connections from the config.
    fn adjust_connections(&self, model: &mut ServiceModel, config: &Json, problems: &mut Diagnostics) {
        let Some(hook) = self.hook(Function::SetupConnections, SETUP_CONNECTIONS, Json::clone) else { return };
        let source = Source::Function(Function::SetupConnections);
        let known = model.connections.iter_mut().map(|connection| Adjustable {
            name: &connection.name,
            required: &mut connection.required_creation_arguments,
            optional: &mut connection.optional_creation_arguments,
        });
        adjust("connection", known.collect(), hook(config), &source, problems);
        problems.add(&source, registry::check(model));
    }

    /// Lets the service set the creation arguments of its states from the config.
    fn adjust_states(&self, model: &mut ServiceModel, config: &Json, problems: &mut Diagnostics) {
        let Some(hook) = self.hook(Function::SetupStates, SETUP_STATES, Json::clone) else { return };
        let source = Source::Function(Function::SetupStates);
        let known = model.states.iter_mut().map(|state| Adjustable {
            name: &state.name,
            required: &mut state.required_creation_arguments,
            optional: &mut state.optional_creation_arguments,
        });
        adjust("state", known.collect(), hook(config), &source, problems);
        problems.add(&source, service_framework_states::check(&model.states));
    }

    /// A `setup_*` function of the service, if it defines it. `input` makes what it is handed.
    fn hook<'a>(
        &'a self,
        function: Function,
        number: u32,
        input: impl FnOnce(&Json) -> Json + 'a,
    ) -> Option<crate::document::Setup<'a>> {
        self.model.defines(function).then(|| -> crate::document::Setup<'a> {
            Box::new(move |given| {
                let (wiring, control, mut nowhere) = (Wiring::default(), Control::default(), Nowhere);
                let run = Run::new(&wiring, &control, &mut nowhere, Chain::each_its_own());
                let told = |failure: Failure| format!("`{}` failed: {}", function.word(), failure.message);
                let returned = self.table.setup(number, &input(given).to_string(), run).map_err(told)?;
                serde_json::from_slice(&returned)
                    .map_err(|error| format!("`{}` returned no JSON: {error}", function.word()))
            })
        })
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one blueprint, each made in a step of its own")]
    fn prepared(
        &self,
        (mode, part): (Mode, &Part<'_>),
        options: RunOptions,
        sinks: Sinks,
        config: &ResolvedConfig,
        (model, plans): (&ServiceModel, Vec<Plan>),
        wiring: Wiring,
        notes: Diagnostics,
    ) -> Prepared {
        let sockets = Sockets {
            options: SocketOptions::default(),
            plans,
            wiring: Arc::new(wiring),
            control: Arc::clone(&part.control),
            linger: options.linger,
            busy: options.busy,
        };
        let connections = model.connections.iter().map(|connection| (connection.side, connection.name.clone()));
        let states = model.states.iter().map(|state| (state.side, state.name.clone()));
        let connections = connections.chain(states).collect();
        let blueprint = Blueprint {
            name: part.name.to_owned(),
            table: self.table,
            model: model.clone(),
            config: encoded(&self.config_model, &config.value),
            config_model: self.config_model.clone(),
            sockets,
            connections,
            mode,
            options,
            sinks,
        };
        Prepared { blueprint, notes }
    }
}

/// A service that is ready to start.
pub struct Prepared {
    blueprint: Blueprint,
    notes: Diagnostics,
}

impl Prepared {
    /// What is worth knowing although the service can run.
    #[must_use]
    pub fn into_notes(self) -> Diagnostics {
        self.notes
    }

    /// What its thread needs; what is worth knowing goes to `notes`.
    pub(crate) fn into_blueprint(self, notes: &mut Diagnostics) -> Blueprint {
        notes.append(self.notes);
        self.blueprint
    }

    /// The handle that stops the service, good before it has started.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper::new(Arc::clone(&self.blueprint.sockets.control), self.blueprint.options.stop_timeout)
    }

    /// What logs how the service is doing, good before it has started.
    #[must_use]
    pub fn reporter(&self) -> Reporter {
        self.blueprint.reporter()
    }

    /// Opens the sockets and starts the service in the background. Returns when `init` has returned.
    ///
    /// # Errors
    /// If the service could not be made, a connection could not be opened, or `init` failed.
    pub fn start(self) -> Result<Running, StartError> {
        Running::start(self.blueprint)
    }
}

/// The creation arguments of something that the service declares.
struct Adjustable<'m> {
    name: &'m str,
    required: &'m mut Vec<(String, Json)>,
    optional: &'m mut Vec<(String, Json)>,
}

/// Sets the creation arguments that a function of the service returned.
fn adjust(
    what: &str,
    mut known: Vec<Adjustable<'_>>,
    returned: Result<Json, String>,
    source: &Source,
    problems: &mut Diagnostics,
) {
    let adjusted = match returned {
        Ok(adjusted) => adjusted,
        Err(message) => return problems.push(Diagnostic::error(source.clone(), message)),
    };
    let Json::Object(adjusted) = adjusted else {
        let got = Node::from(&adjusted);
        let message = format!("expected an object of {what} names, each with its creation arguments, got {got}");
        return problems.push(Diagnostic::error(source.clone(), message));
    };
    for (name, arguments) in adjusted {
        let Some(found) = known.iter_mut().find(|known| known.name == name) else {
            let message = format!("the service declares no such {what}");
            let help = suggestion(&name, known.iter().map(|known| known.name));
            problems.push(Diagnostic::error(source.clone(), message).with_help(help).at(name));
            continue;
        };
        let Json::Object(arguments) = arguments else {
            let message = format!("expected an object of creation arguments, got {}", Node::from(&arguments));
            problems.push(Diagnostic::error(source.clone(), message).at(name));
            continue;
        };
        for (argument, value) in arguments {
            let mut given = found.required.iter_mut().chain(found.optional.iter_mut());
            match given.find(|(name, _)| *name == argument) {
                Some((_, old)) => *old = value,
                None => found.optional.push((argument, value)),
            }
        }
    }
}

/// The validated config as bytes: the form in which it can be handed to another thread and read into slots there.
fn encoded(validator: &Validator, config: &Value) -> Vec<u8> {
    let arena = Arena::new();
    let slots: Vec<Slot<'_>> = validator
        .record()
        .fields()
        .iter()
        .map(|field| config.get(&field.name).map_or(Slot::ABSENT, |value| value.to_slot(&arena)))
        .collect();
    let mut bytes = Vec::new();
    // It was validated a moment ago; should it be refused all the same, reading it back says why.
    let _ = validator.encode(Slot::as_foreign(&slots), Peers::Own, &mut bytes);
    bytes
}

/// The environment as text; what is not UTF-8 cannot be config.
fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
