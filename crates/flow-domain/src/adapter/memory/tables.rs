use std::sync::Arc;

use serde_json::Value;

use crate::{
    adapter::memory::keyed::Keyed,
    message::{Payload, Version},
    port::{Condition, Query, Row, Stored, Write},
    record::Table,
};

/// The states and rows, by table and id.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    tables: Keyed<Table, Keyed<Arc<str>, Slot>>,
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
    pub(super) fn get(&self, table: Table, id: &str) -> Option<Stored> {
        let slot = self.tables.get(&table)?.get(id)?;
        Some(Stored {
            version: slot.version,
            value: slot.value.clone()?,
        })
    }

    pub(super) fn version(&self, table: Table, id: &str) -> Version {
        let slot = self.tables.get(&table).and_then(|rows| rows.get(id));
        match slot {
            Some(slot) if slot.value.is_some() => slot.version,
            _ => Version::NONE,
        }
    }

    /// Writes or deletes without looking at what is expected.
    pub(super) fn apply(&mut self, write: &Write) {
        let rows = self.tables.get_or_default(&write.table, || write.table);
        if let Some(slot) = rows.get_mut(&*write.id) {
            slot.version = slot.version.next();
            slot.value.clone_from(&write.value);
        } else if write.value.is_some() {
            let version = Version::NONE.next();
            let value = write.value.clone();
            rows.push(Arc::clone(&write.id), Slot { version, value });
        }
    }

    pub(super) fn query(&self, table: Table, query: &Query) -> Vec<Row> {
        let is_read = !query.conditions.is_empty() || !query.order.is_empty();
        let read = |value: &Payload| {
            if is_read {
                value.to_value()
            } else {
                Value::Null
            }
        };
        let mut found: Vec<(Value, &Arc<str>, &Payload)> = self
            .rows(table)
            .map(|(id, value)| (read(value), id, value))
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
            .map(|(_, id, value)| Row {
                id: Arc::clone(id),
                value: value.clone(),
            })
            .collect()
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
        let slots = self.tables.get(&table).into_iter().flat_map(Keyed::iter);
        slots.filter_map(|(id, slot)| Some((id, slot.value.as_ref()?)))
    }
}
