//! A service's model for people and for programs.
//!
//! Owns the layout of the text; the forms of the JSON and of its schema are the model's own. Says nothing that the model does not say.

use service_framework_model::json_schema::{self, JsonSchemaError};
use service_framework_model::schema::{
    ArgType, ConnectionModel, Field, Length, Peers, Range, Record, ServiceModel, Side, StateModel, StateValue,
};
use service_framework_model::schema_json::JsonForm;
use service_framework_model::value::Value;

/// Describes a service: its config, connections, states and functions, names and types in aligned columns.
#[must_use]
pub fn text(model: &ServiceModel) -> String {
    let mut page = Page(String::new());
    page.line(0, &format!("service {}", model.name));
    if !model.functions.is_empty() {
        let words: Vec<_> = model.functions.iter().map(|function| function.word()).collect();
        page.line(0, &format!("functions: {}", words.join(", ")));
    }
    page.section("config", &model.config, 0);
    for side in [Side::In, Side::Out] {
        for connection in model.connections.iter().filter(|connection| connection.side == side) {
            page.connection(connection);
        }
    }
    for state in &model.states {
        page.state(state);
    }
    page.0
}

/// Describes a service in the JSON form of its model, a name a line.
///
/// # Errors
/// As [`ServiceModel::to_json`]; never for a model that was read from JSON.
pub fn json(model: &ServiceModel) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(model).map(|json| json + "\n")
}

/// Describes a service in JSON Schema: see [`json_schema::of_service`] for the key of each part.
///
/// # Errors
/// If a record of the model cannot be used: it has a pattern that is none, or a default that does not fit.
pub fn json_schema(model: &ServiceModel) -> Result<String, JsonSchemaError> {
    json_schema::of_service(model)
}

struct Page(String);

impl Page {
    fn line(&mut self, indent: usize, text: &str) {
        self.0.push_str(format!("{}{text}", "  ".repeat(indent)).trim_end());
        self.0.push('\n');
    }

    fn connection(&mut self, connection: &ConnectionModel) {
        self.line(0, "");
        let peers = if connection.peers == Peers::Own { ", own peers only" } else { "" };
        self.line(
            0,
            &format!(
                "connection {} ({}, {}{peers})",
                connection.name,
                connection.side.word(),
                connection.connection_type
            ),
        );
        let creation = connection.required_creation_arguments.iter().chain(&connection.optional_creation_arguments);
        for (name, value) in creation {
            self.line(1, &format!("{name} = {value}"));
        }
        self.section("arguments", &connection.arguments, 1);
        self.section("return arguments", &connection.return_arguments, 1);
    }

    fn state(&mut self, state: &StateModel) {
        self.line(0, "");
        let peers = if state.peers == Peers::Own { ", own peers only" } else { "" };
        self.line(0, &format!("state {} ({}, {}{peers})", state.name, state.side.word(), state.state_type));
        for (name, value) in state.required_creation_arguments.iter().chain(&state.optional_creation_arguments) {
            self.line(1, &format!("{name} = {value}"));
        }
        match &state.value {
            StateValue::Record(record) => self.section("arguments", record, 1),
            value => {
                let kind = ArgType::from(value.clone());
                self.line(1, &format!("value: {}", type_text(&kind)));
                if let Some(inner) = record_within(&kind) {
                    self.fields(inner, 2);
                }
            }
        }
    }

    fn section(&mut self, title: &str, record: &Record, indent: usize) {
        if record.slot_count() == 0 {
            return;
        }
        if indent == 0 {
            self.line(0, "");
        }
        self.line(indent, title);
        self.fields(record, indent + 1);
    }

    fn fields(&mut self, record: &Record, indent: usize) {
        let rows: Vec<_> =
            record.fields().iter().map(|field| (field, type_text(&field.kind), presence(field))).collect();
        let width = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
        let name_width = width(&mut rows.iter().map(|(field, ..)| field.name.chars().count()));
        let type_width = width(&mut rows.iter().map(|(_, kind, _)| kind.chars().count()));
        for (field, kind, presence) in rows {
            self.line(indent, &format!("{:name_width$}  {kind:type_width$}  {presence}", field.name));
            if let Some(inner) = record_within(&field.kind) {
                self.fields(inner, indent + 1);
            }
        }
        if record.is_open() {
            self.line(indent, "and any other names");
        }
    }
}

