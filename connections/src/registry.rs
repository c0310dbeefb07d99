//! The connection types that there are, and whether a service's models are such connections.
//!
//! Owns the list: a new type is a file in `types/` and one line here. Never looks at addresses.

use std::borrow::Cow;

use service_framework_model::json::{Node, check_field, read_value};
use service_framework_model::nearest::suggestion;
use service_framework_model::problem::{Path, Problem};
use service_framework_model::schema::{ArgType, ConnectionModel, Field, ServiceModel, Side};
use service_framework_model::validator::ModelError;

use crate::types::{EXTERNAL_TARGET, PUBLISHER, REPLYER, REQUESTER, SUBSCRIBER};
use crate::{Inbound, Outbound};

/// Every connection type.
pub const TYPES: &[&ConnectionType] = &[&REPLYER, &SUBSCRIBER, &REQUESTER, &PUBLISHER, &EXTERNAL_TARGET];

/// What a connection type is.
#[derive(Debug)]
pub struct ConnectionType {
    /// Its word in models.
    pub word: &'static str,
    /// The side on which it is declared.
    pub side: Side,
    /// What carries its messages.
    pub carrier: Carrier,
    /// Whether a connection of this type binds its address, rather than connecting to it.
    pub binds: fn(&ConnectionModel) -> bool,
    /// Whether it may have more than one address.
    pub several_addresses: bool,
    /// What it needs, or may be given, to be made.
    pub creation_arguments: &'static [CreationArgument],
    /// What contradicts what among creation arguments that are each good by itself.
    pub contradiction: fn(&ConnectionModel) -> Option<Contradiction>,
    /// Whether something comes back for each message.
    pub returns: bool,
    /// The words of the types that may be at its other end.
    pub compatible_with: &'static [&'static str],
    /// What it does, for people.
    pub description: &'static str,
    /// Makes the state machine of a connection of this type.
    pub make: fn(&ConnectionModel) -> Result<Made, ModelError>,
}

impl ConnectionType {
    /// The key of its address in the addresses; `None` if it has no address.
    #[must_use]
    pub const fn address_key(&self) -> Option<&'static str> {
        match self.carrier {
            Carrier::Socket { address_key, .. } => Some(address_key),
            Carrier::Pool => None,
        }
    }

    /// The socket that carries it; `None` if none does.
    #[must_use]
    pub const fn socket(&self) -> Option<SocketRole> {
        match self.carrier {
            Carrier::Socket { role, .. } => Some(role),
            Carrier::Pool => None,
        }
    }
}

/// Something that a connection type needs, or may be given, to be made.
#[derive(Debug)]
pub struct CreationArgument {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// Its type.
    pub kind: fn() -> ArgType,
    /// What it means, with its unit and what it is if left out.
    pub description: &'static str,
}

/// A creation argument that another one, or its absence, forbids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The name of the argument.
    pub argument: &'static str,
    /// Why it cannot be.
    pub message: Cow<'static, str>,
    /// What to do.
    pub help: &'static str,
}

/// What carries the messages of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// A socket, at an address.
    Socket {
        /// Which kind of socket.
        role: SocketRole,
        /// The key of the address in the addresses.
        address_key: &'static str,
    },
    /// Threads of this process, which needs no address.
    Pool,
}

/// The sockets that connections are carried by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketRole {
    /// Speaks to many peers, each by its identity.
    Router,
    /// Speaks to the peers in turn.
    Dealer,
    /// Speaks to all peers that subscribe.
    Publisher,
    /// Hears all peers of what it subscribes to.
    Subscriber,
}

/// The state machine of one connection.
pub enum Made {
    /// Messages come in over it.
    In(Box<dyn Inbound>),
    /// The service sends over it.
    Out(Box<dyn Outbound>),
}

/// Why a connection could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// There is no such type; [`check`] says so before.
    #[error("`{0}` is not a connection type")]
    UnknownType(String),
    /// The model contradicts itself.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// The connection type of this word.
#[must_use]
pub fn find(word: &str) -> Option<&'static ConnectionType> {
    TYPES.iter().copied().find(|kind| kind.word == word)
}

