//! Whether what a page shows is what is seen.
//!
//! Owns what may differ: times, durations, random ids, how long a place is underlined. A line of three dots stands for
//! any lines.

use std::sync::LazyLock;

use regex::Regex;

/// What differs from run to run, and the word that stands for it.
static VARYING: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let varying = [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}", "TIME"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", "UUID"),
        (r"\d+h \d\dm \d\ds", "DURATION"),
        // As long as what stands above it, which may be a port.
        (r"\^+", "^"),
        (r"\b\d+(\.\d+)? ?(s|ms|µs)\b", "DURATION"),
    ];
    varying.map(|(pattern, word)| (Regex::new(pattern).expect("a pattern"), word)).into()
});

/// The line that stands for any lines.
const ANY: &str = "...";

/// A line without what differs from run to run.
fn plain(line: &str) -> String {
    let line = line.trim_end().to_owned();
    VARYING.iter().fold(line, |line, (varying, word)| varying.replace_all(&line, *word).into_owned())
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(plain).collect()
}

/// Whether all of what is seen is what is shown.
pub(crate) fn is_shown(shown: &str, seen: &str) -> bool {
    fits(&lines(shown), &lines(seen), true).is_some()
}

/// Whether what is seen goes on with what is shown: then how many bytes of it that takes.
pub(crate) fn goes_on_with(shown: &str, seen: &str) -> Option<usize> {
    let whole = seen.rfind('\n').map_or(0, |end| end + 1);
    let seen = seen.get(..whole)?;
    let (shown, all) = (lines(shown), lines(seen));
    let rest = fits(&shown, &all, false)?;
    let taken = all.len() - rest;
    Some(seen.split_inclusive('\n').take(taken).map(str::len).sum())
}

/// How many lines are left behind those that fit: none, if they are to be all.
fn fits(shown: &[String], seen: &[String], all: bool) -> Option<usize> {
    let Some((first, others)) = shown.split_first() else {
        return (!all || seen.is_empty()).then_some(seen.len());
    };
    if first == ANY {
        return (0..=seen.len()).find_map(|skipped| fits(others, seen.get(skipped..)?, all));
    }
    match seen.split_first() {
        Some((line, rest)) if line == first => fits(others, rest, all),
        _ => None,
    }
}

#[test]
fn what_varies_and_what_is_left_out_fits_and_nothing_else_does() {
    let seen = "2026-11-21T10:00:00.000001Z INFO  up for 0h 00m 01s\na\nb\n";
    assert!(is_shown("2025-01-01T00:00:00.5Z INFO  up for 2h 10m 00s\n...\nb\n", seen));
    assert!(is_shown("...\na\nb\n", seen));
    assert!(!is_shown("2025-01-01T00:00:00.5Z INFO  up for 2h 10m 00s\na\n", seen));
    assert!(!is_shown("...\nc\n", seen));
    assert_eq!(goes_on_with("...\na\n", "x\na\nb\n"), Some(4));
    assert_eq!(goes_on_with("a\n", "x\na\n"), None);
    assert_eq!(goes_on_with("a\n", "a"), None);
}
