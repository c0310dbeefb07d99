//! The ports that a page's files name, and the free ones that stand in for them.

use std::collections::BTreeMap;
use std::net::TcpListener;

use regex::{Captures, Regex};

/// Each port of this machine that a page names, with a free one.
pub(crate) struct Ports {
    address: Regex,
    free: BTreeMap<String, u16>,
}

impl Ports {
    pub(crate) fn of<'p>(files: impl Iterator<Item = &'p str>) -> Self {
        let address = Regex::new(r"127\.0\.0\.1:(\d{4})\b").expect("a pattern");
        let named = files.flat_map(|file| address.captures_iter(file).map(|found| found[1].to_owned()));
        // All are held until each has one, so that no two get the same.
        let held: BTreeMap<String, TcpListener> =
            named.map(|port| (port, TcpListener::bind("127.0.0.1:0").expect("a free port"))).collect();
        let free = held.into_iter().map(|(port, held)| (port, held.local_addr().expect("a port").port())).collect();
        Self { address, free }
    }

    /// The text with the free ports.
    pub(crate) fn in_place_of_those_of_the_page(&self, text: &str) -> String {
        let exchanged = self.address.replace_all(text, |found: &Captures<'_>| match self.free.get(&found[1]) {
            Some(port) => format!("127.0.0.1:{port}"),
            None => found[0].to_owned(),
        });
        exchanged.into_owned()
    }

    /// What was seen, as the page shows it.
    pub(crate) fn of_the_page(&self, text: &str) -> String {
        self.free
            .iter()
            .fold(text.to_owned(), |text, (port, free)| text.replace(&format!(":{free}"), &format!(":{port}")))
    }
}
