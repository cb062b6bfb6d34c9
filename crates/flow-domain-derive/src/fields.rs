use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Error, Fields, Ident, Result, Type, ext::IdentExt, spanned::Spanned};

use crate::{attributes::backticked, case, serde_attributes::SerdeAttributes};

/// A field with a name.
pub(crate) struct Field<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
    pub(crate) serde: SerdeAttributes,
}

/// The fields of a struct or a variant; `None` if they have no names.
pub(crate) fn read(fields: &Fields) -> Option<Vec<Field<'_>>> {
    if let Fields::Unnamed(_) = fields {
        return None;
    }

    let named = fields.iter().filter_map(|field| {
        Some(Field {
            ident: field.ident.as_ref()?,
            ty: &field.ty,
            serde: SerdeAttributes::read(&field.attrs),
        })
    });

    Some(named.collect())
}

impl Field<'_> {
    /// The name in Rust, without `r#`.
    pub(crate) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }

    /// The name in JSON, where the container has the rule `rename_all`.
    pub(crate) fn json_name(&self, rename_all: Option<&str>) -> String {
        match (&self.serde.rename, rename_all) {
            (Some(name), _) => name.clone(),
            (None, Some(rule)) => case::rename(&self.name(), rule),
            (None, None) => self.name(),
        }
    }

    /// Writes an expression of type `Cow<'_, str>` for this field of `self`.
    pub(crate) fn text_expr_of_self(&self) -> TokenStream {
        let ident = self.ident;
        self.text_expr(&quote!(&self.#ident))
    }

    /// Writes an expression of type `Cow<'_, str>`, given one for a reference to the field.
    pub(crate) fn text_expr(&self, reference: &impl ToTokens) -> TokenStream {
        // What does not serialise is reported at its type.
        let span = Span::call_site().located_at(self.ty.span());
        if is_string(self.ty) {
            quote_spanned!(span=> ::std::borrow::Cow::Borrowed(::std::string::String::as_str(#reference)))
        } else {
            quote_spanned!(span=> ::flow_domain::message::text_of(#reference))
        }
    }
}

/// Finds the field that is the id of `owner`; `blamed` is where it is reported that there is none.
pub(crate) fn find_id<'a, 'f>(
    fields: &'f [Field<'a>],
    id: &Ident,
    owner: &str,
    blamed: &Ident,
) -> Result<&'f Field<'a>> {
    let Some(field) = fields.iter().find(|field| field.ident == id) else {
        let names: Vec<String> = fields.iter().map(Field::name).collect();
        let known = if names.is_empty() {
            "no fields at all".to_owned()
        } else {
            backticked(&names)
        };

        return Err(Error::new_spanned(
            blamed,
            format!("`{owner}` has no field `{}`: it has {known}", id.unraw()),
        ));
    };

    if field.serde.skipped {
        return Err(Error::new_spanned(
            field.ident,
            format!(
                "the id of `{owner}` must not be `#[serde(skip)]`: it would be lost when it is stored"
            ),
        ));
    }

    Ok(field)
}

/// The field that looks like an id, for an error that shows what to write.
pub(crate) fn likely_id(fields: &[Field<'_>]) -> String {
    fields
        .iter()
        .map(Field::name)
        .find(|name| name == "id" || name.ends_with("_id"))
        .unwrap_or_else(|| "the_field".to_owned())
}

fn is_string(ty: &Type) -> bool {
    matches!(ty, Type::Path(ty) if ty.qself.is_none() && ty.path.is_ident("String"))
}
