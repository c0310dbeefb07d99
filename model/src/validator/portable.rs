//! A pattern spelt so that the `regex` crate, ECMA-262 and others read it alike.
//!
//! Owns the spelling: `\d` and `\w` are ASCII, as in ECMA-262, `\s` and `.` are what the `regex` crate has, and all of
//! them are written out as plain classes; each literal is escaped where all need it and nowhere else. What no two of
//! them share is refused before, by `pattern`.

use regex_syntax::ast::{
    Assertion, AssertionKind, Ast, ClassBracketed, ClassPerl, ClassPerlKind, ClassSet, ClassSetItem, ClassUnicode,
    Repetition, RepetitionKind, RepetitionRange,
};

/// Who is to read the pattern: only word boundaries are not written alike.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    Regex,
    Ecma,
}

/// Writes the pattern that was parsed from `source`.
pub(super) fn write(ast: &Ast, source: &str, reader: Reader) -> String {
    let mut spelling = Spelling { out: String::new(), source, reader };
    spelling.ast(ast);
    spelling.out
}

struct Spelling<'s> {
    out: String,
    source: &'s str,
    reader: Reader,
}

impl Spelling<'_> {
    fn ast(&mut self, ast: &Ast) {
        match ast {
            Ast::Empty(_) | Ast::Flags(_) => {}
            Ast::Literal(literal) => self.literal(literal.c),
            Ast::Dot(_) => self.out.push_str(r"[^\n]"),
            Ast::Assertion(assertion) => self.assertion(assertion),
            Ast::ClassUnicode(class) => self.unicode(class),
            Ast::ClassPerl(class) => {
                self.out.push_str(if class.negated { "[^" } else { "[" });
                self.ranges(perl(&class.kind));
                self.out.push(']');
            }
            Ast::ClassBracketed(class) => self.bracketed(class),
            Ast::Repetition(repetition) => self.repetition(repetition),
            Ast::Group(group) => self.group(&group.ast),
            Ast::Alternation(alternation) => {
                for (place, ast) in alternation.asts.iter().enumerate() {
                    if place > 0 {
                        self.out.push('|');
                    }
                    self.ast(ast);
                }
            }
            Ast::Concat(concat) => concat.asts.iter().for_each(|ast| self.ast(ast)),
        }
    }

    /// Nothing refers to a group, so that none needs a number or a name.
    fn group(&mut self, ast: &Ast) {
        self.out.push_str("(?:");
        self.ast(ast);
        self.out.push(')');
    }

    fn repetition(&mut self, repetition: &Repetition) {
        match &*repetition.ast {
            // ECMA-262 repeats neither of them.
            ast @ (Ast::Repetition(_) | Ast::Assertion(_)) => self.group(ast),
            ast => self.ast(ast),
        }
        match &repetition.op.kind {
            RepetitionKind::ZeroOrOne => self.out.push('?'),
            RepetitionKind::ZeroOrMore => self.out.push('*'),
            RepetitionKind::OneOrMore => self.out.push('+'),
            RepetitionKind::Range(RepetitionRange::Exactly(n)) => self.out.push_str(&format!("{{{n}}}")),
            RepetitionKind::Range(RepetitionRange::AtLeast(n)) => self.out.push_str(&format!("{{{n},}}")),
            RepetitionKind::Range(RepetitionRange::Bounded(m, n)) => self.out.push_str(&format!("{{{m},{n}}}")),
        }
        if !repetition.greedy {
            self.out.push('?');
        }
    }

    fn assertion(&mut self, assertion: &Assertion) {
        self.out.push_str(match (&assertion.kind, self.reader) {
            (AssertionKind::StartLine | AssertionKind::StartText, _) => "^",
            (AssertionKind::EndLine | AssertionKind::EndText, _) => "$",
            (AssertionKind::NotWordBoundary, Reader::Ecma) => r"\B",
            (AssertionKind::NotWordBoundary, Reader::Regex) => r"(?-u:\B)",
            (_, Reader::Ecma) => r"\b",
            (_, Reader::Regex) => r"(?-u:\b)",
        });
    }

    fn unicode(&mut self, class: &ClassUnicode) {
        let written = self.source.get(class.span.start.offset..class.span.end.offset);
        self.out.push_str(written.unwrap_or_default());
    }

    fn bracketed(&mut self, class: &ClassBracketed) {
        self.out.push_str(if class.negated { "[^" } else { "[" });
        if let ClassSet::Item(item) = &class.kind {
            self.item(item);
        }
        self.out.push(']');
    }

    fn item(&mut self, item: &ClassSetItem) {
        match item {
            ClassSetItem::Literal(literal) => self.ranges(&[(literal.c, literal.c)]),
            ClassSetItem::Range(range) => self.ranges(&[(range.start.c, range.end.c)]),
            ClassSetItem::Unicode(class) => self.unicode(class),
            ClassSetItem::Perl(ClassPerl { kind, negated: false, .. }) => self.ranges(perl(kind)),
            ClassSetItem::Perl(ClassPerl { kind, .. }) => self.ranges(&complement(perl(kind))),
            ClassSetItem::Union(union) => union.items.iter().for_each(|item| self.item(item)),
            ClassSetItem::Empty(_) | ClassSetItem::Ascii(_) | ClassSetItem::Bracketed(_) => {}
        }
    }

    fn ranges(&mut self, ranges: &[(char, char)]) {
        for (first, last) in ranges {
            self.in_class(*first);
            if first != last {
                self.out.push('-');
                self.in_class(*last);
            }
        }
    }

    fn in_class(&mut self, character: char) {
        match character {
            '\\' | '[' | ']' | '^' | '-' => self.out.extend(['\\', character]),
            // Two of them would be an operation between classes.
            '&' | '~' => self.out.push_str(&format!(r"\x{:02x}", u32::from(character))),
            other => self.plain(other),
        }
    }

    fn literal(&mut self, character: char) {
        if r"\^$.*+?()[]{}|".contains(character) {
            self.out.push('\\');
        }
        self.plain(character);
    }

    fn plain(&mut self, character: char) {
        match character {
            '\n' => self.out.push_str(r"\n"),
            control if control.is_ascii_control() => self.out.push_str(&format!(r"\x{:02x}", u32::from(control))),
            other => self.out.push(other),
        }
    }
}

/// The characters of a class, in ascending order.
const fn perl(kind: &ClassPerlKind) -> &'static [(char, char)] {
    match kind {
        ClassPerlKind::Digit => &[('0', '9')],
        ClassPerlKind::Word => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        ClassPerlKind::Space => &[
            ('\t', '\r'),
            (' ', ' '),
            ('\u{85}', '\u{85}'),
            ('\u{a0}', '\u{a0}'),
            ('\u{1680}', '\u{1680}'),
            ('\u{2000}', '\u{200a}'),
            ('\u{2028}', '\u{2029}'),
            ('\u{202f}', '\u{202f}'),
            ('\u{205f}', '\u{205f}'),
            ('\u{3000}', '\u{3000}'),
        ],
    }
}

/// All other characters, for a class within brackets, which has no other way to say `not`.
fn complement(ranges: &[(char, char)]) -> Vec<(char, char)> {
    let mut gaps = Vec::with_capacity(ranges.len() + 1);
    let mut next = Some('\0');
    for (first, last) in ranges {
        gaps.extend(next.zip(('\0'..*first).next_back()).filter(|(from, to)| from <= to));
        next = (*last..=char::MAX).nth(1);
    }
    gaps.extend(next.map(|from| (from, char::MAX)));
    gaps
}
