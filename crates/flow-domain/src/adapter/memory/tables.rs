use std::sync::Arc;

use crate::{
    adapter::memory::{
        overlay::{Layer, Overlay},
        small_map::SmallMap,
    },
    message::{Payload, Version},
    port::{Condition, Query, Row, StoredState, Write},
    record::Table,
};

/// The states and rows, by table and id.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    // Invariant: a slot on top stands for the one below, and its version is a later one.
    layers: Overlay<TablesLayer>,
}

/// The slots of one layer.
#[derive(Clone, Debug, Default)]
struct TablesLayer {
    tables: SmallMap<Table, SmallMap<Arc<str>, Slot>>,
}

/// The place of one id.
#[derive(Clone, Debug)]
struct Slot {
    /// How often it was written or deleted. It stays when the value goes, or a value that is made anew
    /// could be mistaken for the one before.
    version: Version,
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
        let own = self.layers.own().slot(table, id);
        own.or_else(|| self.layers.base()?.slot(table, id))
    }

    /// Writes or deletes without looking at what is expected.
    pub(super) fn apply(&mut self, write: &Write) {
        let (base, own) = self.layers.split_mut();
        let rows = own.tables.get_or_default(&write.table, || write.table);

        if let Some(slot) = rows.get_mut(&*write.id) {
            slot.version = slot.version.next();
            slot.value.clone_from(&write.value);
            return;
        }

        let below = base.and_then(|base| base.slot(write.table, &write.id));
        // Where nothing ever was there is nothing to delete.
        if below.is_some() || write.value.is_some() {
            let version = below.map_or(Version::NONE, |slot| slot.version).next();
            let value = write.value.clone();
            rows.insert_new(Arc::clone(&write.id), Slot { version, value });
        }
    }

    pub(super) fn query(&self, table: Table, query: &Query) -> Vec<Row> {
        if query.conditions.is_empty() && query.order.is_empty() {
            let mut found: Vec<(&Arc<str>, &Payload)> = self.rows(table).collect();
            found.sort_unstable_by_key(|(id, _)| *id);
            return page(found, query);
        }

        let rows = self.rows(table);
        let read = rows.map(|(id, value)| (value.to_value(), (id, value)));
        let mut found: Vec<_> = read.filter(|(value, _)| query.matches(value)).collect();

        found.sort_by(|(left, (left_id, _)), (right, (right_id, _))| {
            let by_fields = query.compare(left, right);
            by_fields.then_with(|| left_id.cmp(right_id))
        });
        page(found.into_iter().map(|(_, row)| row), query)
    }

    pub(super) fn count(&self, table: Table, conditions: &[Condition]) -> usize {
        let rows = self.rows(table);
        if conditions.is_empty() {
            return rows.count();
        }
        rows.map(|(_, value)| value.to_value())
            .filter(|value| conditions.iter().all(|it| it.holds_for(value)))
            .count()
    }

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

/// Copies the rows that a query asks for out of all that it found, in order.
fn page<'a>(
    found: impl IntoIterator<Item = (&'a Arc<str>, &'a Payload)>,
    query: &Query,
) -> Vec<Row> {
    let found = found.into_iter().skip(query.offset);
    let found = found.take(query.limit.unwrap_or(usize::MAX));
    let rows = found.map(|(id, value)| Row {
        id: Arc::clone(id),
        value: value.clone(),
    });
    rows.collect()
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
                    Some(below) => *below = slot,
                    None => {
                        rows.insert_new(id, slot);
                    }
                }
            }
        }
    }
}
