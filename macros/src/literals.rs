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
            use ::service_framework::__private as __framework;

            #[automatically_derived]
            impl __framework::Argument for #name {
                type Of<'__message> = Self;

                fn arg_type() -> __framework::ArgType {
                    __framework::ArgType::one_of([#(#texts),*])
                }

                fn slot<'__message>(&'__message self, _: &'__message __framework::Arena) -> __framework::Slot<'__message> {
                    match self {
                        #(Self::#variants => __framework::Slot::one_of(#places, #texts),)*
                    }
                }

                fn read<'__message>(
                    slot: &__framework::Slot<'__message>,
                ) -> ::core::result::Result<Self, __framework::Refusal> {
                    match slot.view() {
                        #(__framework::View::OneOf(_, #texts) | __framework::View::Str(#texts) => {
                            ::core::result::Result::Ok(Self::#variants)
                        })*
                        _ => ::core::result::Result::Err(__framework::not_one_of(&[#(#texts),*], slot)),
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
