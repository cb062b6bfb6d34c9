use std::{borrow::Cow, fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::json::SortKey;

/// The sort keys of the declared fields of one row, by the names of the fields in JSON.
///
/// A clone does not copy the keys. States, and rows without declared fields, have no keys.
///
/// As JSON it is an object of texts, in the order of the declaration. So a store can keep it in a
/// column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowKeys {
    // Most changes have no keys, so a thin pointer keeps all changes small.
    keys: Option<Arc<Vec<Field>>>,
}

/// The name of a field, and its key.
type Field = (Cow<'static, str>, SortKey);

impl RowKeys {
    /// Returns the key of the field with this name, if the row has one.
    pub fn get(&self, field: &str) -> Option<&SortKey> {
        self.iter()
            .find_map(|(name, key)| (name == field).then_some(key))
    }

    /// Iterates over the fields and their keys, in the order of their declaration.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SortKey)> {
        self.keys
            .iter()
            .flat_map(|keys| keys.iter())
            .map(|(name, key)| (&**name, key))
    }

    /// Returns true if the row has no keys.
    pub fn is_empty(&self) -> bool {
        self.keys.is_none()
    }
}

impl<N: Into<Cow<'static, str>>> FromIterator<(N, SortKey)> for RowKeys {
    fn from_iter<I: IntoIterator<Item = (N, SortKey)>>(keys: I) -> Self {
        let keys = keys.into_iter().map(|(name, key)| (name.into(), key));
        let mut keys = keys.peekable();
        let has_keys = keys.peek().is_some();

        Self {
            keys: has_keys.then(|| Arc::new(keys.collect())),
        }
    }
}

impl Serialize for RowKeys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for RowKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> de::Visitor<'de> for Fields {
            type Value = RowKeys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of sort keys")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<RowKeys, A::Error> {
                let mut keys = Vec::new();
                while let Some(entry) = map.next_entry::<String, SortKey>()? {
                    keys.push(entry);
                }
                Ok(keys.into_iter().collect())
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_keys_come_back_from_json() {
        let keys: RowKeys = [
            ("total", SortKey::number(&12.into())),
            ("due_at", SortKey::null()),
            ("name", SortKey::text("a\0b\u{1}")),
        ]
        .into_iter()
        .collect();

        let json = serde_json::to_string(&keys).expect("keys are text");

        assert_eq!(
            json,
            r#"{"total":"225000212","due_at":"0","name":"3a\u0001\u0001b\u0001\u0002"}"#
        );
        assert_eq!(serde_json::from_str::<RowKeys>(&json).ok(), Some(keys));
    }

    #[test]
    fn text_that_is_no_sort_key_is_refused() {
        let refuse = |json: &str| {
            let err = serde_json::from_str::<RowKeys>(json).expect_err("no sort key");
            err.to_string()
        };

        assert_eq!(
            refuse(r#"{"total":"52"}"#),
            "\"52\" is not a sort key at line 1 column 14"
        );
        assert_eq!(
            refuse(r#"{"total":""}"#),
            "\"\" is not a sort key at line 1 column 12"
        );
    }
}
