//! What is said of a text that is no JSON.
//!
//! Owns the words for the parser's errors, and what a person most likely did. Never parses.

use jsonc_parser::ParseStringErrorKind;
use jsonc_parser::errors::{ParseError, ParseErrorKind};

use crate::problem::{Path, Problem, Span};

/// The problem that a parser's error is. `offset` is where in the file the parsed text begins.
pub(super) fn syntax_problem(text: &str, offset: usize, error: &ParseError) -> Problem {
    let range = error.range();
    let problem = |start: usize, end: usize, message: String, help: &str| {
        let span = Span { start: start + offset, end: end + offset };
        let help = (!help.is_empty()).then(|| help.to_owned());
        Problem::new(Some(span), &Path::Root, message).with_help(help)
    };
    // Where a quote is missing, the parser takes fright only at what follows.
    if let Some((start, end)) = text_without_its_end(text, range.end) {
        let help = "close it with a double quote; a line break within a text is written `\\n`";
        return problem(start, end, "a text that is not closed on its line".to_owned(), help);
    }
    let wrong = text.get(range.start..range.end).unwrap_or_default();
    let before = text.get(..range.start).unwrap_or_default();
    let (message, help) = words(error.kind(), wrong, before);
    // Of what is never closed its beginning is pointed at, not all that follows.
    let end = match error.kind() {
        ParseErrorKind::UnterminatedArray | ParseErrorKind::UnterminatedObject => range.end.min(range.start + 1),
        _ => range.end,
    };
    problem(range.start, end, message, help)
}

fn words(kind: &ParseErrorKind, wrong: &str, before: &str) -> (String, &'static str) {
    let (message, help) = match kind {
        ParseErrorKind::CommentsNotAllowed | ParseErrorKind::UnterminatedCommentBlock => {
            ("comments are not part of JSON", "remove the comment")
        }
        ParseErrorKind::TrailingCommasNotAllowed => ("a comma after the last item", "remove the comma"),
        ParseErrorKind::SingleQuotedStringsNotAllowed => ("text in single quotes", "write it in double quotes"),
        ParseErrorKind::ExpectedStringObjectProperty | ParseErrorKind::UnexpectedTokenInObject => {
            ("expected a name in double quotes", "write each member as `\"name\": value`")
        }
        ParseErrorKind::ExpectedColonAfterObjectKey => {
            ("expected a colon between a name and its value", "write each member as `\"name\": value`")
        }
        ParseErrorKind::HexadecimalNumbersNotAllowed => ("a hexadecimal number", "write it with decimal digits"),
        ParseErrorKind::UnaryPlusNumbersNotAllowed => ("a number with a plus sign", "leave the sign out"),
        ParseErrorKind::BareDecimalPointNumbersNotAllowed => {
            ("a number needs digits on both sides of its point", "write `0.5` or `5.0`")
        }
        ParseErrorKind::ExpectedDigit
        | ParseErrorKind::ExpectedDigitFollowingNegativeSign
        | ParseErrorKind::ExpectedPlusMinusOrDigitInNumberLiteral => {
            ("expected a digit", "write a number like `-1.5` or `2e-3`")
        }
        ParseErrorKind::NonFiniteNumbersNotAllowed => ("infinities and NaN are not part of JSON", ""),
        ParseErrorKind::UnexpectedWord => (
            "expected a JSON value, got a bare word",
            "the words of JSON are `true`, `false` and `null`; text is in double quotes",
        ),
        ParseErrorKind::ExpectedComma => ("expected a comma", "put a comma between one item and the next"),
        ParseErrorKind::MultipleRootJsonValues
            if before.ends_with('0') && wrong.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            ("a number with a zero in front", "leave the leading zeros out")
        }
        ParseErrorKind::MultipleRootJsonValues => ("text after the end of the JSON value", "remove what follows it"),
        ParseErrorKind::UnterminatedArray => ("a list that is never closed", "close it with `]`"),
        ParseErrorKind::UnterminatedObject => ("an object that is never closed", "close it with `}`"),
        ParseErrorKind::NestingDepthExceeded => ("nested too deeply", ""),
        ParseErrorKind::String(kind) => of_text(kind),
        ParseErrorKind::ExpectedObjectValue => ("expected a value behind the colon", ""),
        ParseErrorKind::UnexpectedCloseBrace
        | ParseErrorKind::UnexpectedCloseBracket
        | ParseErrorKind::UnexpectedColon
        | ParseErrorKind::UnexpectedComma
        | ParseErrorKind::UnexpectedToken => {
            let got = wrong.chars().next().map_or_else(|| "the end".to_owned(), |c| format!("`{}`", c.escape_debug()));
            return (format!("expected a JSON value, got {got}"), "");
        }
    };
    (message.to_owned(), help)
}

