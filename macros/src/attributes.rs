//! The `#[model(...)]` attributes of structs, enums, fields and variants.
//!
//! Owns their syntax and their names; says what is wrong at the word that is wrong.

use heck::{ToKebabCase, ToLowerCamelCase, ToPascalCase, ToShoutyKebabCase, ToShoutySnakeCase, ToSnakeCase};
use syn::ext::IdentExt as _;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Error, Expr, Ident, LitInt, LitStr, Result};

/// What the attributes of a struct or an enum say.
#[derive(Default)]
pub(crate) struct Container {
    pub(crate) case: Option<Case>,
    pub(crate) open: bool,
}

impl Container {
    /// Reads the attributes; `is_struct` says which of the two it is.
    pub(crate) fn read(attributes: &[Attribute], is_struct: bool) -> Result<Self> {
        let mut read = Self::default();
        each_word(attributes, |meta| {
            if meta.path.is_ident("rename_all") {
                once(&mut read.case, &meta, Case::parse(&meta.value()?.parse()?)?)
            } else if meta.path.is_ident("open") && is_struct {
                read.open = true;
                Ok(())
            } else if is_struct {
                Err(meta.error("unknown attribute: a model takes `rename_all` and `open`"))
            } else {
                Err(meta.error("unknown attribute: an enum takes `rename_all`"))
            }
        })?;
        Ok(read)
    }

    /// The name of a field or variant in messages.
    pub(crate) fn name_of(&self, ident: &Ident, rename: Option<&LitStr>) -> String {
        let own = ident.unraw().to_string();
        match (rename, self.case) {
            (Some(rename), _) => rename.value(),
            (None, Some(case)) => case.apply(&own),
            (None, None) => own,
        }
    }
}

/// What the attributes of a variant say.
#[derive(Default)]
pub(crate) struct Variant {
    pub(crate) rename: Option<LitStr>,
}

impl Variant {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut read = Self::default();
        each_word(attributes, |meta| match meta.path.is_ident("rename") {
            true => once(&mut read.rename, &meta, name(&meta)?),
            false => Err(meta.error("unknown attribute: a variant takes `rename`")),
        })?;
        Ok(read)
    }
}

/// What the attributes of a field say.
#[derive(Default)]
pub(crate) struct Field {
    pub(crate) rename: Option<LitStr>,
    pub(crate) default: Option<Expr>,
    pub(crate) min: Option<Expr>,
    pub(crate) max: Option<Expr>,
    pub(crate) min_length: Option<LitInt>,
    pub(crate) max_length: Option<LitInt>,
    pub(crate) pattern: Option<LitStr>,
    /// `required` or `optional`, whichever is said.
    pub(crate) presence: Option<Ident>,
}

impl Field {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut read = Self::default();
        each_word(attributes, |meta| {
            let word = meta.path.require_ident()?.clone();
            match word.to_string().as_str() {
                "rename" => once(&mut read.rename, &meta, name(&meta)?),
                "default" => once(&mut read.default, &meta, meta.value()?.parse()?),
                "min" => once(&mut read.min, &meta, meta.value()?.parse()?),
                "max" => once(&mut read.max, &meta, meta.value()?.parse()?),
                "min_length" => once(&mut read.min_length, &meta, length(&meta)?),
                "max_length" => once(&mut read.max_length, &meta, length(&meta)?),
                "pattern" => once(&mut read.pattern, &meta, meta.value()?.parse()?),
                "required" | "optional" => once(&mut read.presence, &meta, word),
                _ => Err(meta.error(
                    "unknown attribute: a field takes `rename`, `default`, `min`, `max`, `min_length`, `max_length`, \
                     `pattern`, `required` and `optional`",
                )),
            }
        })?;
        Ok(read)
    }
}

fn each_word(attributes: &[Attribute], mut take: impl FnMut(ParseNestedMeta<'_>) -> Result<()>) -> Result<()> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("model"))
        .try_for_each(|attribute| attribute.parse_nested_meta(&mut take))
}

fn once<T>(place: &mut Option<T>, meta: &ParseNestedMeta<'_>, value: T) -> Result<()> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(meta.error("this is said twice")),
    }
}

fn name(meta: &ParseNestedMeta<'_>) -> Result<LitStr> {
    let name: LitStr = meta.value()?.parse()?;
    if name.value().is_empty() { Err(Error::new_spanned(name, "a name is not empty")) } else { Ok(name) }
}

fn length(meta: &ParseNestedMeta<'_>) -> Result<LitInt> {
    let length: LitInt = meta.value()?.parse()?;
    match length.base10_parse::<u32>() {
        Ok(_) => Ok(length),
        Err(_) => Err(Error::new_spanned(length, "a length is a whole number below 2^32")),
    }
}

/// The case of names.
#[derive(Clone, Copy)]
pub(crate) enum Case {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

impl Case {
    const ALL: [(&'static str, Self); 8] = [
        ("lowercase", Self::Lower),
        ("UPPERCASE", Self::Upper),
        ("PascalCase", Self::Pascal),
        ("camelCase", Self::Camel),
        ("snake_case", Self::Snake),
        ("SCREAMING_SNAKE_CASE", Self::ScreamingSnake),
        ("kebab-case", Self::Kebab),
        ("SCREAMING-KEBAB-CASE", Self::ScreamingKebab),
    ];

    fn parse(literal: &LitStr) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|(word, _)| *word == literal.value());
        known.map(|(_, case)| case).ok_or_else(|| {
            let words = Self::ALL.map(|(word, _)| format!("`{word}`")).join(", ");
            Error::new_spanned(literal, format!("unknown case: it is one of {words}"))
        })
    }

    fn apply(self, name: &str) -> String {
        match self {
            Self::Lower => name.to_lowercase(),
            Self::Upper => name.to_uppercase(),
            Self::Pascal => name.to_pascal_case(),
            Self::Camel => name.to_lower_camel_case(),
            Self::Snake => name.to_snake_case(),
            Self::ScreamingSnake => name.to_shouty_snake_case(),
            Self::Kebab => name.to_kebab_case(),
            Self::ScreamingKebab => name.to_shouty_kebab_case(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_case_is_what_its_own_name_shows() {
        let applied = Case::ALL.map(|(_, case)| case.apply("StopLimit"));
        let expected = [
            "stoplimit",
            "STOPLIMIT",
            "StopLimit",
            "stopLimit",
            "stop_limit",
            "STOP_LIMIT",
            "stop-limit",
            "STOP-LIMIT",
        ];
        assert_eq!(applied, expected);
        assert_eq!(Case::Camel.apply("order_id"), "orderId");
    }
}
