//! The patterns of text arguments.
//!
//! Owns which patterns a model may have: regular expressions of the `regex` crate, anchored to the whole text, that
//! can be written into a JSON Schema too. As ECMA-262 has them, `\d`, `\w` and `\b` are of ASCII.

use regex::Regex;
use regex_syntax::ast::{self, Ast};

use super::ModelError;
use super::portable::{self, Reader};

/// A pattern, compiled so that it matches whole texts only.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    regex: Regex,
    /// As the model has it.
    written: String,
}

impl Pattern {
    #[inline]
    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// As the model has it.
    pub(super) fn written(&self) -> &str {
        &self.written
    }
}

/// Compiles a pattern.
pub(super) fn compile(pattern: &str, path: &str) -> Result<Pattern, ModelError> {
    let bad = |reason: String| {
        // The crates' messages draw the pattern over several lines; their last one says what is wrong.
        let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        ModelError::BadPattern { path: path.to_owned(), pattern: pattern.to_owned(), reason }
    };
    let ast = ast::parse::Parser::new().parse(pattern).map_err(|error| bad(error.to_string()))?;
    if let Err(construct) = ast::visit(&ast, EcmaOnly) {
        return Err(ModelError::NotEcma { path: path.to_owned(), pattern: pattern.to_owned(), construct });
    }
    let portable = portable::write(&ast, pattern, Reader::Regex);
    let regex = Regex::new(&format!(r"\A(?:{portable})\z")).map_err(|error| bad(error.to_string()))?;
    Ok(Pattern { regex, written: pattern.to_owned() })
}

/// A pattern that [`compile`] takes, anchored and spelt for ECMA-262.
pub(crate) fn for_ecma(pattern: &str) -> String {
    let portable = ast::parse::Parser::new().parse(pattern).map(|ast| portable::write(&ast, pattern, Reader::Ecma));
    format!("^(?:{})$", portable.as_deref().unwrap_or(pattern))
}

/// Stops at the first construct that ECMA-262 does not have.
struct EcmaOnly;

impl ast::Visitor for EcmaOnly {
    type Output = ();
    type Err = &'static str;

    fn finish(self) -> Result<(), Self::Err> {
        Ok(())
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Self::Err> {
        match ast {
            Ast::Flags(_) => Err("flags"),
            Ast::Group(group) => match &group.kind {
                ast::GroupKind::NonCapturing(flags) if !flags.items.is_empty() => Err("flags"),
                ast::GroupKind::CaptureName { starts_with_p: true, .. } => Err("a group named with `(?P<`"),
                _ => Ok(()),
            },
            Ast::Assertion(assertion) => match assertion.kind {
                ast::AssertionKind::StartLine
                | ast::AssertionKind::EndLine
                | ast::AssertionKind::WordBoundary
                | ast::AssertionKind::NotWordBoundary => Ok(()),
                ast::AssertionKind::StartText | ast::AssertionKind::EndText => Err(r"`\A` or `\z`"),
                _ => Err("a half word boundary"),
            },
            Ast::Literal(literal) => check_literal(literal),
            Ast::ClassUnicode(class) => check_class(class),
            _ => Ok(()),
        }
    }

    fn visit_class_set_item_pre(&mut self, item: &ast::ClassSetItem) -> Result<(), Self::Err> {
        match item {
            ast::ClassSetItem::Ascii(_) => Err("a POSIX class"),
            ast::ClassSetItem::Bracketed(_) => Err("a class inside of a class"),
            ast::ClassSetItem::Literal(literal) => check_literal(literal),
            ast::ClassSetItem::Range(range) => check_literal(&range.start).and_then(|()| check_literal(&range.end)),
            ast::ClassSetItem::Unicode(class) => check_class(class),
            _ => Ok(()),
        }
    }

    fn visit_class_set_binary_op_pre(&mut self, _: &ast::ClassSetBinaryOp) -> Result<(), Self::Err> {
        Err("an operation between classes")
    }
}

fn check_literal(literal: &ast::Literal) -> Result<(), &'static str> {
    use ast::{HexLiteralKind as Hex, LiteralKind as Kind};
    match literal.kind {
        Kind::Special(ast::SpecialLiteralKind::Bell) => Err(r"`\a`"),
        Kind::HexFixed(Hex::UnicodeLong) | Kind::HexBrace(Hex::UnicodeLong) => Err(r"`\U`"),
        Kind::HexBrace(Hex::X) => Err(r"`\x{`"),
        _ => Ok(()),
    }
}

fn check_class(class: &ast::ClassUnicode) -> Result<(), &'static str> {
    if let ast::ClassUnicodeKind::OneLetter(_) = class.kind { Err(r"`\p` without braces") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_the_whole_text() {
        let pattern = compile("a|bc", "p").unwrap();
        assert!(pattern.is_match("a") && pattern.is_match("bc"));
        assert!(!pattern.is_match("ac") && !pattern.is_match("bc\n"));
    }

    #[test]
    fn a_pattern_cannot_break_out_of_its_anchors() {
        assert!(matches!(compile("a)|(?:b", "p"), Err(ModelError::BadPattern { .. })));
    }

    #[test]
    fn a_pattern_is_spelt_so_that_all_read_it_alike() {
        for (written, portable) in [
            ("[A-Z]{3}-[A-Z]{3,5}", "[A-Z]{3}-[A-Z]{3,5}"),
            (r"\d+(?:\.\d*)?", r"[0-9]+(?:\.[0-9]*)?"),
            (r"(?<name>x)|(y)", "(?:x)|(?:y)"),
            (r"\-\#/\{", r"-#/\{"),
            (r"[]a\-&~\[]\t", r"[\]a\-\x26\x7e\[]\x09"),
            (r"[^\w]\W[\D]", "[^0-9A-Z_a-z][^0-9A-Z_a-z][\\x00-/:-\u{10ffff}]"),
            (r"a**?\b+", r"(?:a*)*?(?:\b)+"),
            (r".\p{Greek}\u0041", r"[^\n]\p{Greek}A"),
        ] {
            assert_eq!(for_ecma(written), format!("^(?:{portable})$"));
            assert!(compile(written, "p").is_ok(), "{written}");
        }
    }

    #[test]
    fn digits_and_words_are_ascii_and_a_message_shows_the_pattern_as_it_was_written() {
        let pattern = compile(r"\d\w\b.*", "p").unwrap();
        assert!(pattern.is_match("1a") && pattern.is_match("1a\u{e9}"));
        assert!(!pattern.is_match("\u{663}a") && !pattern.is_match("1\u{e9}") && !pattern.is_match("1ab"));
        assert_eq!(pattern.written(), r"\d\w\b.*");
    }

    #[test]
    fn what_json_schema_cannot_express_is_refused() {
        for pattern in [
            "(?i)a",
            "(?x: a )",
            "(?P<n>a)",
            r"\Aa",
            r"a\z",
            r"\a",
            r"\x{41}",
            r"\U00000041",
            r"\pL",
            "[[:alpha:]]",
            "[a[b]]",
            "[a&&b]",
            r"\b{start}a",
        ] {
            assert!(matches!(compile(pattern, "p"), Err(ModelError::NotEcma { .. })), "{pattern}");
        }
        for pattern in
            ["[A-Z]{3}-[A-Z]{3,5}", r"\d+(?:\.\d*)?", r"(?<name>x)\u0041\x41", r"\p{Greek}*", "^a$", r"\bw\b"]
        {
            assert!(compile(pattern, "p").is_ok(), "{pattern}");
        }
    }
}
