//! The addresses of a service: what was written, checked against what the service declares.
//!
//! Owns the form of the addresses and the rules of what fits together. Never binds or connects.

mod check;
mod form;
mod written;

use service_framework_model::problem::Span;
use service_framework_model::schema::{Function, ServiceModel};

use crate::address::Address;
use crate::diagnostics::{Diagnostic, Diagnostics, Severity, Source};
use crate::document::{Document, Setup};
use crate::running::Mode;
use check::Check;
use form::Rules;
use written::Written;

/// The addresses of one connection and where they were written.
#[derive(Clone, Debug)]
pub struct ConnectionAddresses {
    /// In the order in which they were written. Empty only for a connection whose type has no address; more than one
    /// only where its type allows it. Either all of them stay within the process or none does.
    pub endpoints: Vec<Address>,
    /// The transport that was chosen for this connection beside its address, if one was; it fits the endpoints.
    pub transport: Option<&'static str>,
    /// Whether the connection binds them, rather than connecting to them.
    pub binds: bool,
    /// Where they were written.
    pub source: Source,
    /// Where in that source.
    pub span: Option<Span>,
    /// The key path, such as `connections.in.order.replyer`.
    pub key_path: String,
}

/// Addresses that fit the service.
#[derive(Clone, Debug, Default)]
pub struct ResolvedAddresses {
    /// Those of each connection, by its place in the model.
    pub connections: Vec<ConnectionAddresses>,
}

/// Resolves the addresses of a service, later documents winning key by key, and last what `setup_addresses` returns;
/// `None` if they do not fit, and then the diagnostics say why.
///
/// `setup` runs only if what was written can be read; it gets it as `{"connections": ..., "states": ...}`.
#[must_use]
pub fn resolve(
    model: &ServiceModel,
    mode: Mode,
    documents: &[Document],
    setup: Option<Setup<'_>>,
    diagnostics: &mut Diagnostics,
) -> Option<ResolvedAddresses> {
    resolve_by(Rules::REGISTRY, model, mode, documents, setup, diagnostics)
}

fn resolve_by(
    rules: Rules,
    model: &ServiceModel,
    mode: Mode,
    documents: &[Document],
    setup: Option<Setup<'_>>,
    diagnostics: &mut Diagnostics,
) -> Option<ResolvedAddresses> {
    let mut problems = Diagnostics::new();
    let mut written = Written::default();
    for document in documents {
        written.read(document, &mut problems);
    }
    let mut source = documents.last().map(|document| document.source.clone());
    let may_add_more = setup.is_some();
    if let Some(setup) = setup
        && !problems.has_errors()
        && let Some(document) = Document::from_setup(Function::SetupAddresses, setup, &written.to_json(), &mut problems)
    {
        written.read(&document, &mut problems);
        source = source.or(Some(document.source));
    }
    // A function that could not run might have added what is missing.
    let tells_missing = !(may_add_more && problems.has_errors());
    let check = Check { model, mode, rules, written: &written, source, tells_missing, problems: &mut problems };
    let connections = check.all();
    let failed = problems.has_errors();
    diagnostics.append(problems);
    (!failed && connections.len() == model.connections.len()).then_some(ResolvedAddresses { connections })
}

/// What is worth knowing about addresses that fit: where a bind reaches this machine alone. The Python library bound
/// all interfaces whatever host was written, so an old file may have meant the network.
#[must_use]
pub fn loopback_note(model: &ServiceModel, resolved: &ResolvedAddresses) -> Option<Diagnostic> {
    let bound = model
        .connections
        .iter()
        .zip(&resolved.connections)
        .filter(|(_, written)| written.binds && written.endpoints.iter().any(Address::is_loopback));
    let (names, places): (Vec<String>, Vec<&ConnectionAddresses>) =
        bound.map(|(connection, written)| (format!("`{}`", connection.name), written)).unzip();
    let first = places.first()?;
    let (verb, such) = if names.len() == 1 { ("binds", "its") } else { ("bind", "their") };
    let message = format!("{} {verb} a loopback address, so only this machine can connect", names.join(", "));
    let help = format!("to serve the network, write `*` or an interface as {such} host, such as `*:8001`");
    Some(
        Diagnostic::error(first.source.clone(), message)
            .with_severity(Severity::Note)
            .at(first.key_path.clone())
            .with_span(first.span)
            .with_help(help),
    )
}

#[cfg(test)]
mod tests;
