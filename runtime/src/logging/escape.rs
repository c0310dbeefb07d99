//! What others wrote, made fit for a line of a log or of a terminal.
//!
//! Owns which characters are dangerous: those that end a line, drive a terminal, or make a text read otherwise than it
//! is written (Unicode's bidirectional controls).

use std::fmt::{self, Write};

/// Whether a character is written as an escape: it is no text.
pub(super) fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text, shown with its dangerous characters escaped as in a Rust literal: it is one line, whoever wrote it.
#[derive(Clone, Copy, Debug)]
pub struct OneLine<'a>(pub &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .chars()
            .try_for_each(|c| if is_dangerous(c) { write!(f, "{}", c.escape_default()) } else { f.write_char(c) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_ends_a_line_drives_a_terminal_or_turns_a_text_around_is_shown_as_it_is() {
        let bidi = ['\u{61c}', '\u{200e}', '\u{200f}']
            .into_iter()
            .chain('\u{202a}'..='\u{202e}')
            .chain('\u{2066}'..='\u{2069}');
        for c in ('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}').chain(['\u{2028}', '\u{2029}']).chain(bidi) {
            let shown = OneLine(&format!("a{c}b")).to_string();
            assert!(shown.starts_with("a\\") && shown.is_ascii(), "{c:?}: {shown}");
        }
        assert_eq!(OneLine("é – 日本 \\ \"").to_string(), "é – 日本 \\ \"");
    }
}
