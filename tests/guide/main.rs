//! The pages of `docs/`, followed word by word: each file is written, each command is run, and what is shown is what is
//! seen. How a listing says what it is: `page.rs`. And the words that `docs/codes.md` and `docs/models.md` explain are
//! those that there are, as are the tests to which `docs/guarantees.md` points.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod output;
mod page;
mod ports;
mod reader;
#[path = "../support/mod.rs"]
mod support;

use reader::Reader;
use service_framework_connections::registry;
use service_framework_model::creation::CreationArgument;
use service_framework_model::error::Code;
use service_framework_model::parse::{TYPES, service_model};
use service_framework_states as states;

#[test]
fn the_guide_leads_where_it_says() {
    Reader::follow("docs/guide.md");
}

#[test]
fn the_way_from_the_python_library_leads_where_it_says() {
    Reader::follow("docs/migration.md");
}

#[test]
fn the_page_on_states_leads_where_it_says() {
    Reader::follow("docs/states.md");
}

fn page(path: &str) -> String {
    let text = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
    text.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The words of each column that are set as code, for each row of the tables of this text.
fn rows(text: &str) -> impl Iterator<Item = Vec<Vec<&str>>> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")).filter(|row| row.starts_with('`'));
    rows.map(|row| row.split('|').map(words_of).collect())
}

fn words_of(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_word_for_what_is_wrong_with_a_message_is_explained_and_no_other() {
    let page = page("docs/codes.md");
    let explained: Vec<_> = rows(page.split("\n## ").nth(1).unwrap()).map(|row| row[0][0]).collect();
    let words: Vec<_> = Code::ALL.iter().map(|code| code.word()).collect();
    assert_eq!(explained, words);
}

#[test]
fn every_guarantee_has_a_test_that_shows_it_and_every_type_has_guarantees() {
    let page_text = page("docs/guarantees.md");
    let heads: Vec<_> = page_text.lines().filter_map(|line| line.strip_prefix("## `")?.strip_suffix('`')).collect();
    for word in registry::TYPES.iter().map(|kind| kind.word).chain(states::TYPES.iter().map(|kind| kind.word)) {
        assert!(heads.contains(&word), "nothing is said of a {word}");
    }
    for row in page_text.lines().filter(|line| line.ends_with(" |") && !line.ends_with("| shown by |")) {
        let shown_by = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let (mut source, mut tests) = (String::new(), 0);
        for word in words_of(shown_by) {
            if word.contains('/') {
                source = page(word);
            } else {
                // A function, or the name of a rule that a macro breaks.
                let is_there =
                    [format!("fn {word}("), format!("    {word} breaks ")].iter().any(|it| source.contains(it));
                assert!(is_there, "there is no test `{word}` of which {row:?} says that it shows it");
                tests += 1;
            }
        }
        assert!(tests > 0, "nothing shows {row:?}");
    }
}

#[test]
fn the_models_of_the_page_are_good_and_every_type_and_argument_is_explained() {
    let page = page("docs/models.md");
    for example in page.split("```json\n").skip(1) {
        let model =
            service_model(example.split("```").next().unwrap()).unwrap_or_else(|problems| panic!("{problems:?}"));
        assert!(registry::check(&model).is_empty(), "{:?}", registry::check(&model));
        assert!(states::check(&model.states).is_empty(), "{:?}", states::check(&model.states));
    }
    let types: Vec<_> = rows(page.split("\n## ").nth(1).unwrap()).collect();
    let explained: Vec<_> = types.iter().map(|row| (row[0][0], row[1].as_slice())).collect();
    assert_eq!(explained, TYPES);
    let explained = |section: usize| -> Vec<(&str, &str)> {
        rows(page.split("\n## ").nth(section).unwrap()).map(|row| (row[0][0], row[1][0])).collect()
    };
    let connections = registry::TYPES.iter().map(|kind| (kind.word, kind.creation_arguments));
    assert_eq!(in_order(explained(2)), all_arguments(connections));
    assert_eq!(
        in_order(explained(3)),
        all_arguments(states::TYPES.iter().map(|kind| (kind.word, kind.creation_arguments)))
    );
}

/// The words of types, each with the name of an argument that it may be given.
fn all_arguments(
    types: impl Iterator<Item = (&'static str, &'static [CreationArgument])>,
) -> Vec<(&'static str, &'static str)> {
    in_order(types.flat_map(|(word, arguments)| arguments.iter().map(move |argument| (word, argument.name))).collect())
}

fn in_order<'w>(mut words: Vec<(&'w str, &'w str)>) -> Vec<(&'w str, &'w str)> {
    words.sort_unstable();
    words
}
