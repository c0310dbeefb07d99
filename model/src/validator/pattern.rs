//! The patterns of text arguments.
//!
//! Owns which patterns a model may have: regular expressions of the `regex` crate, anchored to the whole text, that
//! can be written into a JSON Schema too. `\d`, `\w` and `\s` are accepted though ECMA-262 reads them as ASCII.

use regex::Regex;
use regex_syntax::ast::{self, Ast};

use super::ModelError;

/// Compiles a pattern so that it matches whole texts only.
pub(super) fn compile(pattern: &str, path: &str) -> Result<Regex, ModelError> {
    let bad = |reason: String| {
        // The crates' messages draw the pattern over several lines; their last one says what is wrong.
        let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        ModelError::BadPattern { path: path.to_owned(), pattern: pattern.to_owned(), reason }
    };
    let ast = ast::parse::Parser::new().parse(pattern).map_err(|error| bad(error.to_string()))?;
    if let Err(construct) = ast::visit(&ast, EcmaOnly) {
        return Err(ModelError::NotEcma { path: path.to_owned(), pattern: pattern.to_owned(), construct });
    }
    Regex::new(&format!(r"\A(?:{pattern})\z")).map_err(|error| bad(error.to_string()))
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
