//! The pages of `docs/`, followed word by word: each file is written, each command is run, and what is shown is what is
//! seen. How a listing says what it is: `page.rs`.
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

#[test]
fn the_guide_leads_where_it_says() {
    Reader::follow("docs/guide.md");
}

#[test]
fn the_way_from_the_python_library_leads_where_it_says() {
    Reader::follow("docs/migration.md");
}
