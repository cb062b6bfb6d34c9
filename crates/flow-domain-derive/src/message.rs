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

/// Which kind of message is derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Command,
    Event,
}

impl Kind {
    /// What its attribute takes on the type.
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

    /// What its attribute takes on a variant.
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
    let (attributes, read) = kind.grammar().read(&input.attrs);
    let written = read.and_then(|()| write(kind, input, &attributes));
    Ok(written.unwrap_or_else(|err| {
        stub::error_with_stub(&err, &stub::message(kind, input, &attributes))
    }))
}

fn write(kind: Kind, input: &DeriveInput, attributes: &Attributes) -> Result<TokenStream> {
    let category = category(kind, input, attributes)?;
    let variants = variants(kind, input, attributes)?;
    let message = write_message(input, &category, &variants);
    let kind = kind.write_impl(input, attributes);
    Ok(quote!(#message #kind))
}

fn category(kind: Kind, input: &DeriveInput, attributes: &Attributes) -> Result<TokenStream> {
    match (&attributes.part_of, &attributes.category) {
        (Some(aggregate), None) => {
            Ok(quote!(<#aggregate as ::flow_domain::model::Aggregate>::CATEGORY))
        }
        (None, Some(category)) => Ok(quote!(#category)),
        (Some(_), Some(category)) => Err(Error::new_spanned(
            category,
            "`category` stands in place of `part_of`, for an event from outside this domain: write one of them",
        )),
        (None, None) => Err(missing_part_of(kind, input)),
    }
}

fn missing_part_of(kind: Kind, input: &DeriveInput) -> Error {
    let attribute = kind.grammar().attribute;
    let outside = match kind {
        Kind::Command => "",
        Kind::Event => {
            ", or `category = \"..\"` in place of `part_of` if it comes from outside this domain"
        }
    };

    Error::new_spanned(
        &input.ident,
        format!(
            "`{}` does not say which aggregate it is part of: \
             write `#[{attribute}(part_of = TheAggregate, id = the_field)]`{outside}",
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
            let around = VariantContext {
                path: quote!(Self),
                label: input::name(input),
                grammar: &kind.grammar(),
                requires_id: kind == Kind::Event,
                id_error_ident: None,
            };

            Variant::read(&input.ident, &data.fields, attributes, around).map(|one| vec![one])
        }
        Data::Enum(data) => enum_variants(kind, &input.ident, data, attributes),
        Data::Union(_) => Err(Error::new_spanned(
            &input.ident,
            format!("{} is a struct or an enum", kind.noun()),
        )),
    }
}

fn enum_variants<'a>(
    kind: Kind,
    ident: &'a Ident,
    data: &'a DataEnum,
    of_enum: &Attributes,
) -> Result<Vec<Variant<'a>>> {
    let mut errors = Errors::default();
    if let Some(name) = &of_enum.name {
        errors.push(Error::new_spanned(
            name,
            "each variant of an enum is a message of its own: put `name` on the variant",
        ));
    }

    if data.variants.is_empty() {
        errors.push(Error::new_spanned(
            ident,
            format!("`{}` has no variants: each is one message", ident.unraw()),
        ));
    }

    let mut variants: Vec<Variant<'a>> = Vec::new();
    for variant in &data.variants {
        let read = enum_variant(kind, ident, variant, of_enum);
        let Some(read) = errors.take(read) else {
            continue;
        };

        if let Err(err) = refuse_duplicate(&variants, &read) {
            errors.push(err);
        }

        variants.push(read);
    }

    errors.finish()?;
    Ok(variants)
}

fn enum_variant<'a>(
    kind: Kind,
    of: &Ident,
    variant: &'a syn::Variant,
    of_enum: &Attributes,
) -> Result<Variant<'a>> {
    let grammar = kind.variant_grammar();
    let (mut attributes, read) = grammar.read(&variant.attrs);

    read?;
    attributes.id = attributes.id.or_else(|| of_enum.id.clone());
    attributes.version = attributes.version.or(of_enum.version);
    let ident = &variant.ident;
    let around = VariantContext {
        path: quote!(Self::#ident),
        label: format!("{}::{}", of.unraw(), ident.unraw()),
        grammar: &grammar,
        requires_id: kind == Kind::Event,
        // The id of the enum is right for other variants.
        id_error_ident: Some(ident),
    };

    Variant::read(ident, &variant.fields, &attributes, around)
}

fn refuse_duplicate(variants: &[Variant<'_>], read: &Variant<'_>) -> Result<()> {
    let is_twin = |other: &&Variant<'_>| other.name == read.name && other.version == read.version;
    match variants.iter().find(is_twin) {
        None => Ok(()),
        Some(twin) => Err(Error::new_spanned(
            read.ident,
            format!(
                "`{}` and `{}` are the same message: give one another `name` or `version`",
                twin.ident, read.ident
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
    let is_same_as = equality::try_eq_method();
    let field_arms = variants.iter().map(Variant::write_field_arm);

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

            fn field_text(
                &self,
                name: &str,
            ) -> ::core::option::Option<::std::borrow::Cow<'_, str>> {
                match self { #(#field_arms,)* }
            }

            #is_same_as
        }
    }
}
