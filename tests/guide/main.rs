//! The pages of `docs/`, followed word by word: each file is written, each command is run, and what is shown is what is
//! seen. How a listing says what it is: `page.rs`. And the words that `docs/codes.md` explains are those that there are.
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
use service_framework_model::error::Code;

#[test]
fn the_guide_leads_where_it_says() {
    Reader::follow("docs/guide.md");
}

#[test]
fn the_way_from_the_python_library_leads_where_it_says() {
    Reader::follow("docs/migration.md");
}

#[test]
fn every_word_for_what_is_wrong_with_a_message_is_explained_and_no_other() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/codes.md");
    let page = std::fs::read_to_string(path).unwrap();
    let table = page.split("\n## ").nth(1).unwrap();
    let explained: Vec<_> = table.lines().filter_map(|row| row.strip_prefix("| `")?.split('`').next()).collect();
    let words: Vec<_> = Code::ALL.iter().map(|code| code.word()).collect();
    assert_eq!(explained, words);
}
