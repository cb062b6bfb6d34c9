use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    error::Error,
    message::{Payload, Recorded, Version},
    port::{
        Changes, Condition, PortFuture, ProjectionStore, Query, Row, RowKeys, Store, StoredState,
    },
    record::Table,
};

/// Stores the rebuilt rows in memory. Readers of the real store see the old rows until the commit.
///
/// It supports only the lookup of a row by its id: a projector needs nothing else. Any other call
/// returns an error.
#[derive(Debug)]
pub(super) struct ScratchStore {
    /// The real store. No call reaches it.
    store: Arc<dyn Store>,
    /// The tables of the projections that are rebuilt. There are few, so a search is fast.
    tables: Mutex<Vec<(Table, RebuiltRows)>>,
}

/// The rows of one projection, by id.
pub(super) type RebuiltRows = BTreeMap<Arc<str>, RebuiltRow>;

/// A row, with the projector that wrote it last.
#[derive(Clone, Debug)]
pub(super) struct RebuiltRow {
    pub(super) value: Payload,
    pub(super) keys: RowKeys,
    #[cfg_attr(
        not(feature = "testing"),
        expect(dead_code, reason = "a stale row names it")
    )]
    pub(super) handler: &'static str,
}

impl ScratchStore {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            tables: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Table, RebuiltRows)>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores a row that a projector wrote, or removes one that it deleted.
    pub(super) fn write(
        &self,
        handler: &'static str,
        (table, id): (Table, Arc<str>),
        value: Option<(Payload, RowKeys)>,
    ) {
        let mut tables = self.lock();
        let table_idx = tables
            .iter()
            .position(|(existing, _)| *existing == table)
            .unwrap_or_else(|| {
                tables.push((table, RebuiltRows::new()));
                tables.len() - 1
            });
        let (_, rows) = &mut tables[table_idx];

        match value {
            Some((value, keys)) => {
                let row = RebuiltRow {
                    value,
                    keys,
                    handler,
                };
                rows.insert(id, row)
            }
            None => rows.remove(&id),
        };
    }

    /// Removes all rows of a projection, and returns them.
    pub(super) fn take_rows(&self, table: Table) -> RebuiltRows {
        self.lock()
            .iter_mut()
            .find(|(existing, _)| *existing == table)
            .map_or_else(RebuiltRows::new, |(_, rows)| std::mem::take(rows))
    }
}

fn unsupported<'a, T>() -> PortFuture<'a, T> {
    let text = "during a rebuild, a projector can only read and write its rows by their ids";
    PortFuture::ready(Err(Error::setup(text)))
}

impl ProjectionStore for ScratchStore {
    fn get<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>> {
        let stored = self
            .lock()
            .iter()
            .find(|(existing, _)| *existing == table)
            .and_then(|(_, rows)| rows.get(id))
            .map(|row| StoredState {
                version: Version::NONE,
                value: row.value.clone(),
                keys: row.keys.clone(),
            });

        PortFuture::ready(Ok(stored))
    }

    fn query<'a>(&'a self, _: Table, _: &'a Query) -> PortFuture<'a, Vec<Row>> {
        unsupported()
    }

    fn count<'a>(&'a self, _: Table, _: &'a [Condition]) -> PortFuture<'a, usize> {
        unsupported()
    }

    fn table_version(&self, _: Table) -> PortFuture<'_, Version> {
        unsupported()
    }
}

crate::forward_ports!(
    ScratchStore: EventStore, AggregateStore, Ledger, Outbox;
    |_layer, _method, _call| unsupported()
);

impl Store for ScratchStore {
    fn commit<'a>(&'a self, _: &'a Changes) -> PortFuture<'a, Vec<Recorded>> {
        unsupported()
    }
}
