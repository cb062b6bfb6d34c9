use syn::{Attribute, DataEnum, ext::IdentExt};

use crate::{case, serde_attributes::SerdeAttributes};

/// Returns the names of the variants in JSON. `attributes` are those of the enum.
pub(crate) fn json_names(attributes: &[Attribute], data: &DataEnum) -> Vec<String> {
    let rename_all = SerdeAttributes::read(attributes).rename_all;

    data.variants
        .iter()
        .map(|variant| {
            let name = variant.ident.unraw().to_string();
            match (SerdeAttributes::read(&variant.attrs).rename, &rename_all) {
                (Some(renamed), _) => renamed,
                (None, Some(rule)) => case::apply_rename_rule_to_variant(&name, rule),
                (None, None) => name,
            }
        })
        .collect()
}