fn of_text(kind: &ParseStringErrorKind) -> (&'static str, &'static str) {
    match kind {
        ParseStringErrorKind::InvalidEscapeInSingleQuoteString
        | ParseStringErrorKind::InvalidEscapeInDoubleQuoteString
        | ParseStringErrorKind::InvalidEscape => {
            ("a backslash before a character that needs none", "write a backslash as `\\\\`")
        }
        ParseStringErrorKind::ExpectedFourHexDigits => {
            ("expected four hexadecimal digits behind `\\u`", "write a backslash as `\\\\`")
        }
        ParseStringErrorKind::ExpectedTwoHexDigits => ("`\\x` is not part of JSON", "write it as `\\u00..`"),
        ParseStringErrorKind::InvalidUnicodeEscapeSequence(_) => ("half of a surrogate pair", "write both halves"),
        ParseStringErrorKind::UnterminatedStringLiteral => {
            ("a text that is never closed", "close it with a double quote")
        }
    }
}

/// The first text before `until` that goes on behind the end of its line, cut at that end.
fn text_without_its_end(text: &str, until: usize) -> Option<(usize, usize)> {
    let mut opened = None;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        opened = match (opened, byte) {
            (None, _) if at >= until => return None,
            (None, b'"') => Some(at),
            (None, _) => None,
            (Some(start), _) if escaped => {
                escaped = false;
                Some(start)
            }
            (Some(_), b'"') => None,
            (Some(start), b'\n') => {
                let end = if text.get(..at).is_some_and(|line| line.ends_with('\r')) { at - 1 } else { at };
                return Some((start, end));
            }
            (Some(start), _) => {
                escaped = byte == b'\\';
                Some(start)
            }
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::json::read;

    fn said(text: &str) -> String {
        let problem = read(text).unwrap_err().remove(0);
        let span = problem.span.unwrap();
        format!("{} at {:?}", problem.message, &text[span.start..span.end])
    }

    #[test]
    fn a_missing_quote_is_told_where_the_text_begins() {
        assert_eq!(said("{\"a\": \"b,\n \"c\": 1}"), "a text that is not closed on its line at \"\\\"b,\"");
        assert_eq!(
            said("{\"a\": \"b\\\",\r\n \"c\": 1}"),
            "a text that is not closed on its line at \"\\\"b\\\\\\\",\""
        );
        assert_eq!(said("{\"a\": 1, \"b"), "a text that is never closed at \"\\\"b\"");
    }

    #[test]
    fn what_is_never_closed_is_told_where_it_begins() {
        assert_eq!(said("{\"a\": {\n \"b\": 1\n"), "an object that is never closed at \"{\"");
        assert_eq!(said("[[1],"), "a list that is never closed at \"[\"");
    }

    #[test]
    fn the_words_are_those_of_json() {
        for (text, words) in [
            ("{\"a\" 1}", "expected a colon between a name and its value"),
            ("{\"a\":}", "expected a JSON value, got `}`"),
            ("[1,,2]", "expected a JSON value, got `,`"),
            ("[-]", "expected a digit"),
            ("\"C:\\local\"", "a backslash before a character that needs none"),
            ("\"C:\\users\"", "expected four hexadecimal digits behind `\\u`"),
        ] {
            assert!(said(text).starts_with(words), "{}", said(text));
        }
    }
}