fn presence(field: &Field) -> String {
    match &field.default {
        Some(default) => format!("default {}", value_text(default)),
        None if field.required => "required".to_owned(),
        None => "optional".to_owned(),
    }
}

fn value_text(value: &Value) -> String {
    serde_json::to_string(&JsonForm(value)).unwrap_or_else(|_| value.word().to_owned())
}

/// The record that a type is, or holds, and whose fields are described below it.
fn record_within(kind: &ArgType) -> Option<&Record> {
    match kind {
        ArgType::Record(record) => Some(record),
        ArgType::List(item, _) | ArgType::Set(item, _) | ArgType::Map(_, item, _) | ArgType::Option(item) => {
            record_within(item)
        }
        _ => None,
    }
}

fn type_text(kind: &ArgType) -> String {
    let word = kind.word();
    match kind {
        ArgType::Int(range) => int_text(range),
        ArgType::Float(range) => format!("{word}{}", range_text(range)),
        ArgType::Decimal(range) => format!("{word}{}", range_text(range)),
        ArgType::Str { length, pattern } => {
            let pattern = pattern.as_ref().map(|pattern| format!(" matching {pattern}")).unwrap_or_default();
            format!("{word}{}{pattern}", length_text(length, "characters"))
        }
        ArgType::Bytes(length) => format!("{word}{}", length_text(length, "bytes")),
        ArgType::FloatArray(length) => format!("{word}{}", length_text(length, "items")),
        ArgType::List(item, length) | ArgType::Set(item, length) => {
            format!("{word} of {}{}", type_text(item), length_text(length, "items"))
        }
        ArgType::Tuple(items) => format!("{word} of ({})", items.iter().map(type_text).collect::<Vec<_>>().join(", ")),
        ArgType::Map(key, value, length) => {
            format!("{word} of {} to {}{}", key.word(), type_text(value), length_text(length, "keys"))
        }
        ArgType::OneOf(literals) => {
            let literals: Vec<_> = literals.iter().map(|literal| format!("{literal:?}")).collect();
            literals.join(" or ")
        }
        ArgType::Option(of) => format!("{} or nil", type_text(of)),
        ArgType::Bool | ArgType::DateTime | ArgType::Uuid | ArgType::Record(_) | ArgType::Any => word.to_owned(),
    }
}

/// The ranges that machine types have go by their names: nobody reads 19 digits.
fn int_text(range: &Range<i128>) -> String {
    for bits in [8, 16, 32, 64] {
        let signed = Range { min: Some(-(1 << (bits - 1))), max: Some((1 << (bits - 1)) - 1) };
        let unsigned = Range { min: Some(0), max: Some((1 << bits) - 1) };
        if *range == signed {
            return format!("Int of {bits} bits");
        }
        if *range == unsigned {
            return format!("Int of {bits} bits, unsigned");
        }
    }
    format!("Int{}", range_text(range))
}

fn range_text<T: std::fmt::Display>(range: &Range<T>) -> String {
    match (&range.min, &range.max) {
        (None, None) => String::new(),
        (Some(min), None) => format!(" from {min}"),
        (None, Some(max)) => format!(" up to {max}"),
        (Some(min), Some(max)) => format!(" from {min} to {max}"),
    }
}

/// A length, in the plural of its unit: `characters`, `bytes`, `items`, `keys`.
fn length_text(length: &Length, unit: &str) -> String {
    let counted = |n: u32| match n {
        1 => format!("1 {}", unit.trim_end_matches('s')),
        _ => format!("{n} {unit}"),
    };
    match (length.min, length.max) {
        (0, None) => String::new(),
        (min, None) => format!(", at least {}", counted(min)),
        (0, Some(max)) => format!(", at most {}", counted(max)),
        (min, Some(max)) if min == max => format!(", {}", counted(min)),
        (min, Some(max)) => format!(", {min} to {}", counted(max)),
    }
}

