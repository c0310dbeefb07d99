//! How often the same thing is said: a peer that floods a service with bad messages must not fill its disk.
//!
//! Owns, for each thread, what was said lately by connection and code. The counters tell all; the log tells some.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

/// How many lines of one connection and code are written in one [`WINDOW`].
const LINES: u32 = 10;
const WINDOW: Duration = Duration::from_secs(1);
/// How many connections and codes are told apart; the codes of errors may be many.
const MOST: usize = 256;

thread_local! {
    static SAID: RefCell<HashMap<(String, String), Window>> = RefCell::new(HashMap::new());
}

struct Window {
    began: Instant,
    lines: u32,
    unsaid: u64,
}

/// What was not said since the last line: nothing, or the number of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unsaid(u64);

impl fmt::Display for Unsaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { Ok(()) } else { write!(f, " (and {} more like it before)", self.0) }
    }
}

/// Whether a line about this connection and code may be written at `now`.
pub(super) fn admit(connection: &str, code: &str, now: Instant) -> Option<Unsaid> {
    SAID.with_borrow_mut(|said| {
        if said.len() >= MOST {
            said.retain(|_, window| now.duration_since(window.began) < WINDOW);
        }
        if said.len() >= MOST {
            return None;
        }
        let key = (connection.to_owned(), code.to_owned());
        let window = said.entry(key).or_insert(Window { began: now, lines: 0, unsaid: 0 });
        if now.duration_since(window.began) >= WINDOW {
            (window.began, window.lines) = (now, 0);
        }
        if window.lines < LINES {
            window.lines += 1;
            return Some(Unsaid(std::mem::take(&mut window.unsaid)));
        }
        window.unsaid += 1;
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of `count` lines at one time are written, and what the last of them left unsaid.
    fn said(code: &str, count: u32, at: Instant) -> (usize, Option<Unsaid>) {
        let lines: Vec<_> = (0..count).filter_map(|_| admit("order", code, at)).collect();
        (lines.len(), lines.first().copied())
    }

    #[test]
    fn a_flood_is_told_by_its_first_lines_and_later_by_its_number() {
        let now = Instant::now();
        assert_eq!(said("bad_utf8", 1000, now), (10, Some(Unsaid(0))));
        assert_eq!(said("wrong_type", 1, now), (1, Some(Unsaid(0))));
        assert_eq!(said("bad_utf8", 1, now + WINDOW), (1, Some(Unsaid(990))));
        assert_eq!(Unsaid(990).to_string(), " (and 990 more like it before)");
    }

    #[test]
    fn the_codes_that_are_told_apart_are_bounded() {
        let now = Instant::now();
        let written = (0..10_000).filter(|n| admit("order", &n.to_string(), now).is_some()).count();
        assert!(written <= MOST, "{written}");
        assert!(admit("order", "later", now + WINDOW).is_some());
    }
}
