//! The state types, as pure state machines: bytes and time come in as arguments, bytes and events go out.
//!
//! Owns the protocol of replicated states: the owner's value and life, the copy, and the rules that both keep. Never
//! reads a clock, opens a socket, starts a thread or makes randomness: that is what makes the simulation possible in
//! which the promises are tested. The promises:
//!
//! - A copy always is some value that the owner had after one of its updates, never a mixture, and never goes backward.
//! - A copy that is live lacks nothing up to its number. A lost message, a lost tail and silence are never silent.
//! - Memory is bounded; a storm of joiners costs one encoding of the value.
//!
// Nothing that input can reach may end the process; tests may.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod copy;
pub mod owner;
pub mod rules;
pub mod settings;
pub mod tree;
mod types;

use service_framework_model::creation::Creation;
use service_framework_model::nearest::suggestion;
use service_framework_model::problem::{Path, Problem};
use service_framework_model::schema::StateModel;
use service_framework_model::state::StateValidator;

pub use types::{AddressKey, Kind, StateType, TYPES};

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
    let mut problems = Vec::new();
    for state in states {
        check_state(state, &path.key(state.side.word()).key(&state.name), &mut problems);
    }
    problems
}

fn check_state(state: &StateModel, path: &Path<'_>, problems: &mut Vec<Problem>) {
    let word = &state.state_type;
    let Some(kind) = find(word) else {
        let message = format!("`{word}` is not a state type");
        let known = TYPES.iter().map(|kind| kind.word);
        problems.push(Problem::new(None, &path.key("state_type"), message).with_help(suggestion(word, known)));
        return;
    };
    if kind.side != state.side {
        let message = format!("a `{word}` belongs to the side `{}`", kind.side.word());
        let help = format!("declare `{}` under `states.{}`", state.name, kind.side.word());
        problems.push(Problem::new(None, path, message).with_help(help));
        return;
    }
    let creation = Creation {
        word: kind.word,
        known: kind.creation_arguments,
        contradiction: types::contradiction(state),
        required: &state.required_creation_arguments,
        optional: &state.optional_creation_arguments,
    };
    creation.check(path, problems);
    if let Err(error) = StateValidator::new(&state.value, settings::merge(state), state.peers) {
        problems.push(Problem::new(None, path, error.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use service_framework_model::schema::{ArgType, KeyType, Peers, Record, Side, StateValue};

    use super::*;

    fn told(state: StateModel) -> String {
        check(&[state]).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    fn said(side: Side, word: &str) -> String {
        told(StateModel::new("book", side, word, Record::new()))
    }

    #[test]
    fn a_type_that_nobody_knows_or_on_the_wrong_side_is_refused_with_the_reason() {
        assert_eq!(said(Side::Out, "delta_update_out"), "");
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
    fn deep_merge_is_for_own_peers_only() {
        let mut book = StateModel::new("book", Side::Out, "delta_update_out", Record::new());
        book.optional_creation_arguments = vec![("merge".into(), "deep".into()), ("heartbeat_s".into(), 0.into())];
        assert!(told(book.clone()).contains("optional_creation_arguments.merge`: the Python library"));
        book.peers = Peers::Own;
        assert_eq!(told(book.clone()), "");
        book.optional_creation_arguments = vec![("merge".into(), "shallow".into()), ("stale_after_s".into(), 1.into())];
        let said = told(book);
        assert!(said.contains("`merge`") || said.contains(".merge`: "), "{said}");
        assert!(said.contains("a `delta_update_out` has no creation argument `stale_after_s`"), "{said}");
    }

    #[test]
    fn a_value_that_may_be_nil_is_refused() {
        let value = StateValue::map(KeyType::Str, ArgType::option(ArgType::int()));
        let said = told(StateModel::new("book", Side::Out, "delta_update_out", value));
        assert!(said.contains("nil deletes the key"), "{said}");
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
