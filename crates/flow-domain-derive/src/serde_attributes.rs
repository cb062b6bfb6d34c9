use syn::{Attribute, Expr, Lit, Meta, Token, punctuated::Punctuated};

/// The serde attributes of a field or a type that change its JSON.
///
/// Mistakes in these attributes are ignored here, because serde reports them.
#[derive(Debug, Default)]
pub(crate) struct SerdeAttributes {
    /// The name in JSON.
    pub(crate) rename: Option<String>,
    /// The rule for the names of the fields: `camelCase`.
    pub(crate) rename_all: Option<String>,
    /// Whether the field is neither serialized nor deserialized.
    pub(crate) skipped: bool,
    /// Whether the JSON has no field with this name: the field is skipped or flattened.
    pub(crate) hidden: bool,
    /// Whether the JSON of a struct is that of its only field.
    pub(crate) transparent: bool,
    /// The attribute that replaces the names of the variants in JSON: `into`, `tag` or `untagged`.
    pub(crate) other_form: Option<String>,
}

impl SerdeAttributes {
    pub(crate) fn read(attributes: &[Attribute]) -> Self {
        let metas: Vec<Meta> = attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("serde"))
            .flat_map(metas)
            .collect();

        let has_flag = |flag: &str| metas.iter().any(|meta| is_flag(meta, flag));
        let skipped =
            has_flag("skip") || (has_flag("skip_serializing") && has_flag("skip_deserializing"));

        Self {
            rename: metas.iter().find_map(|meta| string_value(meta, "rename")),
            rename_all: metas
                .iter()
                .find_map(|meta| string_value(meta, "rename_all")),
            skipped,
            hidden: skipped || has_flag("skip_serializing") || has_flag("flatten"),
            transparent: has_flag("transparent"),
            other_form: metas.iter().find_map(|meta| {
                let name = meta.path().get_ident()?.to_string();
                matches!(name.as_str(), "into" | "tag" | "untagged").then_some(name)
            }),
        }
    }
}

fn metas(attribute: &Attribute) -> Vec<Meta> {
    attribute
        .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
        .map(|metas| metas.into_iter().collect())
        .unwrap_or_default()
}

fn is_flag(meta: &Meta, flag: &str) -> bool {
    matches!(meta, Meta::Path(path) if path.is_ident(flag))
}

/// Returns the text of `key = ".."`, or of `key(serialize = "..")`.
fn string_value(meta: &Meta, key: &str) -> Option<String> {
    if !meta.path().is_ident(key) {
        return None;
    }

    match meta {
        Meta::NameValue(pair) => literal(&pair.value),
        Meta::List(list) => list
            .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
            .ok()?
            .iter()
            .find_map(|meta| string_value(meta, "serialize")),
        Meta::Path(_) => None,
    }
}

fn literal(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        // If a `macro_rules!` macro inserts the value, the value is in a group.
        Expr::Group(group) => literal(&group.expr),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn rename_takes_the_serialize_name() {
        let attributes = SerdeAttributes::read(&[
            parse_quote!(#[serde(rename(serialize = "id", deserialize = "key"))]),
            parse_quote!(#[serde(default, rename_all = "camelCase")]),
        ]);

        assert_eq!(attributes.rename.as_deref(), Some("id"));
        assert_eq!(attributes.rename_all.as_deref(), Some("camelCase"));
    }

    #[test]
    fn skip_serializing_if_does_not_skip_a_field() {
        let attributes = SerdeAttributes::read(&[
            parse_quote!(#[serde(skip_serializing_if = "Option::is_none")]),
        ]);

        assert!(!attributes.skipped);
        assert!(!attributes.hidden);
    }

    #[test]
    fn field_neither_written_nor_read_is_skipped() {
        let attributes = SerdeAttributes::read(&[
            parse_quote!(#[serde(skip_serializing)]),
            parse_quote!(#[serde(skip_deserializing)]),
        ]);

        assert!(attributes.skipped);
    }
}
