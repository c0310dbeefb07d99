//! Models as JSON Schema (draft 2020-12): what a program or an editor needs to check a config, or the arguments of a
//! message in JSON, without this crate.
//!
//! Owns the document and its key paths. The schemas describe the JSON that [`crate::json`] reads, and the constraints
//! that the validator checks. What JSON Schema cannot say of it is accepted by the schema and refused by the reader:
//!
//! - numbers with more digits than a float keeps, which most validators round, and numbers that are too fine for a
//!   Decimal (`1e-29`);
//! - in the text of a Decimal: more digits than fit, and bounds other than 0;
//! - items of a set, and keys of a map, that are written differently and mean the same (`1.0` and `1.00` as Decimals);
//! - times that another zone puts beyond the years 0 to 9999, as keys; nesting beyond what is read.
//!
//! In patterns, `\b` is of ASCII here and in ECMA-262, but not in every validator, and classes such as `\p{Lu}` have
//! the names and the members that a validator's Unicode tables give them.
//!
//! The other way round, JSON Schema takes `1` and `1.0`, and maps in whatever order, for one item of a set: a set of
//! `Any`, or of maps, that has both is refused by the schema alone.

mod texts;
mod tree;
mod types;

use crate::schema::{ArgType, Record, ServiceModel, Side, StateValue};
use crate::validator::{ModelError, Validator};
use tree::Tree;
use types::Types;

/// Why there is no schema of a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JsonSchemaError {
    /// The model itself is wrong.
    #[error("{place}: {error}")]
    Model {
        /// The key of the record: `config`, `connections.in.order.arguments`.
        place: String,
        /// What is wrong.
        error: ModelError,
    },
    /// A default or a bound has no form in JSON.
    #[error("{place}: {error}")]
    NoJsonForm {
        /// The key of the record: `config`, `connections.in.order.arguments`.
        place: String,
        /// What has none.
        error: serde_json::Error,
    },
}

/// The schema of a service, in lines.
///
/// The document itself is the schema of the config, in its flat form. Each part of the service has its schema under
/// `$defs`, by the key that it has in the model: `config`; `connections.in.NAME.arguments` and, where there are any,
/// `connections.in.NAME.return_arguments`, and the same for `out`; `states.in.NAME.arguments`, or `states.in.NAME.value` of a map, and for `out`. What
/// they share stands beside them under `types.`.
///
/// # Errors
/// If the model is one that no validator can be made of, or has a default or bound without a JSON form.
pub fn of_service(model: &ServiceModel) -> Result<String, JsonSchemaError> {
    let mut document = Document::default();
    document.add("config".to_owned(), format!("config of {}", model.name), &model.config)?;
    for side in [Side::In, Side::Out] {
        for connection in model.connections.iter().filter(|connection| connection.side == side) {
            let key = format!("connections.{}.{}", side.word(), connection.name);
            let title = format!("{} ({}, {})", connection.name, side.word(), connection.connection_type);
            document.add(format!("{key}.arguments"), format!("arguments of {title}"), &connection.arguments)?;
            let returned = &connection.return_arguments;
            if returned.slot_count() > 0 {
                document.add(format!("{key}.return_arguments"), format!("return arguments of {title}"), returned)?;
            }
        }
        for state in model.states.iter().filter(|state| state.side == side) {
            let key = format!("states.{}.{}", side.word(), state.name);
            let title = format!("{} ({}, {})", state.name, side.word(), state.state_type);
            match &state.value {
                StateValue::Record(record) => {
                    document.add(format!("{key}.arguments"), format!("arguments of {title}"), record)?;
                }
                value => {
                    document.add_type(format!("{key}.value"), format!("value of {title}"), &value.clone().into())?
                }
            }
        }
    }
    Ok(document.write(&model.name))
}

/// For those who have the document alone.
const ROOT_DESCRIPTION: &str = "The config, its names side by side. What connections and states carry stands under \
                                $defs, such as connections.in.NAME.arguments.";

#[derive(Default)]
struct Document {
    records: Vec<(String, Tree)>,
    types: Types,
}

impl Document {
    fn add(&mut self, place: String, title: String, record: &Record) -> Result<(), JsonSchemaError> {
        if let Err(error) = Validator::new(record) {
            return Err(JsonSchemaError::Model { place, error });
        }
        let schema = self.types.record(record);
        self.add_schema(place, title, schema)
    }

    /// A type that is not a record.
    fn add_type(&mut self, place: String, title: String, kind: &ArgType) -> Result<(), JsonSchemaError> {
        if let Err(error) = Validator::new(&Record::new().required("value", kind.clone())) {
            return Err(JsonSchemaError::Model { place, error });
        }
        let schema = self.types.of(kind);
        self.add_schema(place, title, schema)
    }

    fn add_schema(
        &mut self,
        place: String,
        title: String,
        schema: Result<Tree, serde_json::Error>,
    ) -> Result<(), JsonSchemaError> {
        match schema {
            Ok(Tree::Object(members)) => {
                let titled = [("title".into(), title.into())].into_iter().chain(members);
                self.records.push((place, Tree::Object(titled.collect())));
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(error) => Err(JsonSchemaError::NoJsonForm { place, error }),
        }
    }

    fn write(self, service: &str) -> String {
        let schemas = self.records.into_iter().chain(self.types.named);
        let document = Tree::object([
            ("$schema", "https://json-schema.org/draft/2020-12/schema".into()),
            ("title", service.into()),
            ("description", ROOT_DESCRIPTION.into()),
            ("$ref", "#/$defs/config".into()),
            ("$defs", Tree::Object(schemas.map(|(key, schema)| (key.into(), schema)).collect())),
        ]);
        format!("{document}\n")
    }
}
