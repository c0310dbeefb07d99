//! The state types: what they are called, which way they face, and where they have their addresses.
//!
//! Owns the descriptions. This version cannot run a state, and [`check`] says so of each one that is declared.

// Nothing that input can reach may end the process; tests may.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod tree;

use service_framework_model::nearest::suggestion;
use service_framework_model::problem::{Path, Problem};
use service_framework_model::schema::{Side, StateModel};

/// What a state type is.
#[derive(Debug)]
pub struct StateType {
    /// Its word in models.
    pub word: &'static str,
    /// The side on which it is declared.
    pub side: Side,
    /// The keys of its addresses.
    pub address_keys: &'static [AddressKey],
    /// The word of the type at its other end.
    pub compatible_with: &'static str,
    /// What it does, for people.
    pub description: &'static str,
}

/// One address of a state.
#[derive(Debug)]
pub struct AddressKey {
    /// The key in the addresses.
    pub key: &'static str,
    /// Whether the state binds this address, rather than connecting to it.
    pub binds: bool,
}

/// Every state type.
pub const TYPES: &[&StateType] = &[
    &StateType {
        word: "full_update_in",
        side: Side::In,
        address_keys: &[AddressKey { key: "subscriber", binds: false }],
        compatible_with: "full_update_out",
        description: "a copy of which every message is the whole value",
    },
    &StateType {
        word: "full_update_out",
        side: Side::Out,
        address_keys: &[AddressKey { key: "publisher", binds: true }],
        compatible_with: "full_update_in",
        description: "a value of which every change is sent as a whole",
    },
    &StateType {
        word: "delta_update_in",
        side: Side::In,
        address_keys: &[AddressKey { key: "subscriber", binds: false }, AddressKey { key: "requester", binds: false }],
        compatible_with: "delta_update_out",
        description: "a copy that follows numbered changes, and asks for a snapshot",
    },
    &StateType {
        word: "delta_update_out",
        side: Side::Out,
        address_keys: &[AddressKey { key: "publisher", binds: true }, AddressKey { key: "replyer", binds: true }],
        compatible_with: "delta_update_in",
        description: "a value of which numbered changes are sent, and snapshots given",
    },
];

/// The state type of this word.
#[must_use]
pub fn find(word: &str) -> Option<&'static StateType> {
    TYPES.iter().copied().find(|kind| kind.word == word)
}

/// What is wrong with a service's states, with the key paths of its model.
#[must_use]
pub fn check(states: &[StateModel]) -> Vec<Problem> {
    let root = Path::Root;
    let path = root.key("states");
    states.iter().map(|state| check_state(state, &path.key(state.side.word()).key(&state.name))).collect()
}

fn check_state(state: &StateModel, path: &Path<'_>) -> Problem {
    let word = &state.state_type;
    match find(word) {
        None => {
            let message = format!("`{word}` is not a state type");
            let known = TYPES.iter().map(|kind| kind.word);
            Problem::new(None, &path.key("state_type"), message).with_help(suggestion(word, known))
        }
        Some(kind) if kind.side != state.side => {
            let message = format!("a `{word}` belongs to the side `{}`", kind.side.word());
            let help = format!("declare `{}` under `states.{}`", state.name, kind.side.word());
            Problem::new(None, path, message).with_help(help)
        }
        Some(_) => {
            let message = format!("the state type `{word}` is known, but this version cannot run states");
            Problem::new(None, path, message).with_help("remove the state from the service".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use service_framework_model::schema::Record;

    use super::*;

    fn said(side: Side, word: &str) -> String {
        let state = StateModel::new("book", side, word, Record::new());
        check(&[state]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_declared_state_is_refused_with_the_reason() {
        assert_eq!(
            said(Side::In, "delta_update_in"),
            "`states.in.book`: the state type `delta_update_in` is known, but this version cannot run states"
        );
        assert_eq!(
            said(Side::In, "local_variable_delta_update"),
            "`states.in.book.state_type`: `local_variable_delta_update` is not a state type"
        );
        assert_eq!(
            said(Side::In, "full_update_out"),
            "`states.in.book`: a `full_update_out` belongs to the side `out`"
        );
    }

    #[test]
    fn every_type_is_found_by_its_word_and_fits_the_one_that_it_names() {
        for kind in TYPES {
            let other = find(kind.compatible_with).unwrap();
            assert_eq!((find(kind.word).unwrap().word, other.compatible_with), (kind.word, kind.word));
            assert_ne!(kind.side, other.side);
        }
    }
}
