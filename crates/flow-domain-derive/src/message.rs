use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DataEnum, DeriveInput, Error, Ident, Result, ext::IdentExt};

use crate::{
    attributes::{Attributes, Grammar},
    equality,
    errors::Errors,
    input, stub,
    variant::{Variant, VariantContext},
};

/// The kind of the derived message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Command,
    Event,
}

impl Kind {
    /// Returns the grammar of the attribute on the type.
    const fn grammar(self) -> Grammar {
        match self {
            Self::Command => Grammar {
                attribute: "command",
                keys: &["part_of", "id", "reply", "version", "name"],
            },
            Self::Event => Grammar {
                attribute: "event",
                keys: &["part_of", "category", "id", "version", "name"],
            },
        }
    }

    /// Returns the grammar of the attribute on a variant.
    const fn variant_grammar(self) -> Grammar {
        Grammar {
            keys: &["id", "version", "name"],
            ..self.grammar()
        }
    }

    const fn noun(self) -> &'static str {
        match self {
            Self::Command => "a command",
            Self::Event => "an event",
        }
    }

    /// Writes the impl of `Command` or `Event`.
    pub(crate) fn write_impl(self, input: &DeriveInput, attributes: &Attributes) -> TokenStream {
        let ident = &input.ident;
        match self {
            Self::Command => {
                let reply = attributes
                    .reply
                    .as_ref()
                    .map_or_else(|| quote!(()), |reply| quote!(#reply));
                quote! {
                    #[automatically_derived]
                    impl ::flow_domain::model::Command for #ident {
                        type Reply = #reply;

                        fn try_eq_replies(
                            left: &Self::Reply,
                            right: &Self::Reply,
                        ) -> ::core::option::Option<bool> {
                            use ::flow_domain::model::equality::*;
                            (&Pair(left, right)).are_equal()
                        }
                    }
                }
            }
            Self::Event => quote! {
                #[automatically_derived]
                impl ::flow_domain::model::Event for #ident {}
            },
        }
    }
}

pub(crate) fn derive(kind: Kind, input: &DeriveInput) -> Result<TokenStream> {
    input::refuse_generics(input, kind.noun())?;
    let (attributes, read_result) = kind.grammar().read(&input.attrs);

    let tokens = read_result.and_then(|()| write(kind, input, &attributes));
    Ok(tokens.unwrap_or_else(|err| {
        stub::error_with_stub(&err, &stub::message(kind, input, &attributes))
    }))
}

