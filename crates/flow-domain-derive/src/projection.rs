use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Error, Ident, Result, spanned::Spanned};

use crate::{
    attributes::Grammar,
    equality,
    errors::Errors,
    fields::{self, Field},
    input,
    serde_attributes::SerdeAttributes,
    stub,
};

const GRAMMAR: Grammar = Grammar {
    attribute: "projection",
    keys: &["id", "index", "name"],
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
    let rename_all = SerdeAttributes::read(&input.attrs).rename_all;
    let field_names = json_names(rename_all.as_deref(), &fields);
    let declared_fields = declared_fields(
        input,
        attributes.index.as_deref().unwrap_or_default(),
        rename_all.as_deref(),
        &fields,
    )?;
    let id_field = id.name();
    let id = id.key_expr_of_self();
    let try_eq = equality::try_eq_method();

    Ok(quote! {
        #[automatically_derived]
        impl ::flow_domain::model::Projection for #ident {
            const NAME: &'static str = #name;
            const FIELDS: &'static [&'static str] = &[#(#field_names),*];
            const INDEX: &'static [::flow_domain::model::DeclaredField<Self>] =
                &[#(#declared_fields),*];
            const ID_FIELD: &'static str = #id_field;

            fn id(&self) -> ::std::borrow::Cow<'_, str> {
                #id
            }

            #try_eq
        }
    })
}

fn json_names(rename_all: Option<&str>, fields: &[Field<'_>]) -> Vec<String> {
    fields
        .iter()
        .filter(|field| !field.serde.hidden)
        .map(|field| field.json_name(rename_all))
        .collect()
}

/// Writes a `DeclaredField` for each field in `index(..)`.
fn declared_fields(
    input: &DeriveInput,
    index: &[Ident],
    rename_all: Option<&str>,
    fields: &[Field<'_>],
) -> Result<Vec<TokenStream>> {
    let owner = input::name(input);
    let mut errors = Errors::default();
    let mut declared = Vec::new();

    for ident in index {
        let found = fields::find(fields, ident, &owner, ident).and_then(|field| {
            if field.serde.hidden {
                return Err(Error::new_spanned(
                    ident,
                    format!(
                        "`{ident}` of `{owner}` has no field in the JSON, so a query cannot name it"
                    ),
                ));
            }
            Ok(field)
        });
        declared.extend(errors.take(found).map(|field| {
            let (name, ty) = (field.json_name(rename_all), field.ty);
            // With this span, the compiler reports a missing `Sortable` at the type of the field.
            let span = Span::call_site().located_at(ty.span());
            quote_spanned! {span=>
                ::flow_domain::model::DeclaredField::new::<#ty>(
                    #name,
                    |row: &Self| ::flow_domain::model::Sortable::sort_key(&row.#ident),
                )
            }
        }));
    }

    errors.finish()?;
    Ok(declared)
}
