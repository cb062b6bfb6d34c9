use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    error::Error,
    message::{ExpectedVersion, Payload, Recorded, Version},
    port::{
        Changes, Condition, PortFuture, ProjectionStore, Query, Row, RowKeys, Store, StoredState,
        Write,
    },
    record::{Table, TableKind},
};

/// How much memory the saved rows may take, roughly. A row that is not there is read from the store.
const MAX_SAVED_BYTES: usize = 4 << 20;

/// The memory that a row takes besides its texts, roughly.
const ROW_BYTES: usize = 160;

/// Stores the rebuilt rows. Readers of the real store see the old rows until the end of the rebuild.
///
/// It supports only the lookup of a row by its id: a projector needs nothing else. Any other call
/// returns an error.
#[derive(Debug)]
pub(super) struct ScratchStore {
    /// The real store. Only the lookup of a saved row reaches it.
    store: Arc<dyn Store>,
    /// The tables of the projections that are rebuilt. There are few, so a search is fast.
    tables: Mutex<Vec<ScratchTable>>,
}

/// The rows of one projection.
#[derive(Debug)]
struct ScratchTable {
    table: Table,
    /// The rows that are not saved yet. One without a value was deleted.
    unsaved: BTreeMap<Arc<str>, Option<RebuiltRow>>,
    /// Some of the saved rows.
    saved: BTreeMap<Arc<str>, Option<RebuiltRow>>,
    n_saved_bytes: usize,
    /// Whether no row is saved that is not here.
    is_complete: bool,
}

/// The rows of one projection, by id.
#[cfg(feature = "testing")]
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

/// Returns the table in which the rebuilt rows of a projection are saved.
pub(super) fn staged(table: Table) -> Table {
    Table::new(TableKind::RebuiltRow, table.name)
}

impl ScratchStore {
    /// Keeps all rows in memory.
    #[cfg(feature = "testing")]
    pub(super) fn in_memory(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            tables: Mutex::default(),
        }
    }

    /// Keeps the rows of one projection in memory until they are saved, and reads the others from the store.
    pub(super) fn staged(store: Arc<dyn Store>, table: Table) -> Self {
        Self {
            store,
            tables: Mutex::new(vec![ScratchTable::new(table)]),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<ScratchTable>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that rows are saved that are not here.
    pub(super) fn set_resumed(&self) {
        for table in &mut *self.lock() {
            table.is_complete = false;
        }
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
            .position(|existing| existing.table == table)
            .unwrap_or_else(|| {
                tables.push(ScratchTable::new(table));
                tables.len() - 1
            });

        let row = value.map(|(value, keys)| RebuiltRow {
            value,
            keys,
            handler,
        });
        tables[table_idx].unsaved.insert(id, row);
    }

    /// Returns the writes that save the rows that are not saved yet.
    pub(super) fn unsaved_writes(&self) -> Vec<Write> {
        let tables = self.lock();
        let rows = tables.iter().flat_map(|table| {
            let rows = table.unsaved.iter();
            rows.map(|(id, row)| (staged(table.table), id, row.as_ref()))
        });

        rows.map(|(table, id, row)| Write {
            table,
            id: Arc::clone(id),
            expected: ExpectedVersion::Any,
            value: row.map(|row| row.value.clone()),
            keys: row.map(|row| row.keys.clone()).unwrap_or_default(),
        })
        .collect()
    }

    /// Says that all rows are saved.
    pub(super) fn set_saved(&self) {
        for table in &mut *self.lock() {
            table.set_saved();
        }
    }

    /// Removes all rows of a projection that are not saved, and returns them.
    #[cfg(feature = "testing")]
    pub(super) fn take_rows(&self, table: Table) -> RebuiltRows {
        let mut tables = self.lock();
        let rows = tables
            .iter_mut()
            .find(|existing| existing.table == table)
            .map(|table| std::mem::take(&mut table.unsaved));

        let rows = rows.into_iter().flatten();
        rows.filter_map(|(id, row)| Some((id, row?))).collect()
    }
}

impl ScratchTable {
    fn new(table: Table) -> Self {
        Self {
            table,
            unsaved: BTreeMap::new(),
            saved: BTreeMap::new(),
            n_saved_bytes: 0,
            is_complete: true,
        }
    }

    /// Returns a row, if it is in memory. It may have been deleted.
    fn find(&self, id: &str) -> Option<&Option<RebuiltRow>> {
        self.unsaved.get(id).or_else(|| self.saved.get(id))
    }

    fn set_saved(&mut self) {
        for (id, row) in std::mem::take(&mut self.unsaved) {
            self.n_saved_bytes += n_bytes(&id, row.as_ref());
            if let Some(old) = self.saved.insert(Arc::clone(&id), row) {
                self.n_saved_bytes -= n_bytes(&id, old.as_ref());
            }
        }

        if MAX_SAVED_BYTES < self.n_saved_bytes {
            self.saved.clear();
            self.n_saved_bytes = 0;
            self.is_complete = false;
        }
    }
}

fn n_bytes(id: &str, row: Option<&RebuiltRow>) -> usize {
    let value = row.map_or(0, |row| row.value.as_json().len());
    let keys = row.map_or(0, |row| row.keys.iter().count() * ROW_BYTES);
    ROW_BYTES + id.len() + value + keys
}

fn unsupported<'a, T>() -> PortFuture<'a, T> {
    let text = "during a rebuild, a projector can only read and write its rows by their ids";
    PortFuture::ready(Err(Error::setup(text)))
}

impl ProjectionStore for ScratchStore {
    fn get<'a>(&'a self, table: Table, id: &'a str) -> PortFuture<'a, Option<StoredState>> {
        let tables = self.lock();
        let own = tables.iter().find(|existing| existing.table == table);
        let row = match own.map(|own| (own.find(id), own.is_complete)) {
            Some((Some(row), _)) => row.as_ref(),
            Some((None, false)) => return self.store.get(staged(table), id),
            _ => None,
        };

        let stored = row.map(|row| StoredState {
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
