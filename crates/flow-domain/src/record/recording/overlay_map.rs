use std::{collections::HashMap, hash::Hash, sync::Arc};

/// A map that is cheap to fork often. All forks share one base, so a fork copies only the overlay.
///
/// It has no iterator, because a hash map has another order in each run.
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
        // A merge copies the base. So it waits until the overlay is larger than the base: then many
        // inserts share the cost of one merge.
        if self.base.len() < self.overlay.len() {
            let base = std::mem::take(&mut self.base);
            let overlay = std::mem::take(&mut self.overlay);

            self.base = if base.is_empty() {
                Arc::new(overlay)
            } else {
                let mut merged = (*base).clone();
                merged.extend(overlay);
                Arc::new(merged)
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
        let mut original = OverlayMap::default();
        original.insert(1, "given");

        let mut fork = original.fork();
        original.insert(1, "changed");
        fork.insert(2, "other");

        assert_eq!(
            (original.get(&1), original.get(&2)),
            (Some(&"changed"), None)
        );
        assert_eq!(
            (fork.get(&1), fork.get(&2)),
            (Some(&"given"), Some(&"other"))
        );
    }

    #[test]
    fn overlay_map_fork_keeps_later_changes() {
        let mut original = OverlayMap::default();
        original.insert(1, "given");
        let _ = original.fork();
        original.insert(1, "changed");
        original.insert(2, "added");

        let fork = original.fork();

        assert_eq!(
            (fork.get(&1), fork.get(&2)),
            (Some(&"changed"), Some(&"added"))
        );
    }
}
