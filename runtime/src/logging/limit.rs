//! How often the same thing is said: a peer that floods a service with bad messages must not fill its disk.
//!
//! Owns, for one service, what was said lately by connection and code, and how much was left unsaid. The counters tell
//! all; the log tells some, and how many it does not tell.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many lines of one connection and code are written in one [`WINDOW`].
const LINES: u32 = 10;
/// How many lines of one connection, whatever their codes.
const LINES_OF_CONNECTION: u32 = 50;
const WINDOW: Duration = Duration::from_secs(1);
/// How many codes of a connection are told apart: an author's may be many.
const MOST_CODES: usize = 64;
/// All other codes together.
const OTHER: &str = "other codes";

/// What one service said lately. The connections are those of its model, so there is an end to them.
#[derive(Debug, Default)]
pub(super) struct Limits(Mutex<BTreeMap<String, Connection>>);

#[derive(Debug)]
struct Connection {
    window_began: Instant,
    lines: u32,
    codes: BTreeMap<String, Code>,
}

#[derive(Debug, Default)]
struct Code {
    /// In this window.
    lines: u32,
    /// Since the last line.
    unsaid: u64,
}

/// A line that may be written: shown behind it, what it leaves unsaid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Admitted {
    unsaid: u64,
    is_last: bool,
}

impl fmt::Display for Admitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.unsaid > 0 {
            write!(f, " (and {} more like it before)", self.unsaid)?;
        }
        if self.is_last { write!(f, " (those that follow at once are only counted)") } else { Ok(()) }
    }
}

/// What was left unsaid of a connection and a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unsaid {
    pub(super) connection: String,
    pub(super) code: String,
    pub(super) lines: u64,
}

impl Limits {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Connection>> {
        // Nothing can panic while the lock is held: the value is plain data.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a line about this connection and code may be written at `now`. If not, it is counted.
    pub(super) fn admit(&self, connection: &str, code: &str, now: Instant) -> Option<Admitted> {
        let mut connections = self.lock();
        if !connections.contains_key(connection) {
            let new = Connection { window_began: now, lines: 0, codes: BTreeMap::new() };
            connections.insert(connection.to_owned(), new);
        }
        connections.get_mut(connection)?.admit(code, now)
    }

    /// What has been left unsaid so far; it is as good as said afterwards.
    pub(super) fn take_unsaid(&self) -> Vec<Unsaid> {
        let mut unsaid = Vec::new();
        for (connection, Connection { codes, .. }) in self.lock().iter_mut() {
            for (code, left) in codes.iter_mut().filter(|(_, code)| code.unsaid > 0) {
                let (connection, code) = (connection.clone(), code.clone());
                unsaid.push(Unsaid { connection, code, lines: std::mem::take(&mut left.unsaid) });
            }
        }
        unsaid
    }
}

impl Connection {
    fn admit(&mut self, code: &str, now: Instant) -> Option<Admitted> {
        if now.saturating_duration_since(self.window_began) >= WINDOW {
            (self.window_began, self.lines) = (now, 0);
            self.codes.retain(|_, code| code.unsaid > 0);
            self.codes.values_mut().for_each(|code| code.lines = 0);
        }
        let code = if self.codes.len() < MOST_CODES || self.codes.contains_key(code) { code } else { OTHER };
        if !self.codes.contains_key(code) {
            self.codes.insert(code.to_owned(), Code::default());
        }
        let code = self.codes.get_mut(code)?;
        if code.lines >= LINES || self.lines >= LINES_OF_CONNECTION {
            code.unsaid += 1;
            return None;
        }
        code.lines += 1;
        self.lines += 1;
        let is_last = code.lines == LINES || self.lines == LINES_OF_CONNECTION;
        Some(Admitted { unsaid: std::mem::take(&mut code.unsaid), is_last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines that are written of `count` at one time.
    fn said(limits: &Limits, connection: &str, code: &str, count: u32, at: Instant) -> Vec<String> {
        (0..count).filter_map(|_| limits.admit(connection, code, at)).map(|line| line.to_string()).collect()
    }

    #[test]
    fn a_flood_is_told_by_its_first_lines_and_later_by_its_number() {
        let (limits, now) = (Limits::default(), Instant::now());
        let lines = said(&limits, "order", "bad_utf8", 1000, now);
        assert_eq!(lines.len(), 10);
        assert!(lines[..9].iter().all(String::is_empty), "{lines:?}");
        assert_eq!(lines[9], " (those that follow at once are only counted)");
        assert_eq!(said(&limits, "order", "bad_utf8", 1, now + WINDOW), [" (and 990 more like it before)"]);
        assert_eq!(limits.take_unsaid(), []);
    }

    #[test]
    fn a_flood_hides_neither_another_code_nor_another_connection() {
        let (limits, now) = (Limits::default(), Instant::now());
        for code in 0..100 {
            said(&limits, "order", &format!("code_{code}"), 1000, now);
        }
        assert_eq!(said(&limits, "cancel", "code_0", 1, now), [""]);
        let (limits, now) = (Limits::default(), Instant::now());
        said(&limits, "order", "bad_utf8", 1000, now);
        assert_eq!(said(&limits, "order", "wrong_type", 1, now), [""]);
    }

    #[test]
    fn lines_and_codes_are_bounded_and_each_line_is_said_or_counted() {
        let (limits, now) = (Limits::default(), Instant::now());
        let mut lines = Vec::new();
        for n in 0..10_000_u32 {
            lines.extend(limits.admit("order", &format!("code_{n}"), now + WINDOW * (n / 2_500)));
        }
        assert!(lines.len() as u32 <= 4 * LINES_OF_CONNECTION, "{}", lines.len());
        let left = limits.take_unsaid();
        assert!(left.len() <= MOST_CODES + 1, "{}", left.len());
        let told = lines.iter().map(|line| 1 + line.unsaid).sum::<u64>();
        assert_eq!(told + left.iter().map(|left| left.lines).sum::<u64>(), 10_000);
        assert_eq!(limits.take_unsaid(), []);
    }
}
