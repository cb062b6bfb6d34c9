use std::sync::Arc;

use crate::{
    adapter::memory::{
        overlay::{Layer, Overlay},
        small_map::SmallMap,
        table_layer::{Slot, TableLayer},
        table_query::TableReader,
    },
    error::Error,
    message::{ExpectedVersion, Version},
    port::{Condition, Query, Row, StoredState, Write},
    record::Table,
};

/// All states and rows, by table and id.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    // Invariant: a slot in the upper layer replaces the slot in the base, and has a higher version.
    layers: Overlay<TablesLayer>,
}

/// The tables of one layer.
#[derive(Clone, Debug, Default)]
struct TablesLayer {
    tables: SmallMap<Table, TableLayer>,
}

impl Tables {
    pub(super) fn get(&self, table: Table, id: &str) -> Option<StoredState> {
        let slot = self.reader(table).slot(id)?;
        Some(StoredState {
            version: slot.version,
            value: slot.value.clone()?,
            keys: slot.keys.clone(),
        })
    }

    pub(super) fn version(&self, table: Table, id: &str) -> Version {
        match self.reader(table).slot(id) {
            Some(slot) if slot.value.is_some() => slot.version,
            _ => Version::NONE,
        }
    }

    /// Writes or deletes a value, without a check of its version. Returns the version that it has now.
    pub(super) fn apply(&mut self, write: &Write) -> Version {
        let (base, own) = self.layers.split_mut();
        let base_slot = base.and_then(|base| base.slot(write.table, &write.id));

        own.tables
            .get_or_default(&write.table, || write.table)
            .apply(write, base_slot)
    }

    /// Removes a value and its version, if that is still `version`. Returns false if it is not.
    pub(super) fn forget(&mut self, table: Table, id: &str, version: Version) -> bool {
        let own = self.layers.flatten();
        let layer = own.tables.get_mut(&table);
        layer.is_some_and(|layer| layer.forget(id, version))
    }

    /// Returns the sum of the versions of all slots.
    pub(super) fn table_version(&self, table: Table) -> Version {
        let versions = self.reader(table).slots().map(|(_, slot)| slot.version);
        Version::new(versions.map(Version::as_u64).sum())
    }

    /// Removes all slots of a table.
    pub(super) fn clear(&mut self, table: Table) {
        self.layers.flatten().tables.remove(&table);
    }

    /// Returns the writes that give `table` the rows of `by`.
    pub(super) fn replacing_writes(&self, table: Table, by: Table) -> Vec<Write> {
        let (old, new) = (self.reader(table), self.reader(by));
        let write = |id: &Arc<str>, slot: Option<&Slot>| Write {
            table,
            id: Arc::clone(id),
            expected: ExpectedVersion::Any,
            value: slot.and_then(|slot| slot.value.clone()),
            keys: slot.map(|slot| slot.keys.clone()).unwrap_or_default(),
        };
        let is_live = |reader: TableReader<'_>, id: &str| {
            let slot = reader.slot(id);
            slot.is_some_and(|slot| slot.value.is_some())
        };

        let removed = old
            .slots()
            .filter(|(id, slot)| slot.value.is_some() && !is_live(new, id))
            .map(|(id, _)| write(id, None));
        let changed = new.slots().filter(|(id, slot)| {
            let is_same = |old: &Slot| old.value == slot.value && old.keys == slot.keys;
            slot.value.is_some() && !old.slot(id).is_some_and(is_same)
        });
        removed
            .chain(changed.map(|(id, slot)| write(id, Some(slot))))
            .collect()
    }

    /// Returns the rows that match `query`, in its order.
    ///
    /// # Errors
    ///
    /// Returns an error if the query needs a field of a row that is not JSON or has no key.
    pub(super) fn query(&self, table: Table, query: &Query) -> Result<Vec<Row>, Error> {
        self.reader(table).query(query)
    }

    /// Counts the rows that meet all `conditions`.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`query`](Self::query).
    pub(super) fn count(&self, table: Table, conditions: &[Condition]) -> Result<usize, Error> {
        self.reader(table).count(conditions)
    }

    fn reader(&self, table: Table) -> TableReader<'_> {
        TableReader {
            base: self.layers.base().and_then(|base| base.tables.get(&table)),
            own: self.layers.own().tables.get(&table),
        }
    }

    pub(super) fn fork(&mut self) -> Self {
        Self {
            layers: self.layers.fork(),
        }
    }
}

impl TablesLayer {
    fn slot(&self, table: Table, id: &str) -> Option<&Slot> {
        self.tables.get(&table)?.slot(id)
    }
}

impl Layer for TablesLayer {
    fn size(&self) -> usize {
        self.tables.iter().map(|(_, table)| table.len()).sum()
    }

    fn merge_upper(&mut self, upper: Self) {
        for (name, table) in upper.tables.into_iter() {
            self.tables
                .get_or_default(&name, || name)
                .merge_upper(table);
        }
    }
}
