//! The model of a service out of the JSON in which a plugin hands it over.
//!
//! A plugin may have been written by hand in C, so nothing is taken for granted: unknown keys, unknown words, names
//! twice, sizes and depths are all checked, and all problems are reported at once with their key paths. Whether the
//! constraints make sense (a pattern that compiles, a default that fits) is the validator's to say; whether the
//! connection types exist, the registry's.

mod types;

pub use types::TYPES;

use crate::json::{Json, Member, Node, read};
use crate::nearest::suggestion;
use crate::problem::{Path, Problem};
use crate::schema::{ArgType, ConnectionModel, Function, Peers, Record, ServiceModel, Side, StateModel, StateValue};

/// The longest model that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// How deep types may be nested in each other.
pub const MAX_TYPE_DEPTH: usize = 64;

/// Reads the model of a service.
///
/// # Errors
/// Everything that is wrong with it.
pub fn service_model(text: &str) -> Result<ServiceModel, Vec<Problem>> {
    if text.len() > MAX_BYTES {
        let message = format!("the model has {} bytes, but at most {MAX_BYTES} are read", text.len());
        return Err(vec![Problem::new(None, &Path::Root, message)]);
    }
    let node = read(text)?;
    let mut parser = Parser { problems: Vec::new() };
    let model = parser.service(&node, &Path::Root);
    if parser.problems.is_empty() { Ok(model) } else { Err(parser.problems) }
}

/// Creation arguments by name.
type CreationArguments = Vec<(String, serde_json::Value)>;

struct Parser {
    problems: Vec<Problem>,
}

/// The names of the three keys that describe one record.
struct Groups {
    required: &'static str,
    optional: &'static str,
    open: &'static str,
}

const PLAIN_GROUPS: Groups = Groups { required: "required", optional: "optional", open: "open" };
const ARGUMENTS: Groups =
    Groups { required: "required_arguments", optional: "optional_arguments", open: "open_arguments" };
const RETURN_ARGUMENTS: Groups = Groups {
    required: "required_return_arguments",
    optional: "optional_return_arguments",
    open: "open_return_arguments",
};

impl Parser {
    fn add(&mut self, node: &Node, path: &Path<'_>, message: impl Into<String>) {
        self.problems.push(Problem::new(node.span, path, message));
    }

    fn expected(&mut self, what: &str, node: &Node, path: &Path<'_>) {
        self.add(node, path, format!("expected {what}, got {node}"));
    }

    /// The members of an object that may have no others than the `known` ones.
    fn object<'n>(&mut self, node: &'n Node, known: &[&str], path: &Path<'_>) -> &'n [Member] {
        let members = self.members(node, path);
        for member in members.iter().filter(|member| !known.contains(&member.name.as_str())) {
            let problem =
                Problem::new(member.name_span, &path.key(&member.name), format!("`{}` is not known here", member.name));
            self.problems.push(problem.with_help(suggestion(&member.name, known.iter().copied())));
        }
        members
    }

    fn members<'n>(&mut self, node: &'n Node, path: &Path<'_>) -> &'n [Member] {
        node.members().unwrap_or_else(|| {
            self.expected("an object", node, path);
            &[]
        })
    }

    fn text(&mut self, node: &Node, path: &Path<'_>) -> String {
        match node.as_text() {
            Some(text) if !text.is_empty() => text.to_owned(),
            _ => {
                self.expected("a text that is not empty", node, path);
                String::new()
            }
        }
    }

    /// A text that must be there.
    fn required_text(&mut self, node: &Node, key: &str, path: &Path<'_>) -> String {
        if let Some(member) = node.member(key) {
            return self.text(&member.node, &path.key(key));
        }
        self.add(node, path, format!("`{key}` is missing"));
        String::new()
    }

    /// A truth value that is false where it is left out.
    fn flag(&mut self, node: &Node, key: &str, path: &Path<'_>) -> bool {
        match node.member(key).map(|member| &member.node) {
            None => false,
            Some(Node { json: Json::Bool(value), .. }) => *value,
            Some(other) => {
                self.expected("true or false", other, &path.key(key));
                false
            }
        }
    }

