//! A struct with named fields: a model.
//!
//! Owns the order of the slots, required fields first: it is settled here, so that nothing is looked up at run time.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{DataStruct, DeriveInput, Error, Expr, ExprLit, Fields, Ident, Lit, Path, Result, Type};

use crate::attributes::{self, Container};

/// A field as the generated code needs it.
struct Field<'a> {
    ident: &'a Ident,
    kind: &'a Type,
    name: String,
    is_required: bool,
    /// An `Option` of which `None` is left out.
    is_optional_option: bool,
    says: attributes::Field,
}

pub(crate) fn expand(input: &DeriveInput, data: &DataStruct) -> Result<TokenStream> {
    let container = Container::read(&input.attrs, true)?;
    let fields = fields(input, &container, data)?;
    let name = &input.ident;
    let lifetime = input.generics.lifetimes().next().map(|parameter| &parameter.lifetime);
    let generics = lifetime.map(|lifetime| quote!(<#lifetime>));
    let borrowed = lifetime.map(|_| quote!(<'__message>));

    let described = fields.iter().map(describe);
    let open = container.open.then(|| quote!(.open()));
    let nestings = fields.iter().map(|field| of_argument(field.kind, "NESTING", None));
    let values = fields.iter().map(|Field { ident, kind, name, .. }| {
        let value = of_argument(kind, "value", Some(quote!(&self.#ident)));
        quote!((#name, #value))
    });

    // The order of the slots is that of a record: a stable sort puts the required fields first.
    let mut in_slot_order: Vec<_> = fields.iter().collect();
    in_slot_order.sort_by_key(|field| !field.is_required);
    let written: Vec<_> = in_slot_order.iter().map(|field| write(field)).collect();
    let unnamed = container.open.then(|| quote!(__framework::Slot::ABSENT));
    let slots: Vec<_> = in_slot_order.iter().map(|field| format_ident!("slot_{}", field.ident)).collect();
    let reads = in_slot_order.iter().zip(&slots).map(|(field, slot)| read(field, slot));
    let count = fields.len();

    let owned = lifetime.is_none().then(|| {
        quote! {
            #[automatically_derived]
            impl __framework::OwnedModel for #name {
                fn from_slots<'__message>(
                    slots: &'__message [__framework::Slot<'__message>],
                ) -> ::core::result::Result<Self, __framework::Refusal> {
                    <Self as __framework::Model>::read_slots(slots)
                }
            }
        }
    });
    Ok(quote! {
        const _: () = {
            use ::service_framework::__private as __framework;

            #[automatically_derived]
            impl #generics __framework::Argument for #name #generics {
                type Of<'__message> = #name #borrowed;

                const NESTING: u32 = 1 + __framework::deepest(&[#(#nestings),*]);

                fn arg_type() -> __framework::ArgType {
                    __framework::ArgType::Record(<Self as __framework::Model>::record())
                }

                fn slot<'__message>(&'__message self, arena: &'__message __framework::Arena) -> __framework::Slot<'__message> {
                    __framework::Slot::record(arena.alloc_slice_copy(&[#(#written,)* #unnamed]))
                }

                fn read<'__message>(
                    slot: &__framework::Slot<'__message>,
                ) -> ::core::result::Result<Self::Of<'__message>, __framework::Refusal> {
                    __framework::read_nested::<Self>(slot)
                }

                fn value(&self) -> __framework::Value {
                    let fields: [(&str, __framework::Value); #count] = [#(#values),*];
                    __framework::Value::map(fields)
                }
            }

            #[automatically_derived]
            impl #generics __framework::Model for #name #generics {
                fn record() -> __framework::Record {
                    const { let _ = <#name as __framework::Argument>::NESTING; }
                    __framework::Record::new() #(.field(#described))* #open
                }

                fn with_slots<Out>(
                    &self,
                    arena: &__framework::Arena,
                    use_slots: impl ::core::ops::FnOnce(&[__framework::Slot<'_>]) -> Out,
                ) -> Out {
                    use_slots(&[#(#written,)* #unnamed])
                }

                fn read_slots<'__message>(
                    slots: &'__message [__framework::Slot<'__message>],
                ) -> ::core::result::Result<Self::Of<'__message>, __framework::Refusal> {
                    let [#(#slots,)* ..] = slots else {
                        return ::core::result::Result::Err(__framework::too_few_slots(#count, slots.len()));
                    };
                    ::core::result::Result::Ok(#name { #(#reads),* })
                }
            }

            #owned
        };
    })
}

fn fields<'a>(input: &DeriveInput, container: &Container, data: &'a DataStruct) -> Result<Vec<Field<'a>>> {
    let named = match &data.fields {
        Fields::Named(fields) => fields.named.iter().collect(),
        Fields::Unit => Vec::new(),
        Fields::Unnamed(_) => {
            return Err(Error::new_spanned(
                &input.ident,
                "the fields of a model have names: they are keys in messages",
            ));
        }
    };
    let mut fields: Vec<Field<'a>> = Vec::new();
    for field in named {
        let Some(ident) = &field.ident else { continue };
        let says = attributes::Field::read(&field.attrs)?;
        let name = container.name_of(ident, says.rename.as_ref());
        if fields.iter().any(|other| other.name == name) {
            return Err(Error::new_spanned(field, format!("two fields have the name `{name}`")));
        }
        if names(field.ty.to_token_stream(), &input.ident) {
            let problem = "a model cannot contain itself: a message has one form; a `Value` can be nested at will";
            return Err(Error::new_spanned(&field.ty, problem));
        }
        let is_option = is_option(&field.ty);
        if let Some(word) = &says.presence {
            let problem = match (is_option, word == "required", says.default.is_some()) {
                (false, false, false) => Some("only an `Option`, or a field with a `default`, can be optional"),
                (_, true, true) => Some("a field with a `default` is not required"),
                _ => None,
            };
            if let Some(problem) = problem {
                return Err(Error::new_spanned(word, problem));
            }
        }
        let says_required = says.presence.as_ref().is_some_and(|word| word == "required");
        let is_required = says.default.is_none() && (!is_option || says_required);
        let is_optional_option = is_option && !is_required && says.default.is_none();
        fields.push(Field { ident, kind: &field.ty, name, is_required, is_optional_option, says });
    }
    Ok(fields)
}

/// Whether a type names another, not as a part of a path.
fn names(kind: TokenStream, name: &Ident) -> bool {
    let mut after_colon = false;
    kind.into_iter().any(|token| {
        let found = match &token {
            TokenTree::Ident(ident) => !after_colon && (ident == name || ident == "Self"),
            TokenTree::Group(group) => names(group.stream(), name),
            _ => false,
        };
        after_colon = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ':');
        found
    })
}

/// Whether a type is written as `Option<...>`, by whatever path.
fn is_option(kind: &Type) -> bool {
    match kind {
        Type::Path(path) => last_is_option(&path.path),
        Type::Group(group) => is_option(&group.elem),
        Type::Paren(paren) => is_option(&paren.elem),
        _ => false,
    }
}

fn last_is_option(path: &Path) -> bool {
    path.segments.last().is_some_and(|segment| segment.ident == "Option" && !segment.arguments.is_empty())
}

/// The field as a record describes it.
fn describe(field: &Field<'_>) -> TokenStream {
    let Field { kind, name, is_required, says, .. } = field;
    let mut described = of_argument(kind, "arg_type", Some(TokenStream::new()));
    for (narrow, bound) in [("at_least", &says.min), ("at_most", &says.max)] {
        if let Some(bound) = bound {
            described = narrowed(narrow, kind, &described, bound);
        }
    }
    for (narrow, bound) in [("shortest", &says.min_length), ("longest", &says.max_length)] {
        if let Some(bound) = bound {
            described = narrowed(narrow, kind, &described, bound);
        }
    }
    if let Some(pattern) = &says.pattern {
        described = narrowed("matching", kind, &described, pattern);
    }
    let default = match &says.default {
        None => quote!(::core::option::Option::None),
        Some(default) => {
            let (default, value) = (default_of(default), of_argument(kind, "value", Some(quote!(&default))));
            quote! {{
                let default: #kind = #default;
                ::core::option::Option::Some(#value)
            }}
        }
    };
    quote! {
        __framework::Field {
            name: ::std::borrow::ToOwned::to_owned(#name),
            kind: #described,
            required: #is_required,
            default: #default,
        }
    }
}

fn narrowed(narrow: &str, kind: &Type, described: &TokenStream, bound: &impl ToTokens) -> TokenStream {
    let narrow = Ident::new(narrow, kind.span());
    quote_spanned!(kind.span()=> __framework::#narrow::<#kind>(#described, #bound))
}

/// A text that is a default may be given as a literal, also where the field is a `String`.
fn default_of(default: &Expr) -> TokenStream {
    match default {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
            quote_spanned!(text.span()=> ::core::convert::Into::into(#text))
        }
        other => quote!(#other),
    }
}

/// The field's value as a slot.
fn write(field: &Field<'_>) -> TokenStream {
    let Field { ident, kind, .. } = field;
    let method = if field.is_optional_option { "optional_slot" } else { "slot" };
    of_argument(kind, method, Some(quote!(&self.#ident, arena)))
}

/// The field out of its slot.
fn read(field: &Field<'_>, slot: &Ident) -> TokenStream {
    let Field { ident, kind, name, .. } = field;
    let read = of_argument(kind, "read", Some(quote!(#slot)));
    quote!(#ident: #read.map_err(|refusal| refusal.under_key(#name))?)
}

/// An item of the trait as the type has it, called if there are arguments. The code reaches from the type's first token
/// to its last: so every error about the type is at one place, and the compiler tells it once.
fn of_argument(kind: &Type, item: &str, arguments: Option<TokenStream>) -> TokenStream {
    let mut tokens = kind.to_token_stream().into_iter();
    let first = tokens.next().map_or_else(Span::call_site, |token| token.span());
    let last = tokens.last().map_or(first, |token| token.span());
    let item = Ident::new(item, last);
    let opening = quote_spanned!(first=> <);
    let closing = quote_spanned!(last=> as __framework::Argument>::#item);
    let call = arguments.map(|arguments| quote_spanned!(last=> (#arguments)));
    quote!(#opening #kind #closing #call)
}
