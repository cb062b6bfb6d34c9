use std::sync::Arc;

use crate::{
    engine::{
        RebuildReport,
        rebuild::{
            replay::Replay,
            scratch_store::{RebuiltRow, ScratchStore},
        },
    },
    error::Error,
    message::Payload,
    port::Query,
    record::{Table, TableKind},
    runtime::App,
};

/// A stored row that differs from the row that a rebuild makes of the events.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StaleRow {
    /// The table of the row.
    pub table: Table,
    /// The id of the row.
    pub id: Arc<str>,
    /// The stored row; `None` if there is none.
    pub live: Option<Payload>,
    /// The rebuilt row; `None` if the events make no such row.
    pub rebuilt: Option<Payload>,
    /// The projector that wrote the rebuilt row last.
    pub rebuilt_by: Option<&'static str>,
}

impl StaleRow {
    fn new(table: Table, id: Arc<str>, live: Option<Payload>, rebuilt: Option<RebuiltRow>) -> Self {
        Self {
            table,
            id,
            live,
            rebuilt_by: rebuilt.as_ref().map(|row| row.handler),
            rebuilt: rebuilt.map(|row| row.value),
        }
    }
}

impl App {
    /// Rebuilds the projections with these names, and returns the stored rows that differ.
    ///
    /// It writes nothing. Two rows are equal if their JSON
    /// is equal, or `PartialEq` says so. Without `PartialEq`, only a set or a map may have another
    /// order.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails, or if a projection is not registered.
    pub async fn stale_rows(
        &self,
        projections: &[&'static str],
    ) -> Result<(Vec<StaleRow>, RebuildReport), Error> {
        let catalog = &self.ports.catalog;
        let mut entries = Vec::with_capacity(projections.len());
        for name in projections {
            entries.push(catalog.require_projection_named(name)?);
        }

        let scratch_store = ScratchStore::in_memory(Arc::clone(&self.ports.store));
        let mut replay = Replay::new(&self.ports, scratch_store, |id| {
            entries.iter().any(|entry| entry.type_id == id)
        });
        while replay.deliver_page().await? {}

        let (mut stale_rows, mut n_rows) = (Vec::new(), 0);
        for entry in entries {
            let table = Table::new(TableKind::Projection, entry.name);
            let live_rows = self.ports.store.query(table, &Query::default()).await?;
            let mut rebuilt_rows = replay.scratch_store().take_rows(table);
            n_rows += rebuilt_rows.len();

            for live in live_rows {
                let rebuilt = rebuilt_rows.remove(&live.id);
                let is_equal = rebuilt
                    .as_ref()
                    .is_some_and(|rebuilt| entry.comparison.are_equal(&live.value, &rebuilt.value));
                if !is_equal {
                    stale_rows.push(StaleRow::new(table, live.id, Some(live.value), rebuilt));
                }
            }

            // The rebuilt rows that are left have no stored row.
            stale_rows.extend(
                rebuilt_rows
                    .into_iter()
                    .map(|(id, row)| StaleRow::new(table, id, None, Some(row))),
            );
        }

        let mut report = replay.into_report();
        report.n_rows = n_rows;
        Ok((stale_rows, report))
    }
}
