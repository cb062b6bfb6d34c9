use std::{borrow::Borrow, collections::HashMap, fmt, hash::Hash};

// Up to here, comparing with each key costs less than hashing one, and an index would be one more
// allocation for each of the small stores that tests are made of.
const MAX_UNINDEXED: usize = 12;

/// Values by key. Finding one costs the same however many there are.
#[derive(Clone)]
pub(super) struct SmallMap<K, V> {
    entries: Vec<(K, V)>,
    // Invariant: if there is an index, it has the place of every entry and of nothing else. It is
    // only ever asked for one key: the order of a hash map is not that of the next run.
    index: Option<HashMap<K, usize>>,
}

impl<K: Clone + Eq + Hash, V> SmallMap<K, V> {
    pub(super) fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let place = self.index_at_offset(key)?;
        Some(&self.entries[place].1)
    }

    pub(super) fn get_mut<Q>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let place = self.index_at_offset(key)?;
        Some(&mut self.entries[place].1)
    }

    /// Gets the value of `key`, and makes an empty one if there is none.
    pub(super) fn get_or_default<Q>(&mut self, key: &Q, own: impl FnOnce() -> K) -> &mut V
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
        V: Default,
    {
        let place = self
            .index_at_offset(key)
            .unwrap_or_else(|| self.insert_new(own(), V::default()));
        &mut self.entries[place].1
    }

    /// Adds a value under a key that has none.
    pub(super) fn insert_new(&mut self, key: K, value: V) -> usize {
        let place = self.entries.len();
        if let Some(places) = &mut self.index {
            places.insert(key.clone(), place);
        }

        self.entries.push((key, value));
        if self.index.is_none() && MAX_UNINDEXED < self.entries.len() {
            let keys = self.entries.iter().map(|(key, _)| key.clone());
            self.index = Some(keys.zip(0..).collect());
        }

        place
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// All entries; they come in the order in which they were pushed.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// Gives all entries away, in the order in which they were pushed.
    pub(super) fn into_iter(self) -> impl Iterator<Item = (K, V)> {
        self.entries.into_iter()
    }

    fn index_at_offset<Q>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        match &self.index {
            None => self.entries.iter().position(|(k, _)| k.borrow() == key),
            Some(places) => places.get(key).copied(),
        }
    }
}

impl<K, V> Default for SmallMap<K, V> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            index: None,
        }
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for SmallMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries.iter().map(|(key, value)| (key, value));
        f.debug_map().entries(entries).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map_of(n: usize) -> SmallMap<usize, usize> {
        let mut keyed = SmallMap::default();
        for key in 0..n {
            keyed.insert_new(key, key * 10);
        }
        keyed
    }

    #[test]
    fn few_entries_are_found_without_an_index() {
        let keyed = map_of(MAX_UNINDEXED);

        assert_eq!(keyed.index, None);
        assert_eq!(
            keyed.get(&(MAX_UNINDEXED - 1)),
            Some(&(MAX_UNINDEXED * 10 - 10))
        );
        assert_eq!(keyed.get(&MAX_UNINDEXED), None);
    }

    #[test]
    fn many_entries_are_found_by_the_index() {
        let keyed = map_of(MAX_UNINDEXED + 2);

        assert_eq!(
            keyed.index.as_ref().map(HashMap::len),
            Some(MAX_UNINDEXED + 2)
        );
        assert_eq!(keyed.get(&0), Some(&0));
        assert_eq!(
            keyed.get(&(MAX_UNINDEXED + 1)),
            Some(&(MAX_UNINDEXED * 10 + 10))
        );
        assert_eq!(keyed.get(&(MAX_UNINDEXED + 2)), None);
    }
}
