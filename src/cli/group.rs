//! The file of a group: which services there are, and which of their connections are each other's ends.
//!
//! Owns its form. It is read as a config is, so that what is wrong in it is shown where it stands.

use std::path::Path;

use serde_json::Value as Json;
use service_framework_plugin::schema::{ArgType, KeyType, Length, Record};
use service_framework_runtime::WrittenRelation;
use service_framework_runtime::config::{ConfigSources, resolve};
use service_framework_runtime::diagnostics::{Diagnostic, Diagnostics};
use service_framework_runtime::document::Document;

use super::args::GroupArgs;
use super::how;
use crate::{Group, GroupBuilder, Service, ServiceBuilder, ServiceError};

/// The group that a file describes.
pub(super) fn read(args: &GroupArgs) -> Result<GroupBuilder, ServiceError> {
    let mut problems = Diagnostics::new();
    let document = Document::from_file("group", &args.file, &mut problems);
    let sources = ConfigSources { documents: document.into_iter().collect(), ..ConfigSources::default() };
    if problems.has_errors() {
        return Err(problems.into());
    }
    let Some(read) = resolve(&form(), &sources, None, &mut problems) else { return Err(problems.into()) };
    let folder = args.file.parent().unwrap_or(Path::new(""));
    let mut group = Group::new();
    for (name, service) in read.json.get("services").and_then(Json::as_object).into_iter().flatten() {
        let path = folder.join(service.get("service").and_then(Json::as_str).unwrap_or_default());
        let mut builder = how(Service::from_path(path), &args.how);
        for (key, by_path, by_value) in GIVEN {
            builder = match service.get(key) {
                None => builder,
                Some(Json::String(path)) => by_path(builder, folder.join(path)),
                Some(value @ Json::Object(_)) => by_value(builder, value.clone()),
                Some(other) => {
                    let message = format!("expected a path or an object, got `{other}`");
                    let source = sources.documents.first().map(|document| document.source.clone());
                    let at = format!("services.{name}.{key}");
                    if let Some(source) = source {
                        problems.push(Diagnostic::error(source, message).at(at));
                    }
                    builder
                }
            };
        }
        let leads = service.get("main") == Some(&Json::Bool(true));
        group = if leads { group.main(name, builder) } else { group.service(name, builder) };
    }
    if problems.has_errors() {
        return Err(problems.into());
    }
    for relation in sources.documents.iter().flat_map(WrittenRelation::all_in) {
        group = group.written_relation(relation);
    }
    Ok(group)
}

type ByPath = fn(ServiceBuilder, std::path::PathBuf) -> ServiceBuilder;
type ByValue = fn(ServiceBuilder, Json) -> ServiceBuilder;

/// What a service is given by a path or by what stands there, and how.
const GIVEN: [(&str, ByPath, ByValue); 2] = [
    ("config", ServiceBuilder::config_path, ServiceBuilder::config),
    ("addresses", ServiceBuilder::addresses_path, ServiceBuilder::addresses),
];

/// The form of the file.
fn form() -> Record {
    let service = Record::new()
        .required("service", ArgType::str())
        .optional("config", ArgType::Any)
        .optional("addresses", ArgType::Any)
        .optional("main", ArgType::Bool);
    let services = ArgType::Map(KeyType::Str, Box::new(ArgType::Record(service)), Length { min: 1, max: None });
    let relations = ArgType::Map(
        KeyType::Str,
        Box::new(ArgType::List(Box::new(ArgType::str()), Length { min: 1, max: None })),
        Length::ANY,
    );
    Record::new().required("services", services).optional("relations", relations)
}
