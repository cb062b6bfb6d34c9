use std::{borrow::Borrow, collections::HashMap, fmt, hash::Hash};

use crate::adapter::memory::overlay::give_back;

// Up to this size, comparing with each key costs less than hashing one key. An index would also cost
// one more allocation in each of the small stores that tests use.
const MAX_UNINDEXED: usize = 12;

/// A map that is cheap while it is small. The cost of a look-up does not grow with its size.
#[derive(Clone)]
pub(super) struct SmallMap<K, V> {
    entries: Vec<(K, V)>,
    // Invariant: if there is an index, it maps each key to the position of its entry. Nothing
    // iterates over the index, because the order of a hash map differs from run to run.
    index: Option<HashMap<K, usize>>,
}

impl<K: Clone + Eq + Hash, V> SmallMap<K, V> {
    pub(super) fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let idx = self.index_of(key)?;
        Some(&self.entries[idx].1)
    }

    pub(super) fn get_mut<Q>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let idx = self.index_of(key)?;
        Some(&mut self.entries[idx].1)
    }

    /// Gets the value of `key`, and inserts the default value if there is none.
    ///
    /// `to_owned` makes the key for the insertion.
    pub(super) fn get_or_default<Q>(&mut self, key: &Q, to_owned: impl FnOnce() -> K) -> &mut V
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
        V: Default,
    {
        let idx = self
            .index_of(key)
            .unwrap_or_else(|| self.insert_new(to_owned(), V::default()));
        &mut self.entries[idx].1
    }

    /// Inserts a value, and returns its position. The map must not contain the key yet.
    pub(super) fn insert_new(&mut self, key: K, value: V) -> usize {
        let idx = self.entries.len();
        if let Some(index) = &mut self.index {
            index.insert(key.clone(), idx);
        }
        self.entries.push((key, value));

        if self.index.is_none() && MAX_UNINDEXED < self.entries.len() {
            let keys = self.entries.iter().map(|(key, _)| key.clone());
            self.index = Some(keys.zip(0..).collect());
        }

        idx
    }

    /// Removes an entry. The last entry takes its place.
    pub(super) fn remove<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let idx = self.index_of(key)?;
        let (_, value) = self.entries.swap_remove(idx);
        give_back(&mut self.entries);

        if let Some(index) = &mut self.index {
            index.remove(key);
            if let Some((moved, _)) = self.entries.get(idx) {
                index.insert(moved.clone(), idx);
            }
            if index.len() < index.capacity() / 4 {
                index.shrink_to(2 * index.len());
            }
        }

        Some(value)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Iterates over all entries in the order of their insertion, if none was removed.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// Returns all entries in the order of [`iter`](Self::iter).
    pub(super) fn into_iter(self) -> impl Iterator<Item = (K, V)> {
        self.entries.into_iter()
    }

    fn index_of<Q>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        match &self.index {
            None => self.entries.iter().position(|(k, _)| k.borrow() == key),
            Some(index) => index.get(key).copied(),
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
        let mut map = SmallMap::default();
        for key in 0..n {
            map.insert_new(key, key * 10);
        }
        map
    }

    #[test]
    fn few_entries_are_found_without_an_index() {
        let map = map_of(MAX_UNINDEXED);

        assert_eq!(map.index, None);
        assert_eq!(
            map.get(&(MAX_UNINDEXED - 1)),
            Some(&(MAX_UNINDEXED * 10 - 10))
        );
        assert_eq!(map.get(&MAX_UNINDEXED), None);
    }

    #[test]
    fn many_entries_are_found_by_the_index() {
        let map = map_of(MAX_UNINDEXED + 2);

        assert_eq!(
            map.index.as_ref().map(HashMap::len),
            Some(MAX_UNINDEXED + 2)
        );
        assert_eq!(map.get(&0), Some(&0));
        assert_eq!(
            map.get(&(MAX_UNINDEXED + 1)),
            Some(&(MAX_UNINDEXED * 10 + 10))
        );
        assert_eq!(map.get(&(MAX_UNINDEXED + 2)), None);
    }

    #[test]
    fn removed_entry_gives_its_memory_back() {
        let mut map = map_of(1_000);

        for key in 0..990 {
            assert_eq!(map.remove(&key), Some(key * 10));
        }

        assert_eq!(map.remove(&0), None);
        for key in 990..1_000 {
            assert_eq!(map.get(&key), Some(&(key * 10)));
        }
        let index = map.index.as_ref().expect("there were many entries");
        assert_eq!(index.len(), 10);
        assert!(map.entries.capacity() < 100 && index.capacity() < 100);
    }
}
