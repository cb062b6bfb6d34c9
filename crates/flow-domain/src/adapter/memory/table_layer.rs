use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    adapter::memory::small_map::SmallMap,
    json::SortKey,
    message::{Payload, Version},
    port::{RowKeys, Write},
};

/// The slots of one table in one layer, and the indexes that queries have needed so far.
#[derive(Debug, Default)]
pub(super) struct TableLayer {
    slots: SmallMap<Arc<str>, Slot>,
    // The number of slots with a value.
    n_live: usize,
    // A query builds an index when it needs it first, and each later write updates it. So a table
    // that nobody queries pays nothing. The lock lets queries of several forks share a layer.
    indexes: Mutex<Indexes>,
}

/// The value of one id, and its version.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    /// The number of writes and deletions. A deletion must not reset it. Otherwise a value that is
    /// created again could have a version of the deleted value.
    pub(super) version: Version,
    /// `None` after a deletion.
    pub(super) value: Option<Payload>,
    /// The sort keys of the value.
    pub(super) keys: RowKeys,
}

#[derive(Clone, Debug, Default)]
struct Indexes {
    ids: Option<Arc<BTreeSet<Arc<str>>>>,
    by_field: BTreeMap<String, Arc<FieldIndex>>,
}

/// The ids of the rows with a value, by the sort key of one declared field.
#[derive(Clone, Debug, Default)]
pub(super) struct FieldIndex {
    pub(super) ids_by_key: BTreeMap<SortKey, BTreeSet<Arc<str>>>,
    /// The rows that were stored before the field was declared.
    pub(super) ids_without_key: BTreeSet<Arc<str>>,
}

impl TableLayer {
    pub(super) fn slot(&self, id: &str) -> Option<&Slot> {
        self.slots.get(id)
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = (&Arc<str>, &Slot)> {
        self.slots.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Returns the number of rows with a value.
    pub(super) fn n_live(&self) -> usize {
        self.n_live
    }

    /// Counts the rows with a value whose ids meet `is_counted`.
    pub(super) fn count(&self, is_counted: impl Fn(&str) -> bool) -> usize {
        self.live_slots().filter(|(id, _)| is_counted(id)).count()
    }

    /// Writes or deletes a value. `base_slot` is the slot of the same id in the layer below.
    ///
    /// Returns its version, or [`Version::NONE`] for the deletion of a value that does not exist.
    pub(super) fn apply(&mut self, write: &Write, base_slot: Option<&Slot>) -> Version {
        let indexes = self
            .indexes
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);

        if write.value.is_none() {
            let old = self.slots.get(&*write.id).or(base_slot);
            // A deletion of nothing changes nothing.
            if old.is_none_or(|slot| slot.value.is_none()) {
                return Version::NONE;
            }
        }

        if let Some(slot) = self.slots.get_mut(&*write.id) {
            indexes.remove(&write.id, slot);
            self.n_live -= usize::from(slot.value.is_some());
            self.n_live += usize::from(write.value.is_some());
            slot.version = slot.version.next();
            slot.value.clone_from(&write.value);
            slot.keys.clone_from(&write.keys);
            indexes.insert(&write.id, slot);
            return slot.version;
        }

        let version = base_slot.map_or(Version::NONE, |slot| slot.version).next();
        let slot = Slot {
            version,
            value: write.value.clone(),
            keys: write.keys.clone(),
        };
        indexes.insert(&write.id, &slot);
        self.n_live += usize::from(slot.value.is_some());
        self.slots.insert_new(Arc::clone(&write.id), slot);
        version
    }

    /// Removes a slot with its version, if that is still `version`. Returns false if it is not.
    pub(super) fn forget(&mut self, id: &str, version: Version) -> bool {
        let is_same = |slot: &Slot| slot.version == version;
        if !self.slot(id).is_some_and(is_same) {
            return false;
        }

        if let Some(slot) = self.slots.remove(id) {
            let indexes = self
                .indexes
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner);
            indexes.remove(id, &slot);
            self.n_live -= usize::from(slot.value.is_some());
        }
        true
    }

    /// Merges the slots of the layer above.
    pub(super) fn merge_upper(&mut self, upper: Self) {
        *self.indexes() = Indexes::default();

        for (id, slot) in upper.slots.into_iter() {
            match self.slots.get_mut(&id) {
                Some(base_slot) => *base_slot = slot,
                None => {
                    self.slots.insert_new(id, slot);
                }
            }
        }
        self.n_live = self.live_slots().count();
    }

    fn indexes(&self) -> MutexGuard<'_, Indexes> {
        self.indexes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn live_slots(&self) -> impl Iterator<Item = (&Arc<str>, &Slot)> {
        self.slots().filter(|(_, slot)| slot.value.is_some())
    }

    /// Returns the ids of all rows with a value, sorted.
    pub(super) fn sorted_ids(&self) -> Arc<BTreeSet<Arc<str>>> {
        let build = || Arc::new(self.live_slots().map(|(id, _)| Arc::clone(id)).collect());
        Arc::clone(self.indexes().ids.get_or_insert_with(build))
    }

    /// Returns the index of a declared field.
    pub(super) fn index_of(&self, field: &str) -> Arc<FieldIndex> {
        let mut indexes = self.indexes();
        if let Some(index) = indexes.by_field.get(field) {
            return Arc::clone(index);
        }

        let mut index = FieldIndex::default();
        for (id, slot) in self.live_slots() {
            index.insert(field, id, &slot.keys);
        }

        let index = Arc::new(index);
        indexes
            .by_field
            .insert(field.to_owned(), Arc::clone(&index));
        index
    }
}

impl Clone for TableLayer {
    fn clone(&self) -> Self {
        Self {
            slots: self.slots.clone(),
            n_live: self.n_live,
            indexes: Mutex::new(self.indexes().clone()),
        }
    }
}

impl Indexes {
    fn insert(&mut self, id: &Arc<str>, slot: &Slot) {
        if slot.value.is_none() {
            return;
        }

        if let Some(ids) = &mut self.ids {
            Arc::make_mut(ids).insert(Arc::clone(id));
        }
        for (field, index) in &mut self.by_field {
            Arc::make_mut(index).insert(field, id, &slot.keys);
        }
    }

    fn remove(&mut self, id: &str, slot: &Slot) {
        if let Some(ids) = &mut self.ids {
            Arc::make_mut(ids).remove(id);
        }
        for (field, index) in &mut self.by_field {
            Arc::make_mut(index).remove(field, id, &slot.keys);
        }
    }
}

impl FieldIndex {
    fn insert(&mut self, field: &str, id: &Arc<str>, keys: &RowKeys) {
        let ids = match keys.get(field) {
            Some(key) => self.ids_by_key.entry(key.clone()).or_default(),
            None => &mut self.ids_without_key,
        };
        ids.insert(Arc::clone(id));
    }

    fn remove(&mut self, field: &str, id: &str, keys: &RowKeys) {
        let Some(key) = keys.get(field) else {
            self.ids_without_key.remove(id);
            return;
        };

        if let Some(ids) = self.ids_by_key.get_mut(key) {
            ids.remove(id);
            if ids.is_empty() {
                self.ids_by_key.remove(key);
            }
        }
    }
}
