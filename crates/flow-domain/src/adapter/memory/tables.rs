use std::sync::Arc;

use crate::{
    adapter::memory::{
        overlay::{Layer, Overlay},
        small_map::SmallMap,
    },
    error::Error,
    json::Json,
    message::{Payload, Version},
    port::{Condition, Query, Row, StoredState, Write},
    record::Table,
};

/// All states and rows, by table and id.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    // Invariant: a slot in the upper layer replaces the slot in the base, and has a higher version.
    layers: Overlay<TablesLayer>,
}

/// The slots of one layer.
#[derive(Clone, Debug, Default)]
struct TablesLayer {
    tables: SmallMap<Table, SmallMap<Arc<str>, Slot>>,
}

/// The value of one id, and its version.
#[derive(Clone, Debug)]
struct Slot {
    /// The number of writes and deletions. A deletion must not reset it. Otherwise a value that is
    /// created again could have a version of the deleted value.
    version: Version,
    /// `None` after a deletion.
    value: Option<Payload>,
}

impl Tables {
    pub(super) fn get(&self, table: Table, id: &str) -> Option<StoredState> {
        let slot = self.slot(table, id)?;
        Some(StoredState {
            version: slot.version,
            value: slot.value.clone()?,
        })
    }

    pub(super) fn version(&self, table: Table, id: &str) -> Version {
        match self.slot(table, id) {
            Some(slot) if slot.value.is_some() => slot.version,
            _ => Version::NONE,
        }
    }

    fn slot(&self, table: Table, id: &str) -> Option<&Slot> {
        self.layers
            .own()
            .slot(table, id)
            .or_else(|| self.layers.base()?.slot(table, id))
    }

    /// Writes or deletes a value, without a check of its version.
    pub(super) fn apply(&mut self, write: &Write) {
        let (base, own) = self.layers.split_mut();
        let rows = own.tables.get_or_default(&write.table, || write.table);

        if let Some(slot) = rows.get_mut(&*write.id) {
            slot.version = slot.version.next();
            slot.value.clone_from(&write.value);
            return;
        }

        let base_slot = base.and_then(|base| base.slot(write.table, &write.id));
        // A deletion of a value that never existed needs no slot.
        if base_slot.is_some() || write.value.is_some() {
            let version = base_slot.map_or(Version::NONE, |slot| slot.version).next();
            let value = write.value.clone();
            rows.insert_new(Arc::clone(&write.id), Slot { version, value });
        }
    }

    /// Returns the rows that match `query`, in its order.
    ///
    /// # Errors
    ///
    /// Returns an error if the query names a field, and a row is not JSON.
    pub(super) fn query(&self, table: Table, query: &Query) -> Result<Vec<Row>, Error> {
        // A query without conditions and order needs no field, so no row has to be deserialized.
        if query.conditions.is_empty() && query.order.is_empty() {
            let mut rows: Vec<(&Arc<str>, &Payload)> = self.rows(table).collect();
            rows.sort_unstable_by_key(|(id, _)| *id);
            return Ok(page(rows, query));
        }

        let mut matches = Vec::new();
        for (id, payload) in self.rows(table) {
            let value = read_row(table, id, payload)?;
            if query.matches(&value) {
                matches.push((value, (id, payload)));
            }
        }
        matches.sort_by(|(left, (left_id, _)), (right, (right_id, _))| {
            query
                .compare(left, right)
                .then_with(|| left_id.cmp(right_id))
        });

        Ok(page(matches.into_iter().map(|(_, row)| row), query))
    }

    /// Counts the rows that meet all `conditions`.
    ///
    /// # Errors
    ///
    /// Returns an error if there are conditions, and a row is not JSON.
    pub(super) fn count(&self, table: Table, conditions: &[Condition]) -> Result<usize, Error> {
        if conditions.is_empty() {
            return Ok(self.rows(table).count());
        }

        let mut n_rows = 0;
        for (id, payload) in self.rows(table) {
            let value = read_row(table, id, payload)?;
            n_rows += usize::from(
                conditions
                    .iter()
                    .all(|condition| condition.holds_for(&value)),
            );
        }
        Ok(n_rows)
    }

    /// Iterates over the ids and values of a table, without deleted values.
    fn rows(&self, table: Table) -> impl Iterator<Item = (&Arc<str>, &Payload)> {
        let own = self.layers.own().tables.get(&table);
        let base = self.layers.base().and_then(|base| base.tables.get(&table));

        base.into_iter()
            .flat_map(SmallMap::iter)
            .filter(move |(id, _)| own.is_none_or(|own| own.get(&***id).is_none()))
            .chain(own.into_iter().flat_map(SmallMap::iter))
            .filter_map(|(id, slot)| Some((id, slot.value.as_ref()?)))
    }

    pub(super) fn fork(&mut self) -> Self {
        Self {
            layers: self.layers.fork(),
        }
    }
}

fn read_row(table: Table, id: &str, payload: &Payload) -> Result<Json, Error> {
    payload
        .to_json()
        .map_err(|err| Error::codec("deserializing", format!("{table} `{id}`"), err))
}

/// Skips as many rows as the offset of `query`, and copies the next ones up to its limit.
fn page<'a>(
    sorted_rows: impl IntoIterator<Item = (&'a Arc<str>, &'a Payload)>,
    query: &Query,
) -> Vec<Row> {
    sorted_rows
        .into_iter()
        .skip(query.offset)
        .take(query.limit.unwrap_or(usize::MAX))
        .map(|(id, value)| Row {
            id: Arc::clone(id),
            value: value.clone(),
        })
        .collect()
}

impl TablesLayer {
    fn slot(&self, table: Table, id: &str) -> Option<&Slot> {
        self.tables.get(&table)?.get(id)
    }
}

impl Layer for TablesLayer {
    fn size(&self) -> usize {
        self.tables.iter().map(|(_, rows)| rows.len()).sum()
    }

    fn merge_upper(&mut self, upper: Self) {
        for (table, slots) in upper.tables.into_iter() {
            let rows = self.tables.get_or_default(&table, || table);
            for (id, slot) in slots.into_iter() {
                match rows.get_mut(&id) {
                    Some(base_slot) => *base_slot = slot,
                    None => {
                        rows.insert_new(id, slot);
                    }
                }
            }
        }
    }
}
