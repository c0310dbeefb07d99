//! An enum without fields: one of a set of literal texts.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DataEnum, DeriveInput, Error, Fields, Ident, Result};

use crate::attributes::{Container, Variant};

pub(crate) fn expand(input: &DeriveInput, data: &DataEnum) -> Result<TokenStream> {
    let name = &input.ident;
    let container = Container::read(&input.attrs, false)?;
    let (variants, texts) = variants(&container, data)?;
    if variants.is_empty() {
        return Err(Error::new_spanned(name, "an enum without variants has no value that a message could carry"));
    }
    if let Some(lifetime) = input.generics.params.first() {
        return Err(Error::new_spanned(lifetime, "an enum of literals borrows nothing: it has no lifetime"));
    }
    let places = 0..u16::try_from(variants.len()).map_err(|_| Error::new_spanned(name, "too many variants"))?;
    Ok(quote! {
        const _: () = {
            use ::service_framework::__private as framework;

            #[automatically_derived]
            impl framework::Argument for #name {
                type Of<'message> = Self;

                fn arg_type() -> framework::ArgType {
                    framework::ArgType::one_of([#(#texts),*])
                }

                fn slot<'message>(&'message self, _: &'message framework::Arena) -> framework::Slot<'message> {
                    match self {
                        #(Self::#variants => framework::Slot::one_of(#places, #texts),)*
                    }
                }

                fn read<'message>(
                    slot: &framework::Slot<'message>,
                ) -> ::core::result::Result<Self, framework::Refusal> {
                    match slot.view() {
                        #(framework::View::OneOf(_, #texts) | framework::View::Str(#texts) => {
                            ::core::result::Result::Ok(Self::#variants)
                        })*
                        _ => ::core::result::Result::Err(framework::not_one_of(&[#(#texts),*], slot)),
                    }
                }
            }
        };
    })
}

/// The variants and their texts.
fn variants<'a>(container: &Container, data: &'a DataEnum) -> Result<(Vec<&'a Ident>, Vec<String>)> {
    let (mut variants, mut texts) = (Vec::new(), Vec::new());
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(Error::new_spanned(
                variant,
                "a variant of a model's enum has no fields: the enum stands for one of a set of literal texts",
            ));
        }
        let attributes = Variant::read(&variant.attrs)?;
        let text = container.name_of(&variant.ident, attributes.rename.as_ref());
        if texts.contains(&text) {
            return Err(Error::new_spanned(variant, format!("two variants have the text `{text}`")));
        }
        variants.push(&variant.ident);
        texts.push(text);
    }
    Ok((variants, texts))
}
