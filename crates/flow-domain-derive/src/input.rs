use syn::{Data, DeriveInput, Error, Ident, Result, ext::IdentExt};

use crate::{
    attributes::Grammar,
    fields::{self, Field},
};

/// Returns the name of the type, without `r#`.
pub(crate) fn name(input: &DeriveInput) -> String {
    input.ident.unraw().to_string()
}

/// Refuses a type with generic parameters: it is stored by its name, so it must be one type.
pub(crate) fn refuse_generics(input: &DeriveInput, what: &str) -> Result<()> {
    if input.generics.params.is_empty() {
        return Ok(());
    }

    let name = name(input);
    Err(Error::new_spanned(
        &input.generics,
        format!(
            "{what} is stored by its type name, so `{name}` must not have generic parameters: write a separate type for each case"
        ),
    ))
}

/// Returns the named fields of a struct. `what` names its kind in the error.
pub(crate) fn named_struct<'a>(input: &'a DeriveInput, what: &str) -> Result<Vec<Field<'a>>> {
    let fields = match &input.data {
        Data::Struct(data) => fields::read(&data.fields),
        Data::Enum(_) | Data::Union(_) => None,
    };

    fields.ok_or_else(|| {
        Error::new_spanned(
            &input.ident,
            format!(
                "{what} must be a struct with named fields: `{}` is not",
                name(input)
            ),
        )
    })
}

/// Finds the field that an aggregate or a projection names as its id.
pub(crate) fn own_id<'a, 'f>(
    input: &DeriveInput,
    grammar: &Grammar,
    id: Option<&Ident>,
    fields: &'f [Field<'a>],
) -> Result<&'f Field<'a>> {
    let owner = name(input);
    let Some(id) = id else {
        let (attribute, likely) = (grammar.attribute, fields::likely_id(fields));
        return Err(Error::new_spanned(
            &input.ident,
            format!(
                "`{owner}` does not say which field is its id: write `#[{attribute}(id = {likely})]`"
            ),
        ));
    };

    fields::find_id(fields, id, &owner, id)
}
