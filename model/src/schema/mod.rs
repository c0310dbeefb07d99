//! What a model *is*: argument types with their constraints, records of named fields, connection models, state models and
//! the model of a whole service. Pure descriptions: nothing here parses, validates or encodes a value.

mod types;

pub use types::{ArgType, Field, KeyType, Length, Range, Record};

/// Which way a connection or state faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// Messages come in and call a function.
    In,
    /// The service sends.
    Out,
}

impl Side {
    /// `in` or `out`, as in models and addresses.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// Who may be at the other end of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Peers {
    /// Anybody, the Python library included: what it could not read is refused before it is sent.
    #[default]
    Any,
    /// Only services of this framework.
    Own,
}

impl Peers {
    /// `any` or `own`, as in models.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Own => "own",
        }
    }
}

/// One connection as a service declares it.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionModel {
    /// The name, unique over connections and states of one side.
    pub name: String,
    /// Which way it faces.
    pub side: Side,
    /// The word of its type: `replyer`, `requester`.
    pub connection_type: String,
    /// What the type needs to be made, by name, in JSON form.
    pub required_creation_arguments: Vec<(String, serde_json::Value)>,
    /// What the type may be given to be made, by name, in JSON form.
    pub optional_creation_arguments: Vec<(String, serde_json::Value)>,
    /// What a message carries.
    pub arguments: Record,
    /// What its answer carries.
    pub return_arguments: Record,
    /// Who may be at the other end.
    pub peers: Peers,
}

impl ConnectionModel {
    /// A connection of this name, side and type that carries nothing yet.
    #[must_use]
    pub fn new(name: impl Into<String>, side: Side, connection_type: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            side,
            connection_type: connection_type.into(),
            required_creation_arguments: Vec::new(),
            optional_creation_arguments: Vec::new(),
            arguments: Record::new(),
            return_arguments: Record::new(),
            peers: Peers::Any,
        }
    }

    /// The value of a creation argument of either group.
    #[must_use]
    pub fn creation_argument(&self, name: &str) -> Option<&serde_json::Value> {
        let groups = [&self.required_creation_arguments, &self.optional_creation_arguments];
        groups.into_iter().flatten().find(|(n, _)| n == name).map(|(_, value)| value)
    }
}

/// One state as a service declares it.
#[derive(Clone, Debug, PartialEq)]
pub struct StateModel {
    /// The name, unique over connections and states of one side.
    pub name: String,
    /// Which way it faces.
    pub side: Side,
    /// The word of its type, such as `delta_update_in`.
    pub state_type: String,
    /// What the type needs to be made, by name, in JSON form.
    pub required_creation_arguments: Vec<(String, serde_json::Value)>,
    /// What the type may be given to be made, by name, in JSON form.
    pub optional_creation_arguments: Vec<(String, serde_json::Value)>,
    /// What the state holds.
    pub value: StateValue,
    /// Who may be at the other end.
    pub peers: Peers,
}

impl StateModel {
    /// A state of this name, side and type.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        side: Side,
        state_type: impl Into<String>,
        value: impl Into<StateValue>,
    ) -> Self {
        Self {
            name: name.into(),
            side,
            state_type: state_type.into(),
            required_creation_arguments: Vec::new(),
            optional_creation_arguments: Vec::new(),
            value: value.into(),
            peers: Peers::Any,
        }
    }

    /// The value of a creation argument of either group.
    #[must_use]
    pub fn creation_argument(&self, name: &str) -> Option<&serde_json::Value> {
        let groups = [&self.required_creation_arguments, &self.optional_creation_arguments];
        groups.into_iter().flatten().find(|(n, _)| n == name).map(|(_, value)| value)
    }
}

/// What a state holds: a record or a map.
#[derive(Clone, Debug, PartialEq)]
pub enum StateValue {
    /// Named fields.
    Record(Record),
    /// A map with typed keys and values.
    Map(KeyType, Box<ArgType>, Length),
}

impl StateValue {
    /// A map of any size.
    #[must_use]
    pub fn map(key: KeyType, value: ArgType) -> Self {
        Self::Map(key, Box::new(value), Length::ANY)
    }
}

impl From<Record> for StateValue {
    fn from(record: Record) -> Self {
        Self::Record(record)
    }
}

impl From<StateValue> for ArgType {
    fn from(value: StateValue) -> Self {
        match value {
            StateValue::Record(record) => Self::Record(record),
            StateValue::Map(key, value, length) => Self::Map(key, value, length),
        }
    }
}

/// How an update changes a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Merge {
    /// The value of a key at the top is replaced whole.
    #[default]
    TopLevel,
    /// Maps and records inside of the value are changed key by key too.
    Deep,
}

impl Merge {
    /// `top_level` or `deep`, as in models.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::TopLevel => "top_level",
            Self::Deep => "deep",
        }
    }
}

/// The functions that a service defines besides those of its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// Adjusts the config before it is validated.
    SetupConfig,
    /// Adjusts the addresses before they are validated.
    SetupAddresses,
    /// Adjusts the connections' creation arguments from the config.
    SetupConnections,
    /// Adjusts the states' creation arguments from the config.
    SetupStates,
    /// Runs after wiring, before the loop or main.
    Init,
    /// Drives a leading-edge service.
    Main,
    /// Runs once when SIGINT stops the service.
    OnSigint,
    /// Runs once when SIGTERM stops the service.
    OnSigterm,
}

impl Function {
    /// Every function, in the order of the lifecycle.
    pub const ALL: [Self; 8] = [
        Self::SetupConfig,
        Self::SetupAddresses,
        Self::SetupConnections,
        Self::SetupStates,
        Self::Init,
        Self::Main,
        Self::OnSigint,
        Self::OnSigterm,
    ];

    /// The word of this function, as in models and messages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::SetupConfig => "setup_config",
            Self::SetupAddresses => "setup_addresses",
            Self::SetupConnections => "setup_connections",
            Self::SetupStates => "setup_states",
            Self::Init => "init",
            Self::Main => "main",
            Self::OnSigint => "on_sigint",
            Self::OnSigterm => "on_sigterm",
        }
    }
}

/// Everything that a service declares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceModel {
    /// The service's name: the crate or file it comes from.
    pub name: String,
    /// Its config.
    pub config: Record,
    /// Its connections. A function or handle refers to a connection by its place here.
    pub connections: Vec<ConnectionModel>,
    /// Its states.
    pub states: Vec<StateModel>,
    /// The functions that it defines.
    pub functions: Vec<Function>,
}

impl ServiceModel {
    /// Whether the service defines this function.
    #[must_use]
    pub fn defines(&self, function: Function) -> bool {
        self.functions.contains(&function)
    }

    /// The place of a connection by its side and name.
    #[must_use]
    pub fn connection(&self, side: Side, name: &str) -> Option<usize> {
        self.connections.iter().position(|c| c.side == side && c.name == name)
    }
}
