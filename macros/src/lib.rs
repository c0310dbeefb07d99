//! `#[derive(Model)]` of `service_framework`.
//!
//! Owns the reading of a struct or enum with its attributes, and the code that makes it an argument type. What that
//! code calls is in the crate that re-exports this macro.

// Nothing that input can reach may end the process; tests may.
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod attributes;
mod literals;
mod record;

use proc_macro2::TokenStream;
use syn::{Data, DeriveInput, Error, GenericParam, Result, parse_macro_input};

/// Makes a struct a model, or an enum an argument type.
///
/// A struct with named fields becomes a model: the arguments of a message or reply, a config, or a record nested in
/// another model. It may borrow from the message that it is read from, with one lifetime: `struct Order<'a>`. An enum
/// without fields becomes one of a set of literal texts: the names of its variants.
///
/// On the struct or enum:
///
/// - `#[model(rename_all = "snake_case")]`: the case of all names; one of `lowercase`, `UPPERCASE`, `PascalCase`,
///   `camelCase`, `snake_case`, `SCREAMING_SNAKE_CASE`, `kebab-case`, `SCREAMING-KEBAB-CASE`.
/// - `#[model(open)]` (a struct): keys that it does not name are accepted and ignored.
///
/// On a field or variant:
///
/// - `#[model(rename = "type")]`: another name than that in Rust.
///
/// On a field:
///
/// - `#[model(default = 10)]`: the argument is optional, and read as this value where it is left out.
/// - `#[model(min = 1, max = 100)]`: bounds, inclusive, of a number; of the number's own type, such as
///   `Decimal::ONE`.
/// - `#[model(min_length = 1, max_length = 9)]`: bounds, inclusive, of characters, bytes or items.
/// - `#[model(pattern = "[A-Z]+")]`: a regular expression that the whole text must match.
/// - `#[model(required)]` (an `Option`): the argument must be there, though it may be nil. Otherwise an `Option` is
///   optional: `None` is left out, and both nil and what is left out are read as `None`.
#[proc_macro_derive(Model, attributes(model))]
pub fn derive_model(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

fn expand(input: &DeriveInput) -> Result<TokenStream> {
    refuse_parameters(input)?;
    match &input.data {
        Data::Struct(data) => record::expand(input, data),
        Data::Enum(data) => literals::expand(input, data),
        Data::Union(data) => Err(Error::new_spanned(data.union_token, "a union cannot be a model")),
    }
}

/// A model is described once for all messages: it has no parameters but the lifetime of the message.
fn refuse_parameters(input: &DeriveInput) -> Result<()> {
    let mut lifetimes = 0;
    for parameter in &input.generics.params {
        let problem = match parameter {
            GenericParam::Type(_) => "a model has no type parameters: each message has one form",
            GenericParam::Const(_) => "a model has no const parameters: each message has one form",
            GenericParam::Lifetime(_) if lifetimes == 1 => {
                "a model has at most one lifetime: that of the message that it borrows from"
            }
            GenericParam::Lifetime(lifetime) if !lifetime.bounds.is_empty() => {
                "the lifetime of a model has no bounds: it is that of the message"
            }
            GenericParam::Lifetime(_) => {
                lifetimes += 1;
                continue;
            }
        };
        return Err(Error::new_spanned(parameter, problem));
    }
    match &input.generics.where_clause {
        Some(clause) => Err(Error::new_spanned(clause, "a model has no where clause: each message has one form")),
        None => Ok(()),
    }
}
