use std::{borrow::Borrow, collections::HashMap, fmt, hash::Hash};

// Up to here, comparing with each key costs less than hashing one, and an index would be one more
// allocation for each of the small stores that tests are made of.
const FEW: usize = 12;

/// Values by key. Finding one costs the same however many there are.
#[derive(Clone)]
pub(super) struct Keyed<K, V> {
    entries: Vec<(K, V)>,
    // Invariant: if there is an index, it has the place of every entry and of nothing else. It is
    // only ever asked for one key: the order of a hash map is not that of the next run.
    places: Option<HashMap<K, usize>>,
}

impl<K: Clone + Eq + Hash, V> Keyed<K, V> {
    pub(super) fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let place = self.place(key)?;
        Some(&self.entries[place].1)
    }

    pub(super) fn get_mut<Q>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let place = self.place(key)?;
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
            .place(key)
            .unwrap_or_else(|| self.push(own(), V::default()));
        &mut self.entries[place].1
    }

    /// Adds a value under a key that has none.
    pub(super) fn push(&mut self, key: K, value: V) -> usize {
        let place = self.entries.len();
        if let Some(places) = &mut self.places {
            places.insert(key.clone(), place);
        }
        self.entries.push((key, value));
        if self.places.is_none() && FEW < self.entries.len() {
            let keys = self.entries.iter().map(|(key, _)| key.clone());
            self.places = Some(keys.zip(0..).collect());
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

    fn place<Q>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        match &self.places {
            None => self.entries.iter().position(|(k, _)| k.borrow() == key),
            Some(places) => places.get(key).copied(),
        }
    }
}

impl<K, V> Default for Keyed<K, V> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            places: None,
        }
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Keyed<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries.iter().map(|(key, value)| (key, value));
        f.debug_map().entries(entries).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(n: usize) -> Keyed<usize, usize> {
        let mut keyed = Keyed::default();
        for key in 0..n {
            keyed.push(key, key * 10);
        }
        keyed
    }

    #[test]
    fn few_are_found_without_an_index() {
        let keyed = counted(FEW);

        assert_eq!(keyed.places, None);
        assert_eq!(keyed.get(&(FEW - 1)), Some(&(FEW * 10 - 10)));
        assert_eq!(keyed.get(&FEW), None);
    }

    #[test]
    fn many_are_found_by_their_index() {
        let keyed = counted(FEW + 2);

        assert_eq!(keyed.places.as_ref().map(HashMap::len), Some(FEW + 2));
        assert_eq!(keyed.get(&0), Some(&0));
        assert_eq!(keyed.get(&(FEW + 1)), Some(&(FEW * 10 + 10)));
        assert_eq!(keyed.get(&(FEW + 2)), None);
    }
}
