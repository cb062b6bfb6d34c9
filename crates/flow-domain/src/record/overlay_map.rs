use std::{collections::HashMap, hash::Hash, sync::Arc};

/// A map of which copies are made again and again. What was there before the first copy is shared by
/// all of them, so that a copy costs what was added since.
///
/// It is only ever asked for one key: the order of a hash map is not that of the next run.
#[derive(Clone, Debug)]
pub(crate) struct OverlayMap<K, V> {
    base: Arc<HashMap<K, V>>,
    overlay: HashMap<K, V>,
}

impl<K: Clone + Eq + Hash, V: Clone> OverlayMap<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.overlay.get(key).or_else(|| self.base.get(key))
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.overlay.insert(key, value);
    }

    pub(crate) fn fork(&mut self) -> Self {
        if self.base.len() < self.overlay.len() {
            let frozen = std::mem::take(&mut self.base);
            let own = std::mem::take(&mut self.overlay);

            self.base = if frozen.is_empty() {
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

impl<K, V> Default for OverlayMap<K, V> {
    fn default() -> Self {
        Self {
            base: Arc::default(),
            overlay: HashMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlay_map_forks_are_independent() {
        let mut one = OverlayMap::default();
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
    fn overlay_map_fork_keeps_later_changes() {
        let mut one = OverlayMap::default();
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