/// Makes the state machine of a connection.
///
/// # Errors
/// If its type is not known or its model contradicts itself.
pub fn make(model: &ConnectionModel) -> Result<Made, MakeError> {
    let kind = find(&model.connection_type).ok_or_else(|| MakeError::UnknownType(model.connection_type.clone()))?;
    Ok((kind.make)(model)?)
}

/// Everything about a service's connections that is not as their types want it, with the key paths of its model.
#[must_use]
pub fn check(model: &ServiceModel) -> Vec<Problem> {
    let mut problems = shared_names(model);
    let root = Path::Root;
    let connections = root.key("connections");
    for connection in &model.connections {
        let side = connections.key(connection.side.word());
        check_connection(connection, &side.key(&connection.name), &mut problems);
    }
    problems
}

/// The names that a connection and a state of one side share.
fn shared_names(model: &ServiceModel) -> Vec<Problem> {
    let root = Path::Root;
    let states = root.key("states");
    let shared = model.states.iter().filter(|state| model.connection(state.side, &state.name).is_some());
    let problem = |side: Side, name: &str| {
        let message = format!("a connection of the side `{}` has the name `{name}` too", side.word());
        Problem::new(None, &states.key(side.word()).key(name), message)
            .with_help("give one of them another name".to_owned())
    };
    shared.map(|state| problem(state.side, &state.name)).collect()
}

fn check_connection(connection: &ConnectionModel, path: &Path<'_>, problems: &mut Vec<Problem>) {
    let word = &connection.connection_type;
    let Some(kind) = find(word) else {
        let message = format!("`{word}` is not a connection type");
        let known = TYPES.iter().map(|kind| kind.word);
        problems.push(Problem::new(None, &path.key("connection_type"), message).with_help(suggestion(word, known)));
        return;
    };
    if connection.side != kind.side {
        let message = format!("a `{word}` belongs to the side `{}`", kind.side.word());
        let help = format!("declare `{}` under `connections.{}`", connection.name, kind.side.word());
        problems.push(Problem::new(None, path, message).with_help(help));
    }
    if !kind.returns && connection.return_arguments.slot_count() > 0 {
        problems.push(Problem::new(
            None,
            path,
            format!("nothing comes back over a `{word}`, so it has no return arguments"),
        ));
    }
    check_creation_arguments(connection, kind, path, problems);
}

fn check_creation_arguments(
    connection: &ConnectionModel,
    kind: &ConnectionType,
    path: &Path<'_>,
    problems: &mut Vec<Problem>,
) {
    for expected in kind.creation_arguments.iter().filter(|argument| argument.required) {
        if connection.creation_argument(expected.name).is_none() {
            let message = format!("a `{}` needs the creation argument `{}`", kind.word, expected.name);
            problems.push(Problem::new(None, path, message).with_help(expected.description.to_owned()));
        }
    }
    let required = path.key("required_creation_arguments");
    let optional = path.key("optional_creation_arguments");
    let groups =
        [(required, &connection.required_creation_arguments), (optional, &connection.optional_creation_arguments)];
    let contradiction = (kind.contradiction)(connection);
    for (path, arguments) in &groups {
        for (name, value) in *arguments {
            let path = path.key(name);
            match kind.creation_arguments.iter().find(|argument| argument.name == name) {
                Some(expected) => {
                    check_creation_argument(expected, value, &path, problems);
                    if let Some(found) = contradiction.as_ref().filter(|found| found.argument == name) {
                        problems
                            .push(Problem::new(None, &path, found.message.clone()).with_help(found.help.to_owned()));
                    }
                }
                None => {
                    let known = kind.creation_arguments.iter().map(|argument| argument.name);
                    let message = format!("a `{}` has no creation argument `{name}`", kind.word);
                    problems.push(Problem::new(None, &path, message).with_help(suggestion(name, known)));
                }
            }
        }
    }
}

