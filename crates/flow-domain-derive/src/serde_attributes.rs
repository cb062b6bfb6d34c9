use syn::{Attribute, Expr, Lit, Meta, Token, punctuated::Punctuated};

/// What serde was told about a field or a type, as far as it changes what JSON looks like.
///
/// Whatever is wrong in these attributes is for serde to report.
#[derive(Debug, Default)]
pub(crate) struct SerdeAttributes {
    /// The name in JSON.
    pub(crate) rename: Option<String>,
    /// The rule for the names of the fields.
    pub(crate) rename_all: Option<String>,
    /// Neither written nor read.
    pub(crate) skipped: bool,
    /// Not written as a field of this name.
    pub(crate) hidden: bool,
}

impl SerdeAttributes {
    pub(crate) fn read(attributes: &[Attribute]) -> Self {
        let metas: Vec<Meta> = attributes
            .iter()
            .filter(|attribute| attribute.path().is_ident("serde"))
            .flat_map(metas)
            .collect();
        let has = |word: &str| metas.iter().any(|meta| is_flag(meta, word));
        let skipped = has("skip") || (has("skip_serializing") && has("skip_deserializing"));

        Self {
            rename: metas.iter().find_map(|meta| string_value(meta, "rename")),
            rename_all: metas
                .iter()
                .find_map(|meta| string_value(meta, "rename_all")),
            skipped,
            hidden: skipped || has("skip_serializing") || has("flatten"),
        }
    }
}

fn metas(attribute: &Attribute) -> Vec<Meta> {
    attribute
        .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
        .map(|metas| metas.into_iter().collect())
        .unwrap_or_default()
}

fn is_flag(meta: &Meta, word: &str) -> bool {
    matches!(meta, Meta::Path(path) if path.is_ident(word))
}

/// The text of `key = ".."`, or of `key(serialize = "..")`.
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
        // A value that came through `macro_rules!`.
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
        let read = SerdeAttributes::read(&[
            parse_quote!(#[serde(rename(serialize = "id", deserialize = "key"))]),
            parse_quote!(#[serde(default, rename_all = "camelCase")]),
        ]);

        assert_eq!(read.rename.as_deref(), Some("id"));
        assert_eq!(read.rename_all.as_deref(), Some("camelCase"));
    }

    #[test]
    fn skip_serializing_if_does_not_skip_a_field() {
        let read = SerdeAttributes::read(&[
            parse_quote!(#[serde(skip_serializing_if = "Option::is_none")]),
        ]);

        assert!(!read.skipped);
        assert!(!read.hidden);
    }

    #[test]
    fn field_neither_written_nor_read_is_skipped() {
        let read = SerdeAttributes::read(&[
            parse_quote!(#[serde(skip_serializing)]),
            parse_quote!(#[serde(skip_deserializing)]),
        ]);

        assert!(read.skipped);
    }
}
