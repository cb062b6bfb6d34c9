use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DataEnum, DeriveInput, Error, Field, Fields, Ident, Member, Result};

use crate::{errors::Errors, input, stub, variant_names};

/// Writes `Id` for a struct with one field, or for an enum without fields.
pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    if !input.generics.params.is_empty() {
        let reason = "it has generic parameters";
        return Err(refusal(input, &input.ident, reason));
    }

    let key = match &input.data {
        Data::Struct(data) => key_of_struct(input, &data.fields),
        Data::Enum(data) => key_of_enum(input, data),
        Data::Union(_) => Err(refusal(input, &input.ident, "it is a union")),
    };
    Ok(match key {
        Ok(key) => write(input, &key),
        Err(err) => {
            let stub = write(input, &quote!(::core::unreachable!()));
            stub::error_with_stub(&err, &stub)
        }
    })
}

fn write(input: &DeriveInput, key: &TokenStream) -> TokenStream {
    let ident = &input.ident;
    quote! {
        #[automatically_derived]
        impl ::flow_domain::model::Id for #ident {
            fn key(&self) -> ::std::borrow::Cow<'_, str> {
                #key
            }
        }
    }
}

fn refusal(input: &DeriveInput, error_ident: &Ident, reason: &str) -> Error {
    let name = input::name(input);
    Error::new_spanned(
        error_ident,
        format!(
            "`{name}` cannot derive `Id`, because {reason}: the derive takes a struct with one field, \
             or an enum without fields\n\
             help: write `impl flow_domain::Id for {name}`, so that two ids have two keys"
        ),
    )
}

/// The key of the struct is the key of its only field.
fn key_of_struct(input: &DeriveInput, fields: &Fields) -> Result<TokenStream> {
    let members: Vec<(Member, &Field)> = fields.members().zip(fields).collect();
    let [(member, field)] = members.as_slice() else {
        let reason = match members.len() {
            0 => "it has no field".to_owned(),
            n_fields => format!("it has {n_fields} fields"),
        };
        return Err(refusal(input, &input.ident, &reason));
    };

    // The compiler reports a missing `Id` at the type of the field.
    let ty = &field.ty;
    Ok(quote!(<#ty as ::flow_domain::model::Id>::key(&self.#member)))
}

/// The key of the enum is the name of its variant in JSON.
fn key_of_enum(input: &DeriveInput, data: &DataEnum) -> Result<TokenStream> {
    if data.variants.is_empty() {
        return Err(refusal(input, &input.ident, "it has no variants"));
    }

    let names = variant_names::json_names(&input.attrs, data);
    let mut errors = Errors::default();
    for (idx, (variant, name)) in data.variants.iter().zip(&names).enumerate() {
        if !variant.fields.is_empty() {
            let reason = format!("`{}` has fields", variant.ident);
            errors.push(refusal(input, &variant.ident, &reason));
        }
        if names[..idx].contains(name) {
            errors.push(Error::new_spanned(
                &variant.ident,
                format!("two variants have the key `{name}`: rename one of them"),
            ));
        }
    }
    errors.finish()?;

    let idents = data.variants.iter().map(|variant| &variant.ident);
    Ok(quote! {
        ::std::borrow::Cow::Borrowed(match self { #(Self::#idents { .. } => #names),* })
    })
}
