use std::{any::TypeId, sync::Arc};

use crate::{
    error::Error,
    message::{ExpectedVersion, Version},
    model::Projection,
    port::{Changes, Query, RowKeys, StoredState, Write},
    record::{Table, TableKind},
    runtime::{
        App, RebuildReport,
        rebuild::{replay::Replay, scratch_store::RebuiltRows},
    },
};

impl App {
    /// Rebuilds a projection from all events in the store, from the first to the last.
    ///
    /// The projectors receive the events in batches, in the order of their positions. As in the first
    /// delivery, the projectors of one event run in the order of registration. Each projector receives
    /// only the events of its subscription.
    ///
    /// The new rows are collected in memory. Then one commit writes the rows that differ, and deletes the
    /// rows that no event makes. Readers see all old rows or all new rows. If the rebuild fails, the old
    /// rows stay.
    ///
    /// If a projector fails, its event is skipped, and [`RebuildReport`] reports it. If it needs an event
    /// that cannot be read, the rebuild ends with an error, because the new rows would lack it. A rebuild is not
    /// recorded, and does not call `handle_error`.
    ///
    /// The store already has the events that an engine has not delivered yet. The engine would deliver
    /// them to the projector a second time, so settle the engine first.
    ///
    /// # Errors
    ///
    /// Returns an error if the projection is not registered or the store fails. Returns one for which
    /// [`Error::is_unreadable_event`] is true if a projector needs an event that cannot be read. It names
    /// the position, the stream, the type and the reason. Returns one for which
    /// [`Error::is_conflict`] is true if another writer changed a row in the meantime. Then nothing was
    /// changed, and the rebuild can be repeated.
    ///
    /// # Examples
    ///
    /// ```
    /// # use flow_domain::doc_fixture::{OrderDashboard, PlaceOrder, app};
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let app = app()?;
    /// app.process(PlaceOrder { order_id: "ord-1".into(), total_cents: 9_995 }).await?;
    ///
    /// let rebuilt = app.rebuild::<OrderDashboard>().await?;
    ///
    /// assert!(rebuilt.is_complete(), "{rebuilt}");
    /// assert_eq!(rebuilt.to_string(), "1 row from 1 event, 0 changed");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn rebuild<P: Projection>(&self) -> Result<RebuildReport, Error> {
        self.ports.catalog.require_projection::<P>()?;

        let table = Table::new(TableKind::Projection, P::NAME);
        // The rows are read before the events: a projector may handle an event that is too late for
        // this rebuild. If it writes from here on, the commit is a conflict.
        let live_rows = self.live_rows(table).await?;

        let mut replay = Replay::new(&self.ports, |id| id == TypeId::of::<P>());
        replay.run().await?;
        let (scratch_store, mut report) = replay.into_parts();
        let rebuilt_rows = scratch_store.take_rows(table);

        report.n_rows = rebuilt_rows.len();
        let mut changes = Changes::new("the rebuild");
        changes.writes = differing_writes(table, live_rows, rebuilt_rows);
        report.n_changed = changes.writes.len();
        if !changes.is_empty() {
            self.ports.store.commit(&changes).await?;
        }

        Ok(report)
    }

    /// Returns the stored rows of a projection with their versions, which a query does not return.
    async fn live_rows(&self, table: Table) -> Result<Vec<(Arc<str>, StoredState)>, Error> {
        let store = &self.ports.store;
        let rows = store.query(table, &Query::default()).await?;

        let mut live_rows = Vec::with_capacity(rows.len());
        for row in rows {
            if let Some(stored) = store.get(table, &row.id).await? {
                live_rows.push((row.id, stored));
            }
        }

        Ok(live_rows)
    }
}

/// Returns the writes that turn `live_rows` into `rebuilt_rows`.
fn differing_writes(
    table: Table,
    live_rows: Vec<(Arc<str>, StoredState)>,
    mut rebuilt_rows: RebuiltRows,
) -> Vec<Write> {
    let mut writes = Vec::new();

    for (id, stored) in live_rows {
        let (value, keys) = match rebuilt_rows.remove(&id) {
            Some(row) => (Some(row.value), row.keys),
            None => (None, RowKeys::default()),
        };
        if value.as_ref() != Some(&stored.value) || keys != stored.keys {
            writes.push(Write {
                table,
                id,
                expected: ExpectedVersion::Exact(stored.version),
                value,
                keys,
            });
        }
    }

    // The rebuilt rows that are left have no stored row.
    writes.extend(rebuilt_rows.into_iter().map(|(id, row)| Write {
        table,
        id,
        expected: ExpectedVersion::Exact(Version::NONE),
        value: Some(row.value),
        keys: row.keys,
    }));

    writes
}
