use std::{any::TypeId, sync::Arc};

use crate::{
    error::Error,
    message::{ExpectedVersion, Payload, Version},
    model::Projection,
    port::{Changes, Query, StoredState, Write},
    record::{Table, TableKind},
    runtime::{
        App, RebuildReport,
        rebuild::{
            replay::Replay,
            scratch_store::{RebuiltRow, RebuiltRows},
        },
    },
};

/// A row that is not what the events make of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StaleRow {
    /// Where it is kept.
    pub table: Table,
    /// The id that it is kept under.
    pub id: Arc<str>,
    /// What is kept; `None` if there is no such row.
    pub live: Option<Payload>,
    /// What the events make of it; `None` if they make no such row.
    pub rebuilt: Option<Payload>,
    /// The projector that wrote the rebuilt row last.
    pub rebuilt_by: Option<&'static str>,
}

impl StaleRow {
    fn new(table: Table, id: Arc<str>, live: Option<Payload>, again: Option<RebuiltRow>) -> Self {
        Self {
            table,
            id,
            live,
            rebuilt_by: again.as_ref().map(|row| row.handler),
            rebuilt: again.map(|row| row.value),
        }
    }
}

impl App {
    /// Rebuilds a projection: every row of it is what its projectors make of all events in the store,
    /// from the first to the last.
    ///
    /// The events are read in batches and handed to the projectors in the order of their positions, as
    /// they were the first time: of one event in order of registration, and only what a projector is
    /// subscribed to. The rows grow beside the store, in memory. At the end those that differ from what
    /// is kept are written, and those that no event makes are deleted, in one commit: whoever reads sees
    /// the old rows or the new ones, and whatever fails before leaves the old ones as they are.
    ///
    /// An event that a projector fails on is skipped, as if it was given up on, and told in [`RebuildReport`].
    /// Neither the record nor `handle_error` hears of a rebuild.
    ///
    /// What waits for an engine is part of the store already. An engine that hands it to a projector
    /// afterwards does so a second time, so let it come to rest before.
    ///
    /// # Errors
    ///
    /// Returns an error if the projection is not registered or the store fails; and one for which
    /// [`Error::is_conflict`] is true if a row that differs was written in the meantime: then nothing
    /// was changed, and it can be rebuilt again.
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
        // Before the events are read: a projector that writes from here on, because of an event that may
        // be too late for us, is a conflict.
        let live = self.live_rows(table).await?;
        let mut replay = Replay::new(&self.ports, |id| id == TypeId::of::<P>());

        replay.run().await?;
        let (aside, mut rebuilt) = replay.into_parts();
        let rows = aside.take_rows(table);

        rebuilt.n_rows = rows.len();
        let mut changes = Changes::new("the rebuild");
        changes.writes = differing_writes(table, live, rows);
        rebuilt.n_changed = changes.writes.len();

        if !changes.is_empty() {
            self.ports.store.commit(&changes).await?;
        }

        Ok(rebuilt)
    }

    /// Rebuilds projections aside, by name, writes nothing, and tells which rows are not what the events
    /// make of them; for those who build on the app.
    ///
    /// Two rows are the same if their `PartialEq` says so, or, where there is none, their JSON.
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

        let mut replay = Replay::new(&self.ports, |id| {
            entries.iter().any(|entry| entry.type_id == id)
        });
        replay.run().await?;
        let (aside, mut rebuilt) = replay.into_parts();
        let mut stale = Vec::new();

        for entry in entries {
            let table = Table::new(TableKind::Projection, entry.name);
            let live = self.ports.store.query(table, &Query::default()).await?;
            let mut rows = aside.take_rows(table);

            rebuilt.n_rows += rows.len();
            for row in live {
                let again = rows.remove(&row.id);
                let is_same = again.as_ref().is_some_and(|again| {
                    again.value == row.value || (entry.rows_are_equal)(&row.value, &again.value)
                });
                if !is_same {
                    stale.push(StaleRow::new(table, row.id, Some(row.value), again));
                }
            }

            let missing = rows.into_iter();
            stale.extend(missing.map(|(id, row)| StaleRow::new(table, id, None, Some(row))));
        }

        Ok((stale, rebuilt))
    }

    async fn live_rows(&self, table: Table) -> Result<Vec<(Arc<str>, StoredState)>, Error> {
        let store = &self.ports.store;
        let rows = store.query(table, &Query::default()).await?;
        let mut live = Vec::with_capacity(rows.len());

        for row in rows {
            if let Some(stored) = store.get(table, &row.id).await? {
                live.push((row.id, stored));
            }
        }

        Ok(live)
    }
}

/// What has to be written for `live` to be `rows`.
fn differing_writes(
    table: Table,
    live: Vec<(Arc<str>, StoredState)>,
    mut rows: RebuiltRows,
) -> Vec<Write> {
    let mut writes = Vec::new();
    for (id, stored) in live {
        let value = rows.remove(&id).map(|row| row.value);
        if value.as_ref() != Some(&stored.value) {
            writes.push(Write {
                table,
                id,
                expected: ExpectedVersion::Exact(stored.version),
                value,
            });
        }
    }

    writes.extend(rows.into_iter().map(|(id, row)| Write {
        table,
        id,
        expected: ExpectedVersion::Exact(Version::NONE),
        value: Some(row.value),
    }));

    writes
}