fn write(kind: Kind, input: &DeriveInput, attributes: &Attributes) -> Result<TokenStream> {
    let category = category(kind, input, attributes)?;
    let variants = variants(kind, input, attributes)?;
    let message_impl = write_message(input, &category, &variants);
    let kind_impl = kind.write_impl(input, attributes);
    Ok(quote!(#message_impl #kind_impl))
}

fn category(kind: Kind, input: &DeriveInput, attributes: &Attributes) -> Result<TokenStream> {
    match (&attributes.part_of, &attributes.category) {
        (Some(aggregate), None) => {
            Ok(quote!(<#aggregate as ::flow_domain::model::Aggregate>::CATEGORY))
        }
        (None, Some(category)) => Ok(quote!(#category)),
        (Some(_), Some(category)) => Err(Error::new_spanned(
            category,
            "`category` replaces `part_of` for an event from outside this domain: write only one of them",
        )),
        (None, None) => Err(missing_part_of(kind, input)),
    }
}

fn missing_part_of(kind: Kind, input: &DeriveInput) -> Error {
    let attribute = kind.grammar().attribute;
    let outside_hint = match kind {
        Kind::Command => "",
        Kind::Event => {
            ", or `category = \"..\"` in place of `part_of` if it comes from outside this domain"
        }
    };

    Error::new_spanned(
        &input.ident,
        format!(
            "`{}` does not say which aggregate it is part of: \
             write `#[{attribute}(part_of = TheAggregate, id = the_field)]`{outside_hint}",
            input::name(input)
        ),
    )
}

fn variants<'a>(
    kind: Kind,
    input: &'a DeriveInput,
    attributes: &Attributes,
) -> Result<Vec<Variant<'a>>> {
    match &input.data {
        Data::Struct(data) => {
            let context = VariantContext {
                path: quote!(Self),
                label: input::name(input),
                grammar: &kind.grammar(),
                requires_id: kind == Kind::Event,
                id_error_ident: None,
            };
            Variant::read(&input.ident, &data.fields, attributes, context)
                .map(|variant| vec![variant])
        }
        Data::Enum(data) => enum_variants(kind, &input.ident, data, attributes),
        Data::Union(_) => Err(Error::new_spanned(
            &input.ident,
            format!("{} must be a struct or an enum", kind.noun()),
        )),
    }
}

fn enum_variants<'a>(
    kind: Kind,
    ident: &'a Ident,
    data: &'a DataEnum,
    enum_attributes: &Attributes,
) -> Result<Vec<Variant<'a>>> {
    let mut errors = Errors::default();

    if let Some(name) = &enum_attributes.name {
        errors.push(Error::new_spanned(
            name,
            "each variant of an enum is a separate message: put `name` on the variant",
        ));
    }
    if data.variants.is_empty() {
        errors.push(Error::new_spanned(
            ident,
            format!(
                "`{}` has no variants: add at least one, because each variant is a message",
                ident.unraw()
            ),
        ));
    }

    let mut variants: Vec<Variant<'a>> = Vec::new();
    for variant in &data.variants {
        let Some(variant) = errors.take(enum_variant(kind, ident, variant, enum_attributes)) else {
            continue;
        };
        if let Err(err) = refuse_duplicate(&variants, &variant) {
            errors.push(err);
        }
        variants.push(variant);
    }

    errors.finish()?;
    Ok(variants)
}

fn enum_variant<'a>(
    kind: Kind,
    enum_ident: &Ident,
    variant: &'a syn::Variant,
    enum_attributes: &Attributes,
) -> Result<Variant<'a>> {
    let grammar = kind.variant_grammar();
    let (mut attributes, read_result) = grammar.read(&variant.attrs);
    read_result?;
    attributes.id = attributes.id.or_else(|| enum_attributes.id.clone());
    attributes.version = attributes.version.or(enum_attributes.version);

    let ident = &variant.ident;
    let context = VariantContext {
        path: quote!(Self::#ident),
        label: format!("{}::{}", enum_ident.unraw(), ident.unraw()),
        grammar: &grammar,
        requires_id: kind == Kind::Event,
        // Other variants may have the field that the enum names, so the error is at this variant.
        id_error_ident: Some(ident),
    };

    Variant::read(ident, &variant.fields, &attributes, context)
}

fn refuse_duplicate(variants: &[Variant<'_>], variant: &Variant<'_>) -> Result<()> {
    let duplicate = variants
        .iter()
        .find(|other| other.name == variant.name && other.version == variant.version);

    match duplicate {
        None => Ok(()),
        Some(duplicate) => Err(Error::new_spanned(
            variant.ident,
            format!(
                "`{}` and `{}` are the same message: give one of them another `name` or `version`",
                duplicate.ident, variant.ident
            ),
        )),
    }
}

fn write_message(
    input: &DeriveInput,
    category: &TokenStream,
    variants: &[Variant<'_>],
) -> TokenStream {
    let ident = &input.ident;
    let name = input::name(input);

    let schemas = variants.iter().map(Variant::write_schema);
    let name_arms = variants.iter().map(Variant::write_name_arm);
    let id_arms = variants.iter().map(Variant::write_id_arm);
    let field_arms = variants.iter().map(Variant::write_field_arm);
    let try_eq = equality::try_eq_method();

    quote! {
        #[automatically_derived]
        impl ::flow_domain::model::Message for #ident {
            const NAME: &'static str = #name;
            const CATEGORY: &'static str = #category;
            const SCHEMAS: &'static [::flow_domain::message::MessageSchema] = &[#(#schemas),*];

            fn message_name(&self) -> ::flow_domain::message::MessageName {
                match self { #(#name_arms,)* }
            }

            fn aggregate_id(&self) -> ::std::borrow::Cow<'_, str> {
                match self { #(#id_arms,)* }
            }

            fn field_key(
                &self,
                name: &str,
            ) -> ::core::option::Option<::std::borrow::Cow<'_, str>> {
                // Unused if every field is an id, or an option of one.
                #[allow(unused_imports)]
                use ::flow_domain::model::id_field::NotAnId as _;

                match self { #(#field_arms,)* }
            }

            #try_eq
        }
    }
}
