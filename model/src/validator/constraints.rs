//! The constraints of models, the same on the way in and on the way out.
//!
//! Owns the checks and their messages; which types take which values is not decided here.

use std::fmt::Display;

use chrono::{DateTime, Utc};

use super::pattern::Pattern;
use crate::error::{Code, Refusal};
use crate::schema::{Length, Range};
use crate::value::Timestamp;
use crate::wire::shown;

/// Up to this, every whole number is a float.
pub(super) const WHOLE_FLOATS: u64 = 1 << 53;

#[inline]
pub(super) fn within<T: PartialOrd + Display>(value: &T, range: &Range<T>) -> Result<(), Refusal> {
    if range.admits(value) { Ok(()) } else { Err(out_of_range(value, range)) }
}

#[cold]
fn out_of_range<T: Display>(value: &T, range: &Range<T>) -> Refusal {
    let bounds = match (&range.min, &range.max) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "a number".to_owned(),
    };
    Refusal::new(Code::OutOfRange, format!("expected {bounds}, got {value}"))
}

#[inline]
pub(super) fn of_length(count: usize, length: &Length, what: &str) -> Result<(), Refusal> {
    if length.admits(count) { Ok(()) } else { Err(bad_length(count, length, what)) }
}

#[cold]
fn bad_length(count: usize, length: &Length, what: &str) -> Refusal {
    let bounds = match (length.min, length.max) {
        (min, Some(max)) if min == max => format!("{min}"),
        (0, Some(max)) => format!("at most {max}"),
        (min, Some(max)) => format!("{min} to {max}"),
        (min, None) => format!("at least {min}"),
    };
    Refusal::new(Code::BadLength, format!("expected {bounds} {what}, got {count}"))
}

#[inline]
pub(super) fn text(text: &str, length: &Length, pattern: Option<&Pattern>) -> Result<(), Refusal> {
    if *length != Length::ANY {
        of_length(text.chars().count(), length, "characters")?;
    }
    match pattern {
        Some(pattern) if !pattern.is_match(text) => Err(no_match(text, pattern)),
        _ => Ok(()),
    }
}

#[cold]
fn no_match(text: &str, pattern: &Pattern) -> Refusal {
    Refusal::new(Code::NoMatch, format!("`{}` does not match `{}`", shown(text), pattern.written()))
}

/// The place of a text among the literals.
#[inline]
pub(super) fn literal<'a>(text: &str, literals: &'a [String]) -> Result<(u16, &'a str), Refusal> {
    let mut numbered = literals.iter().enumerate();
    let found = numbered.find(|(_, literal)| *literal == text);
    // A model has no more literals than a place can number.
    found.map(|(place, literal)| (place as u16, literal.as_str())).ok_or_else(|| not_one_of(text, literals))
}

#[cold]
fn not_one_of(text: &str, literals: &[String]) -> Refusal {
    const MOST: usize = 8;
    let mut names: Vec<String> = literals.iter().take(MOST).map(|literal| format!("`{literal}`")).collect();
    if literals.len() > MOST {
        names.push(format!("{} more", literals.len() - MOST));
    }
    Refusal::new(Code::NotOneOf, format!("expected one of {}, got `{}`", names.join(", "), shown(text)))
}

#[inline]
pub(super) fn of_tuple(count: usize, expected: usize) -> Result<(), Refusal> {
    let exactly = Length { min: u32::try_from(expected).unwrap_or(u32::MAX), max: u32::try_from(expected).ok() };
    of_length(count, &exactly, "items")
}

#[cold]
pub(super) fn beyond_floats(n: impl Display) -> Refusal {
    Refusal::new(Code::OutOfRange, format!("the whole number {n} is beyond 2^53, where a Float is not exact"))
}

const FIRST_SECOND: i64 = DateTime::<Utc>::MIN_UTC.timestamp();
const LAST_SECOND: i64 = DateTime::<Utc>::MAX_UTC.timestamp();

/// Times are handed to services as `chrono` has them.
#[inline]
pub(super) fn representable(time: Timestamp) -> Result<(), Refusal> {
    if (FIRST_SECOND..=LAST_SECOND).contains(&time.seconds) { Ok(()) } else { Err(not_representable(time)) }
}

#[cold]
fn not_representable(time: Timestamp) -> Refusal {
    Refusal::new(Code::OutOfRange, format!("a time of {} seconds is out of the range of a DateTime", time.seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_chrono_holds_is_representable_and_nothing_else() {
        for seconds in [FIRST_SECOND - 1, FIRST_SECOND, 0, LAST_SECOND, LAST_SECOND + 1] {
            let time = Timestamp { seconds, nanoseconds: 999_999_999 };
            assert_eq!(representable(time).is_ok(), time.to_chrono().is_some(), "{seconds}");
        }
    }
}
