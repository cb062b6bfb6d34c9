use std::{collections::HashMap, hash::Hash, sync::Arc};

/// A map of which copies are made again and again. What was there before the first copy is shared by
/// all of them, so that a copy costs what was added since.
///
/// It is only ever asked for one key: the order of a hash map is not that of the next run.
#[derive(Clone, Debug)]
pub(crate) struct ForkMap<K, V> {
    frozen: Arc<HashMap<K, V>>,
    own: HashMap<K, V>,
}

impl<K: Clone + Eq + Hash, V: Clone> ForkMap<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.own.get(key).or_else(|| self.frozen.get(key))
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.own.insert(key, value);
    }

    pub(crate) fn fork(&mut self) -> Self {
        if self.frozen.len() < self.own.len() {
            let frozen = std::mem::take(&mut self.frozen);
            let own = std::mem::take(&mut self.own);
            self.frozen = if frozen.is_empty() {
                Arc::new(own)
            } else {
                let mut all = (*frozen).clone();
                all.extend(own);
                Arc::new(all)
            };
        }
        self.clone()
    }
}

impl<K, V> Default for ForkMap<K, V> {
    fn default() -> Self {
        Self {
            frozen: Arc::default(),
            own: HashMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_half_sees_what_the_other_adds() {
        let mut one = ForkMap::default();
        one.insert(1, "given");

        let mut other = one.fork();
        one.insert(1, "changed");
        other.insert(2, "other");

        assert_eq!((one.get(&1), one.get(&2)), (Some(&"changed"), None));
        assert_eq!(
            (other.get(&1), other.get(&2)),
            (Some(&"given"), Some(&"other"))
        );
    }

    #[test]
    fn what_was_changed_since_stays_changed_when_it_is_frozen() {
        let mut one = ForkMap::default();
        one.insert(1, "given");
        let _ = one.fork();
        one.insert(1, "changed");
        one.insert(2, "added");

        let other = one.fork();

        assert_eq!(
            (other.get(&1), other.get(&2)),
            (Some(&"changed"), Some(&"added"))
        );
    }
}