    fn service(&mut self, node: &Node, path: &Path<'_>) -> ServiceModel {
        let mut model = ServiceModel::default();
        self.object(node, &["service", "config", "connections", "states", "functions"], path);
        model.name = self.required_text(node, "service", path);
        if let Some(config) = node.member("config") {
            let path = path.key("config");
            self.object(&config.node, &["required", "optional", "open"], &path);
            model.config = self.record(&config.node, &PLAIN_GROUPS, &path, 0);
        }
        if let Some(connections) = node.member("connections") {
            self.sides(&connections.node, &path.key("connections"), |parser, name, side, node, path| {
                model.connections.push(parser.connection(name, side, node, path));
            });
        }
        if let Some(states) = node.member("states") {
            self.sides(&states.node, &path.key("states"), |parser, name, side, node, path| {
                model.states.push(parser.state(name, side, node, path));
            });
        }
        if let Some(functions) = node.member("functions") {
            model.functions = self.functions(&functions.node, &path.key("functions"));
        }
        model
    }

    /// Visits each named member of `in`, then each of `out`.
    fn sides(&mut self, node: &Node, path: &Path<'_>, mut visit: impl FnMut(&mut Self, &str, Side, &Node, &Path<'_>)) {
        self.object(node, &[Side::In.word(), Side::Out.word()], path);
        for side in [Side::In, Side::Out] {
            let Some(group) = node.member(side.word()) else { continue };
            let path = path.key(side.word());
            for member in self.members(&group.node, &path) {
                let path = path.key(&member.name);
                if member.name.is_empty() {
                    self.add(&member.node, &path, "a name is empty");
                }
                visit(self, &member.name, side, &member.node, &path);
            }
        }
    }

    fn connection(&mut self, name: &str, side: Side, node: &Node, path: &Path<'_>) -> ConnectionModel {
        let known = [
            "connection_type",
            "required_creation_arguments",
            "optional_creation_arguments",
            ARGUMENTS.required,
            ARGUMENTS.optional,
            ARGUMENTS.open,
            RETURN_ARGUMENTS.required,
            RETURN_ARGUMENTS.optional,
            RETURN_ARGUMENTS.open,
            "peers",
        ];
        self.object(node, &known, path);
        let mut model = ConnectionModel::new(name, side, self.required_text(node, "connection_type", path));
        (model.required_creation_arguments, model.optional_creation_arguments) = self.creation(node, path);
        model.arguments = self.record(node, &ARGUMENTS, path, 0);
        model.return_arguments = self.record(node, &RETURN_ARGUMENTS, path, 0);
        if let Some(peers) = node.member("peers") {
            model.peers = self.peers(&peers.node, &path.key("peers"));
        }
        model
    }

    /// Both groups of creation arguments.
    fn creation(&mut self, node: &Node, path: &Path<'_>) -> (CreationArguments, CreationArguments) {
        let required = self.creation_arguments(node, "required_creation_arguments", path);
        let optional = self.creation_arguments(node, "optional_creation_arguments", path);
        for (argument, _) in &optional {
            if required.iter().any(|(other, _)| other == argument) {
                self.add(node, path, format!("the creation argument `{argument}` is both required and optional"));
            }
        }
        (required, optional)
    }

    fn creation_arguments(&mut self, node: &Node, key: &str, path: &Path<'_>) -> CreationArguments {
        let Some(group) = node.member(key) else { return Vec::new() };
        let members = self.members(&group.node, &path.key(key));
        members.iter().map(|member| (member.name.clone(), member.node.to_serde())).collect()
    }

    fn peers(&mut self, node: &Node, path: &Path<'_>) -> Peers {
        let known = [Peers::Any, Peers::Own];
        let found = known.into_iter().find(|peers| node.as_text() == Some(peers.word()));
        found.unwrap_or_else(|| {
            self.expected("`any` or `own`", node, path);
            Peers::Any
        })
    }

    fn state(&mut self, name: &str, side: Side, node: &Node, path: &Path<'_>) -> StateModel {
        let known = [
            "state_type",
            "required_creation_arguments",
            "optional_creation_arguments",
            ARGUMENTS.required,
            ARGUMENTS.optional,
            ARGUMENTS.open,
            "value",
            "peers",
        ];
        self.object(node, &known, path);
        let state_type = self.required_text(node, "state_type", path);
        let mut model = StateModel::new(name, side, state_type, self.record(node, &ARGUMENTS, path, 0));
        if let Some(value) = node.member("value") {
            if let Some(group) =
                [ARGUMENTS.required, ARGUMENTS.optional, ARGUMENTS.open].into_iter().find_map(|key| node.member(key))
            {
                self.add(&group.node, &path.key(&group.name), "the state has a `value` too: leave one of them out");
            }
            if let Some(value) = self.state_value(&value.node, &path.key("value")) {
                model.value = value;
            }
        }
        (model.required_creation_arguments, model.optional_creation_arguments) = self.creation(node, path);
        if let Some(peers) = node.member("peers") {
            model.peers = self.peers(&peers.node, &path.key("peers"));
        }
        model
    }

    /// What a state holds, written as a type.
    fn state_value(&mut self, node: &Node, path: &Path<'_>) -> Option<StateValue> {
        match self.arg_type(node, path, 0, &[])? {
            ArgType::Record(record) => Some(StateValue::Record(record)),
            ArgType::Map(key, value, length) => Some(StateValue::Map(key, value, length)),
            other => {
                self.add(node, path, format!("a state holds a Map or a Record, not a value of type {}", other.word()));
                None
            }
        }
    }

    fn functions(&mut self, node: &Node, path: &Path<'_>) -> Vec<Function> {
        let Json::List(nodes) = &node.json else {
            self.expected("a list", node, path);
            return Vec::new();
        };
        let mut functions = Vec::new();
        for (i, node) in nodes.iter().enumerate() {
            let path = path.index(i);
            let word = self.text(node, &path);
            match Function::ALL.into_iter().find(|function| function.word() == word) {
                Some(function) if functions.contains(&function) => {
                    self.add(node, &path, format!("`{word}` is listed twice"));
                }
                Some(function) => functions.push(function),
                None if word.is_empty() => {}
                None => {
                    let known = Function::ALL.iter().map(|function| function.word());
                    let problem = Problem::new(node.span, &path, format!("`{word}` is not a function of a service"));
                    self.problems.push(problem.with_help(suggestion(&word, known)));
                }
            }
        }
        functions
    }

    fn record(&mut self, node: &Node, groups: &Groups, path: &Path<'_>, depth: usize) -> Record {
        let mut record = Record::new();
        for (key, required) in [(groups.required, true), (groups.optional, false)] {
            let Some(group) = node.member(key) else { continue };
            let path = path.key(key);
            for member in self.members(&group.node, &path) {
                let path = path.key(&member.name);
                if record.fields().iter().any(|field| field.name == member.name) {
                    self.add(&member.node, &path, format!("`{}` is both required and optional", member.name));
                } else if let Some(field) = self.field(member, required, &path, depth) {
                    record = record.field(field);
                }
            }
        }
        if self.flag(node, groups.open, path) { record.open() } else { record }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::schema::{KeyType, Length, Range};
    use crate::value::Value;

    fn problems(text: &str) -> Vec<String> {
        service_model(text).unwrap_err().iter().map(ToString::to_string).collect()
    }

    fn trader() -> ServiceModel {
        let side = ArgType::one_of(["buy", "sell"]);
        let level = Record::new().required("price", ArgType::decimal()).optional("note", ArgType::str()).open();
        let mut order = ConnectionModel::new("order", Side::In, "replyer");
        order.required_creation_arguments.push(("function".into(), "order".into()));
        order.arguments = Record::new()
            .required("price", ArgType::Decimal(Range { min: Some("0.10".parse().unwrap()), max: None }))
            .required("side", side)
            .required("levels", ArgType::map(KeyType::Decimal, ArgType::Record(level)))
            .required("pair", ArgType::Tuple(vec![ArgType::Uuid, ArgType::option(ArgType::DateTime)]))
            .optional_with_default("tags", ArgType::Set(Box::new(ArgType::str()), Length { min: 0, max: Some(9) }), {
                Value::Set(vec![Value::from("new")])
            });
        order.return_arguments = Record::new().optional_with_default("depth", ArgType::int(), 10_i64).open();
        let mut desk = ConnectionModel::new("desk", Side::Out, "requester");
        desk.optional_creation_arguments.push(("timeout_s".into(), 2.0.into()));
        desk.arguments = Record::new()
            .required("id", ArgType::int_range(i64::MIN.into(), u64::MAX.into()))
            .required("code", ArgType::Str { length: Length { min: 1, max: Some(9) }, pattern: Some("[A-Z]+".into()) })
            .required("weights", ArgType::FloatArray(Length { min: 2, max: None }))
            .optional("blob", ArgType::bytes())
            .optional("rest", ArgType::Any);
        desk.peers = Peers::Own;
        let bids = Record::new().required("bids", ArgType::list(ArgType::decimal()));
        let mut book = StateModel::new("book", Side::Out, "delta_update_out", bids);
        book.optional_creation_arguments.push(("merge".into(), "deep".into()));
        book.peers = Peers::Own;
        let length = Length { min: 0, max: Some(1_000) };
        let positions = StateValue::Map(KeyType::Uuid, Box::new(ArgType::decimal()), length);
        let mut positions = StateModel::new("positions", Side::In, "delta_update_in", positions);
        positions.required_creation_arguments.push(("topic".into(), "P".into()));
        ServiceModel {
            name: "trader".into(),
            config: Record::new()
                .required("rate", ArgType::Float(Range { min: Some(0.0), max: Some(1.5) }))
                .optional_with_default("live", ArgType::Bool, true)
                .open(),
            connections: vec![order, desk],
            states: vec![positions, book],
            functions: vec![Function::Init, Function::OnSigterm],
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let json = trader().to_json().unwrap();
        assert_eq!(service_model(&json).unwrap(), trader());
    }

    #[test]
    fn every_problem_is_found_and_names_its_key_path() {
        let json = r#"{
            "service": "", "conections": {},
            "config": {"required": {"a": "Strr"}, "optional": {"a": "Int"}},
            "connections": {"in": {"order": {"required_arguments": {"x": {"type": "List"}, "y": {"type": "Int", "min": "a"}},
                "peers": "all"}}, "inn": {}},
            "functions": ["init", "init", "on_sigtermm"]
        }"#;
        assert_eq!(
            problems(json),
            [
                "`conections`: `conections` is not known here",
                "`service`: expected a text that is not empty, got the text \"\"",
                "`config.required.a`: `Strr` is not an argument type",
                "`connections.inn`: `inn` is not known here",
                "`connections.in.order`: `connection_type` is missing",
                "`connections.in.order.required_arguments.x`: a List needs `item`",
                "`connections.in.order.required_arguments.y.min`: expected Int, got the text \"a\"",
                "`connections.in.order.peers`: expected `any` or `own`, got the text \"all\"",
                "`functions[1]`: `init` is listed twice",
                "`functions[2]`: `on_sigtermm` is not a function of a service",
            ]
        );
    }

    #[test]
    fn a_name_that_is_required_and_optional_is_refused() {
        let json = r#"{"service": "s", "config": {"required": {"a": "Str"}, "optional": {"a": "Int"}}}"#;
        assert_eq!(problems(json), ["`config.optional.a`: `a` is both required and optional"]);
    }

    #[test]
    fn a_state_holds_a_record_or_a_map() {
        let state = |rest: &str| {
            let json = format!(
                r#"{{"service": "s", "states": {{"in": {{"book": {{"state_type": "full_update_in", {rest}}}}}}}}}"#
            );
            problems(&json)
        };
        let place = "`states.in.book.";
        let value = format!("{place}value`: a state holds a Map or a Record, not a value of type Int");
        assert_eq!(state(r#""value": "Int""#), [value]);
        let both = format!("{place}open_arguments`: the state has a `value` too: leave one of them out");
        let map = r#""value": {"type": "Map", "key": "Str", "value": "Int"}, "open_arguments": true"#;
        assert_eq!(state(map), [both]);
    }

    #[test]
    fn a_model_too_long_or_too_deep_is_refused() {
        assert!(problems(&" ".repeat(MAX_BYTES + 1))[0].starts_with("the model has 1048577 bytes"));
        let deep = format!("{}\"Int\"{}", r#"{"type":"Option","of":"#.repeat(65), "}".repeat(65));
        let json = format!(r#"{{"service": "s", "config": {{"required": {{"a": {deep}}}}}}}"#);
        assert!(problems(&json)[0].ends_with("types are nested deeper than 64"), "{:?}", problems(&json));
    }

    proptest! {
        #[test]
        fn a_model_with_a_part_cut_out_never_panics(cut in 0_usize..1_600, len in 0_usize..40) {
            let json = trader().to_json().unwrap();
            let kept: String = json.char_indices().filter(|(i, _)| !(cut..cut + len).contains(i)).map(|(_, c)| c).collect();
            if let Err(problems) = service_model(&kept) {
                prop_assert!(!problems.is_empty());
            }
        }
    }
}
