use std::sync::Arc;

use serde_json::Value;

use crate::{
    adapter::memory::keyed::Keyed,
    message::Version,
    port::{Condition, Query, Row, Stored, Write},
    record::Table,
};

/// The states and rows, by table and id.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    tables: Keyed<Table, Keyed<Arc<str>, Stored>>,
}

impl Tables {
    pub(super) fn get(&self, table: Table, id: &str) -> Option<&Stored> {
        self.tables.get(&table)?.get(id)
    }

    pub(super) fn version(&self, table: Table, id: &str) -> Version {
        self.get(table, id)
            .map_or(Version::NONE, |stored| stored.version)
    }

    /// Writes or deletes without looking at what is expected.
    pub(super) fn apply(&mut self, write: &Write) {
        let Some(value) = write.value.clone() else {
            if let Some(rows) = self.tables.get_mut(&write.table) {
                rows.remove(&*write.id);
            }
            return;
        };
        let rows = self.tables.get_or_default(&write.table, || write.table);
        if let Some(stored) = rows.get_mut(&*write.id) {
            stored.version = stored.version.next();
            stored.value = value;
            return;
        }
        let version = Version::NONE.next();
        rows.push(Arc::clone(&write.id), Stored { version, value });
    }

    pub(super) fn query(&self, table: Table, query: &Query) -> Vec<Row> {
        let is_read = !query.conditions.is_empty() || !query.order.is_empty();
        let read = |stored: &Stored| {
            if is_read {
                stored.value.to_value()
            } else {
                Value::Null
            }
        };
        let mut found: Vec<(Value, &Arc<str>, &Stored)> = self
            .rows(table)
            .map(|(id, stored)| (read(stored), id, stored))
            .filter(|(value, ..)| query.matches(value))
            .collect();
        found.sort_by(|(left, left_id, _), (right, right_id, _)| {
            let by_fields = query.compare(left, right);
            by_fields.then_with(|| left_id.cmp(right_id))
        });
        found
            .into_iter()
            .skip(query.offset)
            .take(query.limit.unwrap_or(usize::MAX))
            .map(|(_, id, stored)| Row {
                id: Arc::clone(id),
                value: stored.value.clone(),
            })
            .collect()
    }

    pub(super) fn count(&self, table: Table, conditions: &[Condition]) -> usize {
        let rows = self.rows(table);
        if conditions.is_empty() {
            return rows.count();
        }
        rows.map(|(_, stored)| stored.value.to_value())
            .filter(|value| conditions.iter().all(|it| it.holds_for(value)))
            .count()
    }

    fn rows(&self, table: Table) -> impl Iterator<Item = (&Arc<str>, &Stored)> {
        self.tables.get(&table).into_iter().flat_map(Keyed::iter)
    }
}
