//! Whether what a service declares is good: its models as it hands them over, read and checked.
//!
//! Owns the check of a service's models as a whole. Looks at no config and no address.

use std::path::Path;
use std::sync::Arc;

use service_framework_connections::registry;
use service_framework_model::parse::service_model;
use service_framework_model::problem::{self, Problem};
use service_framework_model::schema::ServiceModel;
use service_framework_model::validator::{ModelError, Validator};

use crate::boundary::Table;
use crate::diagnostics::{Diagnostics, Source, SourceFile};

/// The models of a service, checked, and what its config has to fit.
pub(crate) fn models(table: Table, plugin: Option<&Path>) -> Result<(ServiceModel, Validator), Diagnostics> {
    let told = |source: &Source, found: Vec<Problem>| {
        let mut problems = Diagnostics::new();
        problems.add(source, found);
        problems
    };
    let whole = |message: String| told(&Source::Model, vec![Problem::new(None, &problem::Path::Root, message)]);
    let json = table.describe().map_err(whole)?;
    let text = String::from_utf8(json).map_err(|error| whole(format!("the models are not UTF-8: {error}")))?;
    let model = service_model(&text).map_err(|found| {
        let path = Source::Model.place(plugin).unwrap_or_default().into();
        told(&Source::File(Arc::new(SourceFile { path, text: text.clone() })), found)
    })?;
    let mut problems = registry::check(&model);
    problems.extend(service_framework_states::check(&model.states));
    problems.extend(bad_name(&model.name));
    problems.extend(unwritable_names(&model));
    let contradiction = |place: &problem::Path<'_>, error: &ModelError| Problem::new(None, place, error.to_string());
    let root = problem::Path::Root;
    let config =
        Validator::new(&model.config).map_err(|error| problems.push(contradiction(&root.key("config"), &error)));
    let connections = root.key("connections");
    for connection in &model.connections {
        let side = connections.key(connection.side.word());
        let place = side.key(&connection.name);
        for record in [&connection.arguments, &connection.return_arguments] {
            problems.extend(Validator::new(record).err().map(|error| contradiction(&place, &error)));
        }
    }
    match config {
        Ok(config) if problems.is_empty() => Ok((model, config)),
        _ => Err(told(&Source::Model, problems)),
    }
}

/// A name becomes the name of a thread and of log files: letters, digits, `_`, `-` and `.` only.
fn bad_name(name: &str) -> Option<Problem> {
    let good = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
    let message = format!("{name:?} is no name for a service: expected letters, digits, `_`, `-` and `.`");
    (!good).then(|| Problem::new(None, &problem::Path::Root.key("service"), message))
}

/// The names of connections, states and config that nobody can write: they become names of threads, words of the log and
/// of command lines.
fn unwritable_names(model: &ServiceModel) -> Vec<Problem> {
    let root = problem::Path::Root;
    let (connections, states, config) = (root.key("connections"), root.key("states"), root.key("config"));
    let mut problems = Vec::new();
    let mut look = |place: &problem::Path<'_>, name: &str| {
        if name.chars().any(char::is_control) {
            let message = format!("{name:?} is no name: it has a control character");
            problems.push(Problem::new(None, &place.key(name), message));
        }
    };
    for connection in &model.connections {
        look(&connections.key(connection.side.word()), &connection.name);
    }
    for state in &model.states {
        look(&states.key(state.side.word()), &state.name);
    }
    for field in model.config.fields() {
        look(&config, &field.name);
    }
    problems
}
