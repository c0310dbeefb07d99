//! The config of a service: what was written in files, in the environment and on the command line, made one and
//! typed by the model.
//!
//! Owns the order of the sources and their forms: files and embedded values first, then the environment, then the
//! command line, later ones winning; then what `setup_config` returns; then the defaults; then the constraints.
//! Never reads a file or the environment itself.

mod settings;

use service_framework_model::schema::{Function, Record};
use service_framework_model::schema_json::JsonForm;
use service_framework_model::value::Value;

use crate::diagnostics::{Diagnostics, Source};
use crate::document::{Document, Setup};
use settings::Settings;

/// What the names of the environment variables that set a config begin with.
pub const VARIABLE_PREFIX: &str = "SF_CONFIG_";

/// Where a config comes from, in the order in which later wins.
#[derive(Clone, Debug, Default)]
pub struct ConfigSources {
    /// Files and embedded values.
    pub documents: Vec<Document>,
    /// Environment variables, all of them: the others are passed over.
    pub environment: Vec<(String, String)>,
    /// Names and values of the command line.
    pub command_line: Vec<(String, String)>,
    /// The names of the command line's flags, without dashes: a name that is none of the config's may be meant for one.
    pub flags: Vec<String>,
}

/// A config that fits its model.
#[derive(Clone, Debug)]
pub struct ResolvedConfig {
    /// A map of the names that are set, in the model's order.
    pub value: Value,
    /// Where each of them was set, in the same order.
    pub origins: Vec<(String, Source)>,
    /// The same map in JSON form, for the setup functions.
    pub json: serde_json::Value,
}

/// The variable that sets a name.
#[must_use]
pub fn variable(name: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", name.to_uppercase())
}

/// Resolves the config of a service; `None` if it cannot be, and then the diagnostics say why.
///
/// `setup` runs only if everything before it is well: it may rely on the types of what it gets.
#[must_use]
pub fn resolve(
    record: &Record,
    sources: &ConfigSources,
    setup: Option<Setup<'_>>,
    diagnostics: &mut Diagnostics,
) -> Option<ResolvedConfig> {
    let mut problems = Diagnostics::new();
    let mut settings = Settings::new(record, &mut problems);
    for document in &sources.documents {
        settings.read_document(document);
    }
    settings.read_environment(&sources.environment);
    settings.read_command_line(&sources.command_line, &sources.flags);
    let may_set_more = setup.is_some();
    if let Some(setup) = setup
        && !settings.diagnostics.has_errors()
        && let Some(given) = settings.json()
        && let Some(document) = Document::from_setup(Function::SetupConfig, setup, &given, settings.diagnostics)
    {
        settings.read_document(&document);
    }
    // A function that could not run might have set what is missing.
    if !(may_set_more && settings.diagnostics.has_errors()) {
        settings.require(&sources.documents, may_set_more);
    }
    settings.check_constraints();
    let resolved = settings.finish();
    let failed = problems.has_errors();
    diagnostics.append(problems);
    if failed { None } else { resolved }
}

fn json_of(value: &Value) -> Result<serde_json::Value, serde_json::Error> {
    serde_json::to_value(JsonForm(value))
}

#[cfg(test)]
mod tests;
