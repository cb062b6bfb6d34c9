use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Error, Fields, Ident, Result, Type, ext::IdentExt};

use crate::{attributes::backticked, case, serde_attributes::SerdeAttributes};

/// A field with a name.
pub(crate) struct Field<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
    pub(crate) serde: SerdeAttributes,
}

/// Returns the fields of a struct or a variant. Returns `None` if they have no names.
pub(crate) fn read(fields: &Fields) -> Option<Vec<Field<'_>>> {
    if let Fields::Unnamed(_) = fields {
        return None;
    }

    fields
        .iter()
        .map(|field| {
            Some(Field {
                ident: field.ident.as_ref()?,
                ty: &field.ty,
                serde: SerdeAttributes::read(&field.attrs),
            })
        })
        .collect()
}

impl Field<'_> {
    /// Returns the name in Rust, without `r#`.
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }

    /// Returns the name in JSON. `rename_all` is the serde rule of the struct: `camelCase`.
    pub(crate) fn json_name(&self, rename_all: Option<&str>) -> String {
        match (&self.serde.rename, rename_all) {
            (Some(name), _) => name.clone(),
            (None, Some(rule)) => case::apply_rename_rule(&self.name(), rule),
            (None, None) => self.name(),
        }
    }

    /// Writes the key of this field of `self`, of type `Cow<'_, str>`.
    pub(crate) fn key_expr_of_self(&self) -> TokenStream {
        let ident = self.ident;
        self.key_expr(&quote!(&self.#ident))
    }

    /// Writes the key, of type `Cow<'_, str>`. `reference` is a reference to the field.
    pub(crate) fn key_expr(&self, reference: &impl ToTokens) -> TokenStream {
        // The compiler reports a missing `Id` at the type of the field.
        let ty = self.ty;
        quote!(<#ty as ::flow_domain::model::Id>::key(#reference))
    }
}

/// Finds the field with this name. A missing field is reported at `error_ident`.
pub(crate) fn find<'a, 'f>(
    fields: &'f [Field<'a>],
    name: &Ident,
    owner: &str,
    error_ident: &Ident,
) -> Result<&'f Field<'a>> {
    fields
        .iter()
        .find(|field| field.ident == name)
        .ok_or_else(|| {
            let names: Vec<String> = fields.iter().map(Field::name).collect();
            let known = if names.is_empty() {
                "no fields at all".to_owned()
            } else {
                backticked(&names)
            };

            Error::new_spanned(
                error_ident,
                format!("`{owner}` has no field `{}`: it has {known}", name.unraw()),
            )
        })
}

/// Finds the field that is the id of `owner`. A missing field is reported at `error_ident`.
pub(crate) fn find_id<'a, 'f>(
    fields: &'f [Field<'a>],
    id: &Ident,
    owner: &str,
    error_ident: &Ident,
) -> Result<&'f Field<'a>> {
    let field = find(fields, id, owner, error_ident)?;

    if field.serde.skipped {
        return Err(Error::new_spanned(
            field.ident,
            format!(
                "the id of `{owner}` must not be `#[serde(skip)]`: the id would be lost when `{owner}` is stored"
            ),
        ));
    }

    Ok(field)
}

/// Returns the name of a field that looks like an id, for an error that shows what to write.
pub(crate) fn likely_id(fields: &[Field<'_>]) -> String {
    fields
        .iter()
        .map(Field::name)
        .find(|name| name == "id" || name.ends_with("_id"))
        .unwrap_or_else(|| "the_field".to_owned())
}
