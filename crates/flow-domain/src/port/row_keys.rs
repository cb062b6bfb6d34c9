use std::sync::Arc;

use crate::json::SortKey;

/// The sort keys of the declared fields of one row, by the names of the fields in JSON.
///
/// A clone does not copy the keys. States, and rows without declared fields, have no keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowKeys {
    // Most changes have no keys, so a thin pointer keeps all changes small.
    keys: Option<Arc<Vec<(&'static str, SortKey)>>>,
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
        let mut keys = keys.into_iter().peekable();
        let has_keys = keys.peek().is_some();

        Self {
            keys: has_keys.then(|| Arc::new(keys.collect())),
        }
    }
}
