use std::sync::Arc;

use crate::json::SortKey;

/// The sort keys of the declared fields of one row, by the names of the fields in JSON.
///
/// A clone does not copy the keys. States, and rows without declared fields, have no keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowKeys {
    keys: Option<Arc<[(&'static str, SortKey)]>>,
}

impl RowKeys {
    /// Returns the key of the field with this name, if the row has one.
    pub fn get(&self, field: &str) -> Option<&SortKey> {
        self.iter()
            .find_map(|(name, key)| (name == field).then_some(key))
    }

    /// Iterates over the fields and their keys, in the order of their declaration.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &SortKey)> {
        self.keys
            .iter()
            .flat_map(|keys| keys.iter())
            .map(|(name, key)| (*name, key))
    }
}

impl FromIterator<(&'static str, SortKey)> for RowKeys {
    fn from_iter<I: IntoIterator<Item = (&'static str, SortKey)>>(keys: I) -> Self {
        let keys: Arc<[(&'static str, SortKey)]> = keys.into_iter().collect();
        Self {
            keys: (!keys.is_empty()).then_some(keys),
        }
    }
}
