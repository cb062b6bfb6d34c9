use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, DeriveInput, Result};

use crate::{
    attributes::Grammar, equality, fields::Field, input, serde_attributes::SerdeAttributes, stub,
};

const GRAMMAR: Grammar = Grammar {
    attribute: "projection",
    keys: &["id", "name"],
};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    input::refuse_generics(input, "a projection")?;
    Ok(write(input).unwrap_or_else(|err| stub::error_with_stub(&err, &stub::projection(input))))
}

fn write(input: &DeriveInput) -> Result<TokenStream> {
    let fields = input::named_struct(input, "a projection")?;
    let (attributes, read_result) = GRAMMAR.read(&input.attrs);
    read_result?;
    let id = input::own_id(input, &GRAMMAR, attributes.id.as_ref(), &fields)?;

    let ident = &input.ident;
    let name = attributes
        .name
        .map_or_else(|| input::name(input), |name| name.value());
    let field_names = json_names(&input.attrs, &fields);
    let id = id.text_expr_of_self();
    let try_eq = equality::try_eq_method();

    Ok(quote! {
        #[automatically_derived]
        impl ::flow_domain::model::Projection for #ident {
            const NAME: &'static str = #name;
            const FIELDS: &'static [&'static str] = &[#(#field_names),*];

            fn id(&self) -> ::std::borrow::Cow<'_, str> {
                #id
            }

            #try_eq
        }
    })
}

fn json_names(attributes: &[Attribute], fields: &[Field<'_>]) -> Vec<String> {
    let rename_all = SerdeAttributes::read(attributes).rename_all;
    fields
        .iter()
        .filter(|field| !field.serde.hidden)
        .map(|field| field.json_name(rename_all.as_deref()))
        .collect()
}