#[cfg(test)]
mod tests {
    use service_framework_model::schema::{Function, KeyType};

    use super::*;

    #[test]
    fn a_service_is_described_in_columns() {
        let level = Record::new().required("price", ArgType::decimal()).optional("count", ArgType::int()).open();
        let mut order = ConnectionModel::new("order", Side::In, "replyer");
        order.required_creation_arguments.push(("function".into(), "on_order".into()));
        order.arguments = Record::new()
            .required("price", ArgType::Decimal(Range { min: Some("0.01".parse().unwrap()), max: None }))
            .required("side", ArgType::one_of(["buy", "sell"]))
            .required("levels", ArgType::list(ArgType::Record(level)))
            .optional("by_id", ArgType::map(KeyType::Uuid, ArgType::option(ArgType::DateTime)));
        order.return_arguments = Record::new().required("id", ArgType::int_range(0, i128::from(u32::MAX)));
        let mut desk = ConnectionModel::new("desk", Side::Out, "requester");
        desk.optional_creation_arguments.push(("timeout_s".into(), 2.0.into()));
        desk.peers = Peers::Own;
        let code = ArgType::Str { length: Length { min: 1, max: Some(9) }, pattern: Some("[A-Z]+".into()) };
        let levels = StateValue::map(KeyType::Decimal, ArgType::decimal());
        let mut levels = StateModel::new("levels", Side::Out, "delta_update_out", levels);
        levels.optional_creation_arguments.push(("heartbeat_s".into(), 0.5.into()));
        levels.peers = Peers::Own;
        let model = ServiceModel {
            name: "trader".into(),
            config: Record::new()
                .required("symbol", code)
                .optional_with_default("depth", ArgType::int_range(1, 50), 10_i64)
                .optional("tags", ArgType::Tuple(vec![ArgType::str(), ArgType::Any])),
            connections: vec![order, desk],
            states: vec![StateModel::new("book", Side::In, "delta_update_in", Record::new().open()), levels],
            functions: vec![Function::Init, Function::OnSigterm],
        };
        assert_eq!(
            text(&model),
            r#"service trader
functions: init, on_sigterm

config
  symbol  Str, 1 to 9 characters matching [A-Z]+  required
  depth   Int from 1 to 50                        default 10
  tags    Tuple of (Str, Any)                     optional

connection order (in, replyer)
  function = "on_order"
  arguments
    price   Decimal from 0.01               required
    side    "buy" or "sell"                 required
    levels  List of Record                  required
      price  Decimal  required
      count  Int      optional
      and any other names
    by_id   Map of Uuid to DateTime or nil  optional
  return arguments
    id  Int of 32 bits, unsigned  required

connection desk (out, requester, own peers only)
  timeout_s = 2.0

state book (in, delta_update_in)
  arguments
    and any other names

state levels (out, delta_update_out, own peers only)
  heartbeat_s = 0.5
  value: Map of Decimal to Decimal
"#
        );
    }

    #[test]
    fn the_json_reads_back_as_the_model() {
        let model = ServiceModel { name: "echo".into(), ..ServiceModel::default() };
        assert_eq!(service_framework_model::parse::service_model(&json(&model).unwrap()).unwrap(), model);
    }

    #[test]
    fn bounds_are_told_in_words() {
        let at_least = ArgType::List(Box::new(ArgType::int()), Length { min: 1, max: None });
        for (kind, text) in [
            (ArgType::int_range(i64::MIN.into(), i64::MAX.into()), "Int of 64 bits"),
            (ArgType::Float(Range { min: None, max: Some(1.5) }), "Float up to 1.5"),
            (ArgType::Bytes(Length { min: 16, max: Some(16) }), "Bytes, 16 bytes"),
            (at_least, "List of Int, at least 1 item"),
        ] {
            assert_eq!(type_text(&kind), text);
        }
    }
}
