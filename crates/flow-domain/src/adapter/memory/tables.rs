use crate::{
    adapter::memory::{
        overlay::{Layer, Overlay},
        small_map::SmallMap,
        table_layer::{Slot, TableLayer},
        table_query::TableReader,
    },
    error::Error,
    message::Version,
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
