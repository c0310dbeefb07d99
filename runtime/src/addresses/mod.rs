//! The addresses of a service: what was written, checked against what the service declares.
//!
//! Owns the form of the addresses and the rules of what fits together. Never binds or connects.

mod check;
mod form;
mod written;

use service_framework_model::problem::Span;
use service_framework_model::schema::{Function, ServiceModel, Side};

use crate::address::Address;
use crate::diagnostics::{Diagnostic, Diagnostics, Severity, Source};
use crate::document::{Document, Setup};
use crate::running::Mode;
use check::Check;
pub(crate) use check::put;
use form::declared;
use written::Written;

/// The addresses under one key of a connection or a state, and where they were written.
#[derive(Clone, Debug)]
pub struct EndAddresses {
    /// In the order in which they were written. More than one only where the type allows it. Either all of them stay
    /// within the process or none does.
    pub endpoints: Vec<Address>,
    /// The transport that was chosen beside them, if one was; it fits the endpoints.
    pub transport: Option<&'static str>,
    /// Whether they are bound, rather than connected to.
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
    /// Those of each connection, by its place in the model; none for a connection whose type has no address.
    pub connections: Vec<Option<EndAddresses>>,
    /// Those of each state, by its place in the model, in the order of the keys of its type.
    pub states: Vec<Vec<EndAddresses>>,
}

/// Resolves the addresses of a service, later documents winning key by key, and last what `setup_addresses` returns;
/// `None` if they do not fit, and then the diagnostics say why.
///
/// What is `related` has its other end in the same group: it needs no address.
///
/// `setup` runs only if what was written can be read; it gets it as `{"connections": ..., "states": ...}`.
#[must_use]
pub fn resolve(
    model: &ServiceModel,
    related: &[(Side, String)],
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
    let declared = declared(model, related);
    let (declared, problems_of) = (declared.as_slice(), &mut problems);
    let check = Check { model, mode, declared, written: &written, source, tells_missing, problems: problems_of };
    let resolved: Option<Vec<_>> = check.all().into_iter().collect();
    let failed = problems.has_errors();
    diagnostics.append(problems);
    // A type that is not known has no addresses, and is told elsewhere.
    let mut ends = resolved.filter(|ends| !failed && ends.len() == model.connections.len() + model.states.len())?;
    let states = ends.split_off(model.connections.len());
    let connections = ends.into_iter().map(|ends| ends.into_iter().next()).collect();
    Some(ResolvedAddresses { connections, states })
}

/// What is worth knowing about addresses that fit: where a bind reaches this machine alone. The Python library bound
/// all interfaces whatever host was written, so an old file may have meant the network.
#[must_use]
pub fn loopback_note(model: &ServiceModel, resolved: &ResolvedAddresses) -> Option<Diagnostic> {
    let connections = model.connections.iter().map(|connection| &connection.name).zip(&resolved.connections);
    let states = model.states.iter().map(|state| &state.name).zip(&resolved.states);
    let connections = connections.filter_map(|(name, end)| Some((name, std::slice::from_ref(end.as_ref()?))));
    let bound = connections.chain(states.map(|(name, ends)| (name, ends.as_slice()))).filter_map(|(name, ends)| {
        let is_loopback = |end: &&EndAddresses| end.binds && end.endpoints.iter().any(Address::is_loopback);
        Some((format!("`{name}`"), ends.iter().find(is_loopback)?))
    });
    let (names, places): (Vec<String>, Vec<&EndAddresses>) = bound.unzip();
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
