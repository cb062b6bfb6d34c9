use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Data, DataEnum, DeriveInput, Error, Fields, Result, spanned::Spanned};

use crate::{fields, input, serde_attributes::SerdeAttributes, variant_names};

/// Writes `Sortable` for a struct with one field, or for an enum without fields.
pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    input::refuse_generics(input, "a sortable type")?;
    refuse_other_form(input)?;

    match &input.data {
        Data::Struct(data) if data.fields.len() == 1 => Ok(write_for_struct(input, &data.fields)),
        Data::Enum(data)
            if data
                .variants
                .iter()
                .all(|variant| variant.fields.is_empty()) =>
        {
            Ok(write_for_enum(input, data))
        }
        _ => Err(Error::new_spanned(
            &input.ident,
            format!(
                "the derive of `Sortable` takes a struct with one field, or an enum without fields: \
                 write `impl Sortable for {}`",
                input::name(input)
            ),
        )),
    }
}

/// Refuses a type whose JSON does not have the names of its variants, or its only field.
///
/// A query compares with the JSON of a value, so it would find nothing.
fn refuse_other_form(input: &DeriveInput) -> Result<()> {
    let Some(attribute) = SerdeAttributes::read(&input.attrs).other_form else {
        return Ok(());
    };
    // A tag is one more field in the JSON of a struct.
    if attribute == "tag" && matches!(input.data, Data::Struct(_)) {
        return Ok(());
    }

    let name = input::name(input);
    Err(Error::new_spanned(
        &input.ident,
        format!(
            "`{name}` cannot derive `Sortable`, because `#[serde({attribute})]` changes its JSON: \
             write `impl Sortable for {name}`"
        ),
    ))
}

/// The struct is sorted as its only field.
fn write_for_struct(input: &DeriveInput, fields: &Fields) -> TokenStream {
    let ident = &input.ident;
    let members = fields.members();
    let inner_json = inner_json(input, fields);
    let types = fields.iter().map(|field| {
        let ty = &field.ty;
        // With this span, the compiler reports a missing `Sortable` at the type of the field.
        quote_spanned!(ty.span()=> #ty as ::flow_domain::model::Sortable)
    });
    let types: Vec<TokenStream> = types.collect();

    quote! {
        #[automatically_derived]
        impl ::flow_domain::model::Sortable for #ident {
            #(
                const KIND: ::flow_domain::json::SortKind = <#types>::KIND;

                fn sort_key(&self) -> ::flow_domain::json::SortKey {
                    <#types>::sort_key(&self.#members)
                }

                fn sort_key_of_json(
                    value: &::flow_domain::json::Json,
                ) -> ::core::option::Option<::flow_domain::json::SortKey> {
                    <#types>::sort_key_of_json(#inner_json)
                }
            )*
        }
    }
}

/// Writes the JSON of the only field, from the JSON `value` of the struct.
fn inner_json(input: &DeriveInput, fields: &Fields) -> TokenStream {
    let serde = SerdeAttributes::read(&input.attrs);
    match fields::read(fields).as_deref() {
        Some([field]) if !serde.transparent => {
            let name = field.json_name(serde.rename_all.as_deref());
            quote!(value.get(#name)?)
        }
        _ => quote!(value),
    }
}

/// The enum is sorted by the JSON of its variants, which is their names unless serde renames them.
fn write_for_enum(input: &DeriveInput, data: &DataEnum) -> TokenStream {
    let ident = &input.ident;
    let names = variant_names::json_names(&input.attrs, data);
    let arms = data.variants.iter().zip(names).map(|(variant, name)| {
        let variant_ident = &variant.ident;
        quote!(Self::#variant_ident => #name)
    });

    quote! {
        #[automatically_derived]
        impl ::flow_domain::model::Sortable for #ident {
            const KIND: ::flow_domain::json::SortKind = ::flow_domain::json::SortKind::Text;

            fn sort_key(&self) -> ::flow_domain::json::SortKey {
                ::flow_domain::json::SortKey::text(match self { #(#arms),* })
            }
        }
    }
}