fn check_creation_argument(
    expected: &CreationArgument,
    value: &serde_json::Value,
    path: &Path<'_>,
    problems: &mut Vec<Problem>,
) {
    let kind = (expected.kind)();
    let Some(value) = read_value(&Node::from(value), &kind, path, problems) else { return };
    let field = Field { name: expected.name.to_owned(), kind, required: true, default: None };
    if let Err(refusal) = check_field(&field, &value) {
        // The refusal's own path begins with the argument's name, with which this one ends.
        problems.push(Problem::new(None, path, refusal.detail()).with_help(expected.description.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use service_framework_model::schema::{Record, StateModel};

    use super::*;

    fn said(model: &ServiceModel) -> Vec<String> {
        let say = |problem: &Problem| match &problem.help {
            Some(help) => format!("{problem} ({help})"),
            None => problem.to_string(),
        };
        check(model).iter().map(say).collect()
    }

    fn service(connections: impl IntoIterator<Item = ConnectionModel>) -> ServiceModel {
        ServiceModel { connections: connections.into_iter().collect(), ..ServiceModel::default() }
    }

    fn requester(timeout: serde_json::Value) -> ConnectionModel {
        let mut model = ConnectionModel::new("desk", Side::Out, "requester");
        model.optional_creation_arguments.push(("timeout_s".into(), timeout));
        model
    }

    #[test]
    fn a_misspelt_type_finds_the_right_one() {
        let model = service([ConnectionModel::new("order", Side::In, "repleyr")]);
        assert_eq!(
            said(&model),
            ["`connections.in.order.connection_type`: `repleyr` is not a connection type (did you mean `replyer`?)"]
        );
    }

    #[test]
    fn a_type_on_the_wrong_side_is_told_where_it_belongs() {
        let model = service([ConnectionModel::new("order", Side::Out, "replyer")]);
        assert_eq!(
            said(&model),
            ["`connections.out.order`: a `replyer` belongs to the side `in` (declare `order` under `connections.in`)"]
        );
    }

    #[test]
    fn creation_arguments_are_checked_by_name_type_and_range() {
        assert_eq!(said(&service([requester(2.5.into()), requester(1.into())])), Vec::<String>::new());
        assert_eq!(
            said(&service([requester("2".into())])),
            ["`connections.out.desk.optional_creation_arguments.timeout_s`: expected Float, got the text \"2\" \
              (write the number without quotes)"]
        );
        let zero = said(&service([requester(0.into())]));
        assert_eq!(zero.len(), 1);
        let place = "`connections.out.desk.optional_creation_arguments.timeout_s`: expected";
        assert!(zero[0].starts_with(place) && zero[0].contains("in seconds"), "{zero:?}");
        let mut model = ConnectionModel::new("desk", Side::Out, "requester");
        model.required_creation_arguments.push(("timeout".into(), 2.into()));
        assert_eq!(
            said(&service([model])),
            ["`connections.out.desk.required_creation_arguments.timeout`: a `requester` has no creation argument \
              `timeout` (did you mean `timeout_s`?)"]
        );
    }

    #[test]
    fn retries_are_only_for_requests_that_may_be_executed_twice() {
        let with = |arguments: &[(&str, serde_json::Value)]| {
            let mut model = ConnectionModel::new("desk", Side::Out, "requester");
            let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            model.optional_creation_arguments.extend(arguments);
            said(&service([model]))
        };
        let refused = "`connections.out.desk.optional_creation_arguments.retries`: a request may be sent once more only \
                       if executing it twice does no harm (set `idempotent` to true if that is so, or remove `retries`)";
        assert_eq!(with(&[("retries", 1.into())]), [refused]);
        assert_eq!(with(&[("retries", 1.into()), ("idempotent", false.into())]), [refused]);
        assert_eq!(with(&[("retries", 1.into()), ("idempotent", true.into())]), Vec::<String>::new());
        assert_eq!(with(&[("retries", 0.into())]), Vec::<String>::new());
        let wrong_type = with(&[("retries", 1.into()), ("idempotent", "yes".into())]);
        assert_eq!(wrong_type.len(), 1, "{wrong_type:?}");
        assert!(wrong_type[0].contains("expected Bool"), "{wrong_type:?}");
    }

    #[test]
    fn an_external_target_has_its_arguments_and_no_address() {
        let mut model = ConnectionModel::new("ledger", Side::Out, "external_target");
        model.return_arguments = Record::new().required("total", ArgType::int());
        model.optional_creation_arguments = vec![("timeout_s".into(), 2.into()), ("calls_in_flight".into(), 8.into())];
        assert_eq!(said(&service([model.clone()])), Vec::<String>::new());
        for (name, value) in [("calls_in_flight", 0), ("calls_in_flight", 257), ("retries", 1)] {
            model.optional_creation_arguments = vec![(name.into(), value.into())];
            let said = said(&service([model.clone()]));
            assert!(said.len() == 1 && said[0].contains(name), "{said:?}");
        }
        let kind = find("external_target").unwrap();
        assert_eq!((kind.socket(), kind.address_key()), (None, None));
    }

    fn subscriber(creation: serde_json::Value) -> ServiceModel {
        let mut model = ConnectionModel::new("trades", Side::In, "subscriber");
        model.arguments = Record::new().required("symbol", ArgType::str()).required("price", ArgType::int());
        let serde_json::Value::Object(creation) = creation else { panic!("no object") };
        model.optional_creation_arguments = creation.into_iter().collect();
        service([model])
    }

    #[test]
    fn a_queue_that_conflates_has_a_key_of_arguments_that_there_are() {
        for good in [
            serde_json::json!({"queue": "conflate", "conflate_by": ["symbol"]}),
            serde_json::json!({"queue": "drop_oldest", "queue_messages": 1, "queue_bytes": 1, "topic": "T"}),
            serde_json::json!({"is_binder": true, "wait_after_creation_s": 0.5}),
        ] {
            assert_eq!(said(&subscriber(good)), Vec::<String>::new());
        }
        for (bad, why) in [
            (serde_json::json!({"queue": "conflate"}), "only by a key"),
            (serde_json::json!({"conflate_by": ["symbol"]}), "the queue does not conflate"),
            (serde_json::json!({"queue": "drop_oldest", "conflate_by": ["symbol"]}), "the queue does not conflate"),
            (serde_json::json!({"queue": "conflate", "conflate_by": ["symbl"]}), "no argument `symbl`"),
            (serde_json::json!({"queue": "conflate", "conflate_by": ["price", "price"]}), "named twice"),
            (serde_json::json!({"queue": "conflate", "conflate_by": []}), "conflate_by"),
            (serde_json::json!({"queue": "drop"}), "drop_oldest"),
            (serde_json::json!({"queue_messages": 0}), "queue_messages"),
            (serde_json::json!({"is_x_pub": true}), "no creation argument `is_x_pub`"),
        ] {
            let said = said(&subscriber(bad));
            assert!(said.len() == 1 && said[0].contains(why), "{why}: {said:?}");
        }
    }

    #[test]
    fn who_binds_is_said_by_the_model() {
        let binds = |word: &str, side, argument: &str, value: bool| {
            let mut model = ConnectionModel::new("x", side, word);
            model.optional_creation_arguments.push((argument.into(), value.into()));
            (find(word).unwrap().binds)(&model)
        };
        assert!(binds("publisher", Side::Out, "is_x_pub", false) && !binds("publisher", Side::Out, "is_x_pub", true));
        assert!(binds("subscriber", Side::In, "is_binder", true) && !binds("subscriber", Side::In, "is_binder", false));
    }

    #[test]
    fn a_time_for_subscribers_needs_subscribers_to_wait_for() {
        let mut model = ConnectionModel::new("acks", Side::Out, "publisher");
        model.optional_creation_arguments.push(("wait_for_subscribers_s".into(), 2.into()));
        let told = said(&service([model.clone()]));
        assert!(told.len() == 1 && told[0].contains("none are waited for"), "{told:?}");
        model.optional_creation_arguments.push(("wait_for_subscribers".into(), 1.into()));
        assert_eq!(said(&service([model])), Vec::<String>::new());
    }

    #[test]
    fn a_connection_and_a_state_of_one_side_have_different_names() {
        let mut model = service([ConnectionModel::new("book", Side::In, "replyer")]);
        let state = |side| StateModel {
            name: "book".into(),
            side,
            state_type: "full_update_in".into(),
            arguments: Record::new(),
        };
        model.states = vec![state(Side::In), state(Side::Out)];
        assert_eq!(
            said(&model),
            ["`states.in.book`: a connection of the side `in` has the name `book` too (give one of them another name)"]
        );
    }

    #[test]
    fn every_type_is_found_by_its_word_and_fits_the_types_that_it_names() {
        for kind in TYPES {
            assert_eq!(find(kind.word).unwrap().description, kind.description);
            for other in kind.compatible_with {
                assert!(find(other).unwrap().compatible_with.contains(&kind.word));
            }
        }
    }
}
