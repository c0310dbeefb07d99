//! The pages of `docs/`, followed word by word: each file is written, each command is run, and what is shown is what is
//! seen. How a listing says what it is: `page.rs`. And the words that `docs/codes.md` and `docs/models.md` explain are
//! those that there are.
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
use service_framework_model::error::Code;
use service_framework_model::parse::{TYPES, service_model};

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
    std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
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
fn the_models_of_the_page_are_good_and_every_type_with_its_keys_is_explained() {
    let page = page("docs/models.md");
    let example = page.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let model = service_model(example).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert!(registry::check(&model).is_empty(), "{:?}", registry::check(&model));
    let types: Vec<_> = rows(page.split("\n## ").nth(1).unwrap()).collect();
    let explained: Vec<_> = types.iter().map(|row| (row[0][0], row[1].as_slice())).collect();
    assert_eq!(explained, TYPES);
    for row in rows(page.split("\n## ").nth(2).unwrap()) {
        let (word, argument) = (row[0][0], row[1][0]);
        let arguments = registry::find(word).unwrap().creation_arguments;
        assert!(arguments.iter().any(|known| known.name == argument), "a {word} takes no {argument}");
    }
}
